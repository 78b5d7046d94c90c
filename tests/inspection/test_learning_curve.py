import itertools

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from skmat import MTEncoderRegressor
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError
from skmat.inspection import LearningCurveDisplay

pytestmark = pytest.mark.usefixtures("pyplot")

FORMULAS = [f"Fe{i}O{j}" for i in range(1, 9) for j in (11, 13, 17)]
#: Each composition is spelled twice.
TWICE = FORMULAS + [f"Fe{2 * i}O{2 * j}" for i in range(1, 9) for j in (11, 13, 17)]


class Recorder(RegressorMixin, BaseEstimator):
    """Predicts 1 divided by the number of rows; keeps the compositions of each call."""

    calls: list = []

    def fit(self, X, y):
        self.n_ = len(X)
        self.calls.append(("fit", keys(X), np.asarray(y)))
        return self

    def predict(self, X):
        self.calls.append(("predict", keys(X), None))
        return np.full(len(X), 1 / self.n_)


class First(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.array(["a", "b"])
        return self

    def predict(self, X):
        return np.full(len(X), "a")


def keys(X):
    return list(map(tuple, read_compositions(list(X)).keys()))


@pytest.fixture
def calls():
    Recorder.calls = []
    return Recorder.calls


def test_errors_and_sizes(calls):
    display = LearningCurveDisplay.from_estimator(
        Recorder(), TWICE, np.zeros(48), train_sizes=[10, 20], random_state=0, unit="eV"
    )
    assert display.train_sizes.tolist() == [10, 20]
    np.testing.assert_allclose(display.scores, [[1 / 10] * 3, [1 / 20] * 3])
    np.testing.assert_allclose(display.line_.get_ydata(), [1 / 10, 1 / 20])
    assert display.ax_.get_xlabel() == "Labelled materials"
    assert display.ax_.get_ylabel() == "Mean absolute error [eV]"
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_legend() is None
    display.figure_.canvas.draw()


def test_a_composition_is_in_one_part(calls):
    LearningCurveDisplay.from_estimator(Recorder(), TWICE, np.zeros(48), random_state=1)
    assert len(calls) == 24
    for (_, training, _), (_, test, _) in zip(calls[::2], calls[1::2], strict=True):
        assert not set(training) & set(test)
        assert len(test) == 2 * len(set(test))


def test_smaller_sets_are_parts_of_larger_ones(calls):
    LearningCurveDisplay.from_estimator(
        Recorder(), FORMULAS, np.zeros(24), train_sizes=[5, 12], n_splits=1, random_state=0
    )
    small, large = (set(found) for what, found, _ in calls if what == "fit")
    assert len(small) == 5
    assert small < large


def test_missing_labels(calls):
    y = np.random.default_rng(0).normal(size=(24, 2))
    y[:6] = np.nan
    y[10, 0] = np.nan
    model = MTEncoderRegressor(preset="tiny", max_epochs=1, random_state=0, pretrained=None)
    display = LearningCurveDisplay.from_estimator(
        model, FORMULAS, y, train_sizes=[0.5, 1.0], n_splits=2, random_state=0
    )
    assert np.isfinite(display.scores).all()
    # A fifth of the 18 labelled materials is held out.
    assert display.train_sizes.tolist() == [7, 14]
    assert display.ax_.get_ylabel() == "Relative absolute error"
    y = np.where(np.arange(24) < 6, np.nan, 0.0)
    LearningCurveDisplay.from_estimator(Recorder(), FORMULAS, y, n_splits=1, random_state=0)
    assert all(np.isfinite(labels).all() for what, _, labels in calls if what == "fit")


def test_own_groups(calls):
    groups = np.arange(24) // 12
    LearningCurveDisplay.from_estimator(
        Recorder(), FORMULAS, np.zeros(24), groups=groups, n_splits=1, random_state=0
    )
    tested = next(set(found) for what, found, _ in calls if what == "predict")
    assert tested in ({*keys(FORMULAS[:12])}, {*keys(FORMULAS[12:])})


def test_classes():
    y = np.array(["a", None, "b"] * 8, dtype=object)
    display = LearningCurveDisplay.from_estimator(First(), FORMULAS, y, random_state=0)
    assert display.ax_.get_ylabel() == "Accuracy"
    assert not display.is_error
    assert display.ax_.get_yscale() == "linear"


def test_two_models_on_one_axes(calls, pyplot):
    figure, ax = pyplot.subplots()
    for name in ("mine", "yours"):
        display = LearningCurveDisplay.from_estimator(
            Recorder(), FORMULAS, np.zeros(24), name=name, random_state=0, ax=ax
        )
    assert display.figure_ is figure
    assert [text.get_text() for text in ax.texts] == ["mine", "yours"]


def test_labels_have_room():
    sizes = np.array([55, 110, 220, 440, 880, 1760, 12000])
    display = LearningCurveDisplay(
        train_sizes=sizes, scores=1 / sizes[:, None], score_name="Error", is_error=True
    ).plot()
    display.figure_.canvas.draw()
    labels = [each for each in display.ax_.get_xticklabels() if each.get_text()]
    assert labels[0].get_text() == "12,000"
    ends = sorted((each.get_window_extent().x0, each.get_window_extent().x1) for each in labels)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(ends))
    assert len(labels) > 2
    # Between powers of ten, long axes have no numbers.
    assert not any(each.get_text() for each in display.ax_.get_yticklabels(minor=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [1.0, 2.0]}, "2 rows"),
        ({"X": ["NaCl", "ClNa", "KCl"], "y": [1, 2, np.nan]}, "two compositions"),
        ({"scoring": "rmse"}, "rmse"),
        ({"train_sizes": [3]}, "from 1 to 2"),
        ({"train_sizes": [0.0]}, "fractions"),
        ({"train_sizes": []}, "empty"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        LearningCurveDisplay.from_estimator(
            Recorder(), **({"X": ["NaCl", "KCl", "LiF"], "y": [1.0, 2.0, 3.0]} | arguments)
        )
