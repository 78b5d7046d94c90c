import numpy as np
import pytest
from sklearn.metrics import get_scorer, make_scorer, mean_absolute_error
from sklearn.metrics import log_loss as sklearn_log_loss

from skmat.auto._metrics import resolve_metric
from skmat.exceptions import InvalidInputError

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.uniform(1, 5, size=50)
PREDICTIONS = LABELS + GENERATOR.normal(size=(3, 50))
WEIGHTS = GENERATOR.uniform(1, 2, size=50)
CLASSES = np.arange(50) % 3
PROBABILITIES = GENERATOR.dirichlet(np.ones(3), size=(3, 50))


class Given:
    """Stands for a regressor: predictions take the place of X."""

    _estimator_type = "regressor"

    def fit(self, X, y):
        return self

    def predict(self, X):
        return X


@pytest.mark.parametrize("weights", [np.ones(50), WEIGHTS], ids=["equal", "weighted"])
@pytest.mark.parametrize(
    "scoring",
    [
        "neg_mean_absolute_error",
        "neg_mean_squared_error",
        "neg_root_mean_squared_error",
        "r2",
        "neg_median_absolute_error",
        "explained_variance",
        "d2_absolute_error_score",
    ],
)
def test_regression_agrees_with_scikit_learn(scoring, weights):
    metric = resolve_metric(scoring, is_classifier=False)
    scorer = get_scorer(scoring)
    scores = [
        scorer._score_func(LABELS, each, sample_weight=weights) * scorer._sign
        for each in PREDICTIONS
    ]
    expected = -np.array(scores) if scoring.startswith("neg_") else 1 - np.array(scores)
    np.testing.assert_allclose(metric.errors(LABELS, PREDICTIONS, weights), expected)
    assert metric.error(LABELS, PREDICTIONS[1], weights) == pytest.approx(expected[1])
    assert metric.name.startswith("1 - ") != scoring.startswith("neg_")


def test_log_loss_agrees_with_scikit_learn():
    metric = resolve_metric("neg_log_loss", is_classifier=True)
    clipped = np.clip(PROBABILITIES, 1e-4, 1)
    expected = [
        sklearn_log_loss(CLASSES, each / each.sum(axis=1, keepdims=True), sample_weight=WEIGHTS)
        for each in clipped
    ]
    found = metric.errors(CLASSES, PROBABILITIES, WEIGHTS)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_one_wrong_row_does_not_make_the_log_loss_infinite():
    metric = resolve_metric("neg_log_loss", is_classifier=True)
    certain = np.eye(3)[CLASSES]
    certain[0] = [0, 1, 0]
    assert 0 < metric.error(CLASSES, certain, np.ones(50)) < 0.5


@pytest.mark.parametrize("scoring", ["accuracy", "balanced_accuracy", "f1_macro", "roc_auc_ovr"])
def test_scores_of_classes(scoring):
    metric = resolve_metric(scoring, is_classifier=True)
    right = np.eye(3)[CLASSES]
    errors = metric.errors(CLASSES, np.stack([right, PROBABILITIES[0]]), np.ones(50))
    assert errors[0] == pytest.approx(0.0)
    assert errors[1] > 0.1


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "f1", "neg_brier_score"])
def test_scores_of_two_classes(scoring):
    metric = resolve_metric(scoring, is_classifier=True)
    y = np.arange(50) % 2
    right = np.eye(2)[y] * 0.8 + 0.1
    errors = metric.errors(y, np.stack([right, 1 - right]), np.ones(50))
    assert errors[0] < 0.05 < errors[1]


def test_a_scorer_object_is_its_name():
    named = resolve_metric("neg_mean_absolute_error", is_classifier=False)
    made = make_scorer(mean_absolute_error, greater_is_better=False)
    given = resolve_metric(made, is_classifier=False)
    for weights in (np.ones(50), WEIGHTS):
        np.testing.assert_allclose(
            given.errors(LABELS, PREDICTIONS, weights), named.errors(LABELS, PREDICTIONS, weights)
        )


def test_a_scorer_without_weights():
    metric = resolve_metric(
        lambda estimator, X, y: -np.abs(estimator.predict(X) - y).max(), is_classifier=False
    )
    expected = 1 + np.abs(PREDICTIONS - LABELS).max(axis=1)
    np.testing.assert_allclose(metric.errors(LABELS, PREDICTIONS, np.full(50, 2.0)), expected)
    with pytest.raises(InvalidInputError, match="without sample_weight"):
        metric.check(LABELS, PREDICTIONS[0], WEIGHTS, "gap")


@pytest.mark.parametrize(
    ("scoring", "is_classifier"),
    [("accuracy", False), ("neg_brier_score", False), ("r2", True), ("roc_auc", True)],
)
def test_a_scorer_of_another_kind_of_labels(scoring, is_classifier):
    metric = resolve_metric(scoring, is_classifier=is_classifier)
    labels, given = (CLASSES, PROBABILITIES[0]) if is_classifier else (LABELS, PREDICTIONS[0])
    with pytest.raises(InvalidInputError, match="'gap'"):
        metric.check(labels, given, np.ones(50), "gap")


def test_undefined_scores_are_nan_for_their_candidate_alone():
    metric = resolve_metric("neg_mean_squared_log_error", is_classifier=False)
    predictions = PREDICTIONS.copy()
    predictions[1, 0] = -3
    found = metric.errors(LABELS, np.maximum(predictions, [[0], [-9], [0]]), np.ones(50))
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])


def test_r2_of_equal_labels():
    metric = resolve_metric("r2", is_classifier=False)
    assert np.isfinite(metric.errors(np.ones(50), PREDICTIONS, np.ones(50))).all()


def test_an_unknown_scorer():
    with pytest.raises(InvalidInputError, match="'mae' is not a scorer"):
        resolve_metric("mae", is_classifier=False)
