"""Models on Matbench beside public entries, and what pretraining gains."""

import pandas as pd

from skmat.benchmark import MatbenchResults, compare_results, leaderboard, performance_gain
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from tables import PUBLISHED, decimals_of, to_markdown

PUBLIC = {"CrabNet": "CrabNet", "MODNet_v0.1.12": "MODNet", "rf": "RF"}
BEST = "best composition-only"
#: Their materials have more elements than any that the default encoder has read.
ALLOYS = ("matbench_steels",)
#: Encoders whose means over ten tasks are shown; "auto" differs from the first on alloys.
ENCODERS = ("mtencoder-multi", "auto")
OF_OQMD = "mtencoder-oqmd-joint"
STRUCTURE, SUSPECT = "†", "‡"
BALANCED = "balanced accuracy"


def load(folder):
    """Return all results, the best on most tasks last."""
    found = [MatbenchResults.load(path) for path in sorted(folder.glob("*.json"))]
    ours = leaderboard(found).query("is_ours")
    places = ours.groupby("task").cumcount().groupby(ours["algorithm"]).mean()
    return sorted(found, key=lambda results: -places[results.name])


def is_regression(task):
    return MATBENCH_TASKS[task].kind == "regression"


def short(task, unit=""):
    return MATBENCH_TASKS[task].short_name + (f" ({unit})" if unit else "")


def scores_of(results, task, metric):
    return results.scores.loc[results.scores["task"] == task, metric]


def with_marks(row, decimals):
    """Return mean and deviation over the folds, with the marks of the legend."""
    text = f"{row['mean']:.{decimals}f}"
    text += f" ± {row['std']:.{decimals}f}" if row["std"] == row["std"] else ""
    text += (STRUCTURE if row["uses_structure"] else "") + (SUSPECT if row["suspect"] else "")
    return text if row["n_folds"] == 5 else f"{text} ({row['n_folds']} folds)"


def best_of_formulas(entries):
    """Return the best public entry that reads the composition alone: one row or none."""
    left_out = entries["uses_structure"] | entries["suspect"] | entries["is_ours"]
    return entries[~left_out & (entries["algorithm"] != "dummy")].head(1)


def scores_beside_public(found):
    """Return the tables and the legend that all pages begin with."""
    names, rows, auc_rows = [results.name for results in found], [], []
    for task, entries in leaderboard(found).groupby("task", sort=False):
        unit = MATBENCH_TASKS[task].unit
        metric = ("MAE" if unit == "1" else f"MAE, {unit}") if is_regression(task) else BALANCED
        best = best_of_formulas(entries)
        shown = entries[entries["is_ours"] | entries["algorithm"].isin(PUBLIC)]
        decimals = decimals_of([*shown["mean"], *best["mean"]])
        cells = {row["algorithm"]: with_marks(row, decimals) for _, row in shown.iterrows()}
        cells = [cells.get(name, "") for name in (*names, *PUBLIC)]
        cells += [f"{r['algorithm']}: {with_marks(r, decimals)}" for _, r in best.iterrows()]
        rows.append([short(task, metric), *cells, *(["none"] if best.empty else [])])
        if not is_regression(task):
            scores = [scores_of(results, task, "roc_auc") for results in found]
            cells = [f"{s.mean():.4f} ± {s.std(ddof=0):.4f}" if s.any() else "" for s in scores]
            auc_rows.append([short(task), *cells])
    parts = [
        to_markdown(["task", *names, *PUBLIC.values(), BEST], rows),
        "Mean and standard deviation over the five official folds; less is better for MAE, more"
        f" for balanced accuracy. {STRUCTURE} uses crystal structures, all others the composition"
        f" alone. {SUSPECT} probably no balanced accuracy, and left out of the last column: see"
        " the column `note` of `skmat.benchmark.leaderboard`. The public leaderboard calls"
        " balanced accuracy ROC-AUC.",
    ]
    if auc_rows:
        parts.append("ROC-AUC from probabilities, for which there are no public entries:")
        parts.append(to_markdown(["task", *names], auc_rows))
    versions = sorted({fact for one in found for f in one.folds for fact in f.versions.items()})
    parts.append("Run with: " + ", ".join(f"{name} {version}" for name, version in versions) + ".")
    return parts


def with_wins(gain, differences, task, n_folds=5):
    return f"{gain.loc[task, 'gain']:+.1f} ({differences.loc[task, 'a_wins']} of {n_folds} folds)"


def gains(found, baseline):
    """Return a table of gains: each task, then mean and median over the tasks that a model has."""
    by_name = {results.name: results for results in found}
    scratch = by_name.pop(baseline)
    pairs = [
        (performance_gain(each, scratch), compare_results(each, scratch))
        for each in by_name.values()
    ]
    rows = [
        [short(task), *(with_wins(*pair, task) if task in pair[0].index else "" for pair in pairs)]
        for task in scratch.tasks
    ]
    rows += [
        [f"{word} of its tasks", *(f"{gain.loc[word, 'gain']:+.1f}" for gain, _ in pairs)]
        for word in ("mean", "median")
    ]
    return to_markdown(["gain over scratch, %", *by_name], rows)


