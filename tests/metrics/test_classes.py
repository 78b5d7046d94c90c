import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference
from sklearn.exceptions import UndefinedMetricWarning

from skmat.exceptions import InvalidInputError
from skmat.metrics import accuracy_score, balanced_accuracy_score

REFERENCES = {
    accuracy_score: reference.accuracy_score,
    balanced_accuracy_score: reference.balanced_accuracy_score,
}


@pytest.fixture
def tables():
    generator = np.random.default_rng(0)
    true = np.array(["metal", "salt", "glass"], dtype=object)[generator.integers(3, size=(50, 2))]
    predicted = true.copy()
    predicted[generator.random(true.shape) < 0.4] = "metal"
    true[generator.random(true.shape) < 0.3] = None
    return true, predicted


@pytest.mark.parametrize("score", REFERENCES)
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_scikit_learn_on_the_rows_with_a_label(score, weighted, tables):
    true, predicted = tables
    weights = np.random.default_rng(1).random(50) if weighted else None
    expected = []
    for y, guess in zip(true.T, predicted.T, strict=True):
        rows = pd.notna(y)
        of_rows = None if weights is None else weights[rows]
        labels, guesses = (each[rows].astype(str) for each in (y, guess))
        expected.append(REFERENCES[score](labels, guesses, sample_weight=of_rows))
    found = score(true, predicted, sample_weight=weights, multioutput="raw_values")
    np.testing.assert_allclose(found, expected)
    assert score(true, predicted, sample_weight=weights) == pytest.approx(np.mean(expected))


def test_numbers_and_booleans():
    assert accuracy_score([1.0, np.nan, 0.0], [1, 0, 1]) == 0.5
    assert accuracy_score([True, None, False], [True, True, True]) == 0.5


def test_classes_that_are_only_predicted():
    assert accuracy_score(["a", "b"], ["a", "z"]) == 0.5
    assert balanced_accuracy_score(["a", "a", "b"], ["a", "z", "b"]) == 0.75


def test_no_labels(tables):
    true, predicted = tables
    expected = accuracy_score(true[:, 0], predicted[:, 0])
    true[:, 1] = None
    with pytest.warns(UndefinedMetricWarning, match="'y_true1'"):
        assert accuracy_score(true, predicted) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_true": ["a", "b"], "y_pred": ["a"]}, "do not match"),
        ({"y_true": ["a", "b"], "y_pred": ["a", None]}, "row 1"),
        ({"y_true": ["1", "2"], "y_pred": [1, 2]}, "never agree"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        balanced_accuracy_score(**arguments)
