import numpy as np
import pytest

from skmat.benchmark import score_predictions
from skmat.exceptions import InvalidInputError


def test_scores_of_a_regression_worked_out_by_hand():
    scores = score_predictions(np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0, 7.0]))
    assert scores["mae"] == pytest.approx(4 / 3)
    assert scores["rmse"] == pytest.approx(np.sqrt(10 / 3))
    assert scores["max_error"] == 3
    assert scores["r2"] == pytest.approx(1 - 10 / 8)
    assert scores["mape"] == pytest.approx((0 + 3 / 4) / 2)  # a label of zero has no percentage


def test_scores_of_a_classification_worked_out_by_hand():
    y = np.array([True, True, True, False])
    probabilities = np.array([0.9, 0.6, 0.4, 0.5])
    scores = score_predictions(y, probabilities)
    assert scores["roc_auc"] == pytest.approx(2 / 3)
    assert scores["accuracy"] == 3 / 4  # a probability of exactly one half is False
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["f1"] == pytest.approx(0.8)


def test_predicted_labels_are_scored_beside_those_at_one_half():
    y = np.array([True, True, True, False])
    probabilities = np.array([0.9, 0.8, 0.7, 0.6])
    scores = score_predictions(y, probabilities, labels=probabilities > 0.75)
    assert scores["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert scores["accuracy"] == 3 / 4
    assert scores["f1"] == pytest.approx(0.8)
    assert scores["balanced_accuracy_at_half"] == 0.5
    assert scores["accuracy_at_half"] == 3 / 4
    assert scores["f1_at_half"] == pytest.approx(6 / 7)


def test_without_predicted_labels_those_at_one_half_count():
    scores = score_predictions(np.array([True, True, False]), np.array([0.9, 0.4, 0.2]))
    for name in ("balanced_accuracy", "accuracy", "f1"):
        assert scores[name] == scores[f"{name}_at_half"] < 1


def test_labels_have_no_scores_of_probabilities():
    y = np.array([True, False, True])
    scores = score_predictions(y, np.array([True, False, False]))
    assert np.isnan(scores["roc_auc"])
    assert np.isnan(scores["balanced_accuracy_at_half"])
    assert "ece" not in scores
    assert scores["balanced_accuracy"] == 0.75


def test_intervals_are_scored_beside_values():
    y, predictions = np.array([1.0, 2.0]), np.array([1.0, 3.0])
    interval = np.array([[0.0, 1.0], [2.5, 3.5]])
    scores = score_predictions(y, predictions, interval=interval)
    assert (scores["coverage_90"], scores["width_90"]) == (0.5, 1.0)
    assert scores["mae"] == 0.5
    assert "coverage_90" not in score_predictions(y, predictions)


@pytest.mark.parametrize(
    ("y", "predictions", "settings", "message"),
    [
        ([True], [0.5], {"labels": [1]}, "predicted labels have .* the dtype int64"),
        ([True], [0.5], {"labels": [True, False]}, r"have the shape \(2,\)"),
        ([True], [True], {"labels": [True]}, "are labels themselves"),
        ([True], [0.5], {"interval": [[0, 1]]}, "Classes have no intervals"),
        ([1.0], [0.5], {"labels": [True]}, "`labels` are for classes"),
    ],
)
def test_what_does_not_fit_the_kind_of_labels_is_refused(y, predictions, settings, message):
    with pytest.raises(InvalidInputError, match=message):
        score_predictions(np.array(y), np.array(predictions), **settings)


@pytest.mark.parametrize("shape", [(3, 1), (2,)])
def test_shapes_must_be_equal(shape):
    with pytest.raises(
        InvalidInputError, match="Both must be one-dimensional and of equal length"
    ):
        score_predictions(np.zeros(3), np.zeros(shape))


def test_labels_that_could_be_either_are_refused():
    with pytest.raises(InvalidInputError, match=r"dtype int64 could be values or classes"):
        score_predictions(np.array([0, 1]), np.array([0.1, 0.9]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_no_numbers_are_named(bad):
    with pytest.raises(InvalidInputError, match=r"1 of 2 predictions .* test row 1 is .*finite"):
        score_predictions(np.array([1.0, 2.0]), np.array([1.0, bad]))


def test_probabilities_must_be_probabilities():
    with pytest.raises(InvalidInputError, match=r"test row 0 is .*1.5.*not a probability"):
        score_predictions(np.array([True, False]), np.array([1.5, 0.2]))
