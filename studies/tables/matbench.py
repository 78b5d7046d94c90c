"""Models on Matbench beside public entries, and what pretraining gains."""

from pathlib import Path

import pandas as pd

from skmat.benchmark import compare_results, leaderboard, performance_gain
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from tables import (
    NAMES,
    PUBLISHED,
    decimals_of,
    frame_to_markdown,
    load_matbench,
    rows_to_markdown,
    to_markdown,
)

PUBLIC = {"CrabNet": "CrabNet", "MODNet_v0.1.12": "MODNet", "rf": "RF"}
BEST = "best composition-only"
#: Their materials have more elements than any that the default encoder has read.
ALLOYS = ("matbench_steels",)
#: Encoders whose means over ten tasks are shown; "auto" differs from the first on alloys.
ENCODERS = ("mtencoder-multi", "auto")
OF_OQMD = "mtencoder-oqmd-joint"
STRUCTURE, SUSPECT = "†", "‡"  # as the legend explains
LEGEND = (Path(__file__).parent / "legend.md").read_text(encoding="utf-8").strip()


def load(folder):
    """Return results by name, the best on most tasks last."""
    found = load_matbench(folder)
    ours = leaderboard(list(found.values())).query("is_ours")
    places = ours.groupby("task").cumcount().groupby(ours["algorithm"]).mean()
    return {name: found[name] for name in sorted(found, key=lambda name: -places[name])}


def is_regression(task):
    return MATBENCH_TASKS[task].kind == "regression"


def short(task, unit=""):
    return MATBENCH_TASKS[task].short_name + (f" ({unit})" if unit else "")


def fixed(decimals, *values):
    return [f"{value:.{decimals}f}" for value in values]


def with_marks(row, decimals):
    """Return mean and deviation over the folds, with the marks of the legend."""
    text = f"{row['mean']:.{decimals}f}"
    text += f" ± {row['std']:.{decimals}f}" if row["std"] == row["std"] else ""
    text += STRUCTURE * row["uses_structure"] + SUSPECT * row["suspect"]
    return text if row["n_folds"] == 5 else f"{text} ({row['n_folds']} folds)"


def best_of_formulas(entries):
    """Return the best public entry that reads the composition alone: one row or none."""
    left_out = entries["uses_structure"] | entries["suspect"] | entries["is_ours"]
    return entries[~left_out & (entries["algorithm"] != "dummy")].head(1)


def best_known(task):
    """Return the best model of formulas of others and its score, by the leaderboard and papers.

    Without any, the name is empty.
    """
    others = best_of_formulas(leaderboard(tasks=task))[["algorithm", "mean"]].to_numpy().tolist()
    papers = PUBLISHED["composition_only"]
    others += [papers[task]] if task in papers else []
    sign = 1 if is_regression(task) else -1  # of what is better
    return min(others, key=lambda other: sign * other[1], default=("", None))


def scores_beside_public(found):
    """Return the tables and the legend that all pages begin with."""
    rows, auc_rows = [], []
    for task, entries in leaderboard(list(found.values())).groupby("task", sort=False):
        unit, metric = MATBENCH_TASKS[task].unit, "balanced accuracy"
        if is_regression(task):
            metric = "MAE" if unit == "1" else f"MAE, {unit}"
        best = best_of_formulas(entries)
        shown = entries[entries["is_ours"] | entries["algorithm"].isin(PUBLIC)]
        decimals = decimals_of([*shown["mean"], *best["mean"]])
        cells = {row["algorithm"]: with_marks(row, decimals) for _, row in shown.iterrows()}
        cells = {PUBLIC.get(name, name): text for name, text in cells.items()}
        names = [f"{row['algorithm']}: {with_marks(row, decimals)}" for _, row in best.iterrows()]
        rows.append({"task": short(task, metric), BEST: "".join(names) or "none", **cells})
        if not is_regression(task):
            scores = [
                each.scores.groupby("task")["roc_auc"].get_group(task) for each in found.values()
            ]
            cells = [f"{s.mean():.4f} ± {s.std(ddof=0):.4f}" if s.any() else "" for s in scores]
            auc_rows.append([short(task), *cells])
    folds = [fold for results in found.values() for fold in results.folds]
    versions = {" ".join(fact) for fold in folds for fact in fold.versions.items()}
    return [
        rows_to_markdown(rows, ["task", *found, *PUBLIC.values(), BEST]),
        LEGEND,
        "ROC-AUC from probabilities, for which there are no public entries:",
        to_markdown(["task", *found], auc_rows),
        f"Run with: {', '.join(sorted(versions))}.",
    ]


def gains_over(results, scratch):
    """Return gains, and as text with the number of folds on which they are positive."""
    gain, wins = performance_gain(results, scratch), compare_results(results, scratch)["a_wins"]
    text = gain["gain"].map("{:+.1f}".format)
    for task, n in wins.items():
        text[task] += f" ({n} of {gain.loc[task, 'n_folds']} folds)"
    return gain, text


