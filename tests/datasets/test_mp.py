import numpy as np
import pytest

from skmat.datasets import fetch_mp
from skmat.datasets._mp_properties import (
    LABEL_VERSIONS,
    columns_of,
    default_targets,
    known_targets,
    units_of,
)
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError, InvalidInputError
from skmat.structure import StructureArrays

LABELS = "labels/mp_labels.csv.gz"
STRUCTURES = "structures/mp_structures_2025.npz"
TARGETS = ["volume_pa", "CLscore_icsd", "Cv", "U"]
LABEL_COLUMNS = [
    column
    for version in LABEL_VERSIONS
    for column in columns_of([*default_targets(version), *TARGETS], version).values()
]
COLUMNS = [
    *("material_id", "formula", "nsites", *dict.fromkeys(LABEL_COLUMNS), "energy_pa_mp2024"),
    "in_mtcgcnn_46744",
]
ROWS = [
    {"material_id": "mp-1", "formula": "NaCl", "nsites": 2, "e_form_mp2018": -2.1,
     "e_form_mp2020": -2.0, "gap_mp2020": 5.0, "K_VRH": 24, "G_VRH": 15, "poisson_ratio": 0.25,
     "Cv": 48.0, "U": 15_400, "in_mtcgcnn_46744": True},
    {"material_id": "mp-2", "formula": "NaCl", "nsites": 2, "e_form_mp2020": -1.9,
     "K_VRH": 30, "G_VRH": -8480, "poisson_ratio": 0.3, "Cv": 24.0, "U": 7_700,
     "in_mtcgcnn_46744": False},
    {"material_id": "mp-3", "formula": "Na", "nsites": 1, "e_form_mp2018": 0.0,
     "poly_electronic": -31279, "poly_total": 12},
    {"material_id": "mp-4", "formula": "Cl2", "nsites": 2, "e_form_mp2024": 0.1,
     "gap_mp2024": 2.0, "energy_pa_mp2024": -1.8, "efermi_mp2024": 3.0, "n_index": 1.5,
     "poly_electronic": 2.25, "poly_total": 2.5,
     "in_mtcgcnn_46744": True},
    {"material_id": "mp-5", "formula": "NaN", "nsites": 2},
]  # fmt: skip


@pytest.fixture
def mp(put_table, put_arrays):
    lines = [COLUMNS] + [
        [row.get(column, 20 if column == "volume_pa_2025" else "") for column in COLUMNS]
        for row in ROWS
    ]
    put_table(LABELS, "\n".join(",".join(map(str, line)) for line in lines) + "\n")
    put_arrays(
        STRUCTURES,
        material_id=np.array([row["material_id"].encode() for row in ROWS]),
        lattice=np.array([4 * np.eye(3)] * 5, dtype=np.float32),
        n_atoms=np.array([2, 2, 1, 2, 2], dtype=np.uint16),
        atomic_number=np.array([11, 17, 11, 17, 11, 17, 17, 11, 7], dtype=np.uint8),
        frac=np.array([[0, 0, 0], [32768, 32768, 32768]] * 4 + [[0, 0, 1]], dtype=np.uint16),
    )


def test_versions_do_not_mix(home, mp):
    def ids_and_labels(version):
        data = fetch_mp(data_home=home, targets="e_form", version=version)
        assert data.version == version
        return data.ids.tolist(), data.target.tolist()

    assert ids_and_labels("2018") == (["mp-1", "mp-3"], [-2.1, 0.0])
    assert ids_and_labels("2020") == (["mp-1", "mp-2"], [-2.0, -1.9])
    assert ids_and_labels("2024") == (["mp-4"], [0.1])


def test_a_subset_holds_the_materials_of_a_paper(home, mp):
    data = fetch_mp(data_home=home, targets="e_form", subset="mt-cgcnn")
    assert data.ids.tolist() == ["mp-1"]
    data = fetch_mp(data_home=home, targets=TARGETS[:2], subset="mt-cgcnn")
    assert data.ids.tolist() == data.data.ids.tolist() == ["mp-1", "mp-4"]


