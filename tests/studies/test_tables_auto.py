"""The tables of Auto estimators, from made-up results of three tasks."""

import json
import shutil

import numpy as np
import pytest

from skmat.benchmark import MatbenchResults, leaderboard, performance_gain

STEELS = [80.0, 70.0, 90.0, 85.0, 75.0]
AVERAGE = "mean of network, trees and support vectors"
#: Better than `STEELS` on average, but not on each fold.
TREES = [79.0, 71.0, 88.0, 83.0, 74.0]
RATES = (0.9, 0.88, 0.92, 0.9, 0.9)


def row_of(task, fold, scores, candidates, **further):
    """Return a row as the study writes it; sizes are those of the official folds."""
    n_train, n_test = SIZES[task][fold]
    row = {"model": "auto-medium", "task": task, "fold": fold}
    row |= {"n_train": n_train, "n_test": n_test, "scores": scores, "candidates": candidates}
    row |= {"seconds_fit": 10.0 + fold, "seconds_predict": 1.0, "peak_memory_mb": 500.0}
    return row | {"versions": "python 3.11, skmat 0.1"} | further


SIZES = {
    "steels": [(249, 63)] * 2 + [(250, 62)] * 3,
    "glass": [(4544, 1136)] * 5,
    "mp_gap": [(84890, 21223)] * 5,
    "mp_is_metal": [(84890, 21223)] * 5,
}


def steels_rows(folds=range(5)):
    rows = []
    for fold in folds:
        candidates = {
            "trees": {"scores": {"mae": TREES[fold]}, "weight": 0.6},
            "network": {"scores": {"mae": 100.0}, "weight": 0.4},
            "broken": {"status": "ValueError: no", "weight": None},
        }
        if fold != 3:
            candidates["lucky"] = {"scores": {"mae": 1.0}, "weight": None}
        scores = {"mae": STEELS[fold], "coverage_90": RATES[fold], "width_90": 300.0}
        constant = {"coverage_90": 0.91, "width_90": 400.0 + 100 * (fold == 0)}
        rows.append(row_of("steels", fold, scores, candidates, constant=constant))
    return rows


def glass_rows():
    rows = []
    for fold, rate in enumerate(RATES):
        scores = {
            "balanced_accuracy": rate,
            "balanced_accuracy_at_half": rate - 0.05,
            "roc_auc": rate + 0.06,
            "ece": 0.02,
        }
        one = {"scores": {**scores, "balanced_accuracy": 0.7}, "weight": 1.0}
        rows.append(row_of("glass", fold, scores, {"one": one}, ece_before=0.04))
    return rows


def gap_rows():
    return [row_of("mp_gap", fold, {"mae": 0.25 + fold / 100}, {}) for fold in range(2)]


@pytest.fixture
def make_pages(studies, tmp_path):
    """Return the pages that the rows give, by their files."""
    from tables.auto import auto

    shutil.copytree(studies / "results" / "pretrained", tmp_path / "pretrained")

    def make_pages(rows):
        content = {"models": {}, "rows": rows}
        (tmp_path / "auto.json").write_text(json.dumps(content, allow_nan=False))
        return auto(tmp_path)

    return make_pages


@pytest.fixture
def make(make_pages):
    """Return the parts of the whole page that the rows give."""
    return lambda rows: make_pages(rows)["auto.md"]


def cells_of(table):
    """Return the cells of a table by its first column and its header."""
    header, _, *lines = [line[2:-2].split(" | ") for line in table.splitlines()]
    return {line[0]: dict(zip(header[1:], line[1:], strict=True)) for line in lines}


def part_that_begins(parts, title):
    """Return the table after a title."""
    (place,) = [i for i, part in enumerate(parts) if part.startswith(title)]
    return cells_of(parts[place + 1])


def error_of(values):
    return np.std(values, ddof=1) / len(values) ** 0.5


def test_without_results_there_is_no_page(studies, tmp_path):
    from tables.auto import auto

    assert auto(tmp_path) == {}


def test_uncertainty_is_a_file_of_its_own(make_pages):
    pages = make_pages(steels_rows() + glass_rows())
    whole = pages["auto.md"]
    at = whole.index(pages["auto_intervals.md"][0])
    assert pages["auto_intervals.md"] == whole[at : at + 4]
    assert make_pages(gap_rows())["auto_intervals.md"] == []


