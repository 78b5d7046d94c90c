import numpy as np
import pytest
from pymatgen.core import Structure

from skmat.datasets import fetch_matminer
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError, InvalidInputError
from skmat.structure import StructureArrays

LABELS = "labels/matminer_flla_2015_labels.csv.gz"
STRUCTURES = "structures/matminer_flla_2015.npz"
TABLE = """
    material_id,formula_cell,formation_energy_per_atom,e_above_hull,nsites
    mp-1,ClNa,-2.0,0.0,2
    mp-2,ClNa,-1.9,0.1,4
    mp-3,NaN,0.5,0.6,2
"""
COUNTS = {"elastic": 1_181, "dielectric": 1_056, "piezoelectric": 941, "flla": 3_938}


@pytest.fixture
def flla(put_table, put_arrays):
    put_table(LABELS, TABLE)
    put_arrays(
        STRUCTURES,
        material_id=np.array([b"mp-1", b"mp-2", b"mp-3"]),
        lattice=np.array([4 * np.eye(3)] * 3, dtype=np.float32),
        n_atoms=np.array([2, 4, 2], dtype=np.uint16),
        atomic_number=np.array([11, 17, 11, 11, 17, 17, 11, 7], dtype=np.uint8),
        frac=np.linspace(0, 0.9, 24).reshape(8, 3).astype(np.float32),
    )


def test_structures_stand_beside_their_labels(home, flla):
    data = fetch_matminer("flla", data_home=home)
    assert isinstance(data.data, StructureArrays)
    assert isinstance(data.data[0], Structure)
    assert data.data.formulas().tolist() == ["NaCl", "NaCl", "NaN"]
    assert data.target.tolist() == [[-2.0, 0.0], [-1.9, 0.1], [0.5, 0.6]]
    assert data.target_names == ["e_form", "e_hull"]
    assert data.feature_names == ["structure"]
    assert data.units == {"e_form": "eV/atom", "e_hull": "eV/atom"}
    assert data.ids.tolist() == data.data.ids.tolist() == ["mp-1", "mp-2", "mp-3"]
    assert data.n_atoms.tolist() == [2, 4, 2]
    assert data.groups[0] == data.groups[1] != data.groups[2]
    assert data.frame is None
    assert "Faber" in data.DESCR
    assert "Faber" in data.citation
    assert data.licence == "CC BY 4.0 (Materials Project)"


def test_formulas_are_reduced(home, flla):
    data = fetch_matminer("flla", data_home=home, input="formula", targets=["e_hull"])
    assert data.data.tolist() == ["NaCl", "NaCl", "NaN"]
    assert data.target.tolist() == [[0.0], [0.1], [0.6]]
    assert data.feature_names == ["formula"]
    assert data.units == {"e_hull": "eV/atom"}


def test_frames_hold_formulas(home, flla):
    data = fetch_matminer("flla", data_home=home, targets="e_hull", as_frame=True)
    assert isinstance(data.data, StructureArrays)
    assert data.frame.to_dict("list") == {
        "formula": ["NaCl", "NaCl", "NaN"],
        "e_hull": [0.0, 0.1, 0.6],
    }
    X, y = fetch_matminer("flla", data_home=home, input="formula", as_frame=True, return_X_y=True)
    assert X["formula"].tolist() == ["NaCl", "NaCl", "NaN"]
    assert y.columns.tolist() == ["e_form", "e_hull"]


def test_exclude_drops_compositions(home, flla):
    for input in ("structure", "formula"):
        data = fetch_matminer("flla", data_home=home, input=input, exclude=["Cl3Na3"])
        assert data.ids.tolist() == ["mp-3"]
        assert data.target.tolist() == [[0.5, 0.6]]
        assert len(data.data) == len(data.groups) == len(data.n_atoms) == 1


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("elastic_tensor", {}, r"name must be one of \['elastic', .*'flla'\], got 'elastic_te"),
        (["flla"], {}, r"name must be one of .*, got \['flla'\]"),
        ("flla", {"input": "composition"}, "input must be one of"),
        ("flla", {"targets": "K_VRH"}, r"targets must be one of \['e_form', 'e_hull'\].*'K_VRH'"),
        ("elastic", {"targets": []}, "targets must be one of"),
    ],
)
def test_what_no_set_has_is_refused(home, name, option, message):
    with pytest.raises(InvalidInputError, match=message):
        fetch_matminer(name, data_home=home, **option)


def test_files_that_are_missing_or_of_different_materials_are_refused(home, flla, put_table):
    put_table(LABELS, TABLE.replace("mp-3", "mp-4"))
    with pytest.raises(DatasetCorruptedError, match="same materials"):
        fetch_matminer("flla", data_home=home)
    with pytest.raises(DatasetNotFoundError, match=r"elastic_tensor_labels.*matminer==0\.4\.2"):
        fetch_matminer("elastic", data_home=home, download_if_missing=False)


@pytest.mark.parametrize("name", COUNTS)
def test_real_data(data_home, name):
    data = fetch_matminer(name, data_home=data_home)
    assert data.target.shape == (COUNTS[name], len(data.target_names))
    assert len(data.data) == len(set(data.ids)) == COUNTS[name]
    assert list(data.units) == data.target_names
    assert np.isfinite(data.target).all()
    formulas = fetch_matminer(name, data_home=data_home, input="formula")
    assert np.array_equal(formulas.data, data.data.formulas())
    assert np.array_equal(formulas.groups, data.groups)


def test_real_labels_fit_each_other(data_home):
    y = fetch_matminer("elastic", data_home=data_home, as_frame=True).target
    K, G = y["K_VRH"], y["G_VRH"]
    np.testing.assert_allclose(K, (y["K_Voigt"] + y["K_Reuss"]) / 2, atol=1e-3)
    np.testing.assert_allclose(y["poisson_ratio"], (3 * K - 2 * G) / (6 * K + 2 * G), atol=1e-3)
    anisotropy = 5 * y["G_Voigt"] / y["G_Reuss"] + y["K_Voigt"] / y["K_Reuss"] - 6
    np.testing.assert_allclose(y["elastic_anisotropy"], anisotropy, atol=1e-3)
    y = fetch_matminer("dielectric", data_home=data_home, as_frame=True).target
    np.testing.assert_allclose(y["n"], np.sqrt(y["poly_electronic"]), atol=0.01)
    assert (y["poly_total"] >= y["poly_electronic"]).all()
