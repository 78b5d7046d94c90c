import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Structure

from skmat.datasets import _matbench, fetch_matbench
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError, InvalidInputError
from skmat.structure import StructureArrays

STEELS = """
    mbid,composition,target,test_fold
    mb-steels-001,NaN,2411.5,4
    mb-steels-002,Fe0.9C0.1,1123.1,3
    mb-steels-003,N1Na1,7.0,3
"""
PHONONS = """
    mbid,composition,target,test_fold,spg_num,crys_sys
    mb-phonons-0001,Na1Cl1,98.5,4,225,cubic
    mb-phonons-0002,Na2,701.5,0,229,cubic
"""
CRYSTALS = {
    "material_id": np.array([b"mb-phonons-0001", b"mb-phonons-0002"]),
    "lattice": np.array([4 * np.eye(3), 5 * np.eye(3)], dtype=np.float32),
    "n_atoms": np.array([2, 2], dtype=np.uint16),
    "atomic_number": np.array([11, 17, 11, 11], dtype=np.uint8),
    "frac": np.array([[0, 0, 0], [0.5, 0.5, 0.5]] * 2, dtype=np.float32),
}


@pytest.fixture
def steels(put_table):
    put_table("matbench/matbench_steels.csv.gz", STEELS)


def test_bunch(home, steels):
    data = fetch_matbench("steels", data_home=home)
    assert data.data.tolist() == ["NaN", "Fe0.9C0.1", "N1Na1"]
    assert data.data.dtype == object
    assert data.target.tolist() == [2411.5, 1123.1, 7.0]
    assert data.target.dtype == np.float64
    assert data.ids.tolist() == ["mb-steels-001", "mb-steels-002", "mb-steels-003"]
    assert data.units == {"yield strength": "MPa"}
    assert data.target_names == ["yield strength"]
    assert data.feature_names == ["formula"]
    assert data.frame is None
    assert data.groups[0] == data.groups[2] != data.groups[1]
    assert data.task is MATBENCH_TASKS["matbench_steels"]
    assert "Matbench" in data.DESCR
    assert "MIT" in data.licence
    assert "Dunn" in data.citation


def test_pairs_and_frames(home, steels):
    X, y = fetch_matbench("matbench_steels", data_home=home, return_X_y=True, as_frame=True)
    assert X.columns.tolist() == ["formula"]
    assert y.name == "yield strength"
    data = fetch_matbench("steels", data_home=home, as_frame=True)
    pd.testing.assert_frame_equal(data.frame, pd.concat([X, y], axis=1))


def test_classes_are_bool_and_further_columns_are_not_needed(home, put_table):
    put_table(
        "matbench/matbench_glass.csv.gz",
        "mbid,composition,target\nmb-glass-0001,Al,False\nmb-glass-0002,Al(NiB)2,True\n",
    )
    data = fetch_matbench("glass", data_home=home)
    assert data.target.dtype == bool
    assert data.target.tolist() == [False, True]
    assert data.units == {"gfa": ""}


def test_structures(home, put_table, put_arrays):
    put_table("matbench/matbench_phonons.csv.gz", PHONONS)
    put_arrays("structures/matbench_phonons_structures.npz", **CRYSTALS)
    data = fetch_matbench("phonons", input="structure", data_home=home, as_frame=True)
    assert isinstance(data.data, StructureArrays)
    assert isinstance(data.data[0], Structure)
    assert data.feature_names == ["formula"]
    assert data.frame[data.feature_names].shape == (len(data.data), 1)
    assert data.frame.columns.tolist() == ["formula", "last phdos peak"]
    assert data.frame["formula"].tolist() == ["Na1Cl1", "Na2"]
    formulas = fetch_matbench("phonons", data_home=home)
    assert formulas.data.tolist() == ["Na1Cl1", "Na2"]
    assert np.array_equal(formulas.ids, data.ids)


def test_files_of_different_materials_are_refused(home, put_table, put_arrays):
    put_table("matbench/matbench_phonons.csv.gz", PHONONS)
    swapped = {**CRYSTALS, "material_id": CRYSTALS["material_id"][::-1]}
    put_arrays("structures/matbench_phonons_structures.npz", **swapped)
    with pytest.raises(DatasetCorruptedError, match="same materials"):
        fetch_matbench("phonons", input="structure", data_home=home)


def test_tasks_of_compositions_have_no_structures(home):
    with pytest.raises(InvalidInputError, match="matbench_steels has no structures"):
        fetch_matbench("steels", input="structure", data_home=home)


def test_unknown_options_are_refused(home):
    with pytest.raises(InvalidInputError, match="Unknown Matbench task 'steel'"):
        fetch_matbench("steel", data_home=home)
    with pytest.raises(InvalidInputError, match="input must be one of"):
        fetch_matbench("steels", input="composition", data_home=home)


def test_missing_file_is_named(home):
    with pytest.raises(DatasetNotFoundError, match=r"matbench_steels\.csv\.gz"):
        fetch_matbench("steels", data_home=home, download_if_missing=False)


def test_missing_file_is_obtained(home, put_table, monkeypatch):
    def obtain(info, folder):
        assert (info.name, folder) == ("matbench_steels", home)
        put_table("matbench/matbench_steels.csv.gz", STEELS)

    monkeypatch.setattr(_matbench, "write_task", obtain)
    assert len(fetch_matbench("steels", data_home=home).data) == 3


@pytest.mark.parametrize("info", MATBENCH_TASKS.values(), ids=lambda info: info.short_name)
def test_real_task_has_the_published_size_and_ids(data_home, info):
    data = fetch_matbench(info.name, data_home=data_home)
    assert len(data.data) == len(data.target) == len(data.groups) == info.n_samples
    assert data.ids.tolist() == [info.id_format.format(row + 1) for row in range(info.n_samples)]
    assert (data.target.dtype == bool) == (info.kind == "classification")
    assert data.target.dtype == bool or np.isfinite(data.target).all()


def test_real_values(data_home):
    X, y = fetch_matbench("phonons", data_home=data_home, return_X_y=True)
    assert X[0] == "Ba1Te1"
    assert y[0] == pytest.approx(98.58577122703691, rel=1e-15)
    assert fetch_matbench("glass", data_home=data_home).target.sum() == 4035


def test_real_structures_have_the_official_compositions(data_home):
    structures, _ = fetch_matbench(
        "phonons", input="structure", data_home=data_home, return_X_y=True
    )
    groups = fetch_matbench("phonons", data_home=data_home).groups
    assert np.array_equal(structures.group_ids(), groups)
