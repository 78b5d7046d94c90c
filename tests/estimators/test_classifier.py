import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import get_scorer

from skmat import MTEncoderClassifier
from skmat.exceptions import InvalidInputError

FORMULAS = ["TiO2", "Fe", "NaCl", "Cu", "MgO", "Al", "SiO2", "W", "BaTiO3", "CrNi"] * 3
LABELS = ["insulator", "metal"] * 15


def model(**parameters):
    settings = {"preset": "tiny", "max_epochs": 15, "lr": 2e-3, "random_state": 0}
    return MTEncoderClassifier(**{**settings, **parameters})


def test_learns_metals():
    fitted = model().fit(FORMULAS, LABELS)
    assert_array_equal(fitted.classes_, ["insulator", "metal"])
    assert fitted.score(FORMULAS, LABELS) > 0.9
    probabilities = fitted.predict_proba(["CaO", "Ni"])
    assert_allclose(probabilities.sum(axis=1), 1)
    assert_array_equal(fitted.predict(["CaO", "Ni"]), ["insulator", "metal"])


@pytest.mark.parametrize(
    "labels",
    [
        [False, True] * 15,
        [0.0, 1.0] * 15,
        [3, 7] * 15,
        np.array(LABELS, dtype=object),
        pd.Series(LABELS, dtype="category"),
        pd.Series([False, True] * 15, dtype="boolean"),
    ],
    ids=["bool", "float", "int", "object", "category", "nullable"],
)
def test_labels_of_any_type_come_back(labels):
    fitted = model(max_epochs=2).fit(FORMULAS, labels)
    assert set(fitted.predict(FORMULAS)) <= set(labels)
    assert fitted.score(FORMULAS, labels) >= 0


def test_more_than_two_classes():
    y = ["oxide" if "O" in f else "element" if len(f) < 3 else "other" for f in FORMULAS]
    fitted = model().fit(FORMULAS, y)
    assert fitted.predict_proba(FORMULAS).shape == (30, 3)
    assert fitted.score(FORMULAS, y) > 0.8


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_several_tasks_with_missing_labels(missing):
    y = pd.DataFrame({"metal": LABELS, "site": ["a", missing, "b"] * 10})
    fitted = model().fit(FORMULAS, y)
    assert fitted.target_names_ == ["metal", "site"]
    assert [list(classes) for classes in fitted.classes_] == [["insulator", "metal"], ["a", "b"]]
    assert fitted.predict(FORMULAS).shape == (30, 2)
    assert [p.shape for p in fitted.predict_proba(FORMULAS)] == [(30, 2), (30, 2)]
    assert 0 <= fitted.score(FORMULAS, y) <= 1
    with pytest.raises(InvalidInputError, match="same columns in the same order"):
        fitted.score(FORMULAS, y[["site", "metal"]])


def test_numeric_labels_with_nan():
    y = np.where(np.arange(30) % 5 == 0, np.nan, np.arange(30) % 2)
    fitted = model(max_epochs=2).fit(FORMULAS, y)
    assert_array_equal(fitted.classes_, [0.0, 1.0])


def test_nan_in_a_list_is_a_missing_label():
    y = [*LABELS[:28], float("nan"), None]
    fitted = model(max_epochs=2).fit(FORMULAS, y)
    assert_array_equal(fitted.classes_, ["insulator", "metal"])
    assert fitted.score(FORMULAS, y) == fitted.score(FORMULAS, pd.Series(y))


def test_warm_start_keeps_to_its_classes():
    fitted = model(max_epochs=1, warm_start=True).fit(FORMULAS, LABELS)
    fitted.fit(FORMULAS, LABELS)
    with pytest.raises(InvalidInputError, match="classes of the last fit"):
        fitted.fit(FORMULAS, ["a", "b"] * 15)


def test_probabilities_feed_the_metrics_of_the_field():
    """The public board thresholds before it computes ROC-AUC, which is balanced accuracy."""
    fitted = model(max_epochs=5).fit(FORMULAS, LABELS)
    truth = np.array(LABELS) == "metal"
    positive = fitted.predict_proba(FORMULAS)[:, 1]
    assert len(np.unique(positive)) > 2
    pairs = positive[truth][:, None] - positive[~truth]
    by_hand = np.mean((pairs > 0) + 0.5 * (pairs == 0))
    assert get_scorer("roc_auc")(fitted, FORMULAS, LABELS) == pytest.approx(by_hand)
    assert 0 <= get_scorer("balanced_accuracy")(fitted, FORMULAS, LABELS) <= 1


def test_an_ensemble_averages_probabilities():
    fitted = model(n_estimators=2, max_epochs=3).fit(FORMULAS, LABELS)
    assert_allclose(fitted.predict_proba(FORMULAS).sum(axis=1), 1)
    assert fitted.transform(FORMULAS).shape == (30, 128)


def test_partial_fit_knows_all_classes_from_the_start():
    fitted = model().partial_fit(FORMULAS[:2], LABELS[:2], classes=["insulator", "metal", "none"])
    fitted.partial_fit(FORMULAS, LABELS)
    assert_array_equal(fitted.classes_, ["insulator", "metal", "none"])
    with pytest.raises(InvalidInputError, match="'unknown'"):
        fitted.partial_fit(FORMULAS[:2], ["metal", "unknown"])


def test_partial_fit_of_several_tasks():
    y = np.array([LABELS, ["a", "b"] * 15], dtype=object).T
    classes = [["insulator", "metal"], ["a", "b"]]
    fitted = model().partial_fit(FORMULAS[:4], y[:4], classes=classes)
    assert fitted.partial_fit(FORMULAS, y).predict(FORMULAS).shape == (30, 2)


def test_a_column_without_labels_is_refused():
    y = pd.DataFrame({"metal": LABELS, "empty": [None] * 30})
    with pytest.raises(InvalidInputError, match="'empty'"):
        model().fit(FORMULAS, y)


def test_numbers_are_refused():
    with pytest.raises(ValueError, match="continuous"):
        model().fit(FORMULAS, np.linspace(0, 1, 30))


def test_a_label_for_an_invalid_row_is_none():
    fitted = model(max_epochs=2, on_invalid="nan").fit(FORMULAS, LABELS)
    predicted = fitted.predict(["TiO2", "Xy"])
    assert predicted[1] is None
    assert predicted[0] in fitted.classes_