def test_structures_stand_beside_their_labels(home, mp):
    data = fetch_mp(data_home=home)
    assert isinstance(data.data, StructureArrays)
    assert data.ids.tolist() == data.data.ids.tolist() == ["mp-1", "mp-2", "mp-4"]
    assert data.data.formulas().tolist() == ["NaCl", "NaCl", "Cl"]
    assert data.n_atoms.tolist() == data.data.n_atoms.tolist() == [2, 2, 2]
    assert data.target_names == default_targets("2020")
    assert "energy_pa" not in data.target_names
    assert data.groups[0] == data.groups[1] != data.groups[2]
    assert data.feature_names == ["structure"]
    assert "GNoME" in data.DESCR
    assert "CC BY 4.0" in data.licence


def test_formulas_need_no_structures(home, mp):
    (home / STRUCTURES).unlink()
    X, y = fetch_mp(
        data_home=home, targets=["gap", "e_form"], input="formula", return_X_y=True, as_frame=True
    )
    assert X["formula"].tolist() == ["NaCl", "NaCl"]
    assert y.columns.tolist() == ["gap", "e_form"]
    assert y["e_form"].tolist() == [-2.0, -1.9]
    with pytest.raises(DatasetNotFoundError, match="mp_structures_2025"):
        fetch_mp(data_home=home)


def test_frame_of_structures_has_formulas(home, mp):
    data = fetch_mp(data_home=home, targets="gap", as_frame=True)
    assert isinstance(data.data, StructureArrays)
    assert data.frame.to_dict("list") == {"formula": ["NaCl"], "gap": [5.0]}
    assert data.feature_names == ["formula"]


def test_unphysical_tensors_lose_all_their_labels(home, mp):
    data = fetch_mp(data_home=home, targets=["K_VRH", "G_VRH"], input="formula")
    assert data.ids.tolist() == ["mp-1"]
    data = fetch_mp(data_home=home, targets="poly_total", input="formula")
    assert data.ids.tolist() == ["mp-4"]
    data = fetch_mp(data_home=home, targets="poly_total", input="formula", outliers="keep")
    assert data.ids.tolist() == ["mp-3", "mp-4"]
    data = fetch_mp(data_home=home, targets=["G_VRH"], input="formula", outliers="keep")
    assert data.target.tolist() == [[15.0], [-8480.0]]


def test_energies_below_those_of_harmonic_oscillators_are_dropped(home, mp):
    # 3 R T is 7,483 J per mole of atoms, and both have two sites.
    data = fetch_mp(data_home=home, targets=["Cv", "U"], input="formula")
    assert data.ids.tolist() == ["mp-1"]
    assert data.target.tolist() == [[48.0, 15_400.0]]
    data = fetch_mp(data_home=home, targets="Cv", input="formula", outliers="keep")
    assert data.target.tolist() == [48.0, 24.0]


def test_energies_of_two_functionals_come_only_on_request_and_with_a_warning(home, mp):
    for version in ("2024", "own"):
        assert "energy_pa" not in default_targets(version)
    with pytest.warns(UserWarning, match="energy_pa mixes .* r2SCAN.* Use e_form"):
        data = fetch_mp(data_home=home, targets="energy_pa", version="2024", input="formula")
    assert data.target.tolist() == [-1.8]
    assert data.units == {"energy_pa": "eV/atom"}


def test_exclude_drops_compositions(home, mp):
    for input in ("structure", "formula"):
        data = fetch_mp(data_home=home, input=input, exclude=["Cl3Na3"])
        assert data.ids.tolist() == ["mp-4"]
        assert len(data.data) == len(data.target) == len(data.groups) == 1


def test_compound_nan_has_a_structure(home, mp):
    data = fetch_mp(data_home=home, targets="volume_pa")
    assert data.ids.tolist() == ["mp-1", "mp-2", "mp-3", "mp-4", "mp-5"]
    assert data.data[4].composition.as_dict() == {"Na": 1, "N": 1}
    formulas = fetch_mp(data_home=home, targets="volume_pa", input="formula")
    assert formulas.data[4] == "NaN"


