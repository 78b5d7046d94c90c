"""Labels of any unit: their standardisation, and predictions in the same unit."""

import numpy as np
import pandas as pd
import pytest
from common import materials
from common.materials import FORMULAS
from numpy.testing import assert_allclose, assert_array_equal

from skmat import MTEncoder, MTEncoderRegressor, RoostRegressor
from skmat.estimators._automatic import pure_error_share
from skmat.estimators._scaling import TargetScaling, in_own_unit
from skmat.exceptions import InvalidInputError

GAPS = np.array(materials.GAPS)
FAST = {"preset": "tiny", "pretrained": None, "max_epochs": 1, "random_state": 0}
#: Of eV in joule, of the lightest and the heaviest things, and near the limits of float64.
UNITS = [1e-300, 1e-30, 1.602e-19, 1e12, 1e160, 1e290]


def fitted(y, kind=MTEncoderRegressor, sample_weight=None, **parameters):
    return kind(**{**FAST, **parameters}).fit(FORMULAS, y, sample_weight=sample_weight)


def predicted(y, **parameters):
    return fitted(y, **parameters).predict(FORMULAS)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("kind", [MTEncoderRegressor, RoostRegressor])
def test_predictions_are_in_the_unit_of_y(unit, kind):
    expected = predicted(GAPS, kind=kind)
    assert_allclose(predicted(GAPS * unit, kind=kind) / unit, expected, rtol=1e-4)
    assert_allclose(predicted(-GAPS * unit, kind=kind) / unit, predicted(-GAPS, kind=kind), 1e-4)


@pytest.mark.parametrize("exponent", [-990, -1, 900])
@pytest.mark.parametrize(
    "parameters",
    [
        {"n_estimators": 2},
        {"loss": "robust_l1", "n_estimators": 2},
        {"patience": 1, "validation_fraction": 0.3, "n_estimators": 3},
        {"max_epochs": "auto"},
        {"loss": "mse"},
    ],
)
def test_a_power_of_two_changes_no_digit(exponent, parameters):
    unit = 2.0**exponent
    y = np.column_stack([GAPS, np.where(np.arange(10) % 3, GAPS**2, np.nan)])
    one, two = fitted(y, **parameters), fitted(y * unit, **parameters)
    assert_array_equal(two.predict(FORMULAS), one.predict(FORMULAS) * unit)
    assert two.score(FORMULAS, y * unit) == one.score(FORMULAS, y)
    if "n_estimators" in parameters:
        (_, first), (_, second) = (m.predict(FORMULAS, return_std=True) for m in (one, two))
        assert (first > 0).all()
        assert_array_equal(second, first * unit)


@pytest.mark.parametrize("shift", [1e3, -1e6, 1e7])
@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
def test_predictions_follow_a_shift(shift, unit):
    spread = GAPS.std()
    moved = predicted((GAPS + shift * spread) * unit) / unit - shift * spread
    assert_allclose(moved, predicted(GAPS), atol=1e-3 * spread)


def test_labels_far_from_zero_keep_their_spread():
    moved = predicted(GAPS + 1e13, max_epochs=60, lr=2e-3) - 1e13
    assert np.corrcoef(moved, GAPS)[0, 1] > 0.5
    assert moved.std() > 0.1 * GAPS.std()


@pytest.mark.parametrize("constant", [0.0, 1e-20, -7.1, 1e13, 3e-310, 5e-324])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_a_constant_is_predicted_exactly(constant, n_estimators):
    y = np.column_stack([np.full(10, constant), GAPS])
    model = fitted(y, n_estimators=n_estimators, loss="robust_l1")
    mean, std = model.predict(["TiO2", "Cu", "Bi2Te3"], return_std=True)
    assert_array_equal(mean[:, 0], constant)
    assert_array_equal(std[:, 0], 0)
    assert_array_equal(model.estimators_[0].scaling.is_constant, [True, False])
    weights = np.linspace(0.1, 0.7, 10)
    assert_array_equal(fitted(y[:, 0], sample_weight=weights).predict(FORMULAS), constant)


def test_labels_that_differ_by_rounding_are_constant():
    third = np.array([0.1 + 0.2, 0.3] * 5)
    assert len(np.unique(third)) == 2
    assert_allclose(predicted(third), 0.3, rtol=1e-15)
    assert_allclose(predicted(third * 1e200), 0.3e200, rtol=1e-15)
    # In the last place of a number is not in the third.
    assert fitted(np.array([0.3, 0.3 + 1e-12] * 5)).estimators_[0].scaling.scale[0] > 0


