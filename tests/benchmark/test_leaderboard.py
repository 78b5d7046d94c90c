import numpy as np
import pandas as pd
import pytest

from skmat.benchmark import FoldResult, MatbenchResults, leaderboard
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import InvalidInputError

#: Best entry without structures of each task, as published.
BEST_OF_COMPOSITION = {
    "steels": ("TPOT", 79.95),
    "jdft2d": ("CrabNet", 45.61),
    "phonons": ("Finder_v1.2_composition", 46.58),
    "expt_gap": ("darwin", 0.2865),
    "dielectric": ("Finder_v1.2_composition", 0.3204),
    "expt_is_metal": ("darwin", 0.9598),
    "glass": ("MODNet_v0.1.12", 0.9603),
    "log_gvrh": ("Finder_v1.2_composition", 0.0996),
    "log_kvrh": ("CrabNet", 0.0758),
    "perovskites": ("CrabNet", 0.4065),
    "mp_gap": ("Finder_v1.2_composition", 0.2308),
    "mp_is_metal": ("dummy", 0.5012),
    "mp_e_form": ("Finder_v1.2_composition", 0.0839),
}
#: Best entry of all.
BEST = {
    "steels": ("TPOT", 79.95),
    "jdft2d": ("MODNet_v0.1.12", 33.19),
    "phonons": ("MegNet_kgcnn_v2.1.0", 28.76),
    "expt_gap": ("darwin", 0.2865),
    "dielectric": ("MODNet_v0.1.12", 0.2711),
    "expt_is_metal": ("darwin", 0.9598),
    "glass": ("MODNet_v0.1.12", 0.9603),
    "log_gvrh": ("coNGN", 0.0670),
    "log_kvrh": ("coNGN", 0.0491),
    "perovskites": ("coGN", 0.0269),
    "mp_gap": ("coGN", 0.1559),
    "mp_is_metal": ("cgcnnv2019", 0.9520),
    "mp_e_form": ("coGN", 0.0170),
}


def make_results(name, parameters=None, **scores):
    """Make results of one task from its scores per fold: ``steels={"mae": [...]}``."""
    folds = []
    for task, metrics in scores.items():
        for fold, values in enumerate(zip(*metrics.values(), strict=True)):
            score = dict(zip(metrics, values, strict=True))
            folds.append(
                FoldResult(
                    *(f"matbench_{task}", fold, 80, 20, score, parameters or {}),
                    *(0, 1.0, 1.0, 1.0, {}),
                )
            )
    return MatbenchResults(name, folds)


def test_all_public_entries_are_there():
    table = leaderboard()
    assert len(table) == 141
    assert list(table["task"].unique()) == list(MATBENCH_TASKS)
    assert not table.duplicated(["task", "algorithm"]).any()
    assert not table["is_ours"].any()
    assert table["mean"].notna().all()
    assert (table["n_folds"] == 5).all()
    assert table["roc_auc"].isna().all()
    # Deviations are known where the scores of the folds are, and nowhere else.
    assert (table["std"].notna() == (table["source"] == "results file")).all()


@pytest.mark.parametrize("task", MATBENCH_TASKS)
def test_best_entries_come_first(task):
    short = MATBENCH_TASKS[task].short_name
    for composition_only, expected in ((False, BEST), (True, BEST_OF_COMPOSITION)):
        first = leaderboard(tasks=task, composition_only=composition_only).iloc[0]
        algorithm, mean = expected[short]
        assert first["algorithm"] == algorithm
        assert first["mean"] == pytest.approx(mean, rel=2e-3)


@pytest.mark.parametrize("task", MATBENCH_TASKS)
def test_entries_are_sorted_by_the_metric_of_the_task(task):
    table = leaderboard(tasks=task)
    if MATBENCH_TASKS[task].kind == "regression":
        assert set(table["metric"]) == {"mae"}
        assert table["mean"].is_monotonic_increasing
    else:
        assert set(table["metric"]) == {"balanced_accuracy"}
        assert table["mean"].is_monotonic_decreasing


def test_who_uses_structures():
    table = leaderboard()
    has_structure = table["task"].map(lambda task: MATBENCH_TASKS[task].has_structure)
    assert not table.loc[~has_structure, "uses_structure"].any()
    without = table[has_structure & ~table["uses_structure"]]
    assert set(without["algorithm"]) == {"CrabNet", "Finder_v1.2_composition", "dummy"}
    # Descriptors count as well: these three read the structures where there are any.
    descriptors = ["rf", "automatminer_expressv2020", "MODNet_v0.1.12"]
    with_structures = table[has_structure & table["algorithm"].isin(descriptors)]
    assert with_structures["uses_structure"].all()
    assert len(with_structures) == 3 * 9


def test_suspect_entries_are_marked():
    table = leaderboard()
    suspect = table[table["suspect"]]
    assert set(zip(suspect["task"], suspect["algorithm"], strict=True)) == {
        ("matbench_mp_is_metal", "cgcnnv2019"),
        ("matbench_glass", "MODNet_v0.1.12"),
    }
    assert (suspect["note"] != "").all()


