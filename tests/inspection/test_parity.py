import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score

from skmat.exceptions import InvalidInputError
from skmat.inspection import CalibrationDisplay, ParityDisplay, ResidualDisplay

pytestmark = pytest.mark.usefixtures("pyplot")


class Fitted(RegressorMixin, BaseEstimator):
    """Two targets, whose intervals are from -inf to inf."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros((len(X), 2))

    def predict_interval(self, X, coverage):
        return self.predict(X) - np.inf, self.predict(X) + np.inf


@pytest.fixture
def y_true():
    y = np.random.default_rng(0).normal(size=(30, 3))
    y[:10, 1] = np.nan
    return y


@pytest.fixture
def y_pred(y_true):
    return np.nan_to_num(y_true) + np.random.default_rng(1).normal(scale=0.2, size=(30, 3))


def test_one_panel_per_task(y_true, y_pred):
    display = ParityDisplay.from_predictions(y_true, y_pred, target_names=["a", "b", "c"])
    assert isinstance(display, ParityDisplay)
    assert display.axes_.shape == (3,)
    assert display.ax_ is display.axes_[0]
    assert display.figure_ is display.ax_.figure
    assert [panel.get_title() for panel in display.axes_] == ["a", "b", "c"]
    assert len(display.figure_.axes) == 3
    display.figure_.canvas.draw()
    for panel in display.axes_:
        assert panel.get_aspect() == 1
        assert panel.get_xlim() == panel.get_ylim()
        np.testing.assert_array_equal(panel.get_xticks(), panel.get_yticks())


def test_missing_labels_and_predictions_are_skipped(y_true, y_pred):
    y_pred[0, 2] = np.nan
    display = ParityDisplay.from_predictions(y_true, y_pred)
    assert [len(scatter.get_offsets()) for scatter in display.scatters_] == [30, 20, 29]
    np.testing.assert_array_equal(
        display.scatters_[1].get_offsets(), np.column_stack([y_true[10:, 1], y_pred[10:, 1]])
    )


def test_scores(y_true, y_pred):
    display = ParityDisplay.from_predictions(y_true, y_pred, units=["eV", "GPa", "log10(eV)"])
    mae = mean_absolute_error(y_true[10:, 1], y_pred[10:, 1])
    r2 = r2_score(y_true[10:, 1], y_pred[10:, 1])
    assert display.texts_[1].get_text() == f"n = 20\nMAE = {mae:.3g} GPa\nR² = {r2:.3f}"
    assert "decades" in display.texts_[2].get_text()
    assert "[GPa]" in display.axes_[1].get_xlabel()
    assert "[GPa]" in display.axes_[1].get_ylabel()


def test_single_task():
    display = ParityDisplay.from_predictions([1, 2, 3], [1, 2, 4], target_names="gap", units="eV")
    assert display.axes_.shape == (1,)
    assert display.ax_.get_title() == "gap"
    assert "n = 3" in display.texts_[0].get_text()


@pytest.mark.parametrize(("labels", "lines"), [([np.nan, np.nan], 1), ([1.0, np.nan], 2)])
def test_hardly_any_labels(labels, lines):
    display = ParityDisplay.from_predictions(labels, [1.0, 2.0])
    assert len(display.texts_[0].get_text().splitlines()) == lines


def test_names_come_from_pandas(y_true, y_pred):
    frame = pd.DataFrame(y_true, columns=["a", "b", "c"])
    display = ParityDisplay.from_predictions(frame, y_pred, units={"b": "eV"})
    assert [panel.get_title() for panel in display.axes_] == ["a", "b", "c"]
    assert display.axes_[0].get_xlabel() == "True"
    assert display.axes_[1].get_xlabel() == "True [eV]"
    display = ParityDisplay.from_predictions(frame["c"], y_pred[:, 2])
    assert display.ax_.get_title() == "c"


def test_from_estimator(y_true, y_pred):
    model = LinearRegression().fit(y_pred, y_true[:, 0])
    display = ParityDisplay.from_estimator(model, y_pred, y_true[:, 0], units="eV")
    np.testing.assert_array_equal(display.scatters_[0].get_offsets()[:, 1], model.predict(y_pred))


@pytest.mark.parametrize("display", [ParityDisplay, ResidualDisplay, CalibrationDisplay])
def test_columns_of_y_in_another_order(display):
    y = pd.DataFrame({"gap": [1.0, 2.0], "density": [5.0, 6.0]})
    model = Fitted()
    model.target_names_ = ["gap", "density"]
    display.from_estimator(model, [0, 1], y)
    with pytest.raises(InvalidInputError, match="but y holds \\['density', 'gap'\\]"):
        display.from_estimator(model, [0, 1], y[["density", "gap"]])


def test_given_axes_and_style(y_true, y_pred, pyplot):
    figure, axes = pyplot.subplots(1, 3)
    display = ParityDisplay.from_predictions(
        y_true, y_pred, ax=axes, scatter_kwargs={"color": "red", "s": 3}
    )
    assert display.figure_ is figure
    assert display.axes_.tolist() == axes.tolist()
    assert display.scatters_[0].get_sizes().tolist() == [3]
    again = display.plot()
    assert again is display
    assert display.figure_ is not figure


def test_many_tasks_fill_a_grid():
    y = np.random.default_rng(0).normal(size=(5, 6))
    display = ParityDisplay.from_predictions(y, y)
    assert display.axes_.shape == (6,)
    assert len(display.figure_.axes) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_true": np.zeros((3, 2)), "y_pred": np.zeros((3, 1))}, "do not match"),
        ({"y_true": np.zeros((3, 2, 1)), "y_pred": np.zeros((3, 2, 1))}, "shape"),
        ({"y_true": [1.0], "y_pred": [1.0], "target_names": ["a", "b"]}, "2 target_names"),
        ({"y_true": [1.0], "y_pred": [1.0], "units": ["a", "b"]}, "2 units"),
        ({"y_true": [[1.0, 2.0]], "y_pred": [[1.0, 2.0]], "ax": [None]}, "1 axes"),
    ],
)
def test_what_does_not_fit(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        ParityDisplay.from_predictions(**arguments)


def test_matplotlib_is_imported_lazily():
    code = "import sys, skmat.inspection; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
