import numpy as np
import pytest

from skmat.datasets import _aflow, fetch_aflow
from skmat.exceptions import DatasetNotFoundError, InvalidInputError

PATH = "composition/aflow_7prop.csv.gz"
NAMES = list(_aflow._UNITS)
TABLE = f"""
    formula,{",".join(NAMES)}
    B1Na1O2,,90.5,500.0,40.0,2.5,0.00003,-6.5
    B3Na3O6,4.0,,,,,,
    Br1I1Pb1,0.0,,,,,,77.5
    F2H1K1,7.0,25.0,350.0,15.0,2.0,0.0,-4.5
    NaN,1.5,,,,,,
"""


@pytest.fixture
def aflow(put_table):
    put_table(PATH, TABLE)


def test_outliers_are_blanked(home, aflow):
    data = fetch_aflow(data_home=home, as_frame=True)
    assert data.data["formula"].tolist() == ["B1Na1O2", "B3Na3O6", "F2H1K1", "NaN"]
    assert data.target_names == list(data.units) == NAMES
    assert data.target.loc[0].tolist()[1:] == [90.5, 500, 40, 2.5, 3e-5, -6.5]
    expansion = data.target["agl_thermal_expansion_300K"]
    assert np.isnan(expansion[2])
    assert data.target.loc[2].count() == 6
    assert data.units["ael_debye_temperature"] == "K"
    assert "AFLOW" in data.DESCR
    assert data.licence.startswith("Terms not stated")
    assert "Curtarolo" in data.citation


def test_outliers_are_kept_on_request(home, aflow):
    targets = ["Egap", "energy_atom", "agl_thermal_expansion_300K"]
    X, y = fetch_aflow(data_home=home, targets=targets, outliers="keep", return_X_y=True)
    assert X[2:4].tolist() == ["Br1I1Pb1", "F2H1K1"]
    assert y[2, :2].tolist() == [0, 77.5]
    assert y[3].tolist() == [7, -4.5, 0]


def test_the_gap_goes_with_the_energy(home, aflow):
    X, y = fetch_aflow(data_home=home, targets="Egap", return_X_y=True)
    assert X.tolist() == ["B3Na3O6", "F2H1K1", "NaN"]
    assert y.tolist() == [4, 7, 1.5]


def test_formulas_of_one_composition_are_a_group(home, aflow):
    groups = fetch_aflow(data_home=home).groups
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3
    left = fetch_aflow(data_home=home, exclude=["NaBO2", "Na2N2"])
    assert left.data.tolist() == ["F2H1K1"]


def test_bad_options_are_refused(home):
    with pytest.raises(InvalidInputError, match="outliers must be one of"):
        fetch_aflow(data_home=home, outliers="clip")
    with pytest.raises(InvalidInputError, match="targets must be one of"):
        fetch_aflow(data_home=home, targets="gap")
    with pytest.raises(DatasetNotFoundError, match=r"aflow_7prop\.csv\.gz.*crabnet"):
        fetch_aflow(data_home=home, download_if_missing=False)


def test_download_makes_the_table(home, serve_wheel, snapshot):
    rows = {
        f"aflow__{name}": [f"Zr1,-{number}", f"FeO,-{number}.5", f"NaN,-{number}"]
        for number, name in enumerate(NAMES)
    }
    serve_wheel(rows)
    data = fetch_aflow(data_home=home, outliers="keep")
    assert data.data.tolist() == ["FeO", "NaN", "Zr1"]
    assert data.target[0].tolist() == [-0.5, -1.5, -2.5, -3.5, -4.5, -5.5, -6.5]
    assert snapshot() == [PATH, f"{PATH}.sha256"]


def test_real_data(data_home):
    data = fetch_aflow(data_home=data_home, as_frame=True)
    counts = {"Egap": 27_567, "energy_atom": 27_569, "agl_thermal_expansion_300K": 4_885}
    assert data.target[list(counts)].count().to_dict() == counts
    assert data.target.shape == (27_680, 7)
    assert data.target["energy_atom"].max() < 0
    kept = fetch_aflow(data_home=data_home, outliers="keep", as_frame=True)
    assert kept.target["energy_atom"].max() == 77.6951
    assert len(kept.frame) == 27_690
    sizes = np.unique(kept.groups, return_counts=True)[1]
    assert (len(sizes), (sizes > 1).sum(), sizes.max()) == (27_575, 109, 3)
