import numpy as np
import pandas as pd
import pytest

from skmat.datasets import fetch_oqmd
from skmat.exceptions import DatasetNotFoundError, InvalidInputError

PATH = "oqmd/oqmd_4prop.csv.gz"
TABLE = """
    formula,e_form,split_e_form,energy_pa,split_energy_pa,volume_pa,split_volume_pa,band_gap,split_band_gap
    Al1N1Zr3,-1.0,train,-7.5,test,17.5,train,,
    B1Mg2,-29.4,train,-33.0,train,7.5,train,0.0,train
    NaN,-0.5,val,-3.0,train,15.0,test,1.5,val
    O2Ti1,-3.5,test,-8.5,train,11.0,train,2.0,test
    Pa1U3,5.5,test,3.0,test,11.0,test,0.0,test
"""


@pytest.fixture
def oqmd(put_table):
    put_table(PATH, TABLE)


def test_outliers_are_dropped_and_splits_are_not_returned(home, oqmd):
    data = fetch_oqmd(data_home=home, as_frame=True)
    assert data.data["formula"].tolist() == ["Al1N1Zr3", "NaN", "O2Ti1"]
    assert data.target_names == ["e_form", "energy_pa", "volume_pa", "band_gap"]
    assert data.frame.columns.tolist() == ["formula", *data.target_names]
    assert data.target.loc[2].tolist() == [-3.5, -8.5, 11.0, 2.0]
    assert np.isnan(data.target.loc[0, "band_gap"])
    assert data.ids.tolist() == ["Al1N1Zr3", "NaN", "O2Ti1"]
    assert len(set(data.groups)) == 3
    assert data.units["volume_pa"] == "A^3/atom"
    assert "OQMD" in data.DESCR
    assert data.licence.startswith("CC BY 4.0")
    assert "Kirklin" in data.citation


def test_outliers_go_whichever_target_is_asked_for(home, oqmd):
    X, _ = fetch_oqmd(data_home=home, targets="volume_pa", return_X_y=True)
    assert X.tolist() == ["Al1N1Zr3", "NaN", "O2Ti1"]
    X, y = fetch_oqmd(data_home=home, targets="volume_pa", outliers="keep", return_X_y=True)
    assert X.tolist() == ["Al1N1Zr3", "B1Mg2", "NaN", "O2Ti1", "Pa1U3"]
    assert y.tolist() == [17.5, 7.5, 15.0, 11.0, 11.0]


def test_materials_without_the_label_are_left_out(home, oqmd):
    X, y = fetch_oqmd(data_home=home, targets=["band_gap"], return_X_y=True)
    assert X.tolist() == ["NaN", "O2Ti1"]
    assert y.tolist() == [[1.5], [2.0]]


def test_exclude_drops_compositions(home, oqmd):
    data = fetch_oqmd(data_home=home, exclude=["Na3N3", "Fe2O3", "Ti2O4"])
    assert data.data.tolist() == ["Al1N1Zr3"]
    assert data.target.shape == (1, 4)
    assert data.groups.shape == (1,)


def test_bad_options_are_refused(home):
    with pytest.raises(InvalidInputError, match="outliers must be one of"):
        fetch_oqmd(data_home=home, outliers="clip")
    with pytest.raises(InvalidInputError, match="targets must be one of"):
        fetch_oqmd(data_home=home, targets="split_e_form")


def test_missing_file_is_named(home):
    with pytest.raises(DatasetNotFoundError, match=r"oqmd_4prop\.csv\.gz.*crabnet"):
        fetch_oqmd(data_home=home, download_if_missing=False)


def test_download_makes_the_table(home, serve_wheel, snapshot):
    folders = ["Formation_Enthalpy", "Energy_per_atom", "Volume_per_atom", "Bandgap"]
    rows = {
        f"OQMD_{folder}": [f"Zr1,{number}.5", f"FeO,{number}", f"NaN,{number}"]
        for number, folder in enumerate(folders)
    }
    serve_wheel(rows)
    data = fetch_oqmd(data_home=home)
    assert data.data.tolist() == ["FeO", "NaN", "Zr1"]
    assert data.target[::2].tolist() == [[0, 1, 2, 3], [0.5, 1.5, 2.5, 3.5]]
    assert snapshot() == [PATH, f"{PATH}.sha256"]
    columns = pd.read_csv(home / PATH).columns.tolist()
    assert columns == TABLE.split()[0].split(",")


@pytest.mark.slow
def test_real_data(data_home):
    data = fetch_oqmd(data_home=data_home, as_frame=True, exclude=["TiO2"])
    assert len(data.frame) == 341_614 - 1
    assert data.frame["e_form"].between(-6, 5).all()
    assert data.frame["band_gap"].isna().sum() == 92
    assert len(set(data.groups)) == len(data.frame)
    first = data.frame.iloc[0]
    assert first["formula"] == "Ac1Ag1"
    assert first["volume_pa"] == pytest.approx(30.4084)
    _, y = fetch_oqmd(data_home=data_home, outliers="keep", return_X_y=True)
    assert y.shape == (341_700, 4)
    assert y[:, 0].min() < -198
