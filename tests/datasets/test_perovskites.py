import numpy as np
import pytest
from pymatgen.core import Structure
from sklearn.model_selection import train_test_split

from skmat.datasets import fetch_perovskites
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError, InvalidInputError
from skmat.structure import StructureArrays

LABELS = "labels/perov5_labels.csv.gz"
STRUCTURES = "structures/perov5_structures.npz"
TABLE = """
    material_id,cdvae_split,formula,heat_all_eV_cell,heat_ref_eV_cell,dir_gap_eV,ind_gap_eV,mbid_label_matched
    1,val,KNbO3,1.2,1.1,0.5,0.4,mb-perovskites-00179
    20,train,NbKO3,,,,,
    3,test,KTaO3,0.6,0.5,0.0,0.0,
"""
SITES = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])


@pytest.fixture
def perovskites(put_table, put_arrays):
    put_table(LABELS, TABLE)
    put_arrays(
        STRUCTURES,
        material_id=np.array([b"1", b"20", b"3"]),
        lattice=np.array([4 * np.eye(3)] * 3, dtype=np.float32),
        n_atoms=np.array([5, 5, 5], dtype=np.uint16),
        atomic_number=np.array([19, 41, 8, 8, 8, 41, 19, 8, 8, 8, 19, 73, 8, 8, 8], np.uint8),
        frac=np.vstack([SITES] * 3).astype(np.float32),
    )


def test_labelled_structures(home, perovskites):
    data = fetch_perovskites(data_home=home)
    assert isinstance(data.data, StructureArrays)
    assert isinstance(data.data[1], Structure)
    assert data.data.formulas().tolist() == ["KNbO3", "KTaO3"]
    assert data.target.tolist() == [[1.2, 1.1, 0.5, 0.4], [0.6, 0.5, 0.0, 0.0]]
    assert data.target_names == ["heat_all", "heat_ref", "dir_gap", "ind_gap"]
    assert data.ids.tolist() == ["1", "3"]
    assert data.split.tolist() == ["val", "test"]
    assert data.matbench_ids.tolist() == ["mb-perovskites-00179", None]
    assert data.units["heat_all"] == "eV/unit cell"
    assert data.frame is None
    assert "perov_5" in data.DESCR


def test_structures_without_labels_on_request(home, perovskites):
    data = fetch_perovskites(data_home=home, labelled_only=False)
    assert data.ids.tolist() == ["1", "20", "3"]
    assert np.isnan(data.target[1]).all()
    assert data.groups[0] == data.groups[1] != data.groups[2]


def test_pairs_can_be_split(home, perovskites):
    X, y = fetch_perovskites(data_home=home, targets="ind_gap", return_X_y=True)
    assert y.tolist() == [0.4, 0.0]
    parts = train_test_split(X, y, test_size=1, shuffle=False)
    assert [len(part) for part in parts] == [1, 1, 1, 1]
    assert parts[1].formulas().tolist() == ["KTaO3"]


def test_frame_has_formulas_and_data_stays_arrays(home, perovskites):
    data = fetch_perovskites(data_home=home, targets=["dir_gap"], as_frame=True)
    assert isinstance(data.data, StructureArrays)
    assert data.frame.to_dict("list") == {"formula": ["KNbO3", "KTaO3"], "dir_gap": [0.5, 0.0]}


def test_exclude_drops_compositions(home, perovskites):
    data = fetch_perovskites(data_home=home, exclude=["O6K2Nb2"], labelled_only=False)
    assert data.ids.tolist() == ["3"]
    assert len(data.data) == len(data.target) == len(data.split) == 1


def test_errors(home, perovskites, put_table):
    with pytest.raises(InvalidInputError, match="targets must be one of"):
        fetch_perovskites(data_home=home, targets="heat_all_eV_cell")
    put_table(LABELS, TABLE.replace("    3,test", "    4,test"))
    with pytest.raises(DatasetCorruptedError, match="same materials"):
        fetch_perovskites(data_home=home)
    (home / STRUCTURES).unlink()
    with pytest.raises(DatasetNotFoundError, match="CDVAE"):
        fetch_perovskites(data_home=home)


def test_real_data(data_home):
    data = fetch_perovskites(data_home=data_home)
    assert data.target.shape == (8_596, 4)
    assert np.isfinite(data.target).all()
    assert data.data.n_atoms.tolist() == [5] * 8_596
    assert data.data[0].composition.reduced_formula == "TiAsNO2"
    assert data.target[0, 0] == 1.2
    assert sum(name is not None for name in data.matbench_ids) == 7_695
    every = fetch_perovskites(data_home=data_home, labelled_only=False)
    assert len(every.data) == 18_928
    assert np.isnan(every.target).all(axis=1).sum() == 10_332
