"""Generated sample weights: only their ratios count, whatever holds them."""

import numpy as np
import pandas as pd
import pytest
from common.generated import check_generated, on_generated
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skmat import MTEncoderClassifier, MTEncoderRegressor
from skmat.exceptions import InvalidInputError

FORMULAS = ["TiO2", "ZnO", "NaCl", "GaAs", "TiO2", "Fe2O3"]
GAPS = np.array([3.2, 3.4, 8.5, 1.4, 3.0, 2.1])
SPARSE = np.column_stack([GAPS, [5.0, np.nan, 7.0, np.nan, np.nan, 6.0]])
UNSEEN = ["CdTe", "TiO2", "Al2O3"]

CONTAINERS = st.sampled_from(
    [
        list,
        tuple,
        np.array,
        lambda weights: np.array(weights).reshape(-1, 1),
        lambda weights: pd.Series(weights, index=range(len(weights), 0, -1)),
        lambda weights: pd.DataFrame({"weight": weights}).convert_dtypes(convert_integer=False),
        lambda weights: np.ma.masked_array(weights, False),
    ]
)

WEIGHTS = st.lists(st.sampled_from([0.0, 1.0]) | st.floats(2.0**-40, 8), min_size=6, max_size=6)

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=2),
    st.complex_numbers(),
    st.dates(),
    st.sampled_from([10**400, pd.NA, np.ma.masked, np.float32(2), "1.5", [1]]),
)


def fitted(weights, y=SPARSE, kind=MTEncoderRegressor, **settings):
    model = kind(preset="tiny", pretrained=None, max_epochs=1, random_state=0, **settings)
    return model.fit(FORMULAS, y, sample_weight=weights)


@on_generated(15)
def test_only_ratios_count(n_inputs):
    def check(value):
        weights, container, exponent, settings = value
        if not np.any(np.array(weights)[[0, 2, 5]]):
            with pytest.raises(InvalidInputError, match=r"y1|all are zero"):
                fitted(container(weights), **settings)
            return
        one = fitted(weights, **settings)
        two = fitted(container((np.array(weights) * 2.0**exponent).tolist()), **settings)
        predicted = one.predict(UNSEEN)
        assert np.isfinite(predicted).all()
        assert_array_equal(two.predict(UNSEEN), predicted)
        assert two.score(FORMULAS, SPARSE, container(weights)) == one.score(
            FORMULAS, SPARSE, weights
        )

    settings = st.fixed_dictionaries(
        {}, optional={"patience": st.just(1), "loss": st.sampled_from(["mse", "robust_l1"])}
    )
    strategy = st.tuples(WEIGHTS, CONTAINERS, st.integers(-1000, 1000), settings)
    check_generated(n_inputs, strategy, check)


@on_generated(20)
def test_rows_of_weight_0_teach_nothing(n_inputs):
    def check(value):
        weights, far, kind = value
        idle = np.array(weights) == 0
        if idle.all():
            return
        y = GAPS.copy()
        changed = np.where(idle, far, y)
        if kind is MTEncoderClassifier:
            # A class that is nowhere else would be one more.
            changed = y = np.where(y > 3.1, "wide", "narrow")
        one, two = (fitted(weights, each, kind) for each in (y, changed))
        assert_array_equal(one.predict(UNSEEN), two.predict(UNSEEN))

    kinds = st.sampled_from([MTEncoderRegressor, MTEncoderClassifier])
    check_generated(n_inputs, st.tuples(WEIGHTS, st.floats(-1e299, 1e299), kinds), check)


@on_generated(20)
def test_anything_may_be_a_weight(n_inputs):
    def check(value):
        weights, alone = value
        if alone:
            weights = weights[0]
        try:
            model = fitted(weights, GAPS)
        except ValueError as error:
            if "inconsistent numbers of samples" not in str(error):
                raise
            return
        assert np.isfinite(model.predict(UNSEEN)).all()

    strategy = st.tuples(st.lists(ANYTHING, min_size=1, max_size=7), st.booleans())
    check_generated(n_inputs, strategy, check)
