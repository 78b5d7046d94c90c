import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matminer.featurizers.composition import Stoichiometry
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition, Element
from readings.columns import COLUMNS
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags

from skmat import MagpieFeaturizer, MatminerFeaturizer, MTEncoder, MTEncoderRegressor
from skmat.composition import read_compositions
from skmat.exceptions import InvalidCompositionError, InvalidInputError
from skmat.inputs import CompositionInputMixin, is_fitted


class Reader(CompositionInputMixin, BaseEstimator):
    def read(self, X, reset=True, **options):
        return self._read_X(X, reset=reset, **options)


FORMULAS = ["TiO2", "Fe2O3", "NaN"]
NUMBERS = [[8, 22], [8, 26], [7, 11]]

AMOUNTS = {"Ti": [1, 0, 0], "O": [2, 3, 0], "Fe": [0, 2, 0], "N": [0, 0, 1], "Na": [0, 0, 1]}

FORMS = {
    "list": FORMULAS,
    "tuple": tuple(FORMULAS),
    "generator": (formula for formula in FORMULAS),
    "rows of one": [[formula] for formula in FORMULAS],
    "series": pd.Series(FORMULAS, index=[5, 5, 1]),
    "string series": pd.Series(FORMULAS, dtype="string"),
    "categorical series": pd.Series(FORMULAS, dtype="category"),
    "index": pd.Index(FORMULAS),
    "frame": pd.DataFrame({"formula": FORMULAS}),
    "text array": np.array(FORMULAS),
    "object array": np.array(FORMULAS, dtype=object),
    "column": np.array(FORMULAS, dtype=object)[:, None],
    "compositions": [Composition(formula) for formula in FORMULAS],
    "frame of compositions": pd.DataFrame({"x": [Composition(text) for text in FORMULAS]}),
    "dicts": [{"Ti": 1, "O": 2}, {"Fe": 2, "O": 3}, {"Na": 1, "N": 1}],
    "rows of one dict": [[{"Ti": 1, "O": 2}], [{"Fe": 2, "O": 3}], [{"Na": 1, "N": 1}]],
    "polars frame": pl.DataFrame({"formula": FORMULAS}),
    "polars series": pl.Series(FORMULAS),
    "polars categories": pl.Series(FORMULAS, dtype=pl.Categorical),
    "arrow table": pa.table({"formula": FORMULAS}),
    "arrow array": pa.array(FORMULAS),
    "arrow chunks": pa.chunked_array([FORMULAS[:1], FORMULAS[1:]]),
    "arrow dictionary": pa.array(FORMULAS).dictionary_encode(),
    "named amounts": pd.DataFrame(AMOUNTS),
    "polars amounts": pl.DataFrame(AMOUNTS),
    "arrow amounts": pa.table(AMOUNTS),
    "arrow batch amounts": pa.record_batch(AMOUNTS),
    "record amounts": pd.DataFrame(AMOUNTS).to_records(index=False),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(form):
    reader = Reader()
    assert reader.read(FORMS[form]).atomic_numbers.tolist() == NUMBERS
    assert reader.n_features_in_ == (5 if "amounts" in form else 1)


def test_columns_of_a_matrix_are_atomic_numbers():
    matrix = np.zeros((1, 30))
    matrix[0, [7, 21]] = [2, 1]
    for X in (matrix, matrix.tolist(), matrix.astype(object), pd.DataFrame(matrix)):
        assert Reader().read(X).atomic_numbers.tolist() == [[8, 22]]


def test_feature_names_are_remembered_and_checked():
    reader = Reader()
    reader.read(pd.DataFrame({"formula": FORMULAS}))
    assert reader.feature_names_in_.tolist() == ["formula"]
    with pytest.raises(ValueError, match="feature names should match"):
        reader.read(pd.DataFrame({"composition": FORMULAS}), reset=False)


def test_number_of_features_is_checked():
    reader = Reader()
    reader.read(np.ones((2, 4)))
    for X in (np.ones((2, 3)), np.ones((2, 1)), FORMULAS):
        with pytest.raises(ValueError, match="is expecting 4 features"):
            reader.read(X, reset=False)


def test_a_numeric_column_does_not_pass_for_formulas():
    reader = Reader()
    reader.read(FORMULAS)
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        reader.read(np.ones((2, 1)), reset=False)


@pytest.mark.parametrize("single", ["TiO2", Composition("TiO2"), {"Ti": 1, "O": 2}])
def test_single_values_are_refused_with_the_remedy(single):
    with pytest.raises(InvalidInputError, match=r"list of one, \[X\]"):
        Reader().read(single)


@pytest.mark.parametrize(
    "X",
    [
        [],
        (),
        iter([]),
        np.empty(0),
        np.empty(0, dtype=object),
        np.empty((0, 3)),
        pd.Series([], dtype=float),
        pd.Series([], dtype=object),
        pd.DataFrame(),
        pd.DataFrame({"formula": []}),
        pd.DataFrame({"formula": []}, dtype=object),
        pd.DataFrame({"Ti": [], "O": []}),
        pl.DataFrame({"formula": []}),
        pl.Series([], dtype=pl.String),
        pa.array([], type=pa.string()),
    ],
)
def test_no_rows(X):
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        Reader().read(X)
    reader = Reader()
    reader.read(FORMULAS)
    with pytest.raises(ValueError, match=r"0 sample\(s\)|is expecting 1 features"):
        reader.read(X, reset=False)


@pytest.mark.parametrize("reading", COLUMNS, ids=lambda reading: str(reading.shown)[:40])
def test_every_row_of_the_table(reading):
    if reading.refused is not None:
        with pytest.raises(InvalidInputError) as error:
            Reader().read(reading.spelling)
        assert reading.refused in str(error.value)
    else:
        arrays, expected = Reader().read(reading.spelling), read_compositions([reading.gives])
        assert_array_equal(arrays.atomic_numbers, expected.atomic_numbers)
        assert_allclose(arrays.fractions, expected.fractions, rtol=1e-14)


@pytest.mark.parametrize(
    "X",
    [
        set(FORMULAS),
        frozenset(FORMULAS),
        {"a": 1}.items(),
    ],
)
def test_what_has_no_order_is_refused(X):
    for read in (Reader().read, read_compositions):
        with pytest.raises(InvalidInputError, match="no order"):
            read(X)


@pytest.mark.parametrize(
    "X", [dict.fromkeys(FORMULAS, 1).keys(), dict(enumerate(FORMULAS)).values()]
)
def test_keys_and_values_of_a_dict_have_an_order(X):
    expected = read_compositions(FORMULAS).keys()
    for read in (Reader().read, read_compositions):
        assert_array_equal(read(X).keys(), expected)


@pytest.mark.parametrize(
    "X",
    [
        np.array([Composition("TiO2"), Composition("FeO")]),
        np.array([Composition("Fe"), Composition("Cu")]),
        np.array(Composition("TiO2")),
    ],
)
def test_compositions_that_numpy_took_apart_are_refused(X):
    with pytest.raises(InvalidInputError, match="Pass a list of the Compositions"):
        Reader().read(X)


@pytest.mark.parametrize("X", [[b"TiO2"], np.array([b"TiO2"]), [Element("Ti")], [[b"TiO2"]]])
def test_items_that_are_no_formulas_are_named(X):
    with pytest.raises(InvalidCompositionError, match=r"row 0: .*(decode|Element is not)"):
        Reader().read(X)


def test_tables_of_narwhals_have_names():
    narwhals = pytest.importorskip("narwhals")
    frame = narwhals.from_native(pl.DataFrame(AMOUNTS))
    assert Reader().read(frame).atomic_numbers.tolist() == NUMBERS


def test_records_are_compositions_of_their_own():
    """NumPy makes a table of them, without the names."""
    X = pl.Series([{"O": 2.0, "Ti": 1.0}, {"O": 1.0, "Ti": 1.0}])
    expected = read_compositions(["TiO2", "TiO"])
    for each in (X, pa.array(X.to_list()), X.to_frame("x"), pa.table({"x": X.to_list()})):
        assert_array_equal(Reader().read(each).fractions, expected.fractions)


@pytest.mark.parametrize(
    "rows",
    [
        lambda frame: [row for _, row in frame.iterrows()],
        lambda frame: frame.itertuples(),
        lambda frame: list(frame.itertuples(index=False)),
        lambda frame: list(frame.to_records(index=False)),
    ],
)
def test_rows_whose_names_would_be_lost_are_refused(rows):
    frame = pd.DataFrame({"Ti": [1.0, 1.0], "O": [2.0, 1.0]})
    with pytest.raises(InvalidInputError, match=r"pandas.DataFrame\(X\)"):
        Reader().read(rows(frame))


def test_what_is_masked_is_missing():
    amounts = np.ma.masked_equal([[1.0, 2.0], [1.0, 9.0]], 9.0)
    formulas = np.ma.masked_equal(np.array(["TiO2", "FeO"]), "FeO")
    records = np.ma.array(
        [(2.0, 1.0), (1.0, 1.0)],
        dtype=[("O", float), ("Ti", float)],
        mask=[(False, False), (False, True)],
    )
    for X in (amounts, formulas, formulas.astype(object), records):
        with pytest.raises(InvalidCompositionError, match=r"row 1: .*(NaN|missing)") as error:
            Reader().read(X)
        assert error.value.rows == [1]
        assert Reader().read(X, on_invalid="nan").n_elements.tolist() == [2, 0]


def test_formulas_in_named_tuples_are_read():
    X = list(pd.DataFrame({"formula": FORMULAS}).itertuples(index=False))
    assert Reader().read(X).atomic_numbers.tolist() == NUMBERS


def test_rows_of_numbers_may_come_one_by_one():
    rows = np.eye(3, 8)
    expected = Reader().read(rows)
    assert_array_equal(Reader().read(row for row in rows).fractions, expected.fractions)


def test_amounts_that_are_missing_have_a_remedy():
    frame = pd.DataFrame({"Ti": [1.0, np.nan], "O": [2.0, 1.0]})
    for X in (frame, pl.DataFrame({"Ti": [1.0, None], "O": [2.0, 1.0]}), frame.convert_dtypes()):
        with pytest.raises(InvalidCompositionError, match=r"row 1: .*X.fillna\(0\)") as error:
            Reader().read(X)
        assert error.value.rows == [1]
    assert Reader().read(frame.fillna(0)).n_elements.tolist() == [2, 1]


def test_names_of_tables_of_any_library_are_compared_with_those_of_fit():
    reader = Reader()
    expected = reader.read(pd.DataFrame(AMOUNTS)).fractions
    assert reader.feature_names_in_.tolist() == list(AMOUNTS)
    assert_array_equal(reader.read(pl.DataFrame(AMOUNTS), reset=False).fractions, expected)
    for X in (pl.DataFrame(AMOUNTS).select("O", "Ti", "Fe", "N", "Na"), pa.table({"f": FORMULAS})):
        with pytest.raises(ValueError, match="feature names"):
            reader.read(X, reset=False)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_compounds_are_moles_of_their_elements(make):
    glass = make({"SiO2": [0.7, 0.5], "Na2O": [0.2, 0.0], "CaO": [0.1, 0.5]})
    expected = ["Si0.7Na0.4Ca0.1O1.7", "Si0.5Ca0.5O1.5"]
    fitted = MagpieFeaturizer().fit(glass)
    assert_allclose(fitted.transform(glass), fitted.fit(expected).transform(expected))
    by_matminer = MatminerFeaturizer(Stoichiometry())
    assert_allclose(
        by_matminer.fit(glass).transform(glass),
        by_matminer.fit(expected).transform(expected),
    )


def test_bad_rows_of_compounds_are_shown_as_they_are():
    with pytest.raises(InvalidCompositionError, match=r"row 1: \[-1.0, 2.0\]"):
        Reader().read(pd.DataFrame({"SiO2": [1.0, -1.0], "Na2O": [2.0, 2.0]}))


@pytest.mark.parametrize(
    ("X", "rows"),
    [
        (["TiO2", None, "Xx"], [1, 2]),
        ([None, "TiO2"], [0]),
        ([3.0, "TiO2"], [0]),
        ([[None], ["TiO2"]], [0]),
        ([None, float("nan")], [0, 1]),
        (np.array([np.nan, "TiO2"], dtype=object), [0]),
        (pd.DataFrame({"formula": ["TiO2", pd.NA]}), [1]),
        (np.array([[1.0, 2.0], [-1.0, 0.0], [0.0, 0.0]]), [1, 2]),
    ],
)
def test_bad_rows_are_named(X, rows):
    with pytest.raises(InvalidCompositionError) as error:
        Reader().read(X)
    assert error.value.rows == rows
    assert np.flatnonzero(Reader().read(X, on_invalid="nan").n_elements == 0).tolist() == rows


def test_text_columns_are_named_with_the_remedy():
    frame = pd.DataFrame({"id": ["mp-1", "mp-2"], "gap": [1.0, 2.0], "formula": ["TiO2", "Fe"]})
    with pytest.raises(InvalidInputError) as error:
        Reader().read(frame[["gap", "formula"]])
    assert "['formula']" in str(error.value)
    assert "X[['formula']]" in str(error.value)
    with pytest.raises(InvalidInputError, match=r"\['id', 'formula'\]"):
        Reader().read(frame)


@pytest.mark.parametrize("convert", [list, np.array])
def test_text_columns_of_an_array_are_named_by_position(convert):
    with pytest.raises(InvalidInputError, match=r"hold text: \[1\].*X\[:, \[1\]\]"):
        Reader().read(convert([[1.0, "TiO2"], [2.0, "Fe"]]))


def test_object_matrix_of_numbers_is_amounts():
    X = np.array([[1.0, "2"], [2, 0.5]], dtype=object)
    assert Reader().read(X).n_elements.tolist() == [2, 2]


def test_object_matrix_with_a_dict_is_left_to_scikit_learn():
    X = np.ones((3, 4), dtype=object)
    X[0, 0] = {"foo": "bar"}
    with pytest.raises(TypeError, match=r"argument must be .* string.* number"):
        Reader().read(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([1.0, 2.0], "Expected 2D array"),
        (np.ones((2, 2, 2)), "dim 3"),
        (np.array([[1.0, np.nan]]), "NaN"),
        (np.array([[1.0, np.inf]]), "infinity"),
        (np.ones((2, 119)), "119 columns"),
        (sparse.csr_array(np.eye(3)), "[Ss]parse"),
        (np.array([[1j, 2]]), "Complex"),
    ],
)
def test_other_mistakes_keep_the_words_of_scikit_learn(X, message):
    with pytest.raises((ValueError, TypeError), match=message):
        Reader().read(X)


