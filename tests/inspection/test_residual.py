import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from skmat.exceptions import InvalidInputError
from skmat.inspection import ResidualDisplay

pytestmark = pytest.mark.usefixtures("pyplot")


@pytest.fixture
def y_true():
    y = np.random.default_rng(0).normal(size=(100, 2))
    y[:40, 1] = np.nan
    return y


@pytest.fixture
def y_pred(y_true):
    return np.nan_to_num(y_true) + np.random.default_rng(1).normal(0.5, 0.2, size=(100, 2))


def test_residuals_are_true_minus_predicted(y_true, y_pred):
    y_pred[7, 0] = np.nan
    display = ResidualDisplay.from_predictions(y_true, y_pred, units=["eV", "log10(Pa)"])
    rows = np.arange(100) != 7
    np.testing.assert_array_equal(
        display.scatters_[0].get_offsets(),
        np.column_stack([y_pred[rows, 0], (y_true - y_pred)[rows, 0]]),
    )
    assert len(display.scatters_[1].get_offsets()) == 60
    assert display.figure_ is display.ax_.figure
    residual = (y_true - y_pred)[rows, 0]
    expected = f"n = 99, MAE = {np.abs(residual).mean():.3g} eV, bias = {residual.mean():+.2g} eV"
    assert display.texts_[0].get_text() == expected
    assert "decades" in display.texts_[1].get_text()
    assert display.axes_[1].get_xlabel() == "Predicted [log10(Pa)]"
    assert "[decades]" in display.axes_[1].get_ylabel()


def test_zero_is_in_the_middle(y_true, y_pred):
    display = ResidualDisplay.from_predictions(y_true, y_pred)
    for panel, points in zip(display.axes_, display.scatters_, strict=True):
        low, high = panel.get_ylim()
        assert low == -high
        assert np.abs(points.get_offsets()[:, 1]).max() < high


def test_trend_joins_medians(y_true, y_pred):
    display = ResidualDisplay.from_predictions(y_true, y_pred)
    order = np.argsort(y_pred[:, 0])
    residual = (y_true - y_pred)[order, 0]
    np.testing.assert_allclose(
        display.trends_[0].get_ydata(), np.median(residual.reshape(10, 10), axis=1)
    )
    # The second has 60 labels.
    assert display.trends_[1] is None


def test_against_a_column(y_true, y_pred):
    X = pd.DataFrame({"formula": ["NaCl"] * 100, "T": np.arange(100), "p": y_pred[:, 0]})
    model = LinearRegression().fit(X[["p"]], y_true[:, 0])

    class OnP:
        def predict(self, X):
            return model.predict(X[["p"]])

    display = ResidualDisplay.from_estimator(OnP(), X, y_true[:, 0], against="T")
    np.testing.assert_array_equal(display.scatters_[0].get_offsets()[:, 0], np.arange(100))
    assert display.ax_.get_xlabel() == "T"
    series = pd.Series(np.arange(100) * 2.0, name="Pressure [GPa]")
    display = ResidualDisplay.from_predictions(y_true, y_pred, against=series)
    assert display.axes_[1].get_xlabel() == "Pressure [GPa]"


def test_names_axes_and_style(y_true, y_pred, pyplot):
    figure, axes = pyplot.subplots(1, 2)
    frame = pd.DataFrame(y_true, columns=["a", "b"])
    display = ResidualDisplay.from_predictions(
        frame, y_pred, ax=axes, scatter_kwargs={"s": 3}, units={"b": "eV"}
    )
    assert display.figure_ is figure
    assert [panel.get_title() for panel in axes] == ["a", "b"]
    assert display.scatters_[0].get_sizes().tolist() == [3]
    assert axes[0].get_xlabel() == "Predicted"


def test_no_labels():
    display = ResidualDisplay.from_predictions([np.nan], [1.0])
    assert display.texts_[0].get_text() == "n = 0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_pred": [1.0]}, "do not match"),
        ({"against": [1.0]}, "2 rows"),
        ({"against": ["a", "b"]}, "row 0"),
        ({"against": [[1, 2], [3, 4]]}, "2 columns"),
        ({"target_names": ["a", "b"]}, "2 target_names"),
    ],
)
def test_what_does_not_fit(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        ResidualDisplay.from_predictions(**({"y_true": [1.0, 2.0], "y_pred": [1, 2]} | arguments))


@pytest.mark.parametrize(
    ("X", "message"), [(["NaCl"], "is a list"), (pd.DataFrame({"x": [1]}), "not one column")]
)
def test_against_needs_a_column(X, message):
    with pytest.raises(InvalidInputError, match=message):
        ResidualDisplay.from_estimator(LinearRegression(), X, [1.0], against="T")