def test_uncertainty_is_that_of_all_models(make_pages):
    other = [row | {"model": "auto-limited"} for row in glass_rows()]
    together = make_pages(steels_rows() + glass_rows())["auto_intervals.md"]
    assert make_pages(steels_rows() + other)["auto_intervals.md"] == together


def test_a_regression_is_compared_fold_by_fold(make, studies):
    row = cells_of(make(steels_rows())[1])["steels (MAE, MPa)"]
    assert row["auto-medium"] == "80.0 ± 7.1"
    # "lucky" has no error on one fold.
    assert row["best candidate"].startswith("trees: 79.0 ± ")
    differences = np.subtract(TREES, STEELS)
    assert row["better than it by"] == f"{differences.mean():+.1f} ± {error_of(differences):.1f}"
    arms = {}
    for file, name in (("voting", AVERAGE), ("auto", "fine-tuned"), ("trees", "trees")):
        path = studies / "results" / "pretrained" / f"{file}.json"
        scores = MatbenchResults.load(path).scores.query("task == 'matbench_steels'")
        arms[name] = scores["mae"].to_numpy()
        assert row[name].startswith(f"{scores['mae'].mean():.1f} ± ")
    differences = min((arm - STEELS for arm in arms.values()), key=np.mean)
    expected = f"{differences.mean():+.1f} ± {error_of(differences):.1f}"
    assert row["better than their best by"] == expected
    assert row["best composition-only"].startswith("TPOT: 79.9")
    assert row["CrabNet"].startswith("107.3")


def test_a_classification_has_a_row_for_each_rule(make):
    rows = cells_of(make(glass_rows())[1])
    ours = {name: row["auto-medium"] for name, row in rows.items()}
    assert ours == {
        "glass (balanced accuracy)": "0.900 ± 0.013",
        "glass (the same at 0.5)": "0.850 ± 0.013",
        "glass (ROC-AUC)": "0.960 ± 0.013",
    }
    rule, at_half, _ = rows.values()
    assert rule["best candidate"] == "one: 0.700 ± 0.000"
    assert rule["better than it by"] == f"+0.200 ± {error_of(RATES):.3f}"
    assert at_half["better than it by"] == "+0.000 ± 0.000"
    # Older results have labels at 0.5 alone; public entries are listed once.
    assert rule[AVERAGE] == at_half[AVERAGE] == "0.851 ± 0.014"
    assert rule["best composition-only"].startswith("automatminer")
    assert at_half["best composition-only"] == at_half["CrabNet"] == ""


def test_differences_are_of_the_folds_that_both_have(make):
    row = cells_of(make(gap_rows())[1])["mp_gap (MAE, eV)"]
    assert row["auto-medium"] == "0.255 ± 0.005 (2 folds)"
    assert row["best candidate"] == row["better than it by"] == row[AVERAGE] == ""
    assert row["fine-tuned"].endswith("(3 folds)")
    assert row["better than their best by"].count(" ± ") == 1
    assert "fold" not in row["better than their best by"]
    # Of these folds, one was run for the older model too.
    three = [row_of("mp_gap", fold, {"mae": 0.2}, {}) for fold in (2, 3, 4)]
    row = cells_of(make(three)[1])["mp_gap (MAE, eV)"]
    assert row["better than their best by"].endswith("(1 fold)")


def test_where_it_is_worse_by_more_than_a_standard_error(make):
    parts = make(steels_rows() + glass_rows())
    differences = np.subtract(TREES, STEELS)
    assert -differences.mean() > error_of(differences)
    candidate, older = parts[2].split(". ")
    known = "by more than a standard error, where several folds are known"
    assert candidate.endswith(f"the best candidate {known}: steels (MAE)")
    assert older == f"Worse than the best older model {known}: nowhere."