def test_a_single_label_is_predicted():
    y = np.full((10, 2), np.nan)
    y[:, 0], y[4, 1] = GAPS, 1000.0
    assert_array_equal(predicted(y)[:, 1], 1000)


def test_partial_fit_is_standardised_by_the_first_labels_that_differ():
    model = MTEncoderRegressor(**FAST)
    for formula, gap in zip(FORMULAS, [5.0, 5.0, *GAPS[2:]], strict=True):
        model.partial_fit([formula], [gap * 1e-19])
        if formula == "ZnO":
            assert_array_equal(model.predict(FORMULAS), 5e-19)
    scaling = model.estimators_[0].scaling
    assert_allclose([scaling.mean[0], scaling.scale[0]], [6.75e-19, 1.75e-19])
    before = scaling.scale
    assert model.partial_fit(FORMULAS, GAPS).estimators_[0].scaling.scale is before


def test_a_warm_start_is_standardised_by_the_first_labels_that_differ():
    model = MTEncoderRegressor(**FAST, warm_start=True)
    assert_array_equal(model.fit(FORMULAS, np.full(10, 4e-19)).predict(FORMULAS), 4e-19)
    assert model.fit(FORMULAS, GAPS * 1e-19).predict(FORMULAS).std() > 0


def test_classes_stay_classes_whatever_the_unit_of_numbers():
    def vectors(unit):
        y = pd.DataFrame({"gap": GAPS * unit, "metal": GAPS > 3})
        return MTEncoder(**FAST, objectives="properties").fit(FORMULAS, y).transform(FORMULAS)

    assert_array_equal(vectors(2.0**-200), vectors(1.0))


def test_weights_worth_keeping_do_not_know_the_unit():
    source = MTEncoder(**FAST).fit(FORMULAS)
    one, two = (
        predicted(GAPS * unit, pretrained=source, max_epochs=2, freeze_epochs=1)
        for unit in (1.0, 2.0**-63)
    )
    assert_array_equal(two, one * 2.0**-63)


def test_a_row_without_weight_may_be_anywhere():
    weights = np.r_[0.0, np.ones(9)]
    far = np.r_[1e280, GAPS[1:] * 1e-30]
    near = np.r_[1e-30, GAPS[1:] * 1e-30]
    one, two = (fitted(y, sample_weight=weights, loss="mse") for y in (far, near))
    assert_array_equal(one.predict(FORMULAS), two.predict(FORMULAS))


def test_labels_near_the_limit_of_numbers_are_refused():
    y = GAPS.copy()
    y[3] = -2e300
    with pytest.raises(InvalidInputError, match=r"row 3, target 'y'"):
        fitted(y)


def test_scores_do_not_know_the_unit():
    """The squares of small numbers are 0, which is a perfect score."""
    model = fitted(GAPS)
    tiny = fitted(GAPS * 2.0**-900)
    assert tiny.score(FORMULAS, GAPS * 2.0**-900) == model.score(FORMULAS, GAPS)


def test_contradiction_does_not_know_the_unit():
    labels = np.random.default_rng(0).normal(size=(60, 2)) + 3
    labels[:20, 1] = np.nan
    groups = np.arange(60) % 20
    expected = pure_error_share(groups, labels)
    assert expected > 0.3
    for exponent in (-1000, -700, 500, 900):
        assert pure_error_share(groups, labels * 2.0**exponent) == expected
    assert pure_error_share(groups, np.full((60, 1), 0.1)) == 0
    assert pure_error_share(groups, np.full((60, 1), 1e-200)) == 0


def test_the_scaling_of_a_part_of_the_labels():
    y = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, 7.0], [100.0, np.nan]])
    scaling = TargetScaling.fit(y, np.array([1.0, 1.0, 2.0, 0.0]))
    assert_allclose(scaling.mean, [2, 7])
    assert_allclose(scaling.scale, [1, 0])
    assert_array_equal(scaling.transform(y)[:, 1], [np.nan, np.nan, 0, np.nan])
    nothing = TargetScaling.fit(np.full((3, 1), np.nan), np.ones(3))
    assert_array_equal([nothing.mean, nothing.scale], [[0], [1]])


@pytest.mark.parametrize("values", [[5e-324, 0.0], [1e-310, -3e-311], [1e300, 1.0], [0.0, -0.0]])
def test_the_own_unit_loses_no_digit(values):
    scaled, unit = in_own_unit(np.array(values))
    assert_array_equal(scaled * unit, values)
    assert np.abs(scaled).max() <= 1
    assert np.isfinite(scaled**2).all()
