import numpy as np
import pytest

from skmat.datasets import _mp_compositions, fetch_mp_compositions
from skmat.exceptions import DatasetNotFoundError, InvalidInputError

PATH = "composition/mp_comp_5prop.csv.gz"
NAMES = list(_mp_compositions._UNITS)
ELASTIC = ["bulk_modulus", "elastic_anisotropy", "shear_modulus"]
TABLE = """
    formula,bulk_modulus,e_hull,elastic_anisotropy,mu_b,shear_modulus
    Al2O3,231.5,0.0,0.0,-0.05,147.0
    BiH3,10.0,0.5,-1785.5,0.0,5.0
    Gd2O3,,0.0,,-56.0,
    NaN,861.0,0.0,2.0,0.5,20.0
    SiP,53.5,0.0,0.25,0.0,
    UCl6,1.0,0.25,2.0,0.0,0.0
"""


@pytest.fixture
def mp(put_table):
    put_table(PATH, TABLE)


def test_outliers_are_blanked(home, mp):
    data = fetch_mp_compositions(data_home=home, as_frame=True)
    formulas = ["Al2O3", "BiH3", "Gd2O3", "NaN", "SiP", "UCl6"]
    assert data.data["formula"].tolist() == formulas
    assert data.target_names == list(data.units) == NAMES
    assert data.target.loc[0].tolist() == [231.5, 0, 0, -0.05, 147]
    assert data.target.loc[1:, ELASTIC].isna().all(axis=None)
    assert data.target["e_hull"].tolist() == [0, 0.5, 0, 0, 0, 0.25]
    assert np.flatnonzero(data.target["mu_b"].isna()).tolist() == [2]
    assert len(set(data.groups)) == 6
    assert data.units["mu_b"] == "mu_B/cell"
    assert "Materials Project" in data.DESCR
    assert data.licence.startswith("CC BY 4.0")
    assert "Jain" in data.citation
    assert "Wang" in data.citation


def test_outliers_are_kept_on_request(home, mp):
    X, y = fetch_mp_compositions(data_home=home, targets=ELASTIC, outliers="keep", return_X_y=True)
    assert X.tolist() == ["Al2O3", "BiH3", "NaN", "SiP", "UCl6"]
    assert y[1:3].tolist() == [[10, -1785.5, 5], [861, 2, 20]]


def test_materials_without_the_label_are_left_out(home, mp):
    X, y = fetch_mp_compositions(data_home=home, targets="shear_modulus", return_X_y=True)
    assert (X.tolist(), y.tolist()) == (["Al2O3"], [147])


def test_exclude_drops_compositions(home, mp):
    data = fetch_mp_compositions(data_home=home, exclude=["Na2N2", "Al4O6", "PSi"])
    assert data.ids.tolist() == ["BiH3", "Gd2O3", "UCl6"]


def test_bad_options_are_refused(home):
    with pytest.raises(InvalidInputError, match="outliers must be one of"):
        fetch_mp_compositions(data_home=home, outliers="clip")
    with pytest.raises(InvalidInputError, match="targets must be one of"):
        fetch_mp_compositions(data_home=home, targets="K_VRH")
    with pytest.raises(DatasetNotFoundError, match=r"mp_comp_5prop\.csv\.gz.*crabnet"):
        fetch_mp_compositions(data_home=home, download_if_missing=False)


def test_download_makes_the_table(home, serve_wheel, snapshot):
    rows = {
        f"mp_{name}": [f"Zr,{number}", f"FeO,{number}.5", f"NaN,{number}"]
        for number, name in enumerate(NAMES)
    }
    serve_wheel(rows)
    data = fetch_mp_compositions(data_home=home, outliers="keep")
    assert data.data.tolist() == ["FeO", "NaN", "Zr"]
    assert data.target[0].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert snapshot() == [PATH, f"{PATH}.sha256"]


def test_real_data(data_home):
    data = fetch_mp_compositions(data_home=data_home, as_frame=True)
    assert len(data.frame) == len(set(data.groups)) == 56_662
    assert (data.target[ELASTIC].count() == 5_906).all()
    assert data.target["mu_b"].count() == 56_662 - 916
    kept = fetch_mp_compositions(data_home=data_home, outliers="keep", as_frame=True).frame
    assert kept[ELASTIC].notna().any(axis=1).sum() == 5_906 + 429
    assert (kept["elastic_anisotropy"] < 0).sum() == 376
    assert kept.loc[kept["mu_b"].idxmax(), "formula"] == "Gd10S14O"