def test_gains_are_those_of_the_benchmark(make, studies):
    rows = part_that_begins(make(steels_rows() + glass_rows() + gap_rows()), "Gains")
    # The two folds of mp_gap are not compared with CrabNet's five.
    assert list(next(iter(rows.values()))) == ["over scratch, 2 tasks", "over CrabNet, 1 task"]
    from tables.auto import SCRATCH, older, scores_of

    results = studies / "results"
    scratch = MatbenchResults.load(results / "pretrained" / "scratch.json").scores
    assert older(results, SCRATCH).index.get_level_values("task").nunique() == 10
    measured = [row | {"task": f"matbench_{row['task']}"} for row in steels_rows() + glass_rows()]
    expected = performance_gain(scores_of(measured).reset_index(), scratch)["gain"]
    for task in ("steels", "glass"):
        gain = expected[f"matbench_{task}"]
        assert rows[task]["over scratch, 2 tasks"] == f"{gain:+.1f}"
    for name in ("mean", "median"):
        assert rows[name]["over scratch, 2 tasks"] == f"{expected[name]:+.1f}"
    crabnet = leaderboard().query("algorithm == 'CrabNet'").set_index("task")["mean"]
    over = [
        100 * (1 - mean / crabnet[f"matbench_{task}"]) for task, mean in {"steels": 80.0}.items()
    ]
    assert rows["mean"]["over CrabNet, 1 task"] == f"{np.mean(over):+.1f}"
    assert rows["glass"]["over CrabNet, 1 task"] == ""
    assert "mp_gap" not in rows


def test_candidates_have_their_mean_error_and_weight(make):
    rows = part_that_begins(make(steels_rows() + glass_rows()), "Each candidate")
    assert rows["trees"]["steels (MAE)"] == "79.00 (0.60)"
    assert rows["lucky"]["steels (MAE)"] == "1.00 [4 folds]"
    assert rows["one"] == {"steels (MAE)": "", "glass (ROC-AUC)": "0.960 (1.00)"}
    assert "broken" not in rows


def test_intervals_are_compared_with_those_of_one_width(make):
    rows = part_that_begins(make(steels_rows() + glass_rows()), "Intervals")
    assert rows == {
        "steels (MPa)": {
            "coverage": "0.900 (0.880 to 0.920)",
            "width": "300",
            "coverage of a constant width": "0.910",
            "constant width": "420",
            "ratio of the widths": f"{(4 * 0.75 + 0.6) / 5:.3f}",
        }
    }


def test_intervals_without_residuals_or_ends(make):
    rows = steels_rows()
    for row in rows:
        del row["constant"]
    table = part_that_begins(make(rows), "Intervals")
    assert table["steels (MPa)"]["width"] == "300"
    assert table["steels (MPa)"]["constant width"] == ""
    for row in rows:
        row["scores"]["width_90"] = None
    table = part_that_begins(make(rows), "Intervals")
    assert table["steels (MPa)"]["coverage"].startswith("0.900")
    assert table["steels (MPa)"]["width"] == ""


def test_calibration_errors_before_and_after(make):
    rows = part_that_begins(make(glass_rows()), "Expected calibration error")
    assert rows == {"glass": {"before": "0.0400 ± 0.0000", "after": "0.0200 ± 0.0000"}}


def test_times_are_means_and_versions_are_named(make):
    parts = make(steels_rows())
    row = part_that_begins(parts, "Means of a fold")["steels"]
    assert (row["training rows"], row["seconds of fit"], row["memory, MB"]) == ("250", "12", "500")
    assert parts[-1] == "Run with: python 3.11, skmat 0.1."
    assert not any(part.startswith("Expected") for part in parts)


def test_several_models_have_their_own_tables(make):
    other = [row | {"model": "auto-fast"} for row in steels_rows()]
    parts = make(steels_rows() + other)
    tables = [part for part in parts if part.startswith("| task | auto-")]
    assert [table.split(" | ")[1] for table in tables] == ["auto-medium", "auto-fast"]
    assert len([part for part in parts if part.startswith("Mean and standard")]) == 1


def test_the_table_of_structures_begins_with_the_average(studies, tmp_path):
    from tables.auto import auto_structures

    assert auto_structures(tmp_path) == {}
    rows = [row | {"model": "all"} for row in steels_rows()]
    (tmp_path / "auto_structures.json").write_text(json.dumps({"rows": rows}))
    table, *others = auto_structures(tmp_path)["auto_structures.md"]
    names = [line.split(" | ")[0].strip("| ") for line in table.splitlines()]
    assert names == ["candidate", "---", "**all**", "trees", "network", "lucky"]
    assert "| **all** | 80.00 |" in table
    assert "| trees | 79.00 (0.60) |" in table
    assert others[0].startswith("Intervals")


def test_one_fold_of_a_large_task_has_no_gains_and_no_errors(make):
    scores = {"balanced_accuracy": 0.9, "balanced_accuracy_at_half": 0.9, "roc_auc": 0.97}
    parts = make([row_of("mp_is_metal", 0, scores, {})])
    assert not any(part.startswith(("Gains", "Worse")) for part in parts)
