import copy
import datetime
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from common.auto import (
    BINARIES,
    CLASSES,
    OddClassifier,
    classifier,
    fit_with_failures,
    logistic,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import balanced_accuracy_score, log_loss

from skmat import AutoClassifier, MTEncoderClassifier
from skmat.exceptions import InvalidInputError, LabelTypeError

TWO = [("logistic", logistic()), ("weak", logistic(0.01))]
IS_HALIDE = np.array([label == "halide" for label in CLASSES])


def labels_like(first, second):
    """Return the classes with other labels."""
    values = np.empty(60, dtype=object)
    values[:] = [first if each else second for each in IS_HALIDE]
    return values.tolist()


def test_it_learns():
    model = classifier(candidates=TWO).fit(BINARIES, CLASSES)
    assert model.score(BINARIES, CLASSES) > 0.95
    assert_array_equal(model.classes_, ["chalcogenide", "halide"])
    assert model.error_name_ == "log-loss"
    given = model.predict_proba(BINARIES)
    assert given.shape == model.oof_predictions_.shape == (60, 2)
    assert_allclose(given.sum(axis=1), 1.0)
    assert_array_equal(model.predict(BINARIES), model.classes_[given.argmax(axis=1)])


def test_every_preset_has_candidates():
    model = AutoClassifier(preset=["trees"], cv=2).fit(BINARIES[:10], CLASSES[:10])
    assert list(model.leaderboard_.candidate) == ["trees"]
    for preset in ("fast", "medium", "best"):
        # Ends before any network.
        model = AutoClassifier(preset=preset, cv=2, time_limit=1e-9, candidates=TWO)
        model.fit(BINARIES[:10], CLASSES[:10])
        assert (model.leaderboard_.status == "fitted").sum() == 1
        assert len(model.leaderboard_) > 4


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("halide", "chalcogenide"),
        (True, False),
        (7, -3),
        (1.0, 2.0),
        (datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_labels_of_any_type(first, second):
    labels = labels_like(first, second)
    model = classifier().fit(BINARIES, labels)
    predicted = model.predict(BINARIES)
    assert np.mean(predicted == np.array(labels, dtype=predicted.dtype)) > 0.95
    assert set(predicted.tolist()) == {first, second}


@pytest.mark.parametrize(
    "convert",
    [list, np.array, pd.Series, pl.Series, lambda y: pd.Series(y, dtype="category"),
     lambda y: pd.Series(y, dtype="string")],
    ids=["list", "numpy", "pandas", "polars", "categories", "strings"],
)  # fmt: skip
def test_forms_of_y(convert):
    expected = classifier().fit(BINARIES, CLASSES)
    model = classifier().fit(BINARIES, convert(CLASSES.tolist()))
    assert_array_equal(model.predict_proba(BINARIES), expected.predict_proba(BINARIES))
    assert_array_equal(model.predict(BINARIES), expected.predict(BINARIES))


def test_labels_of_several_types():
    with pytest.raises(LabelTypeError):
        classifier().fit(BINARIES, ["a", 1] * 30)


def test_one_class():
    model = classifier(candidates=TWO).fit(BINARIES, ["metal"] * 60)
    assert set(model.predict(BINARIES)) == {"metal"}
    assert_array_equal(model.predict_proba(BINARIES), np.ones((60, 1)))
    for decision in ("balanced_accuracy", "f1"):
        again = classifier(decision=decision).fit(BINARIES, ["metal"] * 60)
        assert set(again.predict(BINARIES)) == {"metal"}


@pytest.mark.parametrize("n_rare", [1, 2])
def test_a_class_that_most_folds_lack(n_rare):
    y = CLASSES.copy().astype(object)
    y[:n_rare] = "unique"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = classifier(candidates=TWO, cv=5).fit(BINARIES, y)
    given = model.predict_proba(BINARIES)
    assert given.shape == (60, 3)
    assert_allclose(given.sum(axis=1), 1.0)


def test_three_classes():
    y = np.array([["F", "Cl", "Br", "O", "S", "Se"][i % 6] for i in range(60)])
    model = classifier(candidates=TWO).fit(BINARIES, y)
    assert model.score(BINARIES, y) > 0.9


@pytest.mark.parametrize("decision", ["accuracy", "balanced_accuracy", "f1"])
def test_a_class_without_weight_is_not_predicted(decision):
    y = CLASSES.copy().astype(object)
    y[:10] = "alien"
    weights = np.where(y == "alien", 0.0, 1.0)
    model = classifier(candidates=TWO, decision=decision).fit(BINARIES, y, weights)
    assert "alien" in model.classes_
    assert "alien" not in model.predict(BINARIES)


@pytest.mark.parametrize("decision", ["accuracy", "balanced_accuracy", "f1"])
def test_a_class_that_no_row_tests_is_predicted(decision):
    y = np.array([["F", "Cl", "Br", "O", "S", "Se"][i % 6] for i in range(60)])
    rows = np.arange(60)
    cv = [(rows[:40], rows[40:][y[40:] != "F"])]
    model = classifier(cv=cv, decision=decision).fit(BINARIES, y)
    assert set(model.predict(BINARIES)) == set(y)


def test_the_leaderboard_says_why_candidates_of_the_preset_are_not_tried():
    y = CLASSES.copy()
    y[:10] = "rare"
    model = classifier(preset=["svm"], candidates=TWO).fit(BINARIES, y)
    row = model.leaderboard_.set_index("candidate").loc["svm"]
    assert row.status == "it needs 15 labels of each class, and the rarest class has 10"
    assert np.isnan(row.error)
    assert row.weight == 0


def test_rows_without_label_or_weight_change_nothing():
    expected = classifier(candidates=TWO).fit(BINARIES, CLASSES)
    y = [*CLASSES, None, "halide"]
    model = classifier(candidates=TWO).fit([*BINARIES, "CsI", "CsF"], y, [1.0] * 60 + [1, 0])
    assert_allclose(model.predict_proba(BINARIES), expected.predict_proba(BINARIES))


def test_balanced_accuracy():
    generator = np.random.default_rng(0)
    y = np.where(IS_HALIDE & (generator.uniform(size=60) < 0.5), "rare", "often")
    settings = {"candidates": [("weak", logistic(0.01))]}
    plain = classifier(**settings).fit(BINARIES, y)
    balanced = classifier(decision="balanced_accuracy", **settings).fit(BINARIES, y)
    assert_array_equal(plain.predict_proba(BINARIES), balanced.predict_proba(BINARIES))
    first, second = (
        balanced_accuracy_score(y, each.predict(BINARIES)) for each in (plain, balanced)
    )
    assert second > first
    shares = np.array([np.mean(y == each) for each in balanced.classes_])
    chosen = (balanced.predict_proba(BINARIES) / shares).argmax(axis=1)
    assert_array_equal(balanced.predict(BINARIES), balanced.classes_[chosen])


def test_calibration_lowers_the_loss():
    # Certain about everything, and wrong for a fifth of the rows.
    generator = np.random.default_rng(0)
    y = np.where(generator.uniform(size=60) < 0.2, ~IS_HALIDE, IS_HALIDE)
    model = classifier(candidates=[("forest", ExtraTreesClassifier(5))], keep_candidates=True)
    model.fit(BINARIES, y)
    assert model._averages[0].temperature > 1
    assert log_loss(y, model.oof_predictions_) < model.leaderboard_.error[0]


def test_a_candidate_without_probabilities():
    model = classifier(candidates=[("ridge", RidgeClassifier())]).fit(BINARIES, CLASSES)
    assert_allclose(model.predict_proba(BINARIES).sum(axis=1), 1.0)


@pytest.mark.parametrize(
    "predicted",
    [lambda X: np.full((len(X), 2), np.nan), lambda X: np.ones((len(X), 5))],
    ids=["NaN", "shape"],
)
def test_a_candidate_that_predicts_nonsense_is_left_out(predicted):
    model = classifier(candidates=[("bad", OddClassifier(on_predict=predicted)), *TWO])
    fit_with_failures(model, BINARIES, CLASSES)
    assert "failed" in model.leaderboard_.set_index("candidate").status["bad"]
    assert np.isfinite(model.predict_proba(BINARIES)).all()


def test_several_targets():
    y = pd.DataFrame({"kind": CLASSES, "is_heavy": [i > 30 for i in range(60)]}, dtype=object)
    y.loc[:9, "kind"] = None
    y.loc[50:, "is_heavy"] = None
    model = classifier(candidates=TWO).fit(BINARIES, y)
    assert [each.tolist() for each in model.classes_] == [
        ["chalcogenide", "halide"],
        [False, True],
    ]
    assert model.predict(BINARIES).shape == (60, 2)
    assert [each.shape for each in model.predict_proba(BINARIES)] == [(60, 2), (60, 2)]
    assert [each.shape for each in model.oof_predictions_] == [(60, 2), (60, 2)]
    assert model.score(BINARIES, y) > 0.9


def test_networks_of_several_targets():
    y = np.stack([CLASSES, np.where(np.arange(60) > 30, "heavy", "light")], axis=1)
    network = MTEncoderClassifier(preset="tiny", pretrained=None, max_epochs=1)
    model = classifier(candidates=[("net", network)], cv=2).fit(BINARIES, y)
    assert model.predict(BINARIES).shape == (60, 2)


def test_rows_that_cannot_be_read():
    model = classifier(on_invalid="nan").fit(BINARIES, CLASSES)
    X = ["NaCl", "Xy", None]
    assert_array_equal(pd.isna(model.predict(X)), [False, True, True])
    assert_array_equal(np.isnan(model.predict_proba(X)).all(axis=1), [False, True, True])
    assert_array_equal(pd.isna(model.predict(["Xy"])), [True])
    with pytest.raises(ValueError, match="Xy"):
        model.set_params(on_invalid="raise").predict(X)


def test_one_row_is_predicted_as_in_company():
    model = classifier(candidates=TWO).fit(BINARIES, CLASSES)
    alone = np.concatenate([model.predict_proba([each]) for each in BINARIES[:6]])
    assert_allclose(alone, model.predict_proba(BINARIES)[:6])


@pytest.mark.parametrize("scoring", ["roc_auc", "balanced_accuracy", "neg_brier_score"])
def test_other_metrics(scoring):
    model = classifier(candidates=TWO, scoring=scoring).fit(BINARIES, CLASSES)
    assert np.isfinite(model.leaderboard_.error).all()


def test_a_metric_of_numbers():
    with pytest.raises(InvalidInputError, match="scoring"):
        classifier(scoring="r2").fit(BINARIES, CLASSES)


def test_predictions_are_the_weighted_mean_of_the_candidates():
    model = classifier(candidates=TWO, keep_candidates=True).fit(BINARIES, CLASSES)
    weights = model.leaderboard_.set_index("candidate").weight
    parts = model.predict_candidates(BINARIES)
    mean = sum(weights[name] * values for name, values in parts.items())
    powers = mean ** (1 / model._averages[0].temperature)
    expected = powers / powers.sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(BINARIES), expected, rtol=1e-4, atol=1e-6)


def test_one_seed_gives_equal_bits_and_copies_are_equal():
    model = classifier(candidates=[("forest", ExtraTreesClassifier(5)), *TWO])
    before = model.fit(BINARIES, CLASSES).predict_proba(BINARIES)
    assert_array_equal(copy.deepcopy(model).predict_proba(BINARIES), before)
    assert_array_equal(model.fit(BINARIES, CLASSES).predict_proba(BINARIES), before)
