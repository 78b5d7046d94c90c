"""What pretraining is worth: by what was learned, and by the distance from it."""

import json

import pandas as pd
from matplotlib import pyplot as plt
from pretraining import GROUPS, SCRATCH, family_of

from skmat.benchmark import MatbenchResults, performance_gain
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from tables import PUBLISHED, read, to_markdown, with_spread

WORDS = {
    "e_form": "formation energy", "energy_pa": "energy per atom",
    "volume_pa": "volume per atom", "band_gap": "band gap",
}  # fmt: skip
ENCODER = "mtencoder-multi"


def load(folder):
    return {path.stem: MatbenchResults.load(path) for path in sorted(folder.glob("*.json"))}


def strategies(gains):
    """Return a table of mean gains by property, beside those of the paper."""
    rows = [
        [WORDS[name]]
        + [
            f"{gains[each]['mean']:+.1f}"
            for each in ("mem", f"supervised-{name}", f"joint-{name}")
        ]
        + [f"{value:+.1f}" for value in PUBLISHED["prein_2023_table_1"][name]]
        for name in WORDS
    ]
    words = ["masked elements", "supervised", "joint"]
    return to_markdown(["property", *words, *(f"{word} (paper)" for word in words)], rows)


def losses(found, gains, names):
    """Return a table of losses per task, and of the gains."""
    names = [SCRATCH[family_of(names[0])], *names]
    summaries = [found[name].summary() for name in names]
    tasks = [task for task in summaries[0].index if all(task in each.index for each in summaries)]
    header = [
        MATBENCH_TASKS[task].short_name + (" (one fold)" if n_folds == 1 else "")
        for task, n_folds in summaries[0].loc[tasks, "n_folds"].items()
    ]
    rows = []
    for name, summary in zip(names, summaries, strict=True):
        columns = summary.loc[tasks, ["mean", "std", "n_folds"]].itertuples(index=False)
        rows.append([name, *(with_spread(*each) for each in columns)])
        rows[-1] += [f"{gains[name][w]:+.1f}" if name in gains else "" for w in ("mean", "median")]
    return to_markdown(["encoder", *header, "mean gain, %", "median gain, %"], rows)


def draw_masking(gains):
    ratios = {0.1: "mem-0.1", 0.3: "mem", 0.6: "mem-0.6", 0.9: "mem-0.9"}
    figure, ax = plt.subplots(figsize=(5, 4), layout="constrained")
    for row in ("mean", "median"):
        ax.plot(list(ratios), [gains[name][row] for name in ratios.values()], "o-", label=row)
    ax.set(xlabel="probability that an element is masked", ylabel="gain over scratch, %")
    ax.legend(frameon=False)
    return figure


def validated_gains(figures):
    """Return gains on validation rows of the largest tasks, after 60 epochs, in per cent."""
    found = {}
    for key, scratch in figures["scratch"].items():
        task, _, epochs = key.split(", ")
        others = [each[key] for name, each in figures.items() if name != "scratch" and key in each]
        if task.startswith("mp_") and epochs == "60 epochs" and others:
            found[task] = 100 * (1 - others[0]["0"] / scratch["0"])
    return found


def draw_distances(results):
    _, distances = read(results / "distances.json")
    x_of = distances.set_index("task")["distance"]
    parts = [load(results / "pretrained" / folder) for folder in (".", "large")]
    parts = [performance_gain(part[ENCODER], part["scratch"])["gain"] for part in parts]
    gain = pd.concat([part.drop(["mean", "median"]) for part in parts])
    gain.index = gain.index.str.removeprefix("matbench_")
    figure, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
    ax.plot(x_of[gain.index], gain, "o", color="C0", label=ENCODER)
    near = {"fontsize": 7, "xytext": (4, -9), "textcoords": "offset points"}
    for task, value in gain.items():
        ax.annotate(task, (x_of[task], value), **near)
    for task, value in validated_gains(json.loads((results / "epochs.json").read_text())).items():
        ax.plot(x_of[task], value, "s", color="C0", fillstyle="none")
        ax.annotate(f"{task} (validation)", (x_of[task], value), **near)
    ax.axhline(0, color="0.7", linewidth=1)
    ax.set(xlabel="distance from OQMD (places on the scale)", ylabel="gain over scratch, %")
    ax.margins(x=0.12)
    ax.legend(frameon=False, fontsize=8)
    return figure


def pretraining(results):
    found = load(results / "pretraining")
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
