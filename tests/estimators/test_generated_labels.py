"""Generated labels: predictions are finite, in the unit of y, and one for each row."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from common.generated import check_generated, on_generated
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skmat import MTEncoderClassifier, MTEncoderRegressor

FORMULAS = ["TiO2", "ZnO", "NaCl", "GaAs", "TiO2", "Fe2O3", "MgO", "SrTiO3"]
UNSEEN = ["CdTe", "TiO2", "Al2O3"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:The number of unique classes"),
    # Of pandas, which looks for numbers that may be integers.
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast"),
    pytest.mark.filterwarnings("ignore:Casting complex values"),
]


def columns(elements, most=3):
    """Return rows of labels, of two dimensions."""
    return st.integers(1, most).flatmap(
        lambda width: st.lists(
            st.lists(elements, min_size=width, max_size=width), min_size=1, max_size=8
        )
    )


CONTAINERS = st.sampled_from(
    [
        list,
        np.array,
        lambda rows: np.array(rows, dtype=object),
        pd.DataFrame,
        lambda rows: pd.DataFrame(rows, index=range(len(rows), 0, -1)).convert_dtypes(),
        lambda rows: [row[0] for row in rows],
        lambda rows: pd.Series([row[0] for row in rows]),
        lambda rows: np.ma.masked_invalid(np.array(rows, dtype=float)),
    ]
)

NUMBERS = st.one_of(
    st.floats(-10, 10),
    st.floats(-10, 10, width=16),
    st.sampled_from([0.0, 1.0, -2.5, float("nan")]),
)

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "n_estimators": st.integers(1, 2),
        "loss": st.sampled_from(["l1", "mse", "robust_l1"]),
        "patience": st.just(1),
        "validation_fraction": st.sampled_from([0.2, 0.5]),
    },
)

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes().map(pd.Timestamp),
    st.timedeltas(),
    st.fractions().map(lambda each: Fraction(each)),
    st.decimals(),
    st.sampled_from([pd.NA, pd.NaT, 10**400, -(10**400), np.ma.masked, np.float32(2), "1.5"]),
    st.tuples(st.integers()),
    st.lists(st.integers(), max_size=2),
)


def model(kind=MTEncoderRegressor, **settings):
    return kind(preset="tiny", pretrained=None, max_epochs=1, random_state=0, **settings)


def check_predictions(fitted, predict):
    """Predictions do not depend on the order of the rows nor on their company."""
    together = predict(fitted, UNSEEN)
    assert len(together) == len(UNSEEN)
    assert np.isfinite(together).all()
    order = [2, 0, 1]
    again = predict(fitted, [UNSEEN[i] for i in order])
    alone = np.concatenate([predict(fitted, [formula]) for formula in UNSEEN])
    scale = np.abs(together).max(axis=0)
    for other in (again, alone[order]):
        assert_allclose(other, together[order], rtol=1e-4, atol=1e-4 * np.max(scale))


@on_generated(20)
def test_predictions_are_equivariant_to_the_unit(n_inputs):
    def check(value):
        rows, container, exponent, settings = value
        X = FORMULAS[: len(rows)]
        rows = np.array(rows)
        y, other = container(rows.tolist()), container((rows * 2.0**exponent).tolist())
        # What is subnormal before or after the change, or near it, has other digits.
        both = np.abs(np.concatenate([rows, rows * 2.0**exponent]))
        kept = np.array_equal(rows * 2.0**exponent / 2.0**exponent, rows, equal_nan=True)
        kept = kept and not ((both > 0) & (both < 1e-290)).any()
        one, two = model(**settings).fit(X, y), model(**settings).fit(X, other)
        predicted = one.predict(UNSEEN)
        assert predicted.shape[0] == len(UNSEEN)
        if kept:
            assert_array_equal(two.predict(UNSEEN), predicted * 2.0**exponent)
        check_predictions(two, type(two).predict)
        if settings.get("n_estimators") == 2:
            _, std = two.predict(UNSEEN, return_std=True)
            assert np.isfinite(std).all()
            assert (std >= 0).all()

    strategy = st.tuples(columns(NUMBERS), CONTAINERS, st.integers(-900, 900), SETTINGS)
    check_generated(n_inputs, strategy, check)


@on_generated(15)
def test_constants_come_back(n_inputs):
    def check(value):
        constants, missing, settings = value
        y = np.tile(constants, (8, 1))
        y[: len(missing)][np.array(missing, dtype=bool)] = np.nan
        fitted = model(**settings).fit(FORMULAS, y)
        assert_array_equal(fitted.predict(UNSEEN), np.tile(constants, (3, 1)))

    finite = st.floats(-1e300, 1e300)
    strategy = st.tuples(
        st.lists(finite, min_size=1, max_size=2), st.lists(st.booleans(), max_size=7), SETTINGS
    )
    check_generated(n_inputs, strategy, check)


@on_generated(20)
def test_anything_may_be_a_label(n_inputs):
    """It is read, or refused by an error of ours, or by scikit-learn's for shapes and classes."""

    def check(value):
        rows, container, kind = value
        X = FORMULAS[: len(rows)]
        try:
            y = container(rows)
        except (ValueError, TypeError, ArithmeticError):
            return  # NumPy or pandas cannot hold it
        try:
            fitted = model(kind).fit(X, y)
        except ValueError as error:
            words = ("Unknown label type", "inconsistent numbers of samples")
            if not any(each in str(error) for each in words):
                raise
            return
        predicted = fitted.predict(UNSEEN)
        assert len(predicted) == len(UNSEEN)
        if kind is MTEncoderRegressor:
            assert np.isfinite(predicted).all()

    kinds = st.sampled_from([MTEncoderRegressor, MTEncoderClassifier])
    strategy = st.tuples(columns(ANYTHING, 2), CONTAINERS, kinds)
    check_generated(n_inputs, strategy, check)


@on_generated(20)
def test_classes_are_those_of_y(n_inputs):
    def check(value):
        labels, missing, container = value
        known = [label for label, absent in zip(labels, missing, strict=True) if not absent]
        y = container([None if a else label for label, a in zip(labels, missing, strict=True)])
        fitted = model(MTEncoderClassifier, n_estimators=2).fit(FORMULAS, y)
        assert fitted.classes_.tolist() == sorted(set(known))
        assert {type(each) for each in fitted.classes_.tolist()} == {type(each) for each in known}
        assert set(fitted.predict(UNSEEN).tolist()) <= set(known)
        check_predictions(fitted, type(fitted).predict_proba)
        assert 0 <= fitted.score(FORMULAS, y) <= 1

    kinds = [st.integers(-(2**40), 2**40), st.booleans(), st.text("abc é", min_size=1, max_size=3),
             st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))]  # fmt: skip
    labels = st.one_of([st.lists(kind, min_size=8, max_size=8) for kind in kinds])
    containers = st.sampled_from(
        [list, tuple, lambda y: np.array(y, dtype=object), lambda y: pd.Series(y, dtype=object),
         lambda y: pd.Series(y, dtype=object).convert_dtypes()]
    )  # fmt: skip
    missing = st.lists(st.booleans(), min_size=8, max_size=8)
    check_generated(n_inputs, st.tuples(labels, missing, containers), check)


@pytest.mark.parametrize("label", [Decimal("0.1"), Fraction(1, 3), np.float32(0.1)])
def test_numbers_of_other_types_are_their_floats(label):
    y = [label, 1.0, 2.0]
    expected = model().fit(FORMULAS[:3], [float(label), 1.0, 2.0])
    assert_array_equal(model().fit(FORMULAS[:3], y).predict(UNSEEN), expected.predict(UNSEEN))
