import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmat import MagpieFeaturizer
from skmat.composition import amounts_from_weight
from skmat.composition._columns import read_columns
from skmat.exceptions import InvalidInputError


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["Fe", "Cr", "At", "Mo", "W"], [26, 24, 85, 42, 74]),
        (["H", "D"], [1, 1]),
        (["Fe at%", "Cr at%"], [26, 24]),
        (["Fe_at", "Cr_at"], [26, 24]),
        (["Fe, at.%", "Cr (atomic percent)"], [26, 24]),
        (["atomic fraction Fe", "Cr / at. fraction"], [26, 24]),
        (["Fe [mol-%]", "Cr [mole %]"], [26, 24]),
        (["mol%Fe", "mol.% Cr"], [26, 24]),
    ],
)
def test_elements(names, numbers):
    assert read_columns(names) == numbers


@pytest.mark.parametrize(
    ("name", "composition"),
    [
        ("SiO2", ((8, 2), (14, 1))),
        ("K2O", ((8, 1), (19, 2))),
        ("Ca(OH)2", ((1, 2), (8, 2), (20, 1))),
        ("CaSO4·2H2O", ((1, 4), (8, 6), (16, 1), (20, 1))),
        ("NaCl", ((11, 1), (17, 1))),
        ("B1N1", ((5, 1), (7, 1))),
        ("CH3COONa", ((1, 3), (6, 2), (8, 2), (11, 1))),
    ],
)
def test_compounds(name, composition):
    assert read_columns([name, "Fe"]) == [composition, 26]


@pytest.mark.parametrize(
    "name",
    [
        *["CO", "NO", "HV", "HV10", "YS", "UTS", "D50", "CoV", "NiCr", "BN", "C1", "V1", "O2"],
        *["pH", "T", "Total", "LOI", "FeO*", "Fe_content", "id", "Fe (GPa)", "x_Fe", "", 3, None],
        *["Fe__Cr", "alloys__Fe", "FE", "2SiO2", "Weight", "Temperature (K)", "NaN"],
    ],
)
def test_other_names_are_refused(name):
    with pytest.raises(InvalidInputError, match=r"are not named after.*X.to_numpy\(\)"):
        read_columns(["Ni", name])


@pytest.mark.parametrize("unit", ["%", " %", " (%)", " pct", "_ppm", " [g/l]", " fraction", ", g"])
def test_units_that_do_not_say_what_is_counted(unit):
    with pytest.raises(InvalidInputError, match="do not say what is counted"):
        read_columns([f"Fe{unit}", f"Cr{unit}"])


@pytest.mark.parametrize(
    "names",
    [
        ["Fe wt%", "Cr wt%"],
        ["Fe_wt", "Cr_wt"],
        ["wt.% Fe", "wt.% Cr"],
        ["Fe (mass%)", "Cr (mass%)"],
        ["weight percent Fe", "weight percent Cr"],
        ["SiO2 [w%]", "Na2O [w%]"],
        ["Fe", "Cr (wt%)"],
    ],
)
def test_weights_are_refused_with_the_remedy(names):
    with pytest.raises(InvalidInputError, match=r"amounts_from_weight\(X\)"):
        read_columns(names)


@pytest.mark.parametrize(
    "names",
    [
        range(4),
        np.arange(1, 5),
        ["x0", "x1"],
        ["col0", "col1"],
        ["col_0"],
        ["column_0", "column_1"],
    ],
)
def test_positions(names):
    assert read_columns(list(names)) is None


@pytest.mark.parametrize(
    "names",
    [[22, 8], [2, 3], ["x1", "x2"], ["x1", "x0"], ["0", "1"], ["PC0", "PC1"], ["f0", "f1"], [0.0]],
)
def test_other_numbers_are_refused(names):
    with pytest.raises(InvalidInputError, match=r"X.to_numpy\(\)"):
        read_columns(names)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_weights_become_moles(make):
    amounts = amounts_from_weight(make({"Ti (wt%)": [90, 0], "Al_wt%": [6, 0], "wt% V": [4, 1]}))
    assert amounts.columns.tolist() == ["Ti", "Al", "V"]
    assert_allclose(amounts, [[90 / 47.867, 6 / 26.9815, 4 / 50.9415], [0, 0, 1 / 50.9415]], 1e-5)


def test_weights_of_oxides():
    frame = pd.DataFrame({"SiO2": [60.084], "Na2O": [2 * 61.979]}, index=["a"])
    amounts = amounts_from_weight(frame)
    assert_allclose(amounts, [[1, 2]], rtol=1e-4)
    assert amounts.index.tolist() == ["a"]


@pytest.mark.parametrize(
    ("name", "mass"),
    [
        ("CaSO4.2H2O", 172.17),
        ("CaSO4·2H2O", 172.17),
        ("CuSO4.5H2O (wt%)", 249.69),
        ("SiO₂", 60.084),
        ("Ca(OH)2", 74.093),
        ("D", 2.014),
    ],
)
def test_weights_of_hydrates_and_of_all_spellings(name, mass):
    assert_allclose(amounts_from_weight(pd.DataFrame({name: [mass]})), [[1]], rtol=3e-4)


def test_weights_that_are_missing_or_wrong_are_left_to_the_estimator():
    amounts = amounts_from_weight(pd.DataFrame({"Ti": [1, np.nan, -1], "O": [2, 1, 1]}))
    with pytest.raises(ValueError, match="2 of 3 rows") as error:
        MagpieFeaturizer().fit(amounts)
    assert error.value.rows == [1, 2]


def test_weights_in_a_pipeline():
    frame = pd.DataFrame({"Fe (wt%)": [2 * 55.845, 0.0], "O (wt%)": [3 * 15.999, 1.0]})
    pipeline = make_pipeline(FunctionTransformer(amounts_from_weight), MagpieFeaturizer())
    assert_allclose(
        pipeline.fit_transform(frame), MagpieFeaturizer().fit_transform(["Fe2O3", "O"]), atol=0.1
    )


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 2)), "got ndarray"),
        (["Ti-6Al-4V"], "got list"),
        (pd.DataFrame({"Fe (at.%)": [1], "Cr (at.%)": [2]}), "do not share one unit"),
        (pd.DataFrame({"Fe": [1], "Cr (wt%)": [2]}), "do not share one unit"),
        (pd.DataFrame({"Fe (wt%)": [1], "Cr (wt. fraction)": [2]}), "do not share one unit"),
        (
            pd.DataFrame({"Fe (wt%)": ["balance"], "Cr (wt%)": [2]}),
            "'Fe .wt%.' does not",
        ),
        (pd.DataFrame({"Fe": [1], "hardness": [2]}), "hardness"),
        (pd.DataFrame({"Fe (wt%)": [1], "Fe_wt%": [2]}), "more than one column"),
        (pd.DataFrame(), "do not share one unit"),
        (pd.DataFrame(np.ones((2, 2))), "are not named after"),
    ],
)
def test_what_holds_no_weights(X, message):
    with pytest.raises(InvalidInputError, match=message):
        amounts_from_weight(X)


@pytest.mark.parametrize("names", [["No", "Fe", "Cr"], ["Fe", "Co", "Tc"], ["No (at.%)", "O"]])
def test_numbers_of_rows_and_temperatures_are_no_elements(names):
    with pytest.raises(InvalidInputError, match="may hold"):
        read_columns(names)


@pytest.mark.parametrize("names", [["Md", "No", "O"], ["Mo", "Tc"], ["Tc2O7", "SiO2"]])
def test_technetium_and_nobelium_are_read_among_their_neighbours(names):
    assert len(read_columns(names)) == len(names)
