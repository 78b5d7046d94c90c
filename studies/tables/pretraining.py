"""What pretraining is worth: by what was learned, and by the distance from it."""

import json

import pandas as pd
from matplotlib import pyplot as plt
from pretraining import GROUPS, SCRATCH, family_of

from skmat.benchmark import performance_gain
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from tables import PUBLISHED, load_matbench, read, rows_to_markdown, to_markdown, with_spread

WORDS = {
    "e_form": "formation energy", "energy_pa": "energy per atom",
    "volume_pa": "volume per atom", "band_gap": "band gap",
}  # fmt: skip
ENCODER = "mtencoder-multi"


def strategies(gains):
    """Return a table of mean gains by property, beside those of the paper."""
    rows = []
    for name, words in WORDS.items():
        ours = [gains[each]["mean"] for each in ("mem", f"supervised-{name}", f"joint-{name}")]
        values = [*ours, *PUBLISHED["prein_2023_table_1"][name]]
        rows.append([words, *(f"{value:+.1f}" for value in values)])
    words = ["masked elements", "supervised", "joint"]
    return to_markdown(["property", *words, *(f"{word} (paper)" for word in words)], rows)


def losses(found, gains, names):
    """Return a table of losses per task, and of the gains."""
    rows = []
    for name in [SCRATCH[family_of(names[0])], *names]:
        row = {"encoder": name}
        for task, result in found[name].summary().loc[found[names[-1]].tasks].iterrows():
            task = MATBENCH_TASKS[task].short_name + " (one fold)" * (result["n_folds"] == 1)
            row[task] = with_spread(*result[["mean", "std", "n_folds"]])
        if name in gains:
            row |= {f"{word} gain, %": f"{gains[name][word]:+.1f}" for word in ("mean", "median")}
        rows.append(row)
    return rows_to_markdown(rows)


def draw_masking(gains):
    ratios = {0.1: "mem-0.1", 0.3: "mem", 0.6: "mem-0.6", 0.9: "mem-0.9"}
    figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
    for row in ("mean", "median"):
        ax.plot(list(ratios), [gains[name][row] for name in ratios.values()], "o-", label=row)
    ax.set(xlabel="probability that an element is masked", ylabel="gain over scratch, %")
    ax.legend(frameon=False)
    return figure


def validated_gains(results):
    """Return gains on validation rows of the largest tasks, after 60 epochs, in per cent."""
    figures, found = json.loads((results / "epochs.json").read_text()), {}
    for key, scratch in figures.pop("scratch").items():
        task, _, epochs = key.split(", ")
        others = [each[key] for each in figures.values() if key in each]
        if task.startswith("mp_") and epochs == "60 epochs" and others:
            found[task] = 100 * (1 - others[0]["0"] / scratch["0"])
    return found


def draw_distances(results):
    _, distances = read(results / "distances.json")
    distances = distances.set_index("task")["distance"]
    figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")

    def draw(gains, words="", **style):
        gains = pd.Series(gains)
        x = distances[gains.index]
        ax.plot(x, gains, color="C0", linestyle="none", **style)
        for task in gains.index:
            xy = x[task], gains[task]
            ax.annotate(task + words, xy, (4, -9), textcoords="offset points", fontsize=7)

    parts = [load_matbench(results / "pretrained" / folder) for folder in (".", "large")]
    gains = [performance_gain(part[ENCODER], part["scratch"])["gain"].iloc[:-2] for part in parts]
    gains = pd.concat(gains).rename(lambda task: task.removeprefix("matbench_"))
    draw(gains, marker="o", label=ENCODER)
    draw(validated_gains(results), " (validation)", marker="s", fillstyle="none")
    ax.axhline(0, color="0.7", linewidth=1)
    ax.set(xlabel="distance from OQMD (places on the scale)", ylabel="gain over scratch, %")
    ax.margins(x=0.12)
    ax.legend(frameon=False, fontsize=8)
    return figure


def pretraining(results):
    found = load_matbench(results / "pretraining")
    gains = {
        name: performance_gain(each, found[SCRATCH[family_of(name)]])["gain"]
        for name, each in found.items()
        if name not in SCRATCH.values()
    }
    parts = ["Mean gain over a network from scratch, %:", strategies(gains)]
    for group, names in GROUPS.items():
        parts += [f"**{group}**", losses(found, gains, names)]
    return {"pretraining.md": parts, "masking.png": draw_masking(gains)}


def distances(results):
    return {"gain_and_distance.png": draw_distances(results)}
