"""Tables and pictures of the studies of pretraining.

Reads benchmarks/results/studies/, pretrained/, learning_curves.json and distances.json, and writes
benchmarks/results/studies.md, learning_curves.md, gain_and_distance.png, masking.png and
learning_curves.png. Nothing is trained. ``--distances`` measures the distances first, which takes
the package ElMD and minutes.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from matbench_table import LARGE, to_markdown
from studies import ENCODERS, OQMD, SCRATCH, STUDIES

from skmat.benchmark import MatbenchResults, performance_gain
from skmat.datasets._matbench_tasks import MATBENCH_TASKS

RESULTS = Path(__file__).parent / "results"
#: Mean gains over 13 tasks in percent, table 1 of Prein et al. (2023).
PAPER = {
    "e_form": (7.15, 8.50, 11.26),
    "energy_pa": (7.11, 7.48, 10.34),
    "volume_pa": (7.00, 5.72, 8.28),
    "band_gap": (7.05, 4.16, 8.10),
}
#: Models of the learning curves, in the order of the columns, and where their official folds are.
CURVES = {
    "Magpie + forest": "matbench/magpie-forest",
    "scratch": "pretrained/scratch",
    "pretrained": "pretrained/mtencoder-multimodal",
    "frozen": "pretrained/frozen",
    "voting": "pretrained/voting",
}
#: Tasks of the learning curves by what is predicted of what.
KINDS = {
    "numbers of compounds": ("jdft2d", "phonons", "expt_gap", "dielectric"),
    "classes": ("expt_is_metal", "glass"),
    "alloys": ("steels",),
}
WORDS = {
    "e_form": "formation energy",
    "energy_pa": "energy per atom",
    "volume_pa": "volume per atom",
    "band_gap": "band gap",
}


def load(folder):
    paths = (RESULTS / folder).glob("*.json")
    return {path.stem: MatbenchResults.load(path) for path in sorted(paths)}


def scratch_of(name):
    """Return the name of the network from scratch that an encoder is compared with."""
    return SCRATCH[ENCODERS[name].family if name in ENCODERS else "mtencoder"]


def gains(found, name):
    """Return the gains over a network from scratch, None if one of the two is missing."""
    scratch = scratch_of(name)
    if name not in found or scratch not in found:
        return None
    return performance_gain(found[name], found[scratch])["gain"]


def with_spread(mean, spread, n_folds):
    """Return a mean with the deviation over the folds, if there are several."""
    return f"{mean:.4g}" + (f" ± {spread:.2g}" if n_folds > 1 else "")


def percent(value):
    return "" if value is None else f"{value:+.1f}"


def strategies(found):
    rows = []
    for name in OQMD:
        ours = [gains(found, each) for each in ("mem", f"supervised-{name}", f"joint-{name}")]
        cells = [percent(None if g is None else g["mean"]) for g in ours]
        rows.append([WORDS[name], *cells, *(f"{value:+.1f}" for value in PAPER[name])])
    header = ["property", "masked elements", "supervised", "joint"]
    return to_markdown([*header, *(f"{word} (paper)" for word in header[1:])], rows)


def details(found, names):
    """Return a table of losses per task, and of the gains."""
    names = [name for name in names if gains(found, name) is not None]
    if not names:
        return "Not run yet."
    scratch = scratch_of(names[0])
    tasks = [task for task in found[scratch].tasks if all(task in found[n].tasks for n in names)]
    rows = []
    for name in [scratch, *names]:
        cells = []
        for task in tasks:
            metric = "mae" if MATBENCH_TASKS[task].kind == "regression" else "roc_auc"
            values = found[name].scores.query("task == @task")[metric]
            cells.append(with_spread(values.mean(), values.std(ddof=0), len(values)))
        gain = None if name == scratch else gains(found, name)
        cells += ["", ""] if gain is None else [percent(gain["mean"]), percent(gain["median"])]
        rows.append([name, *cells])
    n_folds = found[scratch].scores["task"].value_counts()
    header = [
        MATBENCH_TASKS[task].short_name + (" (one fold)" if n_folds[task] == 1 else "")
        for task in tasks
    ]
    return to_markdown(["encoder", *header, "mean gain, %", "median gain, %"], rows)


def measure_distances():
    from skmat.benchmark import dataset_distance
    from skmat.datasets import fetch_matbench, fetch_oqmd

    corpus = fetch_oqmd().data
    found = {}
    for task in MATBENCH_TASKS:
        distance = dataset_distance(fetch_matbench(task).data, corpus)
        found[task] = {key: float(value) for key, value in distance.items()}
        print(task, found[task])
    (RESULTS / "distances.json").write_text(json.dumps(found, indent=1) + "\n")


def validated_gains():
    """Return gains on validation rows of the largest tasks, after the most epochs, in per cent."""
    figures = json.loads((RESULTS / "epochs.json").read_text())
    found = {}
    for key, scratch in figures["scratch"].items():
        task, _, epochs = key.split(", ")
        tuned = [figures[source][key] for source in figures if key in figures[source]]
        if task.startswith("mp_") and epochs == "60 epochs" and len(tuned) > 1:
            (other,) = (each for each in tuned if each is not scratch)
            found[task] = 100 * (1 - other["0"] / scratch["0"])
    return found


def draw_distances(plt):
    path = RESULTS / "distances.json"
    if not path.exists():
        return
    distances = json.loads(path.read_text())
    figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    name = "mtencoder-multi"
    parts = [gains(load(f"pretrained/{folder}"), name) for folder in ("", LARGE)]
    gain = pd.concat([part.drop(["mean", "median"]) for part in parts])
    x = [distances[task]["distance"] for task in gain.index]
    ax.plot(x, gain, "o", color="C0", label=name)
    near = {"fontsize": 7, "xytext": (4, -9), "textcoords": "offset points"}
    for task, *place in zip(gain.index, x, gain, strict=True):
        ax.annotate(MATBENCH_TASKS[task].short_name, place, **near)
    for task, gain in validated_gains().items():
        x = distances[f"matbench_{task}"]["distance"]
        ax.plot(x, gain, "s", color="C0", fillstyle="none")
        ax.annotate(f"{task} (validation)", (x, gain), **near)
    ax.axhline(0, color="0.7", linewidth=1)
    ax.set(xlabel="distance from OQMD (places on the scale)", ylabel="gain over scratch, %")
    ax.margins(x=0.12)
    ax.legend(frameon=False, fontsize=8)
    figure.savefig(RESULTS / "gain_and_distance.png", dpi=120)


def draw_masking(found, plt):
    ratios = {0.3: "mem"} | {r: f"mem-{r}" for r in (0.1, 0.6, 0.9)}
    points = {r: gains(found, name) for r, name in sorted(ratios.items())}
    if any(gain is None for gain in points.values()):
        return
    figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
    for row in ("mean", "median"):
        ax.plot(list(points), [gain[row] for gain in points.values()], "o-", label=row)
    ax.set(xlabel="probability that an element is masked", ylabel="gain over scratch, %")
    ax.legend(frameon=False)
    figure.savefig(RESULTS / "masking.png", dpi=120)


def read_learning_curves():
    """Return the losses of samples, and of whole training sets from the runs of Matbench."""
    path = RESULTS / "learning_curves.json"
    if not path.exists():
        return None
    table = pd.DataFrame(json.loads(path.read_text()))
    rows = []
    for model, file in CURVES.items():
        scores = MatbenchResults.load(RESULTS / f"{file}.json").scores
        scores["task"] = [MATBENCH_TASKS[task].short_name for task in scores["task"]]
        for task, part in scores[scores["task"].isin(table["task"])].groupby("task"):
            folds = set(table.loc[table["task"] == task, "fold"])
            part = part[part["fold"].isin(folds)]
            is_regression = MATBENCH_TASKS[f"matbench_{task}"].kind == "regression"
            losses = part["mae"] if is_regression else 1 - part["roc_auc"]
            shared = {"task": task, "model": model, "size": part["n_train"].min()}
            rows += [
                {**shared, "fold": fold, "loss": loss}
                for fold, loss in zip(part["fold"], losses, strict=True)
            ]
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True)


def learning_curves(table):
    """Return a table of losses by task and number of labels, and one of ratios to the forest."""
    models = [name for name in CURVES if name in set(table["model"])]
    grouped = table.groupby(["task", "size", "model"])["loss"]
    mean, spread = grouped.mean().unstack(), grouped.std(ddof=0).unstack()
    folds = table.groupby(["task", "size"])["fold"].nunique()
    if grouped.size().unstack().ne(folds, axis=0).any(axis=None):
        raise SystemExit("Not all models were fitted on the same folds; run learning_curves.py.")
    rows = [
        [
            *map(str, index),
            str(folds[index]),
            *(with_spread(mean.loc[index, m], spread.loc[index, m], folds[index]) for m in models),
        ]
        for index in mean.index
    ]
    ratios = mean.div(mean["Magpie + forest"], axis=0).reset_index()
    # Whole training sets differ in size.
    whole = ratios["size"] == ratios.groupby("task")["size"].transform("max")
    ratios["size"] = ratios["size"].mask(whole, "all")
    return [
        "MAE, or 1 - ROC-AUC: mean and deviation over the folds",
        to_markdown(["task", "labels", "folds", *models], rows),
        "Ratio of the loss to the forest's: mean of the tasks, and on how many it is less than 1",
        to_markdown(["kind", "labels", "tasks", *models], compared_by_kind(ratios, models)),
    ]


def compared_by_kind(ratios, models):
    """Return rows of mean ratios, of all tasks and of each kind of them, by number of labels."""
    tasks = set(ratios["task"])
    if left_out := tasks.difference(*KINDS.values()):
        raise SystemExit(f"KINDS does not say what {sorted(left_out)} are.")
    rows = []
    for kind, of_kind in {"all": tasks, **KINDS}.items():
        chosen = ratios[ratios["task"].isin(of_kind)]
        sizes = chosen["size"].unique()
        for size in sorted(sizes, key=lambda size: float("inf") if size == "all" else size):
            part = chosen[chosen["size"] == size]
            cells = [f"{part[m].mean():.2f} ({(part[m] < 1).sum()})" for m in models]
            rows.append([kind, str(size), str(len(part)), *cells])
    return rows


def draw_learning_curves(table, plt):
    tasks = list(dict.fromkeys(table["task"]))
    n_columns = min(4, len(tasks))
    n_rows = -(-len(tasks) // n_columns)
    size = (3 * n_columns, 2.6 * n_rows)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=size, layout="constrained")
    for ax, task in zip(np.ravel(axes), tasks, strict=False):
        for model, rows in table[table["task"] == task].groupby("model"):
            groups = rows.groupby("size")["loss"]
            curve, spread = groups.mean(), groups.std(ddof=0)
            ax.errorbar(curve.index, curve, spread, marker="o", label=model)
        ax.set(xscale="log", title=task)
        ax.xaxis.set_minor_formatter(lambda *_: "")
    np.ravel(axes)[0].legend(frameon=False, fontsize=8)
    for ax in np.ravel(axes)[len(tasks) :]:
        ax.axis("off")
    figure.supxlabel("labels")
    figure.supylabel("MAE, or 1 - ROC-AUC")
    figure.savefig(RESULTS / "learning_curves.png", dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--distances", action="store_true", help="measure them first")
    if parser.parse_args().distances:
        measure_distances()
    import matplotlib.pyplot as plt

    found = load("studies")
    parts = ["Mean gain over a network from scratch, %:", strategies(found)]
    for study, names in STUDIES.items():
        parts += [f"**{study}**", details(found, names)]
    (RESULTS / "studies.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    draw_distances(plt)
    draw_masking(found, plt)
    curves = read_learning_curves()
    if curves is not None:
        lines = "\n\n".join(learning_curves(curves))
        (RESULTS / "learning_curves.md").write_text(lines + "\n", encoding="utf-8")
        draw_learning_curves(curves, plt)


if __name__ == "__main__":
    main()
