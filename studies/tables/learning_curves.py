"""Losses by the number of labels, beside those with all labels."""

import numpy as np
import pandas as pd
from learning_curves import MODELS
from matplotlib import pyplot as plt

from skmat.benchmark import MatbenchResults
from tables import read, to_markdown, with_spread

#: Where the models' losses with all labels are.
WHOLE = {
    "Magpie + forest": "matbench/magpie-forest",
    "scratch": "pretrained/scratch",
    "pretrained": "pretrained/mtencoder-multimodal",
    "frozen": "pretrained/frozen",
    "voting": "pretrained/voting",
}
#: Tasks by what is predicted of what.
KINDS = {
    "numbers of compounds": ("jdft2d", "phonons", "expt_gap", "dielectric"),
    "classes": ("expt_is_metal", "glass"),
    "alloys": ("steels",),
}
FOREST = "Magpie + forest"


def losses(results):
    """Return the losses after samples and after whole training sets."""
    _, table = read(results / "learning_curves.json")
    parts = [table]
    for model, file in WHOLE.items():
        part = MatbenchResults.load(results / f"{file}.json").scores
        part["task"] = part["task"].str.removeprefix("matbench_")
        part = part.merge(table[["task", "fold"]].drop_duplicates())
        part["loss"] = part["mae"].fillna(1 - part["roc_auc"])
        part["size"] = part.groupby("task")["n_train"].transform("min")
        parts.append(part.assign(model=model)[table.columns])
    return pd.concat(parts, ignore_index=True)


def by_size(table):
    grouped = table.groupby(["task", "size", "model"])["loss"]
    mean, spread = grouped.mean().unstack()[list(MODELS)], grouped.std(ddof=0).unstack()
    folds = table.groupby(["task", "size"])["fold"].nunique()
    if grouped.size().unstack().ne(folds, axis=0).any(axis=None):
        raise SystemExit("Not all models were fitted on the same folds; run learning_curves.")
    rows = [
        [*map(str, index), str(folds[index])]
        + [with_spread(mean.loc[index, m], spread.loc[index, m], folds[index]) for m in MODELS]
        for index in mean.index
    ]
    ratios = mean.div(mean[FOREST], axis=0).reset_index()
    # Whole training sets differ in size.
    whole = ratios["size"] == ratios.groupby("task")["size"].transform("max")
    ratios["size"] = ratios["size"].astype(float).mask(whole, np.inf)
    return [
        "MAE, or 1 - ROC-AUC: mean and deviation over the folds",
        to_markdown(["task", "labels", "folds", *MODELS], rows),
        "Ratio of the loss to the forest's: mean of the tasks, and on how many it is less than 1",
        to_markdown(["kind", "labels", "tasks", *MODELS], by_kind(ratios)),
    ]


def by_kind(ratios):
    rows = []
    for kind, tasks in {"all": set(ratios["task"]), **KINDS}.items():
        for size, part in ratios[ratios["task"].isin(tasks)].groupby("size"):
            cells = [f"{part[m].mean():.2f} ({(part[m] < 1).sum()})" for m in MODELS]
            rows.append([kind, "all" if size == np.inf else f"{size:.0f}", str(len(part)), *cells])
    return rows


def draw(table):
    tasks = list(dict.fromkeys(table["task"]))
    n_columns = min(4, len(tasks))
    n_rows = -(-len(tasks) // n_columns)
    size = (3 * n_columns, 2.6 * n_rows)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=size, layout="constrained")
    for ax, task in zip(np.ravel(axes), tasks, strict=False):
        for model, rows in table[table["task"] == task].groupby("model"):
            groups = rows.groupby("size")["loss"]
            curve = groups.mean()
            ax.errorbar(curve.index, curve, groups.std(ddof=0), marker="o", label=model)
        ax.set(xscale="log", title=task)
        ax.xaxis.set_minor_formatter(lambda *_: "")
    np.ravel(axes)[0].legend(frameon=False, fontsize=8)
    for ax in np.ravel(axes)[len(tasks) :]:
        ax.axis("off")
    figure.supxlabel("labels")
    figure.supylabel("MAE, or 1 - ROC-AUC")
    return figure


def learning_curves(results):
    table = losses(results)
    return {"learning_curves.md": by_size(table), "learning_curves.png": draw(table)}
