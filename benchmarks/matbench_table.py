"""Tables of baselines and of encoders on Matbench, beside entries of the public leaderboard.

Reads the results in benchmarks/results/matbench/, pretrained/ and roost/ (files of
``MatbenchResults.save_scores``) and writes matbench.md, pretrained.md and roost.md beside these
folders; the last two also say what pretraining gains over a network from scratch, and the second
what it gains over CrabNet. Nothing is trained.
"""

import math
from pathlib import Path

import pandas as pd

from skmat.benchmark import MatbenchResults, compare, leaderboard, performance_gain
from skmat.datasets._matbench_tasks import MATBENCH_TASKS

RESULTS = Path(__file__).parent / "results"
PUBLIC = {"CrabNet": "CrabNet", "MODNet_v0.1.12": "MODNet", "rf": "RF"}
BEST = "best composition-only"
#: Composition-only models that are not on the leaderboard: MAE or balanced accuracy, mean over the
#: official folds. "ICL-FM": TabPFN on descriptors (Li et al., arXiv 2601.00133, as a reproduction
#: quotes it). "MatterVial": descriptors and latents of Roost (Gouvea et al., arXiv 2509.03547).
LITERATURE = {
    "matbench_steels": ("ICL-FM", 83.6),
    "matbench_jdft2d": ("ICL-FM", 44.74),
    "matbench_phonons": ("ICL-FM", 41.95),
    "matbench_expt_gap": ("MatterVial", 0.290),
    "matbench_expt_is_metal": ("MatterVial", 0.931),
    "matbench_glass": ("MatterVial", 0.850),
}
RECIPE = "voting"
#: By folder below results/pretrained, the encoder that stands for those that were not run there.
#: The teacher of the default encoder has learned the labels of "large", the two moduli, and the
#: encoder that it goes on from those of "largest": gaps, metals and formation energies.
LARGER = {
    "large": "mtencoder-multi",
    "perovskites": "mtencoder-multimodal",
    "largest": "mtencoder-oqmd-joint",
}
#: Encoders whose means over all tasks are shown; "auto" is the last but on alloys.
SMALLER = ("mtencoder-multi", "mtencoder-multimodal", "auto")
STRUCTURE, SUSPECT = "†", "‡"


def load(folder):
    """Return all results, the best on most tasks last, the dummy first."""
    found = [MatbenchResults.load(path) for path in sorted(folder.glob("*.json*"))]
    if not found:
        raise SystemExit(f"There are no results in {folder}; run benchmarks/matbench.py first.")
    table = leaderboard(found)
    places = table[table["is_ours"]].groupby("task").cumcount()
    mean_place = places.groupby(table["algorithm"]).mean()
    return sorted(found, key=lambda results: -mean_place[results.name])


def describe(row, decimals):
    """Return mean and deviation over folds, with the marks of the legend."""
    text = f"{row['mean']:.{decimals}f}"
    if not math.isnan(row["std"]):
        text += f" ± {row['std']:.{decimals}f}"
    text += STRUCTURE if row["uses_structure"] else ""
    text += SUSPECT if row["suspect"] else ""
    return text if row["n_folds"] == 5 else f"{text} ({row['n_folds']} folds)"


def n_decimals(values):
    """Return how many decimals show the smallest of `values` with three digits."""
    return max(0, 2 - math.floor(math.log10(min(values))))


def best_of_formulas(entries):
    """Return the best public entry that sees the composition alone: a table of one row or none."""
    left_out = entries["uses_structure"] | entries["suspect"] | entries["is_ours"]
    return entries[~left_out & (entries["algorithm"] != "dummy")].head(1)


def task_row(task, entries, names):
    info = MATBENCH_TASKS[task]
    metric = "balanced accuracy"
    if info.kind == "regression":
        metric = "MAE" if info.unit == "1" else f"MAE, {info.unit}"
    best = best_of_formulas(entries)
    shown = entries[entries["is_ours"] | entries["algorithm"].isin(PUBLIC)]
    decimals = n_decimals([*shown["mean"], *best["mean"]])
    ours = shown[shown["is_ours"]].set_index("algorithm")
    public = shown[~shown["is_ours"]].set_index("algorithm")
    cells = [f"{info.short_name} ({metric})"]
    for table, columns in ((ours, names), (public, PUBLIC)):
        cells += [describe(table.loc[c], decimals) if c in table.index else "" for c in columns]
    best_cell = [f"{row['algorithm']}: {describe(row, decimals)}" for _, row in best.iterrows()]
    return cells + (best_cell or ["none"])


