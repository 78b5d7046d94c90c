import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.linear_model import LinearRegression, LogisticRegression

from skmat import AutoClassifier, AutoRegressor
from skmat.exceptions import InvalidInputError
from skmat.inspection import CalibrationDisplay

pytestmark = pytest.mark.usefixtures("pyplot")

FORMULAS = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl", "Cu", "Fe", "Ag", "Au"]


def test_normal_errors_are_calibrated():
    y = norm.ppf((np.arange(1000) + 0.5) / 1000)
    intervals = {
        coverage: (np.full(1000, -half), np.full(1000, half))
        for coverage in (0.9, 0.5)
        for half in [norm.ppf(0.5 + coverage / 2)]
    }
    display = CalibrationDisplay.from_predictions(y, intervals=intervals)
    np.testing.assert_array_equal(display.expected[0], [0.5, 0.9])
    np.testing.assert_allclose(display.observed[0], [0.5, 0.9])
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), display.observed[0])
    assert display.ax_.get_xlabel() == "Nominal coverage"
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_legend() is None


def test_missing_labels_and_ends_do_not_count():
    y = np.array([[1.0, 5.0], [np.nan, 5.0], [9.0, np.nan]])
    low, high = np.zeros((3, 2)), np.full((3, 2), 2.0)
    high[1, 1] = np.inf
    display = CalibrationDisplay.from_predictions(y, intervals={0.5: (low, high)})
    assert [count.tolist() for count in display.counts] == [[2], [2]]
    assert [share.tolist() for share in display.observed] == [[0.5], [0.5]]
    low[2, 0] = np.nan
    display = CalibrationDisplay.from_predictions(y, intervals={0.5: (low, high)})
    assert display.observed[0].tolist() == [1.0]


def test_a_missing_upper_end_does_not_count():
    ends = ([0.0, 0.0], [2.0, np.nan])
    display = CalibrationDisplay.from_predictions([1.0, 1.0], intervals={0.5: ends})
    assert (display.observed[0][0], display.counts[0][0]) == (1.0, 1)
    ends = ([-np.inf, 0.0], [np.inf, 0.5])
    display = CalibrationDisplay.from_predictions([1.0, 1.0], intervals={0.5: ends})
    assert (display.observed[0][0], display.counts[0][0]) == (0.5, 2)


def test_classes_in_any_order():
    probabilities = [[0.1, 0.9], [0.8, 0.2], [0.7, 0.3]]
    labels = ["metal", "salt", "salt"]
    given = CalibrationDisplay.from_predictions(
        labels, probabilities=np.array(probabilities), classes=["salt", "metal"], n_bins=2
    )
    assert given.observed[0].tolist() == [0.0, 1.0]


def test_ends_belong_to_the_interval():
    display = CalibrationDisplay.from_predictions([1.0, 2.0], intervals={0.5: ([1, 1], [2, 2])})
    assert display.observed[0].tolist() == [1.0]


@pytest.mark.parametrize("classes", [None, np.array(["glass", "metal"], dtype=object)])
def test_two_classes_show_the_second(classes):
    second = np.repeat([0.2, 0.6], 50)
    y = np.where(np.arange(100) % 10 < np.repeat([1, 8], 50), "metal", "glass")
    probabilities = np.column_stack([1 - second, second])
    display = CalibrationDisplay.from_predictions(
        y, probabilities=probabilities, classes=classes, n_bins=10
    )
    np.testing.assert_allclose(display.expected[0], [0.2, 0.6])
    np.testing.assert_allclose(display.observed[0], [0.1, 0.8])
    assert display.counts[0].tolist() == [50, 50]


def test_several_classes_show_the_predicted():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.1, 0.2, 0.7]])
    display = CalibrationDisplay.from_predictions(
        ["a", "c", "b"], probabilities=probabilities, n_bins=3
    )
    np.testing.assert_allclose(display.expected[0], [0.5, 0.7])
    np.testing.assert_allclose(display.observed[0], [1.0, 0.5])


def test_groups_have_equal_counts():
    probability = np.linspace(0, 1, 100)
    display = CalibrationDisplay.from_predictions(
        [False, True] * 50, probabilities=np.column_stack([1 - probability, probability]), n_bins=4
    )
    assert display.counts[0].tolist() == [25] * 4


def test_from_regressor():
    y = pd.DataFrame({"a": np.arange(12.0), "b": np.arange(12.0) ** 2})
    y.loc[3, "b"] = np.nan
    model = AutoRegressor(preset=["trees"], cv=3, random_state=0).fit(FORMULAS, y)
    display = CalibrationDisplay.from_estimator(model, FORMULAS, y, coverages=[0.5, 0.8])
    assert [panel.get_title() for panel in display.axes_] == ["a", "b"]
    assert [count.tolist() for count in display.counts] == [[12, 12], [11, 11]]
    low, high = model.predict_interval(FORMULAS, 0.8)
    inside = ((low <= y) & (y <= high))["a"].mean()
    assert display.observed[0][1] == pytest.approx(inside)


def test_from_classifier(pyplot):
    y = ["salt"] * 8 + ["metal"] * 4
    model = AutoClassifier(preset=["trees"], cv=2, random_state=0).fit(FORMULAS, y)
    figure, ax = pyplot.subplots()
    display = CalibrationDisplay.from_estimator(model, FORMULAS, y, n_bins=2, ax=ax)
    assert display.figure_ is figure
    assert display.counts[0].sum() == 12
    mean = model.predict_proba(FORMULAS)[:, 1].mean()
    assert np.average(display.expected[0], weights=display.counts[0]) == pytest.approx(mean)


def test_other_classifiers():
    X = np.arange(20.0)[:, None]
    model = LogisticRegression().fit(X, X[:, 0] > 9)
    assert CalibrationDisplay.from_estimator(model, X, X[:, 0] > 9).counts[0].sum() == 20


def test_estimators_without_either():
    X = np.arange(5.0)[:, None]
    with pytest.raises(InvalidInputError, match="predict_interval"):
        CalibrationDisplay.from_estimator(LinearRegression().fit(X, X[:, 0]), X, X[:, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either"),
        ({"intervals": {}}, "between 0 and 1"),
        ({"intervals": {90: ([0, 0], [1, 1])}}, "between 0 and 1"),
        ({"intervals": {0.9: ([0], [1])}}, "shape"),
        ({"intervals": {0.9: ([0, 2], [1, 1])}}, "row 1"),
        ({"probabilities": np.ones((2, 3))}, "2 classes"),
        ({"probabilities": np.array([[2, -1], [0, 1]])}, "from 0 to 1"),
        ({"probabilities": np.eye(2), "n_bins": 0}, "n_bins"),
        ({"probabilities": [np.eye(2)] * 2, "classes": [[0, 1]] * 2}, "1 columns"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        CalibrationDisplay.from_predictions([0, 1], **arguments)
