import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition, Element

from skmat.composition import read_amounts, read_compositions
from skmat.exceptions import (
    EmptyCompositionWarning,
    InvalidCompositionError,
    InvalidInputError,
)

SYMBOLS = [Element.from_Z(z).symbol for z in range(1, 119)]

many = settings(
    max_examples=2000,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
some = settings(many, max_examples=300)

amounts = st.one_of(st.integers(1, 200), st.integers(1, 10**7).map(lambda amount: amount / 10**4))
materials = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), amounts), min_size=1, max_size=5, unique_by=lambda e: e[0]
).map(dict)

bad_values = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "tio2",
            "Xx2O3",
            "Fe2O3!",
            "Fe-1O",
            "O0",
            "(Fe2O3",
            "Fe1e999",
            "TiO2 and more",
            "nan",
            "1",
            None,
            float("nan"),
            pd.NA,
            pd.NaT,
            3,
            2.5,
            True,
            ["Fe", "O"],
            ("TiO2",),
            b"TiO2",
            object(),
            np.array([1.0, 2.0]),
            Composition(),
            {},
            {"Fe": -1.0},
            {"Fe": 0},
            {"Fe": float("nan")},
            {"Fe": float("inf")},
            {"Fe": None},
            {"Xx": 1},
            {"": 1},
            {None: 1},
            {1.5: 1},
        ]
    ),
    materials.map(lambda material: formula_of(material) + "Qq"),
    materials.map(lambda material: formula_of(material).lower()).filter(str.islower),
    materials.map(lambda material: {symbol: -amount for symbol, amount in material.items()}),
)


def formula_of(material):
    return "".join(f"{symbol}{amount}" for symbol, amount in material.items())


FORMS = [
    formula_of,
    lambda material: f"({formula_of(material)})2",
    lambda material: " ".join(f"{symbol} {amount}" for symbol, amount in material.items()),
    dict,
    Composition,
]

good_values = st.builds(lambda form, material: form(material), st.sampled_from(FORMS), materials)


def fractions_of(material):
    total = sum(material.values())
    fractions = np.zeros(118)
    for symbol, amount in material.items():
        fractions[SYMBOLS.index(symbol)] = amount / total
    return fractions


def dense(arrays):
    fractions = np.zeros((len(arrays), 119))
    np.put_along_axis(fractions, arrays.atomic_numbers.astype(int), arrays.fractions, axis=1)
    return fractions[:, 1:]


@some
@given(materials)
def test_every_form_gives_the_right_fractions(material):
    values = [form(material) for form in FORMS]
    expected = np.tile(fractions_of(material), (len(FORMS), 1))
    assert_allclose(dense(read_compositions(values)), expected, atol=1e-12)


@some
@given(materials, st.randoms())
def test_order_of_elements_changes_no_bit(material, random):
    entries = list(material.items())
    random.shuffle(entries)
    shuffled = dict(entries)
    arrays = read_compositions(
        [formula_of(material), formula_of(shuffled), material, shuffled, Composition(shuffled)]
    )
    for row in range(1, 5):
        assert_array_equal(arrays.atomic_numbers[row], arrays.atomic_numbers[0])
        assert_array_equal(arrays.fractions[row], arrays.fractions[0])


