import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference
from sklearn.exceptions import UndefinedMetricWarning

from skmat.exceptions import InvalidInputError
from skmat.metrics import (
    mean_absolute_error,
    r2_score,
    relative_absolute_error,
    root_mean_squared_error,
)

ALL = [mean_absolute_error, root_mean_squared_error, relative_absolute_error, r2_score]
REFERENCES = {
    mean_absolute_error: reference.mean_absolute_error,
    root_mean_squared_error: reference.root_mean_squared_error,
    r2_score: reference.r2_score,
}


@pytest.fixture
def tables():
    generator = np.random.default_rng(0)
    true, predicted = generator.normal(size=(2, 40, 3)) * [1.0, 100.0, 1e-3]
    true[generator.random(true.shape) < 0.4] = np.nan
    return true, predicted


@pytest.mark.parametrize("score", REFERENCES)
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_scikit_learn_on_the_rows_with_a_label(score, weighted, tables):
    true, predicted = tables
    weights = np.random.default_rng(1).random(40) if weighted else None
    expected = []
    for y, guess in zip(true.T, predicted.T, strict=True):
        rows = ~np.isnan(y)
        of_rows = None if weights is None else weights[rows]
        expected.append(REFERENCES[score](y[rows], guess[rows], sample_weight=of_rows))
    found = score(true, predicted, sample_weight=weights, multioutput="raw_values")
    np.testing.assert_allclose(found, expected)
    assert score(true, predicted, sample_weight=weights) == pytest.approx(np.mean(expected))
    by_weight = score(true, predicted, sample_weight=weights, multioutput=[1, 0, 3])
    assert by_weight == pytest.approx((expected[0] + 3 * expected[2]) / 4)


def test_relative_error_has_no_unit(tables):
    true, predicted = tables
    raw = relative_absolute_error(true, predicted, multioutput="raw_values")
    scaled = relative_absolute_error(true * 7, predicted * 7, multioutput="raw_values")
    np.testing.assert_allclose(raw, scaled)
    means = np.broadcast_to(np.nanmean(true, axis=0), true.shape)
    np.testing.assert_allclose(relative_absolute_error(true, means), 1.0)


def test_containers(tables):
    true, predicted = tables
    frame = pd.DataFrame(true, columns=["a", "b", "c"]).astype("Float64")
    assert frame.isna().to_numpy().any()
    assert mean_absolute_error(frame, predicted) == mean_absolute_error(true, predicted)
    assert mean_absolute_error([1.0, None], [2.0, 5.0]) == 1.0


@pytest.mark.parametrize("score", ALL)
def test_a_target_without_labels_is_left_out(score, tables):
    true, predicted = tables
    expected = score(true[:, :2], predicted[:, :2])
    true[:, 2] = np.nan
    with pytest.warns(UndefinedMetricWarning, match="'y_true2'"):
        assert score(true, predicted) == expected
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(score(true[:, 2], predicted[:, 2]))


@pytest.mark.parametrize("score", [relative_absolute_error, r2_score])
def test_equal_labels_have_no_spread(score):
    with pytest.warns(UndefinedMetricWarning, match="two different"):
        assert np.isnan(score([1.0, np.nan, 1.0], [1.0, 2.0, 3.0]))


def test_tiny_and_huge_numbers():
    true, predicted = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])
    for unit in (1e-200, 1e200):
        assert r2_score(true * unit, predicted * unit) == pytest.approx(0.5)
        found = root_mean_squared_error(true * unit, predicted * unit)
        assert found == pytest.approx(unit / np.sqrt(3))


def test_rows_of_weight_zero_do_not_count():
    assert mean_absolute_error([1, 5], [2, np.nan], sample_weight=[1, 0]) == 1.0


@pytest.mark.parametrize("score", ALL)
def test_a_missing_prediction_is_an_error(score):
    with pytest.raises(InvalidInputError, match="row 1"):
        score([1.0, 2.0], [1.0, np.nan])
    # Without a label, nothing is to be predicted.
    with pytest.warns(UndefinedMetricWarning):
        score([np.nan, np.nan], [1.0, np.nan])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_true": [1, 2], "y_pred": [1]}, "do not match"),
        ({"y_true": [1, 2], "y_pred": [[1, 2], [1, 2]]}, "do not match"),
        ({"y_true": [1, "a"], "y_pred": [1, 2]}, "text, not a number"),
        ({"y_true": [1, np.inf], "y_pred": [1, 2]}, "infinite"),
        ({"y_true": [1], "y_pred": [1], "multioutput": "mean"}, "multioutput"),
        ({"y_true": [1], "y_pred": [1], "multioutput": [1, 2]}, "1 targets"),
        ({"y_true": [1], "y_pred": [1], "multioutput": [-1]}, "non-negative"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        mean_absolute_error(**arguments)
