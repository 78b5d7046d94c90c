"""Matbench in one picture and one table."""

import json
import shutil

import pytest

from skmat.benchmark import MatbenchResults


@pytest.fixture
def results(studies, tmp_path):
    for folder in ("matbench", "pretrained"):
        shutil.copytree(studies / "results" / folder, tmp_path / folder)
    return tmp_path


def scores(results, name, task, metric="mae"):
    table = MatbenchResults.load(results / f"{name}.json").scores
    return table[table["task"] == f"matbench_{task}"].set_index("fold")[metric]


def row_of(table, task):
    return table.set_index("task").loc[task]


def test_errors_are_relative_to_the_forest_on_the_same_folds(results):
    from tables.overview import relative_errors

    table = relative_errors(results)
    assert len(table) == 13
    row = row_of(table, "phonons")
    forest = scores(results, "matbench/magpie-forest", "phonons").mean()
    mine = scores(results, "pretrained/auto", "phonons").mean()
    assert row["our_error"] == pytest.approx(mine / forest)
    # The best is of a paper there, of the leaderboard elsewhere.
    assert (row["rival"], row["rival_error"]) == ("ICL-FM", pytest.approx(41.95 / forest))
    assert row_of(table, "steels")["rival"] == "TPOT"
    # Three of five folds, and no forest.
    row = row_of(table, "mp_gap")
    assert row["reference"] == "boosting"
    mine = scores(results, "pretrained/long/mtencoder-oqmd-joint", "mp_gap")
    trees = scores(results, "matbench/magpie-boosting", "mp_gap")
    assert len(mine) == 3
    assert row["our_error"] == pytest.approx(mine.mean() / trees[:3].mean())


def test_errors_of_classes_are_what_balanced_accuracy_lacks(results):
    from tables.overview import relative_errors

    table = relative_errors(results)
    at_half = "balanced_accuracy_at_half"
    forest = 1 - scores(results, "matbench/magpie-forest", "glass", at_half).mean()
    mine = 1 - scores(results, "pretrained/auto", "glass", at_half).mean()
    assert row_of(table, "glass")["our_error"] == pytest.approx(mine / forest)
    row = row_of(table, "mp_is_metal")
    assert row["rival"] == ""
    assert row["rival_error"] != row["rival_error"]


def test_the_auto_estimator_is_ours_where_it_was_run(results):
    from tables.overview import relative_errors

    row = {"model": "auto-medium", "task": "dielectric", "fold": 1, "scores": {"mae": 0.3}}
    limited = row | {"model": "auto-unseen-45min", "task": "mp_gap"}
    (results / "auto.json").write_text(json.dumps({"rows": [row, limited]}))
    table = relative_errors(results)
    assert row_of(table, "mp_gap")["ours"] == "Auto"
    row = row_of(table, "dielectric")
    forest = scores(results, "matbench/magpie-forest", "dielectric")
    assert (row["ours"], row["our_error"]) == ("Auto", pytest.approx(0.3 / forest[1]))
    assert row_of(table, "phonons")["ours"] == "fine-tuned"


def test_the_picture_names_every_dot(results):
    from matplotlib import pyplot as plt
    from tables.overview import draw

    figure = draw(results)
    (ax,) = figure.axes
    words = [text.get_text() for text in ax.texts]
    assert words.count("fine-tuned") == 13
    assert words.count("no other model") == 1
    assert words.count("CrabNet") == 2
    assert ax.get_yticklabels()[0].get_text() == "steels"
    assert ax.get_legend() is None
    plt.close(figure)


def test_errors_are_cut_on_the_folds_that_both_have(results):
    from tables.overview import CUT, overview

    row = {"model": "auto-medium", "task": "steels", "fold": 1, "scores": {"mae": 70.0}}
    glass = row | {"task": "glass", "scores": {"balanced_accuracy": 0.9}}
    (results / "auto.json").write_text(json.dumps({"rows": [row, glass]}))
    table, _ = overview(results)["overview.md"]
    header, _, *lines = [line[2:-2].split(" | ") for line in table.splitlines()]
    cuts = {line[0].split(" (")[0]: line[header.index(CUT)] for line in lines}
    fine_tuned = scores(results, "pretrained/auto", "steels")[1]
    assert cuts["steels"] == f"{100 * (1 - 70 / fine_tuned):.0f} %"
    lacking = 1 - scores(results, "pretrained/auto", "glass", "balanced_accuracy_at_half")[1]
    assert cuts["glass"] == f"{100 * (1 - 0.1 / lacking):.0f} %"
    assert cuts["phonons"] == ""


def test_the_table_says_what_each_number_is(results):
    from tables.overview import LEGEND, overview

    table, legend = overview(results)["overview.md"]
    assert legend == LEGEND
    header, _, *lines = [line[2:-2].split(" | ") for line in table.splitlines()]
    rows = {line[0]: dict(zip(header, line, strict=True)) for line in lines}
    assert len(rows) == 13
    row = rows["mp_gap (MAE, eV)"]
    assert row["fine-tuned"] == "0.245 ± 0.001 (3 folds)"
    assert row["Magpie + forest"] == "boosting: 0.500 ± 0.003"
    assert (row["Auto"], row["CrabNet"]) == ("", "0.266")
    assert rows["mp_is_metal (balanced accuracy)"]["best of others"] == "none"
