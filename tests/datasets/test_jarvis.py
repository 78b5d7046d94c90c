import numpy as np
import pytest

from skmat.datasets import _jarvis, fetch_jarvis
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError, InvalidInputError

PATH = "composition/jarvis_comp_multiprop.csv.gz"


@pytest.fixture
def jarvis(put_table):
    """Three materials: one with all labels, one with slme alone, one with the first alone."""
    names = list(_jarvis.UNITS)
    slme = names.index("slme")
    rows = [
        ["NaN", *range(39)],
        ["TiO2", *(7 if column == slme else "" for column in range(39))],
        ["FeO", *(5 if column == 0 else "" for column in range(39))],
    ]
    lines = [["formula", *names], *rows]
    put_table(PATH, "\n".join(",".join(map(str, line)) for line in lines) + "\n")


def test_all_targets(home, jarvis):
    data = fetch_jarvis(data_home=home)
    assert data.data.tolist() == ["NaN", "TiO2", "FeO"]
    assert data.target.shape == (3, 38)
    copy = list(_jarvis.UNITS).index("p_em300k")
    assert data.target[0].tolist() == [number for number in range(39) if number != copy]
    assert np.isnan(data.target[1]).sum() == 37
    assert data.units["slme"] == "%"
    assert list(data.units) == data.target_names
    assert "JARVIS" in data.DESCR


def test_the_copy_of_a_target_comes_only_on_request_and_with_a_warning(home, jarvis):
    assert "p_em300k" not in fetch_jarvis(data_home=home).target_names
    with pytest.warns(UserWarning, match="p_em300k is a copy of n_em300k.* not of holes"):
        data = fetch_jarvis(data_home=home, targets=["p_em300k", "slme"])
    assert data.target_names == ["p_em300k", "slme"]


def test_materials_without_the_labels_are_left_out(home, jarvis):
    X, y = fetch_jarvis(data_home=home, targets="slme", return_X_y=True, as_frame=True)
    assert X["formula"].tolist() == ["NaN", "TiO2"]
    assert y.tolist() == [37.0, 7.0]
    assert y.name == "slme"


def test_exclude_drops_compositions(home, jarvis):
    assert fetch_jarvis(data_home=home, exclude=["Na2N2"]).ids.tolist() == ["TiO2", "FeO"]


def test_errors(home, jarvis):
    with pytest.raises(InvalidInputError, match="targets must be one of"):
        fetch_jarvis(data_home=home, targets="n-Seebeck")
    (home / PATH).write_bytes((home / PATH).read_bytes()[:100])
    with pytest.raises(DatasetCorruptedError, match="jarvis_comp_multiprop"):
        fetch_jarvis(data_home=home)
    (home / PATH).unlink()
    with pytest.raises(DatasetNotFoundError, match="CrossPropertyTL"):
        fetch_jarvis(data_home=home)


def test_real_data(data_home):
    data = fetch_jarvis(data_home=data_home, as_frame=True)
    assert data.target.shape == (26_804, 38)
    assert len(set(data.groups)) == 26_804
    assert data.target["formation_energy_peratom"].count() == 26_741
    assert data.frame.loc[0, "formula"] == "Ac2AgIr"
    assert data.frame.loc[0, "formation_energy_peratom"] == -0.47615
    # As the description says: a copy, and the refractive index of MgO, not its square.
    with pytest.warns(UserWarning, match="copy"):
        masses = fetch_jarvis(data_home=data_home, targets=["n_em300k", "p_em300k"], as_frame=True)
    assert masses.target["n_em300k"].equals(masses.target["p_em300k"])
    oxide = data.frame.loc[data.frame["formula"] == "MgO", "eps_average_sq"]
    assert oxide.item() == pytest.approx(1.74, abs=0.15)