@many
@given(
    st.lists(
        st.one_of(
            good_values.map(lambda value: (True, value)),
            bad_values.map(lambda value: (False, value)),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_bad_rows_are_named_and_good_ones_are_not(rows):
    values = [value for _, value in rows]
    bad = [row for row, (is_good, _) in enumerate(rows) if not is_good]
    if bad:
        with pytest.raises(InvalidCompositionError) as error:
            read_compositions(values)
        assert error.value.rows == bad
        assert all(f"row {row}: " in str(error.value) for row in bad)
        assert error.value.n_rows == len(values)
    arrays = read_compositions(values, on_invalid="nan")
    assert np.flatnonzero(arrays.n_elements == 0).tolist() == bad
    good = np.setdiff1d(np.arange(len(values)), bad)
    assert_allclose(arrays.fractions[good].sum(axis=1), 1.0)


def test_formulas_come_from_any_iterable():
    formulas = ["TiO2", "Fe2O3"]
    expected = read_compositions(formulas)
    for values in (tuple(formulas), pd.Series(formulas, index=[7, 3]), iter(formulas)):
        assert_array_equal(read_compositions(values).fractions, expected.fractions)


def test_text_nan_is_sodium_nitride_and_a_float_is_missing():
    arrays = read_compositions(["NaN", float("nan")], on_invalid="nan")
    assert arrays.atomic_numbers.tolist() == [[7, 11], [0, 0]]


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_missing_values_are_called_missing(missing):
    with pytest.raises(InvalidCompositionError, match=r"row 1: .*: missing value"):
        read_compositions(["TiO2", missing])


def test_repeated_bad_formulas_are_all_named():
    with pytest.raises(InvalidCompositionError) as error:
        read_compositions(["Qq", "TiO2", "Qq"])
    assert error.value.rows == [0, 2]


def test_no_formulas_give_no_rows():
    assert len(read_compositions([])) == 0


def test_numpy_strings_are_read_as_text():
    assert read_compositions(np.array(["TiO2"])).atomic_numbers.tolist() == [[8, 22]]


def test_amounts_are_normalised():
    matrix = np.zeros((2, 118))
    matrix[0, [7, 21]] = [4, 2]
    matrix[1, 25] = 0.5
    arrays = read_amounts(matrix)
    expected = read_compositions(["TiO2", "Fe"])
    assert_array_equal(arrays.atomic_numbers, expected.atomic_numbers)
    assert_array_equal(arrays.fractions, expected.fractions)


def test_amounts_take_atomic_numbers_of_columns():
    arrays = read_amounts(np.array([[1, 2]]), atomic_numbers=[22, 8])
    assert arrays.atomic_numbers.tolist() == [[8, 22]]


@pytest.mark.parametrize("read", [read_compositions, read_amounts])
def test_an_unknown_way_with_invalid_rows_is_refused(read):
    with pytest.raises(InvalidInputError, match="must be 'raise' or 'nan', got 'error'"):
        read([[1.0, 2.0]], on_invalid="error")


@pytest.mark.parametrize("numbers", [[22], [22, 8, 1]])
def test_every_column_of_amounts_has_one_atomic_number(numbers):
    with pytest.raises(InvalidInputError, match=f"{len(numbers)} entries for 2 columns"):
        read_amounts([[1, 2]], atomic_numbers=numbers)


def test_bad_amounts_are_named():
    matrix = np.array([[1.0, 2.0], [-1.0, 2.0], [0.0, 0.0]])
    with pytest.raises(InvalidCompositionError, match="Negative values in data") as error:
        read_amounts(matrix)
    assert error.value.rows == [1, 2]
    assert read_amounts(matrix, on_invalid="nan").n_elements.tolist() == [2, 0, 0]


def test_empty_amounts_pass_with_a_warning_where_allowed():
    matrix = np.array([[1.0, 2.0], [0.0, 0.0]])
    with pytest.warns(EmptyCompositionWarning, match="row 1"):
        arrays = read_amounts(matrix, allow_empty=True)
    assert arrays.n_elements.tolist() == [2, 0]
    with pytest.raises(InvalidCompositionError) as error:
        read_amounts(-matrix, allow_empty=True)
    assert error.value.rows == [0]


def test_too_many_columns_of_amounts():
    with pytest.raises(InvalidInputError, match="119 columns"):
        read_amounts(np.ones((1, 119)))


@pytest.mark.parametrize("values", ["TiO2", b"TiO2", {"Ti": 1, "O": 2}, Composition("TiO2")])
def test_a_single_formula_is_no_list(values):
    """Its letters, or its elements, would be rows of their own."""
    with pytest.raises(InvalidInputError, match="Expected a list of formulas"):
        read_compositions(values)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_a_table_is_no_list(make):
    """Its columns' names would be rows."""
    with pytest.raises(InvalidInputError, match="the column that holds them"):
        read_compositions(make({"CO2": ["TiO2"]}))


def test_formulas_of_arrow_are_text():
    expected = read_compositions(["TiO2", "FeO"])
    for values in (pa.array(["TiO2", "FeO"]), pa.chunked_array([["TiO2"], ["FeO"]])):
        assert_array_equal(read_compositions(values).fractions, expected.fractions)


def test_amounts_below_1e_8_of_a_row_are_zero():
    matrix = np.array([[2.0, 1.0, 0.0], [2.0, 1.0, 1e-17], [2.0, 1.0, -1e-17], [1.0, 1.0, -1e-7]])
    arrays = read_amounts(matrix, on_invalid="nan")
    assert arrays.atomic_numbers.tolist() == [[1, 2]] * 3 + [[0, 0]]
    assert_array_equal(arrays.fractions[1:3], arrays.fractions[[0, 0]])


def test_columns_may_be_compounds():
    water, salt = ((1, 2.0), (8, 1.0)), ((11, 1.0), (17, 1.0))
    arrays = read_amounts(
        np.array([[1, 0, 0], [0, 0, 3], [1, 1, 1]]), atomic_numbers=[water, 8, salt]
    )
    expected = read_compositions(["H2O", "NaCl", "H2O2NaCl"])
    assert_array_equal(arrays.atomic_numbers, expected.atomic_numbers)
    assert_array_equal(arrays.fractions, expected.fractions)
    large = read_amounts(np.array([[1.7e308, 0, 0]]), atomic_numbers=[water, 8, salt])
    assert_allclose(large.fractions, read_compositions(["H2O"]).fractions, rtol=1e-14)


def test_blocks_of_rows_give_what_one_block_gives(monkeypatch):
    formulas = ["TiO2", "Fe", "what?", "Fe0.62Ni0.192Co0.146C0.01", "TiO2", None, "Ca(OH)2"]
    expected = read_compositions(formulas, on_invalid="nan")
    monkeypatch.setattr("skmat.composition._read._BLOCK", 2)
    found = read_compositions(formulas, on_invalid="nan")
    assert_array_equal(found.atomic_numbers, expected.atomic_numbers)
    assert_array_equal(found.fractions, expected.fractions)
    with pytest.raises(InvalidCompositionError) as error:
        read_compositions(formulas)
    assert error.value.rows == [2, 5]


def test_amounts_in_lists_and_tables():
    expected = read_compositions(["FeO2"]).keys()
    by_name = pd.DataFrame({"O": [2], "Fe": [1]})
    for amounts in (by_name, by_name.astype("Int64")):
        assert_array_equal(read_amounts(amounts).keys(), expected)
    assert_array_equal(read_amounts([[2, 1]], atomic_numbers=[8, 26]).keys(), expected)


@pytest.mark.parametrize(
    ("amounts", "reason"),
    [
        ([1.0, 2.0], r"pass \[amounts\]"),
        ([["a", 1.0]], "only numbers"),
        (pd.DataFrame({"Fe": ["bal."], "O": [1.0]}), "only numbers"),
        (pd.DataFrame({"Fe": [1.0], "gap": [1.0]}), "gap"),
    ],
)
def test_what_is_no_matrix_of_amounts_is_refused(amounts, reason):
    with pytest.raises(InvalidInputError, match=reason):
        read_amounts(amounts)
