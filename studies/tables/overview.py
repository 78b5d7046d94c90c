"""Matbench in one picture and one table: ours, trees on Magpie features and the best of others."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt

from skmat.benchmark import leaderboard
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from tables import decimals_of, rows_to_markdown
from tables.auto import ARMS, folds_of, load, older, scores_of, spread
from tables.matbench import best_known, is_regression, short

LEGEND = (
    "Mean and standard deviation over the official folds. There are five where no other number is"
    " given. Less is better for MAE, more for balanced accuracy. All models read the composition"
    ' alone. "Auto" is AutoRegressor or AutoClassifier with `preset="medium"`. Its encoders have'
    " learned labels of the three largest tasks. It was run on `mp_is_metal` alone of them, from"
    ' other encoders and with `time_limit=2700`. The column after it compares it with "fine-tuned"'
    ' on the folds that both have. Errors of balanced accuracy are 1 minus it. "Fine-tuned" is one'
    ' network of `pretrained="auto"`, which means random weights for `steels`. On the three'
    " largest tasks it starts from `mtencoder-oqmd-joint` and learns for 60 epochs. The best of"
    " others is that of the public leaderboard and of papers. Where no forest was run, its column"
    " has gradient boosting."
)
#: Files of single models, below the folder "pretrained" of the results.
FILES = {
    "fine-tuned": ARMS["fine-tuned"],
    "forest": ["../matbench/magpie-forest"],
    "boosting": ["../matbench/magpie-boosting"],
}
#: Columns of the table that are ours.
SHOWN = ("Auto", "fine-tuned")
CUT, EMPTY = "Auto cuts errors by", pd.Series(dtype=float)
#: The first that a task has is in the picture.
OURS, TREES = ("Auto", "fine-tuned"), ("forest", "boosting")
BLUE, BROWN, GREY = "#1f77b4", "#a8480f", "0.35"
#: Words on white ground, so that no line runs through them.
GROUND = {"facecolor": "white", "edgecolor": "none", "pad": 1}


def read_scores(results):
    """Return tables of scores by task and fold, by the name of the model."""
    found = {name: older(results, files) for name, files in FILES.items()}
    if (results / "auto.json").exists():
        # Models of other names are the same with a time limit, on other tasks.
        found["Auto"] = pd.concat(map(scores_of, load(results).values()))
    columns = ["mae", "balanced_accuracy"]
    return {name: table.reindex(columns=columns) for name, table in found.items()}


def metric_of(task):
    return ("mae", "MAE") if is_regression(task) else ("balanced_accuracy", "balanced accuracy")


def first_of(names, found, task):
    """Return the first of `names` that was run on the task, and its scores by fold."""
    for name in names:
        if name in found and len(scores := folds_of(found[name], task, metric_of(task)[0])):
            return name, scores
    return names[-1], EMPTY


def shortened(name):
    """Return the name of a public entry without its version."""
    return name.split("_")[0]


def as_errors(task, scores):
    return scores if is_regression(task) else 1 - scores


def relative_errors(results):
    """Return a row per task: our error and the best of others, over those of trees on Magpie.

    Ours and those of trees are means over the folds that both have. Others have all folds.
    """
    found, rows = read_scores(results), []
    for task in MATBENCH_TASKS:
        kind, trees = first_of(TREES, found, task)
        name, scores = first_of(OURS, found, task)
        trees, scores = as_errors(task, trees), as_errors(task, scores)
        rival, value = best_known(task)
        rows.append({
            "task": short(task),
            "reference": kind,
            "ours": name,
            "our_error": scores.mean() / trees[scores.index].mean(),
            "rival": shortened(rival),
            "rival_error": as_errors(task, value) / trees.mean() if rival else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def draw(results):
    """Draw a line per task, from our error to that of the best other model."""
    table = relative_errors(results)
    figure, ax = plt.subplots(figsize=(7, 6), layout="constrained")
    ax.axvline(1, color=GREY, linewidth=1)
    for y, row in table.iterrows():
        mine, other = (row["our_error"], row["ours"]), (row["rival_error"], row["rival"])
        ax.plot([mine[0], other[0]], [y, y], color="0.75", linewidth=2, zorder=1)
        if not row["rival"]:
            other = (mine[0], "no other model")
        mine_is_left = mine[0] < other[0]
        for (x, words), color, is_left in (
            (other, BROWN if row["rival"] else GREY, not mine_is_left),
            (mine, BLUE, mine_is_left),
        ):
            ax.plot(x, y, "o", color=color, markersize=7)
            ax.annotate(
                words,
                (x, y),
                (-7 if is_left else 7, 0),
                textcoords="offset points",
                ha="right" if is_left else "left",
                va="center",
                fontsize=10,
                fontweight="bold" if color == BLUE else "normal",
                color=color,
                bbox=GROUND,
            )
    are_boosted = table["reference"] == "boosting"
    names = table["task"].where(~are_boosted, table["task"] + " (of boosting)")
    ax.set_yticks(table.index, names, fontsize=10)
    ax.invert_yaxis()
    ax.margins(x=0.22, y=0.04)
    ax.set_xlabel("error relative to a forest on Magpie features: left is better")
    above = ax.get_xaxis_transform()
    ax.text(1, 1.01, "Magpie + forest", color=GREY, fontsize=10, ha="center", transform=above)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return figure


def cut_text(ours, theirs):
    """Return by how many per cent ours are below theirs, on the folds that both have."""
    pairs = pd.concat([ours, theirs], axis=1, join="inner").mean()
    return f"{100 * (1 - pairs.iloc[0] / pairs.iloc[1]):.0f} %" if pairs.notna().all() else ""


def table_of(results):
    """Return a table of a row per task."""
    found, rows = read_scores(results), []
    crabnet = leaderboard().query("algorithm == 'CrabNet'").set_index("task")["mean"]
    for task in MATBENCH_TASKS:
        metric, called = metric_of(task)
        ours = {name: folds_of(found[name], task, metric) for name in SHOWN if name in found}
        kind, trees = first_of(TREES, found, task)
        others = {"CrabNet": ("", crabnet.get(task)), "best of others": best_known(task)}
        others = {column: rival for column, rival in others.items() if rival[1] is not None}
        means = [each.mean() for each in (*ours.values(), trees) if len(each)]
        decimals = decimals_of([*means, *(value for _, value in others.values())])
        unit = MATBENCH_TASKS[task].unit
        label = f"{called}, {unit}" if metric == "mae" and unit != "1" else called
        texts = {name: spread(scores, decimals) for name, scores in ours.items()}
        texts["Magpie + forest"] = "boosting: " * (kind == "boosting") + spread(trees, decimals)
        texts[CUT] = cut_text(*(as_errors(task, ours.get(name, EMPTY)) for name in SHOWN))
        for column, (name, value) in others.items():
            texts[column] = (f"{shortened(name)}: " if name else "") + f"{value:.{decimals}f}"
        rows.append({"task": short(task, label), "best of others": "none", **texts})
    columns = ["task", SHOWN[0], CUT, *SHOWN[1:], "Magpie + forest", "CrabNet", "best of others"]
    return rows_to_markdown(rows, columns)


def overview(results):
    return {"matbench.png": draw(results), "overview.md": [table_of(results), LEGEND]}
