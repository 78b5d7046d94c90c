import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn import metrics as reference
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score

from skmat import MTEncoderClassifier, MTEncoderRegressor, metrics
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError
from skmat.metrics import get_scorer, get_scorer_names

FORMULAS = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl", "MgO", "CaO", "ZnO", "TiO2"]
OF_CLASSES = {"accuracy", "balanced_accuracy", "neg_log_loss", "roc_auc"}
TINY = {"preset": "tiny", "max_epochs": 1, "random_state": 0, "pretrained": None}


@pytest.fixture
def numbers():
    y = np.random.default_rng(0).normal(size=(12, 2)) * [1.0, 100.0]
    y[[0, 5, 9], 0] = y[[1, 2], 1] = np.nan
    return y


@pytest.fixture
def classes():
    y = np.array([["a", "x"], ["b", "y"], ["b", "z"]] * 4, dtype=object)
    y[[0, 5], 0] = y[7, 1] = None
    return y


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are X."""

    def __init__(self, classes):
        self.classes = classes
        self.classes_ = classes

    def fit(self, X, y=None):
        return self

    def predict_proba(self, X):
        return X


class Answer(RegressorMixin, BaseEstimator):
    """A regressor of known answers."""

    def __init__(self, answers):
        self.answers = answers

    def predict(self, X):
        return self.answers


@pytest.mark.parametrize("name", sorted(set(get_scorer_names()) - OF_CLASSES))
@pytest.mark.parametrize("columns", [slice(None), 0])
def test_cross_validation_of_numbers(name, columns, numbers):
    model = MTEncoderRegressor(**TINY)
    y = numbers[:, columns]
    scores = cross_val_score(
        model, FORMULAS, y, cv=2, scoring=get_scorer(name), error_score="raise"
    )
    assert np.isfinite(scores).all()
    assert name == "r2" or (scores < 0).all()
    # The scorer of scikit-learn cannot do it.
    if "relative" not in name:
        with pytest.raises(ValueError, match="NaN"):
            cross_val_score(model, FORMULAS, y, cv=2, scoring=name, error_score="raise")


@pytest.mark.parametrize("name", sorted(OF_CLASSES))
@pytest.mark.parametrize("columns", [slice(None), 0])
def test_cross_validation_of_classes(name, columns, classes):
    model = MTEncoderClassifier(**TINY)
    scores = cross_val_score(
        model,
        FORMULAS,
        classes[:, columns],
        cv=KFold(2, shuffle=True, random_state=0),
        scoring=get_scorer(name),
        error_score="raise",
    )
    assert np.isfinite(scores).all()
    assert (scores <= 0).all() if name == "neg_log_loss" else (scores >= 0).all()


def test_stratified_folds_need_all_labels(classes):
    # The note of get_scorer says so.
    with pytest.raises((TypeError, ValueError)):
        cross_val_score(MTEncoderClassifier(**TINY), FORMULAS[1:], classes[1:, 0], cv=2)


def test_grid_search_over_groups(numbers):
    search = GridSearchCV(
        MTEncoderRegressor(**TINY),
        {"lr": [1e-3, 1e-2]},
        cv=GroupKFold(2),
        scoring={"mae": get_scorer("neg_mean_absolute_error"), "r2": get_scorer("r2")},
        refit="r2",
        error_score="raise",
    )
    search.fit(FORMULAS, numbers, groups=read_compositions(FORMULAS).group_ids())
    assert np.isfinite(search.cv_results_["mean_test_mae"]).all()
    assert np.isfinite(search.best_score_)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_probabilities_equal_scikit_learn(n_classes, weighted):
    generator = np.random.default_rng(0)
    known = np.array(["a", "b", "c"])[:n_classes]
    y = known[np.arange(30) % n_classes].astype(object)
    probabilities = generator.dirichlet(np.ones(n_classes), size=30)
    weights = generator.random(30) if weighted else None
    missing = np.arange(30) % 4 == 0
    rows = ~missing
    y_known = y[rows].astype(str)
    y[missing] = None
    of_rows = None if weights is None else weights[rows]
    model = Given(known)
    loss = reference.log_loss(y_known, probabilities[rows], sample_weight=of_rows)
    found = get_scorer("neg_log_loss")(model, probabilities, y, sample_weight=weights)
    assert found == pytest.approx(-loss)
    score = np.mean(
        [
            reference.roc_auc_score(y_known == label, column, sample_weight=of_rows)
            for label, column in zip(known, probabilities[rows].T, strict=True)
        ]
        if n_classes == 3
        else reference.roc_auc_score(y_known, probabilities[rows, 1], sample_weight=of_rows)
    )
    found = get_scorer("roc_auc")(model, probabilities, y, sample_weight=weights)
    assert found == pytest.approx(score)


@pytest.mark.parametrize("classes", [["b", "a"], np.array(["a", "b"], dtype=object)])
def test_classes_in_any_order_and_of_the_type_object(classes):
    y = pd.Series(["a", "b", "b", "a"])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    given = probabilities if classes[0] == "a" else probabilities[:, ::-1]
    model = Given(np.asarray(classes))
    expected = -reference.log_loss(y, probabilities)
    assert get_scorer("neg_log_loss")(model, given, y) == pytest.approx(expected)
    assert get_scorer("roc_auc")(model, given, y) == pytest.approx(0.75)


def test_an_unknown_class_has_probability_zero():
    model = Given(np.array(["a", "b"]))
    loss = get_scorer("neg_log_loss")(model, np.array([[1.0, 0.0]]), ["c"])
    assert loss == pytest.approx(np.log(np.finfo(float).eps))


def test_one_class_has_no_roc_auc():
    with pytest.warns(UndefinedMetricWarning, match="one class"):
        score = get_scorer("roc_auc")(Given(np.array(["a", "b"])), np.eye(2), ["a", "a"])
    assert np.isnan(score)


def test_missing_probabilities():
    with pytest.raises(InvalidInputError, match="row 0"):
        get_scorer("roc_auc")(Given(np.array([0, 1])), np.array([[np.nan] * 2, [0, 1]]), [0, 1])


@pytest.mark.parametrize("name", sorted(set(get_scorer_names()) - OF_CLASSES))
def test_one_target_of_numbers(name, numbers):
    model = MTEncoderRegressor(**TINY).fit(FORMULAS, numbers)
    y = pd.DataFrame(numbers, columns=["a", "b"])
    found = get_scorer(name, target="b")(model, FORMULAS, y)
    assert found == get_scorer(name, target=1)(model, FORMULAS, numbers)
    score = getattr(metrics, "r2_score" if name == "r2" else name.removeprefix("neg_"))
    expected = score(numbers[:, 1], model.predict(FORMULAS)[:, 1])
    assert found == pytest.approx(-expected if name.startswith("neg") else expected)


@pytest.mark.parametrize("name", sorted(OF_CLASSES))
def test_one_target_of_classes(name, classes):
    model = MTEncoderClassifier(**TINY).fit(FORMULAS, classes)
    alone = [get_scorer(name, target=place)(model, FORMULAS, classes) for place in (0, 1)]
    assert alone[0] != alone[1]
    assert get_scorer(name)(model, FORMULAS, classes) == pytest.approx(np.mean(alone))


def test_a_search_by_one_target(numbers):
    y = pd.DataFrame(numbers, columns=["a", "b"])
    scorers = {name: get_scorer("r2", target=name) for name in y}
    search = GridSearchCV(
        MTEncoderRegressor(**TINY),
        {"loss_weights": [None, {"b": 5.0}]},
        cv=2,
        scoring=scorers,
        refit="b",
        error_score="raise",
        n_jobs=2,
    ).fit(FORMULAS, y)
    assert search.best_score_ == max(search.cv_results_["mean_test_b"])


def test_a_target_without_labels_does_not_warn_about_others(numbers):
    numbers[:, 0] = np.nan
    model = MTEncoderRegressor(**TINY).fit(FORMULAS, numbers[:, [1, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(get_scorer("r2", target=1)(model, FORMULAS, numbers))
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(get_scorer("r2", target=0)(model, FORMULAS, numbers))


def test_one_column_has_a_name_and_a_place(numbers):
    y = pd.Series(numbers[:, 1], name="b")
    model = MTEncoderRegressor(**TINY).fit(FORMULAS, y)
    expected = get_scorer("r2")(model, FORMULAS, y)
    assert get_scorer("r2", target="b")(model, FORMULAS, y) == expected
    assert get_scorer("r2", target=0)(model, FORMULAS, y) == expected


def test_other_targets_do_not_count(numbers):
    """Neither do their predictions."""
    scorer = get_scorer("neg_mean_absolute_error", target=1)
    numbers = np.nan_to_num(numbers)
    predicted = np.where([True, False], np.nan, numbers + 1)
    assert scorer(Answer(predicted), None, numbers) == pytest.approx(-1)
    assert scorer(Answer(predicted), None, numbers.tolist()) == pytest.approx(-1)
    frame = pl.DataFrame(numbers, schema=["a", "b"])
    assert scorer(Answer(predicted), None, frame) == pytest.approx(-1)


def test_a_scorer_of_one_target_takes_weights(numbers):
    numbers = np.nan_to_num(numbers)
    predicted = numbers + np.arange(12)[:, None]
    weights = np.eye(12)[3]
    with config_context(enable_metadata_routing=True):
        scorer = get_scorer("neg_mean_absolute_error", target=1)
        scorer.set_score_request(sample_weight=True)
    assert scorer(Answer(predicted), None, numbers, sample_weight=weights) == pytest.approx(-3)


def test_predictions_of_other_targets(numbers):
    with pytest.raises(InvalidInputError, match="y has 2 columns, but the estimator predicts 1"):
        get_scorer("r2", target=1)(Answer(numbers[:, 0]), None, numbers)


@pytest.mark.parametrize("target", ["c", 2, -1, True, False, None.__class__])
def test_a_target_that_y_lacks(target, numbers):
    scorer = get_scorer("r2", target=target)
    with pytest.raises(InvalidInputError, match=r"\['a', 'b'\]"):
        scorer(Answer(numbers), FORMULAS, pd.DataFrame(numbers, columns=["a", "b"]))
    with pytest.raises(InvalidInputError, match="2 columns without names"):
        scorer(Answer(numbers), FORMULAS, numbers)


def test_unknown_name():
    with pytest.raises(InvalidInputError, match="neg_root_mean_squared_error"):
        get_scorer("rmse")
