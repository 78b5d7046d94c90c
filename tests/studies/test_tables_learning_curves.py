"""Errors by the number of labels, at today's defaults."""

import json

import pytest


@pytest.fixture
def results(studies, tmp_path):
    from learning_curves import DEFAULTS

    rows = [
        {"fold": 0, "task": task, "size": size, "model": model, "loss": 100 / size + place}
        for task in ("expt_gap", "steels", "glass")
        for size in (50, 200)
        for place, model in enumerate(DEFAULTS)
    ]
    # Of this draw, a single model was measured.
    rows.append({**rows[0], "fold": 1, "loss": 1000.0})
    rows = [row | {"versions": "skmat 0.1"} for row in rows]
    (tmp_path / "learning_curves").mkdir()
    (tmp_path / "learning_curves/measured.json").write_text(json.dumps({"rows": rows}))
    return tmp_path


def test_all_models_are_compared_on_the_same_draws(results):
    from tables.learning_curves import COLORS, by_size, measured

    lines = by_size(measured(results), list(COLORS)).splitlines()
    assert lines[2] == "| expt_gap | 50 | 1 | 2 | 3 | 4 | 5 | 6 |"
    assert len(lines) == 8


def test_the_picture_shows_each_model_on_each_task(results):
    from matplotlib import pyplot as plt
    from tables.learning_curves import draw_measured, measured

    figure = draw_measured(measured(results))
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "mean absolute error [eV]",
        "mean absolute error [MPa]",
        "1 - ROC-AUC",
    ]
    best = figure.axes[1].lines[0]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([50, 200], [2.0, 0.5])
    assert [len(ax.lines) for ax in figure.axes] == [5, 5, 5]
    plt.close(figure)
