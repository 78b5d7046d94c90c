"""Invariants of reading, on 150 generated tables of amounts."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from common.generated import check_generated, on_generated
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from skmat import MagpieFeaturizer
from skmat.composition import amounts_from_weight
from skmat.composition._formula import ATOMIC_NUMBERS
from skmat.exceptions import SkmatError
from skmat.inputs import CompositionInputMixin


class Reader(CompositionInputMixin, BaseEstimator):
    def read(self, X, **options):
        return self._read_X(X, reset=True, allow_empty=True, **options)


elements = st.sampled_from(sorted(ATOMIC_NUMBERS))
compounds = st.sampled_from(
    ["SiO2", "Na2O", "Ca(OH)2", "CaF2", "Al2O3", "K2O", "CO", "FeO", "HV10"]
)
wrappers = st.sampled_from(
    ["{}", "{} ", "{} (at.%)", "{}_mol", "{} (wt%)", "{}%", "x{}", "mol% {}"]
)


@st.composite
def names(draw):
    what = draw(st.sampled_from(["elements", "compounds", "both", "positions", "any"]))
    if what == "positions":
        prefix = draw(st.sampled_from(["x", "col", "column_", "feature_", ""]))
        return [f"{prefix}{place}" for place in range(draw(st.integers(2, 8)))]
    strategy = {
        "elements": elements,
        "compounds": compounds,
        "both": st.one_of(elements, compounds),
        "any": st.one_of(elements, compounds, st.text(max_size=8)),
    }[what]
    wrapper = draw(wrappers) if draw(st.booleans()) else "{}"
    drawn = draw(st.lists(strategy, min_size=2, max_size=8, unique=True))
    return [wrapper.format(name) for name in drawn]


amounts = st.one_of(
    st.floats(0, 100),
    st.sampled_from([0.0, 0.0, 0.0, 1.0, 2.0, 1e-17, -1e-17]),
    st.sampled_from([-1.0, float("nan"), float("inf"), 1e308, 5e-324]),
)


@st.composite
def frames(draw):
    columns = draw(names())
    n_rows = draw(st.integers(1, 4))
    # Most tables hold no missing and no negative amounts.
    strategy = amounts if draw(st.integers(0, 3)) == 0 else st.floats(0, 100)
    row = st.lists(strategy, min_size=len(columns), max_size=len(columns))
    values = draw(st.lists(row, min_size=n_rows, max_size=n_rows))
    return columns, np.array(values, dtype=float)


def result(X):
    """Return what is read, or the words of the error that refuses it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Reader().read(X)
    except SkmatError as error:
        return type(error).__name__, str(error)


def assert_same(first, second):
    if isinstance(first, tuple) or isinstance(second, tuple):
        assert first == second
    else:
        assert_array_equal(first.atomic_numbers, second.atomic_numbers)
        assert_array_equal(first.fractions, second.fractions)


@on_generated(50)
def test_every_library_gives_the_same(n_inputs):
    def check(drawn):
        columns, values = drawn
        expected = result(pd.DataFrame(values, columns=columns))
        if not isinstance(expected, tuple):
            assert len(expected) == len(values)
        data = dict(zip(columns, values.T, strict=True))
        for X in (pl.DataFrame(data), pa.table(data)):
            assert_same(result(X), expected)

    check_generated(n_inputs, frames(), check)


@on_generated(40)
def test_order_company_and_traces_change_no_bit(n_inputs):
    def check(drawn):
        (columns, values), random = drawn
        frame = pd.DataFrame(values, columns=columns)
        expected = Reader().read(frame, on_invalid="nan")
        assert len(expected) == len(frame)
        if Reader().read(frame.iloc[:1], on_invalid="nan").n_elements[0]:
            alone = Reader().read(frame.iloc[:1], on_invalid="nan")
            assert_same(alone, expected.take([0]))
        if columns[0].strip("x").isdigit() or columns[0].startswith("col"):
            return
        shuffled = random.sample(columns, len(columns))
        assert_same(Reader().read(frame[shuffled], on_invalid="nan"), expected)
        if "Au" not in columns and set(columns) <= set(ATOMIC_NUMBERS):
            noisy = frame.assign(Au=frame.max(axis=1).clip(0, 1e300) * 1e-10)
            assert_same(Reader().read(noisy, on_invalid="nan"), expected)

    check_generated(n_inputs, st.tuples(frames(), st.randoms()), check)


@on_generated(30)
def test_features_of_what_is_read_are_finite(n_inputs):
    def check(drawn):
        columns, values = drawn
        frame = pd.DataFrame(values, columns=columns)
        featurizer = MagpieFeaturizer(features="all", on_invalid="nan")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            featurizer.fit(frame.clip(0, 1).fillna(0))
            features = featurizer.transform(frame)
        read = Reader().read(frame, on_invalid="nan")
        assert_array_equal(np.isfinite(features).all(axis=1), read.n_elements > 0)

    check_generated(n_inputs, frames(), check)


@on_generated(30)
def test_weights_become_amounts_of_the_same_rows(n_inputs):
    def check(drawn):
        columns, values = drawn
        frame = pd.DataFrame(values, columns=columns)
        converted = amounts_from_weight(frame)
        assert converted.shape == frame.shape
        assert_array_equal(np.isnan(converted), np.isnan(frame))
        assert_array_equal(converted.to_numpy() < 0, values < 0)
        read = Reader().read(converted, on_invalid="nan")
        assert len(read) == len(frame)

    check_generated(n_inputs, frames(), check)