def test_tags_say_what_is_read():
    tags = get_tags(Reader()).input_tags
    assert tags.string
    assert tags.positive_only
    assert tags.two_d_array
    assert not tags.allow_nan
    assert not tags.sparse


def test_errors_can_be_sent_between_processes():
    with pytest.raises(InvalidCompositionError) as error:
        Reader().read(["TiO2", "Xx"])
    assert_array_equal(pickle.loads(pickle.dumps(error.value)).rows, [1])


@given(
    st.lists(
        st.lists(
            st.one_of(
                st.floats(0, 1e6),
                st.sampled_from([float("nan"), float("inf"), -1.0, 0.0]),
            ),
            min_size=3,
            max_size=3,
        ),
        min_size=2,
        max_size=6,
    )
)
@settings(max_examples=300, deadline=None, derandomize=True)
@pytest.mark.filterwarnings("ignore::skmat.exceptions.EmptyCompositionWarning")
def test_every_bad_row_of_amounts_is_named(rows):
    amounts = np.array(rows)
    bad = ~np.isfinite(amounts).all(axis=1) | (amounts < 0).any(axis=1)
    if bad.any():
        with pytest.raises(InvalidCompositionError) as caught:
            MagpieFeaturizer().fit(amounts)
        assert caught.value.rows == np.flatnonzero(bad).tolist()
    else:
        assert MagpieFeaturizer().fit_transform(amounts).shape == (len(rows), 132)


