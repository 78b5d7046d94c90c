import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pymatgen.core import Composition

from skmat.exceptions import InvalidInputError
from skmat.inputs import read_extra_numbers, split_extra_columns

FORMULAS = ["TiO2", "NaCl", None]
TABLE = pd.DataFrame({"T": [300, 400, 500], "formula": FORMULAS, "P": [1.0, np.nan, 2.0]})


@pytest.mark.parametrize(
    "X",
    [
        FORMULAS,
        np.array(["TiO2"]),
        pd.Series(["TiO2"]),
        TABLE[["formula"]],
        TABLE[["T", "P"]],
        pd.DataFrame({"Fe": ["1", "2"], "O": [1.0, 2.0]}),
        np.ones((2, 3)),
    ],
)
def test_without_further_columns_X_is_returned(X):
    materials, extra = split_extra_columns(X)
    assert materials is X
    assert extra is None


@pytest.mark.parametrize(
    "convert", [lambda table: table, pl.from_pandas, lambda table: table.set_index([[3, 1, 2]])]
)
def test_the_only_column_without_numbers_holds_the_materials(convert):
    materials, extra = split_extra_columns(convert(TABLE))
    assert list(materials.columns) == ["formula"]
    assert materials["formula"].tolist() == FORMULAS
    assert list(extra.columns) == ["T", "P"]
    numbers = read_extra_numbers(extra)
    assert numbers.dtype == np.float64
    np.testing.assert_array_equal(numbers, [[300, 1], [400, np.nan], [500, 2]])


@pytest.mark.parametrize(
    "column",
    [
        [True, False, True],
        ["1", " 2.5", "-3e2"],
        [Decimal("1"), None, 2],
        pd.array([1, None, 2], dtype="Int64"),
        pd.array([True, None, False], dtype="boolean"),
        np.array([1, 2, 3], dtype=np.float16),
        [None, None, None],
    ],
)
def test_many_columns_hold_numbers(column):
    _, extra = split_extra_columns(pd.DataFrame({"formula": FORMULAS, "x": column}))
    numbers = read_extra_numbers(extra)
    missing = pd.isna(pd.Series(column)).to_numpy()
    np.testing.assert_array_equal(np.isnan(numbers[:, 0]), missing)
    known = [float(value) for value in pd.Series(column)[~missing]]
    np.testing.assert_array_equal(numbers[~missing, 0], known)


@pytest.mark.parametrize("formulas", [["NaN", "InF3"], ["InF", "NaN"], [Composition("Fe"), "Fe"]])
def test_formulas_are_no_numbers(formulas):
    materials, extra = split_extra_columns(pd.DataFrame({"x": [1, 2], "formula": formulas}))
    assert materials["formula"].tolist() == formulas
    assert list(extra) == ["x"]


@pytest.mark.parametrize(
    "column",
    [
        ["rutile", "rock salt", None],
        pd.Categorical([1, 2, 1]),
        pd.to_datetime(["2020-01-01"] * 3),
        [datetime.date(2020, 1, 1)] * 3,
        [1 + 2j] * 3,
        [[1, 2]] * 3,
    ],
)
def test_other_columns_are_refused_by_name(column):
    table = TABLE.assign(phase=column)
    with pytest.raises(InvalidInputError, match=r"'formula' .*'TiO2'.*'phase'.*get_dummies"):
        split_extra_columns(table)
    materials, extra = split_extra_columns(table, "formula")
    assert materials["formula"].tolist() == FORMULAS
    assert list(extra) == ["T", "P", "phase"]
    with pytest.raises(InvalidInputError, match=r"'phase' of X holds .*get_dummies"):
        read_extra_numbers(extra)


@pytest.mark.parametrize("materials", ["formula", 1, np.int64(1)])
def test_a_column_chosen_by_name_or_position(materials):
    column, extra = split_extra_columns(TABLE.assign(name=["a", "b", "c"]), materials)
    assert column["formula"].tolist() == FORMULAS
    assert list(extra) == ["T", "P", "name"]
    alone, nothing = split_extra_columns(TABLE[["formula"]], "formula")
    assert alone["formula"].tolist() == FORMULAS
    assert nothing is None


def test_a_chosen_column_may_have_no_value():
    column, _ = split_extra_columns(pd.DataFrame({"formula": [np.nan], "T": [1.0]}), "formula")
    assert column.dtypes.tolist() == [object]


@pytest.mark.parametrize("materials", ["Formula", 3, -1, True, None])
def test_a_column_that_does_not_exist(materials):
    table = TABLE if materials is not None else pd.DataFrame({None: ["Fe"], "a": ["b"]})
    with pytest.raises(InvalidInputError, match=r"is not one column|do not hold numbers"):
        split_extra_columns(table, materials)


@pytest.mark.parametrize("names", [["Fe", "Ni"], ["P", "Cr", "T"], ["SiO2 (mol%)", "B"]])
def test_amounts_beside_text_are_refused(names):
    # "FCC" could be read as a formula.
    table = pd.DataFrame({"phase": ["FCC", "BCC"], **{name: [0.5, 0.6] for name in names}})
    with pytest.raises(InvalidInputError, match=r"named after elements.*'phase' holds .*'FCC'"):
        split_extra_columns(table)
    materials, extra = split_extra_columns(table, "phase")
    assert materials.shape == (2, 1)
    assert list(extra) == names


@pytest.mark.parametrize("names", [["T", "P"], ["V", "P"], ["Fe"], ["amount of Fe", "T_K", "x"]])
def test_symbols_of_physics_are_no_amounts(names):
    table = pd.DataFrame({"formula": ["TiO2", "NaCl"], **{name: [0.5, 0.6] for name in names}})
    assert list(split_extra_columns(table)[1]) == names


def test_names_must_be_unique_text():
    with pytest.raises(InvalidInputError, match="more than one column for"):
        split_extra_columns(pd.DataFrame([["Fe", 1, 2]], columns=["formula", "T", "T"]))
    with pytest.raises(InvalidInputError, match="needs a text as its name"):
        split_extra_columns(pd.DataFrame([["Fe", 1]]))


def test_one_error_names_all_bad_numbers():
    extra = pd.DataFrame({"T": [1.0, np.inf, 2.0], "P": [1e301, 1.0, -np.inf]})
    with pytest.raises(InvalidInputError, match=r"row 1, column 'T': inf.*row 2, column 'P'"):
        read_extra_numbers(extra)