def rivals(task, decimals):
    """Return CrabNet's error and that of the best other model of formulas."""
    entries = leaderboard(tasks=task)
    if not is_regression(task):
        return ["", ""]
    crabnet = entries[entries["algorithm"] == "CrabNet"].iloc[0]
    best = best_of_formulas(entries).iloc[0]
    return [f"{crabnet['mean']:.{decimals}f}", f"{best['algorithm']}: {best['mean']:.{decimals}f}"]


def larger_tasks(tuned, scratch):
    gain, differences, rows = performance_gain(tuned, scratch), compare_results(tuned, scratch), []
    for task in tuned.tasks:
        values = gain.loc[task, ["baseline", "model"]]
        decimals = decimals_of(values)
        cells = [f"{value:.{decimals}f}" for value in values]
        cells += [with_wins(gain, differences, task, gain.loc[task, "n_folds"])]
        name = short(task, MATBENCH_TASKS[task].unit)
        rows.append([name, tuned.name, *cells, *rivals(task, decimals)])
    return to_markdown(
        ["task", "encoder", "scratch", "pretrained", "gain, %", "CrabNet", BEST], rows
    )


def largest_tasks(found):
    """Return a table of tasks on which no network from scratch was run."""
    rows = []
    for results in found:
        for task, row in results.summary().iterrows():
            decimals = decimals_of(scores_of(results, task, row["metric"]))
            unit = row["unit"] if is_regression(task) else "ROC-AUC"
            cells = [f"{row['mean']:.{decimals}f}", str(row["n_folds"]), *rivals(task, decimals)]
            rows.append([short(task, unit), results.name, *cells])
    return to_markdown(["task", "encoder", "pretrained", "folds", "CrabNet", BEST], sorted(rows))


def means(smaller, larger, longest):
    """Return a table of mean gains over scratch and over CrabNet."""
    entries = leaderboard().query("algorithm == 'CrabNet'").set_index("task")["mean"]
    errors = longest.scores.groupby("task")["mae"].mean().dropna()
    large, rows = performance_gain(larger[ENCODERS[0]], larger["scratch"]), []
    for name in ENCODERS:
        small = performance_gain(smaller[name], smaller["scratch"]).drop(["mean", "median"])
        both = pd.concat([small, large.drop(["mean", "median"])])
        losses = pd.concat([both["model"], errors])
        over = 100 * (1 - losses / entries.reindex(losses.index)).dropna()
        parts = [over[over.index.isin(each.index)] for each in (small, both)] + [over]
        values = [both["gain"].mean(), both["gain"].median(), *(part.mean() for part in parts)]
        rows.append([name, *(f"{value:+.1f}" for value in values)])
    counts = [f"{len(part)} tasks" for part in parts]
    words = [f"over scratch, {len(both)} tasks", "its median", f"over CrabNet, {counts[0]}"]
    return to_markdown(["mean gain, %", *words, *counts[1:]], rows)


def verdicts(smaller, larger):
    """Return a table of what the user guide recommends, beside the best other model."""
    chosen = {task: results for results in larger for task in results.tasks}
    for task in smaller[ENCODERS[0]].tasks:
        averaged = not is_regression(task) or task in ALLOYS
        chosen[task] = smaller["voting" if averaged else ENCODERS[0]]
    rows, papers = [], PUBLISHED["composition_only"]
    for task in MATBENCH_TASKS:
        entries = leaderboard([chosen[task]], tasks=task)
        public = best_of_formulas(entries)
        others = list(zip(public["algorithm"], public["mean"], strict=True))
        others += [papers[task]] if task in papers else []
        mine = entries[entries["is_ours"]].iloc[0]
        cells = [short(task), chosen[task].name]
        if not others:
            rows.append([*cells, with_marks(mine, 4), "none", ""])
            continue
        best, value = (min if is_regression(task) else max)(others, key=lambda other: other[1])
        better = (value - mine["mean"]) * (1 if is_regression(task) else -1)
        error = mine["std"] / mine["n_folds"] ** 0.5  # of the mean over the folds
        verdict = "tied" if abs(better) < error else "won" if better > 0 else "lost"
        decimals = decimals_of([value, mine["mean"]])
        rival, margin = f"{best}: {value:.{decimals}f}", f"{verdict} ({better:+.{decimals}f})"
        rows.append([*cells, with_marks(mine, decimals), rival, margin])
    return to_markdown(["task", "recommended", "", "best other", "verdict (better by)"], rows)


def matbench(results):
    return {"matbench.md": scores_beside_public(load(results / "matbench"))}


def roost(results):
    found = load(results / "roost")
    return {"roost.md": [*scores_beside_public(found), gains(found, "roost-scratch")]}


def pretrained(results):
    found = load(results / "pretrained")
    smaller, larger, longest = (
        {each.name: each for each in load(results / "pretrained" / folder)}
        for folder in (".", "large", "long")
    )
    tuned, oqmd = larger[ENCODERS[0]], longest[OF_OQMD]
    return {
        "pretrained.md": [
            *scores_beside_public(found),
            gains(found, "scratch"),
            larger_tasks(tuned, larger["scratch"]),
            largest_tasks(longest.values()),
            means(smaller, larger, oqmd),
            verdicts(smaller, (tuned, oqmd)),
        ]
    }