def test_a_target_that_the_version_lacks_is_refused(home):
    with pytest.raises(InvalidInputError, match=r"'2020' of the labels has no 'efermi'.*'2024'"):
        fetch_mp(data_home=home, targets=["e_form", "efermi"])


@pytest.mark.parametrize(
    "option",
    [
        {"version": 2020},
        {"subset": "cgcnn"},
        {"input": "composition"},
        {"outliers": "clip"},
        {"targets": []},
    ],
)
def test_bad_options_are_refused(home, option):
    with pytest.raises(InvalidInputError, match=f"{next(iter(option))} must be one of"):
        fetch_mp(data_home=home, **option)


def test_files_of_different_materials_are_refused(home, mp, put_table):
    put_table(LABELS, "material_id,formula,nsites\nmp-9,Na,1\n")
    with pytest.raises(DatasetCorruptedError, match="same materials"):
        fetch_mp(data_home=home)


def test_every_target_has_a_unit_and_a_version():
    assert list(units_of(known_targets())) == known_targets()
    assert all(set(default_targets(version)) <= set(known_targets()) for version in LABEL_VERSIONS)


def test_real_data(data_home):
    data = fetch_mp(data_home=data_home, as_frame=True)
    assert len(data.data) == 105_478
    counts = data.target.count()
    assert counts[["e_form", "gap", "K_VRH", "n_index", "eij_max"]].tolist() == [
        75_399,
        104_787,
        12_186,
        7_014,
        3_323,
    ]
    assert data.target["G_VRH"].dropna().between(0, 550, inclusive="neither").all()
    assert data.target["poly_electronic"].min() >= 1
    assert np.array_equal(data.data.n_atoms, data.n_atoms)
    silicon = data.ids.tolist().index("mp-149")
    assert data.data[silicon].composition.reduced_formula == "Si"
    assert data.target["gap"][silicon] == pytest.approx(0.6, abs=0.1)


def test_real_cells_of_heat_capacities(data_home):
    """As the description says."""
    targets = {"targets": ["Cv", "U"], "data_home": data_home, "input": "formula"}
    kept, every = fetch_mp(**targets), fetch_mp(outliers="keep", **targets)
    assert (len(kept.ids), len(every.ids)) == (1_430, 1_503)
    assert (kept.target[:, 0] / kept.n_atoms < 3 * 8.3145).all()
    wrong = set(every.ids[every.target[:, 1] / every.n_atoms < 5_000])
    assert len(wrong) == 9
    assert all(each in every.DESCR for each in wrong)
    assert not wrong & set(kept.ids)


def test_real_energies_of_two_functionals(data_home):
    with pytest.warns(UserWarning, match="energy_pa"):
        data = fetch_mp(
            data_home=data_home, targets=["energy_pa", "e_form"], version="2024", input="formula"
        )
    energies = dict(zip(data.data, data.target.round(1).tolist(), strict=True))
    assert energies["Rh3Ti"] == [-8.1, -0.6]
    assert energies["Rh3Zr"] == [-24.5, -0.7]


@pytest.mark.parametrize(("version", "n"), [("2018", 36_126), ("2020", 25_625), ("2024", 3_202)])
def test_real_materials_of_mt_cgcnn(data_home, version, n):
    data = fetch_mp(
        data_home=data_home, targets=["e_form", "gap"], version=version, subset="mt-cgcnn",
        input="formula",
    )  # fmt: skip
    assert np.isfinite(data.target).all(axis=1).sum() == n


@pytest.mark.slow
def test_real_formulas_are_those_of_the_structures(data_home):
    structures = fetch_mp(data_home=data_home, targets="volume_pa")
    formulas = fetch_mp(data_home=data_home, targets="volume_pa", input="formula")
    assert len(structures.data) == len(formulas.data) == 154_925
    assert np.array_equal(structures.data.group_ids(), formulas.groups)