def roc_auc_row(task, found):
    cells = [MATBENCH_TASKS[task].short_name]
    for results in found:
        values = results.scores.query("task == @task")["roc_auc"]
        has_any = values.notna().any()
        cells.append(f"{values.mean():.4f} ± {values.std(ddof=0):.4f}" if has_any else "")
    return cells


def to_markdown(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(found):
    """Return the text of the page."""
    table = leaderboard(found)
    names = [results.name for results in found]
    tasks = list(table["task"].unique())
    rows = [task_row(task, table[table["task"] == task], names) for task in tasks]
    parts = [to_markdown(["task", *names, *PUBLIC.values(), BEST], rows)]
    parts.append(
        "Mean and standard deviation over the five official folds; less is better for MAE, more"
        f" for balanced accuracy. {STRUCTURE} uses crystal structures, all others the composition"
        f" alone. {SUSPECT} probably no balanced accuracy, and left out of the last column: see"
        " the column `note` of `skmat.benchmark.leaderboard`. The public leaderboard calls"
        " balanced accuracy ROC-AUC."
    )
    classes = [task for task in tasks if MATBENCH_TASKS[task].kind == "classification"]
    if classes:
        parts.append("ROC-AUC from probabilities, for which there are no public entries:")
        auc_rows = [roc_auc_row(task, found) for task in classes]
        parts.append(to_markdown(["task", *names], auc_rows))
    versions = sorted({fact for one in found for f in one.folds for fact in f.versions.items()})
    parts.append("Run with: " + ", ".join(f"{name} {version}" for name, version in versions) + ".")
    return "\n\n".join(parts) + "\n"


def gain_rows(found, baseline="scratch"):
    """Return rows of gains: each task, then mean and median over the tasks that a model has."""
    by_name = {results.name: results for results in found}
    scratch = by_name.pop(baseline)
    columns = {name: performance_gain(results, scratch) for name, results in by_name.items()}
    differences = {name: compare(results, scratch) for name, results in by_name.items()}
    tasks = [
        task for task in scratch.tasks if any(task in gain.index for gain in columns.values())
    ]
    rows = []
    for task in tasks:
        cells = []
        for name, gain in columns.items():
            if task not in gain.index:
                cells.append("")
                continue
            wins = differences[name].loc[task, "a_wins"]
            cells.append(f"{gain.loc[task, 'gain']:+.1f} ({wins} of 5 folds)")
        rows.append([MATBENCH_TASKS[task].short_name, *cells])
    for word in ("mean", "median"):
        shown = [f"{gain.loc[word, 'gain']:+.1f}" for gain in columns.values()]
        rows.append([f"{word} of its tasks", *shown])
    return ["gain over scratch, %", *columns], rows


def larger_gains(name):
    """Return gains on the six larger tasks, of `name` or of what stands for it."""
    parts = []
    for folder, other in LARGER.items():
        path = RESULTS / "pretrained" / folder
        encoder = name if (path / f"{name}.json").exists() else other
        scratch, tuned = (
            MatbenchResults.load(path / f"{each}.json") for each in ("scratch", encoder)
        )
        gain = performance_gain(tuned, scratch).drop(["mean", "median"])
        parts.append(gain.assign(encoder=encoder, folder=folder))
    return pd.concat(parts)


def larger_tasks():
    """Return rows of the six larger tasks, on fewer folds."""
    table = leaderboard()
    rows = []
    for task, row in larger_gains(SMALLER[1]).iterrows():
        values = [row["baseline"], row["model"]]
        decimals = n_decimals(values)
        info = MATBENCH_TASKS[task]
        loss = "1 - ROC-AUC" if "auc" in row["loss"] else info.unit
        cells = [f"{value:.{decimals}f}" for value in values]
        rivals = []
        if info.kind == "regression":
            entries = table[table["task"] == task]
            crabnet = entries[entries["algorithm"] == "CrabNet"].iloc[0]
            best = best_of_formulas(entries).iloc[0]
            rivals = [f"{crabnet['mean']:.{decimals}f}"]
            rivals += [f"{best['algorithm']}: {best['mean']:.{decimals}f}"]
        rows.append(
            [
                f"{info.short_name} ({loss})",
                *(row["encoder"], *cells, f"{row['gain']:+.1f}", str(row["n_folds"])),
                *(rivals or ["", ""]),
            ]
        )
    names = ["task", "encoder", "scratch", "pretrained", "gain, %", "folds", "CrabNet", BEST]
    return names, rows


def means():
    """Return rows of means over all tasks, over those without labels in corpora, over CrabNet."""
    scratch = MatbenchResults.load(RESULTS / "pretrained" / "scratch.json")
    entries = leaderboard()
    crabnet = entries[entries["algorithm"] == "CrabNet"].set_index("task")["mean"]
    rows = []
    for name in SMALLER:
        small = MatbenchResults.load(RESULTS / "pretrained" / f"{name}.json")
        gain = performance_gain(small, scratch).drop(["mean", "median"])
        gain = pd.concat([gain.assign(folder=""), larger_gains(name)])
        known = gain["folder"] == "largest"
        compared = gain[gain.index.isin(crabnet.index)]
        over = 100 * (1 - compared["model"] / crabnet[compared.index])
        five = over[compared["folder"] == ""]
        eight = over[compared["folder"] != "largest"]
        values = (
            *(gain["gain"].mean(), gain["gain"].median(), gain.loc[~known, "gain"].mean()),
            *(five.mean(), eight.mean(), over.mean()),
        )
        rows.append([name, *(f"{value:+.1f}" for value in values)])
    n = len(gain)
    return [
        "mean gain, %",
        *(f"over scratch, {n} tasks", "its median", f"over scratch, {n - known.sum()} tasks"),
        *(f"over CrabNet, {len(five)} tasks", f"{len(eight)} tasks", f"{len(over)} tasks"),
    ], rows


def verdicts(found, name):
    """Return rows: one of our models, the best other, and who is better by how much."""
    ours = next(results for results in found if results.name == name)
    table = leaderboard([ours])
    rows = []
    for task in ours.tasks:
        entries = table[table["task"] == task]
        is_regression = MATBENCH_TASKS[task].kind == "regression"
        public = best_of_formulas(entries)
        rivals = list(zip(public["algorithm"], public["mean"], strict=True))
        rivals += [LITERATURE[task]] if task in LITERATURE else []
        mine = entries[entries["is_ours"]].iloc[0]
        cells = [MATBENCH_TASKS[task].short_name]
        if not rivals:
            rows.append([*cells, describe(mine, 4), "none", ""])
            continue
        best, value = (min if is_regression else max)(rivals, key=lambda rival: rival[1])
        better = value - mine["mean"] if is_regression else mine["mean"] - value
        # The standard error of the mean over folds.
        error = mine["std"] / mine["n_folds"] ** 0.5
        verdict = "tied" if abs(better) < error else "won" if better > 0 else "lost"
        decimals = n_decimals([value, mine["mean"]])
        rival = f"{best}: {value:.{decimals}f}"
        rows.append(
            [*cells, describe(mine, decimals), rival, f"{verdict} ({better:+.{decimals}f})"]
        )
    return ["task", name, "best other", "verdict (better by)"], rows


def main():
    found = load(RESULTS / "matbench")
    (RESULTS / "matbench.md").write_text(report(found), encoding="utf-8")
    if (RESULTS / "pretrained").exists():
        found = load(RESULTS / "pretrained")
        parts = [report(found), to_markdown(*gain_rows(found))]
        parts += [to_markdown(*larger_tasks()), to_markdown(*means())]
        if any(results.name == RECIPE for results in found):
            parts.append(to_markdown(*verdicts(found, RECIPE)))
        (RESULTS / "pretrained.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")

    if (RESULTS / "roost").exists():
        found = load(RESULTS / "roost")
        parts = [report(found), to_markdown(*gain_rows(found, "roost-scratch"))]
        (RESULTS / "roost.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