def test_the_elements_of_columns_are_those_that_fit_saw():
    frame = pd.DataFrame({"Ti": [1.0, 0.0], "O": [2.0, 1.0], "Fe": [0.0, 1.0]})
    by_name = MagpieFeaturizer().fit(frame)
    expected = MagpieFeaturizer().fit_transform(["TiO2", "OFe"])
    np.testing.assert_allclose(by_name.transform(frame), expected)
    with pytest.warns(UserWarning, match="feature names"):
        np.testing.assert_allclose(by_name.transform(frame.to_numpy()), expected)
    by_position = MagpieFeaturizer().fit(frame.to_numpy())
    with (
        pytest.warns(UserWarning, match="feature names"),
        pytest.raises(InvalidInputError, match="named after elements"),
    ):
        by_position.transform(frame)


@pytest.mark.parametrize("names", [["Ti", "O", "temperature"], ["ti", "o", "fe"]])
def test_columns_that_are_half_named_after_elements_are_refused(names):
    frame = pd.DataFrame([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]], columns=names)
    with pytest.raises(InvalidInputError, match="symbol"):
        MagpieFeaturizer().fit(frame)


@pytest.mark.parametrize(
    "transformer",
    [
        MagpieFeaturizer(),
        MTEncoder(preset="tiny", objectives="fingerprint", max_epochs=1, random_state=0),
        MTEncoderRegressor(
            preset="tiny",
            pretrained=None,
            max_epochs=1,
            random_state=0,
            auxiliary_objective="fingerprint",
        ),
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_a_generator_is_read_once(transformer):
    formulas, y = ["TiO2", "NaCl", "Fe2O3", "MgO"], [1.0, 2.0, 3.0, 4.0]
    expected = transformer.fit_transform(formulas, y)
    assert_array_equal(transformer.fit_transform((each for each in formulas), y), expected)
    assert_array_equal(transformer.fit(iter(formulas), y).transform(iter(formulas)), expected)


def test_a_pipeline_is_fitted_if_all_its_steps_are():
    steps = make_pipeline(StandardScaler(), "passthrough", FunctionTransformer())
    assert not is_fitted(steps)
    assert is_fitted(steps.fit([[1.0], [2.0]]))
    assert not is_fitted(make_pipeline(MagpieFeaturizer(), PCA(), FunctionTransformer()))