def gains(found, baseline):
    """Return a table of gains: each task, then mean and median over the tasks that a model has."""
    others = [name for name in found if name != baseline]
    text = pd.DataFrame({name: gains_over(found[name], found[baseline])[1] for name in others})
    text = text.rename(lambda row: short(row) if row in MATBENCH_TASKS else f"{row} of its tasks")
    return frame_to_markdown(text, "gain over scratch, %")


def rivals(task, decimals):
    """Return CrabNet's error and that of the best other model of formulas."""
    if not is_regression(task):
        return ["", ""]
    entries = leaderboard(tasks=task)
    best = best_of_formulas(entries).iloc[0]
    crabnet = entries.set_index("algorithm").loc["CrabNet", "mean"]
    crabnet, mean = fixed(decimals, crabnet, best["mean"])
    return [crabnet, f"{best['algorithm']}: {mean}"]


def larger_tasks(tuned, scratch):
    (gain, text), rows = gains_over(tuned, scratch), []
    for task in tuned.tasks:
        values = gain.loc[task, ["baseline", "model"]]
        decimals = decimals_of(values)
        cells = [short(task, MATBENCH_TASKS[task].unit), tuned.name, *fixed(decimals, *values)]
        rows.append([*cells, text[task], *rivals(task, decimals)])
    header = ["task", "encoder", "scratch", "pretrained", "gain, %", "CrabNet", BEST]
    return to_markdown(header, rows)


def largest_tasks(found):
    """Return a table of tasks on which no network from scratch was run."""
    rows = []
    for results in found:
        for task, row in results.summary().iterrows():
            decimals = decimals_of(results.scores.groupby("task")[row["metric"]].get_group(task))
            cells = [short(task, row["unit"] if is_regression(task) else "ROC-AUC"), results.name]
            cells += [*fixed(decimals, row["mean"]), row["n_folds"], *rivals(task, decimals)]
            rows.append(cells)
    return to_markdown(["task", "encoder", "pretrained", "folds", "CrabNet", BEST], sorted(rows))


def means(smaller, larger, longest):
    """Return a table of mean gains over scratch and over CrabNet."""
    crabnet = leaderboard().query("algorithm == 'CrabNet'").set_index("task")["mean"]
    errors = longest.scores.groupby("task")["mae"].mean().dropna()
    large, rows = performance_gain(larger[ENCODERS[0]], larger["scratch"]).iloc[:-2], []
    for name in ENCODERS:
        small = performance_gain(smaller[name], smaller["scratch"]).iloc[:-2]
        both = pd.concat([small, large])
        over = (100 * (1 - pd.concat([both["model"], errors]) / crabnet)).dropna()
        parts = [over[over.index.isin(each.index)] for each in (small, both, over)]
        values = [both["gain"].mean(), both["gain"].median(), *(part.mean() for part in parts)]
        rows.append([name, *(f"{value:+.1f}" for value in values)])
    first, *others = (f"{len(part)} tasks" for part in parts)
    words = [f"over scratch, {len(both)} tasks", "its median", f"over CrabNet, {first}"]
    return to_markdown(["mean gain, %", *words, *others], rows)


def verdicts(smaller, larger):
    """Return a table of one model per task, chosen by its kind, beside the best other model."""
    chosen = {task: results for results in larger for task in results.tasks}
    for task in smaller[ENCODERS[0]].tasks:
        averaged = not is_regression(task) or task in ALLOYS
        chosen[task] = smaller[NAMES["voting"] if averaged else ENCODERS[0]]
    rows = []
    for task in MATBENCH_TASKS:
        entries = leaderboard([chosen[task]], tasks=task)
        (_, mine), *_ = entries[entries["is_ours"]].iterrows()
        decimals, rival, margin = 4, "none", ""
        best, value = best_known(task)
        if best:
            sign = 1 if is_regression(task) else -1  # of what is better
            better = sign * (value - mine["mean"])
            error = mine["std"] / mine["n_folds"] ** 0.5  # of the mean over the folds
            verdict = "tied" if abs(better) < error else "won" if better > 0 else "lost"
            decimals = decimals_of([value, mine["mean"]])
            rival, margin = f"{best}: {value:.{decimals}f}", f"{verdict} ({better:+.{decimals}f})"
        ours = with_marks(mine, decimals)
        rows.append([short(task), chosen[task].name, ours, rival, margin])
    return to_markdown(["task", "by kind of task", "", "best other", "verdict (better by)"], rows)


def matbench(results):
    return {"matbench.md": scores_beside_public(load(results / "matbench"))}


def roost(results):
    found = load(results / "roost")
    return {"roost.md": [*scores_beside_public(found), gains(found, "roost-scratch")]}


def pretrained(results):
    smaller, larger, longest = (
        load(results / "pretrained" / folder) for folder in (".", "large", "long")
    )
    tuned, oqmd = larger[ENCODERS[0]], longest[OF_OQMD]
    parts = [
        *scores_beside_public(smaller),
        gains(smaller, "scratch"),
        larger_tasks(tuned, larger["scratch"]),
        largest_tasks(longest.values()),
        means(smaller, larger, oqmd),
        verdicts(smaller, (tuned, oqmd)),
    ]
    return {"pretrained.md": parts}
