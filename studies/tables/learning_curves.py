"""Losses by the number of labels, compared with those of all labels."""

import numpy as np
import pandas as pd
from learning_curves import DEFAULTS, MODELS, WHOLE
from matplotlib import pyplot as plt

from skmat.benchmark import MatbenchResults
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from tables import NAMES, frame_to_markdown, read, with_spread

LABELS = [NAMES.get(model, model) for model in MODELS]
#: Tasks by what is predicted of what.
KINDS = {
    "numbers of compounds": ("jdft2d", "phonons", "expt_gap", "dielectric"),
    "classes": ("expt_is_metal", "glass"),
    "alloys": ("steels",),
}
#: Models at today's defaults: what their table calls them, and their colours.
CALLED = {
    "auto-fast": "AutoRegressor or AutoClassifier, fast",
    "pretrained": "pretrained network",
    "scratch": "same network, random weights",
    "Magpie + forest": "Magpie + random forest",
    "ridge": "Magpie + linear model",
}
TITLES = {
    "expt_gap": "Measured band gaps",
    "steels": "Yield strengths of steels",
    "expt_is_metal": "Metal or not",
    "glass": "Forms a glass or not",
}
COLORS = dict(zip(CALLED.values(), ("#1f77b4", "#a8480f", "#e0a070", "0.45", "0.75"), strict=True))


def losses(results):
    """Return the losses after samples and after whole training sets, whose sizes differ."""
    _, table = read(results / "learning_curves.json")
    parts = [table.assign(labels=table["size"])]
    for model, (study, name) in WHOLE.items():
        part = MatbenchResults.load(results / study / f"{name}.json").scores
        part["task"] = part["task"].str.removeprefix("matbench_")
        part = part.merge(table[["task", "fold"]].drop_duplicates())
        part["loss"] = part["mae"].fillna(1 - part["roc_auc"])
        part["size"] = part.groupby("task")["n_train"].transform("min")
        parts.append(part.assign(model=model, labels=np.inf)[parts[0].columns])
    return pd.concat(parts, ignore_index=True).replace({"model": NAMES})


def by_size(table, models=LABELS):
    groups = table.groupby(["task", "size", "model"])["loss"]
    text = groups.agg(lambda part: with_spread(part.mean(), part.std(ddof=0), len(part)))
    text = text.unstack()[models]
    text.insert(0, "folds", table.groupby(["task", "size"])["fold"].nunique())
    return frame_to_markdown(text, "task", "labels")


def by_kind(table):
    means = table.pivot_table("loss", ["labels", "task"], "model")[LABELS]
    ratios = means.div(means["Magpie + forest"], axis=0).reset_index("task")
    parts = {"all": ratios}
    parts |= {kind: ratios[ratios["task"].isin(tasks)] for kind, tasks in KINDS.items()}
    groups = pd.concat(parts, names=["kind"]).groupby(["kind", "labels"], sort=False)
    text = groups[LABELS].agg(lambda part: f"{part.mean():.2f} ({(part < 1).sum()})")
    text.insert(0, "tasks", groups.size())
    text = text.rename(lambda n: "all" if n == np.inf else f"{n:.0f}", level="labels")
    return frame_to_markdown(text, "kind", "labels")


def draw(table):
    figure, axes = plt.subplots(2, 4, figsize=(12, 5.2), layout="constrained")
    for ax, (task, rows) in zip(axes.flat, table.groupby("task", sort=False), strict=False):
        for model, part in rows.groupby("model"):
            curve = part.groupby("size")["loss"].agg(["mean", lambda part: part.std(ddof=0)])
            ax.errorbar(curve.index, *curve.to_numpy().T, marker="o", label=model)
        ax.set(xscale="log", title=task)
        ax.xaxis.set_minor_formatter(lambda *_: "")
    axes[-1, -1].axis("off")
    lines = axes[0, 0].get_legend_handles_labels()
    axes[-1, -1].legend(*lines, loc="center", frameon=False, fontsize=9)
    figure.supxlabel("labels")
    figure.supylabel("MAE, or 1 - ROC-AUC")
    return figure


def measured(results):
    """Return the errors at today's defaults, of the draws of labels that all models have."""
    _, table = read(results / "learning_curves" / "measured.json")
    draws = ["task", "size", "fold"]
    table = table[table.groupby(draws)["model"].transform("nunique") == len(DEFAULTS)]
    return table.replace({"model": CALLED})


def draw_measured(table):
    """Draw a panel per task that was measured with several numbers of labels."""
    sizes = table.groupby("task", sort=False)["size"].nunique()
    tasks = sizes.index[sizes > 1]
    n_rows, n_columns = -(-len(tasks) // 2), min(2, len(tasks))
    panels = {"figsize": (9.4, 0.6 + 3.4 * n_rows), "squeeze": False, "layout": "constrained"}
    figure, axes = plt.subplots(n_rows, n_columns, **panels)
    axes = axes.ravel()
    for ax, task in zip(axes, tasks, strict=False):
        part = table[table["task"] == task]
        means = part.pivot_table("loss", "size", "model")
        for name, color in COLORS.items():
            is_ours = name == CALLED["auto-fast"]
            width, order = (2.6, 3) if is_ours else (1.8, 2)
            ax.plot(means[name], "o-", color=color, linewidth=width, zorder=order, label=name)
        info = MATBENCH_TASKS[f"matbench_{task}"]
        error = (
            f"mean absolute error [{info.unit}]" if info.kind == "regression" else "1 - ROC-AUC"
        )
        ax.set(xscale="log", title=TITLES[task], ylabel=error)
        ax.set(ylim=(0, None), xlabel="labels")
        ax.set_xticks(means.index, [f"{size:,}" for size in means.index])
        ax.minorticks_off()
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[len(tasks) :]:
        ax.remove()
    lines = axes[0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def learning_curves(results):
    table, today = losses(results), measured(results)
    parts = [
        "MAE, or 1 - ROC-AUC: mean and deviation over the folds",
        by_size(table),
        "Ratio of the loss to the forest's: mean of the tasks, and on how many it is less than 1",
        by_kind(table),
    ]
    versions = sorted({fact for row in today["versions"] for fact in row.split(", ")})
    parts_today = [by_size(today, list(COLORS)), f"Run with: {', '.join(versions)}."]
    return {
        "learning_curves.md": parts,
        "learning_curves.png": draw(table),
        "learning_curves_measured.md": parts_today,
        "learning_curves_measured.png": draw_measured(today),
    }
