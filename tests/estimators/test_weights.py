"""Sample weights of any size and in every container."""

import numpy as np
import pandas as pd
import pytest
import torch
from common import materials
from common.materials import FORMULAS
from numpy.testing import assert_allclose, assert_array_equal
from readings.labels import ArrowArray, PolarsSeries

from skmat import CGCNNRegressor, MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError, InvalidWeightsError
from skmat.inputs import read_weights, weights_to_learn_by

GAPS = np.array(materials.GAPS)
LABELS = ["wide" if gap > 3 else "narrow" for gap in GAPS]
FAST = {"preset": "tiny", "pretrained": None, "max_epochs": 1, "random_state": 0}
WEIGHTS = np.linspace(0.25, 2.5, 10)


def predicted(weights, y=GAPS, **parameters):
    model = MTEncoderRegressor(**{**FAST, **parameters})
    return model.fit(FORMULAS, y, sample_weight=weights).predict(FORMULAS)


@pytest.mark.parametrize("weight", [2.0, 1e308, 1e-300, 5e-324, np.float32(3), np.array(2), True])
def test_equal_weights_are_none(weight):
    expected = predicted(None, GAPS + 1000)
    for weights in (weight, np.full(10, weight), [weight] * 10):
        assert_array_equal(predicted(weights, GAPS + 1000), expected)


@pytest.mark.parametrize("exponent", [-1000, -400, 400, 1020])
def test_only_ratios_of_weights_count(exponent):
    assert_array_equal(predicted(WEIGHTS * 2.0**exponent), predicted(WEIGHTS))


@pytest.mark.parametrize(
    "weights",
    [
        list(WEIGHTS),
        tuple(WEIGHTS),
        WEIGHTS.reshape(-1, 1),
        pd.Series(WEIGHTS, index=range(10, 0, -1)),
        pd.DataFrame({"weight": WEIGHTS}),
        pd.Series(WEIGHTS, dtype="Float64"),
        np.ma.masked_array(WEIGHTS),
        torch.tensor(WEIGHTS),
        PolarsSeries("weight", list(WEIGHTS)),
        ArrowArray(list(WEIGHTS)),
        [str(weight) for weight in WEIGHTS],
    ],
    ids=lambda weights: type(weights).__name__,
)
def test_every_container_weighs_the_same(weights):
    assert_array_equal(read_weights(weights, 10), WEIGHTS)


def test_rows_can_be_chosen_by_booleans():
    chosen = GAPS > 3
    assert_array_equal(predicted(chosen), predicted(chosen.astype(float)))


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -1.0, np.nan, 10**400, None, "a"])
def test_a_weight_that_is_none_is_refused(weight):
    classes = np.array(LABELS)
    for model, y in [(MTEncoderRegressor, GAPS), (MTEncoderClassifier, classes)]:
        if weight is not None:
            with pytest.raises(InvalidInputError, match="sample_weight"):
                model(**FAST).fit(FORMULAS, y, sample_weight=weight)
            with pytest.raises(InvalidInputError, match="sample_weight"):
                model(**FAST).partial_fit(FORMULAS, y, sample_weight=weight)
        weights = [1.0, 2.0, weight, *[1.0] * 6, weight]
        with pytest.raises(InvalidWeightsError, match="row 2, ") as caught:
            model(**FAST).fit(FORMULAS, y, sample_weight=weights)
        assert caught.value.rows == [2, 9]
        fitted = model(**FAST).fit(FORMULAS, y)
        with pytest.raises(InvalidWeightsError, match="row 9, "):
            fitted.score(FORMULAS, y, sample_weight=weights)
    with pytest.raises(InvalidWeightsError, match="2 of 10 rows"):
        MTEncoder(**FAST).fit(FORMULAS, sample_weight=weights)


def test_masked_weights_are_missing():
    with pytest.raises(InvalidWeightsError, match="row 3, the weight is missing"):
        predicted(np.ma.masked_array(WEIGHTS, np.arange(10) == 3))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((10, 2)), "2 columns.*loss_weights"),
        (WEIGHTS[:9], "inconsistent numbers of samples"),
        ([], "inconsistent numbers of samples"),
        (0.0, "all are zero"),
        (np.zeros(10), "all are zero"),
        (set(WEIGHTS), "no rows in order"),
        (iter(WEIGHTS), "read only once"),
    ],
)
def test_what_is_no_list_of_weights_is_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        predicted(weights)


def test_weights_that_float32_cannot_hold_are_0():
    weights = np.r_[1e-300, np.ones(9)]
    known = weights_to_learn_by(weights, read_compositions(FORMULAS))
    assert_array_equal(known == 0, np.arange(10) == 0)
    y = np.column_stack([GAPS, np.r_[1000.0, np.full(9, np.nan)]])
    with pytest.raises(InvalidInputError, match="'y1' only in rows"):
        predicted(weights, y)
    assert_array_equal(predicted(weights), predicted(np.r_[0.0, np.ones(9)]))


def test_scores_with_weights_of_any_size():
    for model, y in [(MTEncoderRegressor(**FAST), GAPS), (MTEncoderClassifier(**FAST), LABELS)]:
        fitted = model.fit(FORMULAS, y)
        expected = fitted.score(FORMULAS, y, sample_weight=WEIGHTS)
        for exponent in (-1000, 1020):
            weights = list(WEIGHTS * 2.0**exponent)
            assert_allclose(fitted.score(FORMULAS, y, sample_weight=weights), expected)


def test_crystals_are_weighed_alike():
    from common.materials import many

    X, y = many(6), GAPS[:6]
    settings = {**FAST, "element_features": None}
    one, two = (
        CGCNNRegressor(**settings).fit(X, y, sample_weight=weights).predict(X)
        for weights in (WEIGHTS[:6], WEIGHTS[:6] * 2.0**1000)
    )
    assert_array_equal(one, two)
