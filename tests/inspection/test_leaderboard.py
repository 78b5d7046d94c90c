import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from skmat import AutoRegressor
from skmat.exceptions import InvalidInputError
from skmat.inspection import LeaderboardDisplay

pytestmark = pytest.mark.usefixtures("pyplot")


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "candidate": ["trees", "svm", "roost", "late"],
            "target": "gap",
            "error": [0.5, 0.4, 0.6, np.nan],
            "weight": [0.25, 0.75, 0.0, 0.0],
        }
    )


def tick_labels(axis):
    return [label.get_text() for label in axis.get_yticklabels()]


def test_best_candidate_is_on_top(table):
    display = LeaderboardDisplay(
        leaderboard=table, error_name="mean absolute error", units="eV"
    ).plot()
    assert tick_labels(display.ax_) == ["svm", "trees", "roost"]
    np.testing.assert_array_equal(
        display.scatters_[0].get_offsets(), [[0.4, 0], [0.5, 1], [0.6, 2]]
    )
    low, high = display.ax_.get_ylim()
    assert low > high
    assert display.ax_.get_xlabel() == "Mean absolute error [eV]"
    assert display.figure_ is display.ax_.figure


def test_weights(table):
    display = LeaderboardDisplay(leaderboard=table).plot()
    display.figure_.canvas.draw()
    (right,) = display.ax_.child_axes
    assert tick_labels(right) == ["75%", "25%", ""]
    colors = display.scatters_[0].get_facecolors()
    assert (colors[0] == colors[1]).all()
    assert (colors[0] != colors[2]).any()


def test_one_panel_per_target(table, pyplot):
    both = pd.concat([table, table.assign(target="modulus", error=table["error"] * 100)])
    display = LeaderboardDisplay(leaderboard=both, units={"modulus": "GPa"}).plot()
    assert [panel.get_title() for panel in display.axes_] == ["gap", "modulus"]
    assert [panel.get_xlabel() for panel in display.axes_] == ["Error", "Error [GPa]"]
    figure, axes = pyplot.subplots(1, 2)
    assert LeaderboardDisplay(leaderboard=both).plot(axes).figure_ is figure


def test_from_estimator():
    formulas = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl"]
    model = AutoRegressor(preset=["trees", "trees-fractions"], cv=2, random_state=0)
    with pytest.raises(NotFittedError):
        LeaderboardDisplay.from_estimator(model)
    display = LeaderboardDisplay.from_estimator(model.fit(formulas, np.arange(8.0)))
    assert sorted(tick_labels(display.ax_)) == ["trees", "trees-fractions"]
    assert display.ax_.get_xlabel() == "Mean absolute error"
    errors = display.scatters_[0].get_offsets()[:, 0]
    np.testing.assert_allclose(errors, sorted(model.leaderboard_["error"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda t: t.drop(columns="weight"), "weight"), (lambda t: t.iloc[[3]], "No candidate")],
)
def test_bad_tables(change, message, table):
    with pytest.raises(InvalidInputError, match=message):
        LeaderboardDisplay(leaderboard=change(table)).plot()