def test_ours_stand_where_their_error_puts_them():
    ours = make_results("forest", steels={"mae": [100.0, 90.0, 110.0, 95.0, 105.0]})
    table = leaderboard(ours)
    assert list(table["task"].unique()) == ["matbench_steels"]
    row = table[table["is_ours"]].iloc[0]
    assert row["algorithm"] == "forest"
    assert row["mean"] == 100
    assert row["std"] == pytest.approx(np.sqrt(50))
    assert (row["source"], row["n_folds"], row["uses_structure"]) == ("skmat", 5, False)
    assert np.isnan(row["roc_auc"])
    place = table.index[table["is_ours"]][0]
    assert table["algorithm"][place - 1] == "automatminer_expressv2020"
    assert table["algorithm"][place + 1] == "rf"


def test_classes_are_ranked_by_balanced_accuracy_and_keep_their_roc_auc():
    ours = make_results("forest", glass={"balanced_accuracy": [0.87, 0.89], "roc_auc": [0.93] * 2})
    table = leaderboard(ours)
    place = table.index[table["is_ours"]][0]
    # Behind MODNet's 0.96, which the AUC would not change, before Automatminer's 0.86.
    assert place == 1
    assert table["mean"][place] == pytest.approx(0.88)
    assert table["roc_auc"][place] == pytest.approx(0.93)
    assert table["roc_auc"].notna().sum() == 1
    assert table["n_folds"][place] == 2


def test_predicted_labels_are_ranked_before_those_at_one_half():
    both = {"balanced_accuracy": [0.88] * 2, "balanced_accuracy_at_half": [0.8] * 2}
    ours = leaderboard(make_results("rule", glass=both)).query("is_ours").iloc[0]
    assert (ours["mean"], ours["note"]) == (0.88, "")
    # Where a fold comes from an older file, all are ranked by the labels at one half.
    mixed = both | {"balanced_accuracy": [np.nan, 0.88]}
    ours = leaderboard(make_results("rule", glass=mixed)).query("is_ours").iloc[0]
    assert (ours["mean"], ours["metric"]) == (0.8, "balanced_accuracy")
    assert ours["note"] == "Labels at a probability of 0.5."
    mixed["balanced_accuracy_at_half"] = [0.8, np.nan]
    with pytest.raises(InvalidInputError, match="lack the balanced_accuracy of fold 0"):
        leaderboard(make_results("rule", glass=mixed))


def test_several_results_and_tasks_in_the_order_asked_for():
    scores = {"steels": {"mae": [100.0]}, "jdft2d": {"mae": [40.0]}}
    first, second = make_results("first", **scores), make_results("second", **scores)
    table = leaderboard([first, second], ["jdft2d", "steels"])
    assert list(table["task"].unique()) == ["matbench_jdft2d", "matbench_steels"]
    assert table[table["is_ours"]]["algorithm"].tolist() == ["first", "second"] * 2
    named = leaderboard({"new": first, "old": second.scores}, "steels")
    assert named[named["is_ours"]]["algorithm"].tolist() == ["new", "old"]


def test_ours_may_use_structures():
    scores = {"jdft2d": {"mae": [40.0]}}
    forest = make_results("forest", **scores)
    cgcnn = make_results("cgcnn", {"input": "structure"}, **scores)
    public = ["CrabNet", "Finder_v1.2_composition", "dummy"]
    for ours in (
        [forest, cgcnn],
        {"cgcnn": cgcnn, "forest": forest},
    ):
        table = leaderboard(ours, composition_only=True)
        assert table["algorithm"].tolist() == ["forest", *public]
        marks = leaderboard(ours).query("is_ours").set_index("algorithm")["uses_structure"]
        assert marks[["forest", "cgcnn"]].tolist() == [False, True]
    assert leaderboard(cgcnn, composition_only=True)["algorithm"].tolist() == public


def test_a_table_of_scores_does_not_tell_what_was_read():
    scores = make_results("cgcnn", jdft2d={"mae": [40.0]}, steels={"mae": [100.0]}).scores
    table = leaderboard(scores, composition_only=True).query("is_ours").set_index("task")
    assert table["uses_structure"]["matbench_jdft2d"] is pd.NA
    assert not table["uses_structure"]["matbench_steels"]


def test_a_task_that_only_one_of_the_results_holds():
    both = [make_results("a", steels={"mae": [1.0]}), make_results("b", jdft2d={"mae": [1.0]})]
    table = leaderboard(both)
    assert table[table["is_ours"]][["task", "algorithm"]].to_numpy().tolist() == [
        ["matbench_steels", "a"],
        ["matbench_jdft2d", "b"],
    ]


def test_a_task_that_none_of_the_results_holds_is_refused():
    with pytest.raises(InvalidInputError, match=r"matbench_glass.* are not in the results"):
        leaderboard(make_results("a", steels={"mae": [1.0]}), "glass")


def test_a_missing_score_is_refused():
    table = pd.DataFrame(
        {"task": "steels", "fold": [0, 1], "n_train": 80, "n_test": 20, "mae": [1.0, np.nan]}
    )
    with pytest.raises(InvalidInputError, match="lack the mae of fold 1 of matbench_steels"):
        leaderboard({"forest": table})


def test_the_table_is_the_callers_own():
    table = leaderboard()
    table["mean"] = 0
    assert leaderboard()["mean"].min() > 0
