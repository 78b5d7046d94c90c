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
#: Tasks of alloys, whose materials have more elements than any that the default encoder has read;
#: the average is recommended for them, as for classes.
ALLOYS = ("matbench_steels",)
#: Encoders whose means over ten tasks are shown; "auto" is the first but on alloys.
SMALLER = ("mtencoder-multi", "auto")
#: Folders below results/pretrained: three larger tasks, of which SMALLER[0] has seen nothing; and
#: the three largest, with the epochs that validation chose, from encoders of OQMD alone.
LARGE, LONG = "large", "long"
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


def load_pretrained(*names):
    return MatbenchResults.load((RESULTS / "pretrained").joinpath(*names).with_suffix(".json"))


def gains(name, folder=""):
    """Return the gains of an encoder over scratch, by task."""
    tuned, scratch = (load_pretrained(folder, each) for each in (name, "scratch"))
    return performance_gain(tuned, scratch).drop(["mean", "median"])


def rivals(task, decimals):
    """Return CrabNet's error and that of the best other model of formulas."""
    if MATBENCH_TASKS[task].kind != "regression":
        return ["", ""]
    entries = leaderboard()
    entries = entries[entries["task"] == task]
    crabnet = entries[entries["algorithm"] == "CrabNet"].iloc[0]
    best = best_of_formulas(entries).iloc[0]
    return [
        f"{crabnet['mean']:.{decimals}f}",
        f"{best['algorithm']}: {best['mean']:.{decimals}f}",
    ]


def larger_tasks():
    """Return rows of the three larger tasks."""
    rows = []
    tuned, scratch = (load_pretrained(LARGE, each) for each in (SMALLER[0], "scratch"))
    table, differences = gains(SMALLER[0], LARGE), compare(tuned, scratch)
    for task, row in table.iterrows():
        info, decimals = MATBENCH_TASKS[task], n_decimals([row["baseline"], row["model"]])
        values = [f"{row[each]:.{decimals}f}" for each in ("baseline", "model")]
        wins = f"{row['gain']:+.1f} ({differences.loc[task, 'a_wins']} of {row['n_folds']} folds)"
        name = f"{info.short_name} ({info.unit})"
        rows.append([name, SMALLER[0], *values, wins, *rivals(task, decimals)])
    return ["task", "encoder", "scratch", "pretrained", "gain, %", "CrabNet", BEST], rows


def largest_tasks():
    """Return rows of the three largest tasks, which no network from scratch was run on."""
    rows = []
    for path in sorted((RESULTS / "pretrained" / LONG).glob("*.json")):
        results = MatbenchResults.load(path)
        for task in results.tasks:
            info, scores = MATBENCH_TASKS[task], results.scores.query("task == @task")
            metric = "mae" if info.kind == "regression" else "roc_auc"
            unit = info.unit if metric == "mae" else "ROC-AUC"
            decimals = n_decimals(scores[metric])
            value = f"{scores[metric].mean():.{decimals}f}"
            rest = rivals(task, decimals)
            rows.append(
                [f"{info.short_name} ({unit})", results.name, value, str(len(scores)), *rest]
            )
    return ["task", "encoder", "pretrained", "folds", "CrabNet", BEST], sorted(rows)


def means():
    """Return rows of means over the ten tasks of which nothing was seen, and over CrabNet."""
    entries = leaderboard()
    crabnet = entries[entries["algorithm"] == "CrabNet"].set_index("task")["mean"]
    longest = load_pretrained(LONG, "mtencoder-oqmd-joint").scores.groupby("task")["mae"].mean()
    rows = []
    for name in SMALLER:
        small, large = gains(name), gains(SMALLER[0], LARGE)
        gain = pd.concat([small, large])["gain"]
        losses = pd.concat([small["model"], large["model"], longest.dropna()])
        over = 100 * (1 - losses / crabnet.reindex(losses.index)).dropna()
        five, eight = (over[over.index.isin(index)] for index in (small.index, gain.index))
        values = gain.mean(), gain.median(), five.mean(), eight.mean(), over.mean()
        rows.append([name, *(f"{value:+.1f}" for value in values)])
    counts = len(gain), len(five), len(eight), len(over)
    return [
        "mean gain, %",
        *(f"over scratch, {counts[0]} tasks", "its median"),
        *(f"over CrabNet, {counts[1]} tasks", f"{counts[2]} tasks", f"{counts[3]} tasks"),
    ], rows


def recommended():
    """Return by task the results of what the user guide recommends for its kind."""
    averaged, tuned = load_pretrained("voting"), load_pretrained(SMALLER[0])
    larger = load_pretrained(LARGE, SMALLER[0]), load_pretrained(LONG, "mtencoder-oqmd-joint")
    chosen = {task: results for results in larger for task in results.tasks}
    for task in tuned.tasks:
        is_averaged = MATBENCH_TASKS[task].kind == "classification" or task in ALLOYS
        chosen[task] = averaged if is_averaged else tuned
    return {task: chosen[task] for task in MATBENCH_TASKS}


def verdicts():
    """Return rows: what is recommended, the best other, and who is better by how much."""
    rows = []
    for task, results in recommended().items():
        entries = leaderboard([results])
        entries = entries[entries["task"] == task]
        is_regression = MATBENCH_TASKS[task].kind == "regression"
        public = best_of_formulas(entries)
        others = list(zip(public["algorithm"], public["mean"], strict=True))
        others += [LITERATURE[task]] if task in LITERATURE else []
        mine = entries[entries["is_ours"]].iloc[0]
        cells = [MATBENCH_TASKS[task].short_name, results.name]
        if not others:
            rows.append([*cells, describe(mine, 4), "none", ""])
            continue
        best, value = (min if is_regression else max)(others, key=lambda other: other[1])
        better = value - mine["mean"] if is_regression else mine["mean"] - value
        # The standard error of the mean over folds.
        error = mine["std"] / mine["n_folds"] ** 0.5
        verdict = "tied" if abs(better) < error else "won" if better > 0 else "lost"
        decimals = n_decimals([value, mine["mean"]])
        rival = f"{best}: {value:.{decimals}f}"
        rows.append(
            [*cells, describe(mine, decimals), rival, f"{verdict} ({better:+.{decimals}f})"]
        )
    return ["task", "recommended", "", "best other", "verdict (better by)"], rows


def main():
    found = load(RESULTS / "matbench")
    (RESULTS / "matbench.md").write_text(report(found), encoding="utf-8")
    if (RESULTS / "pretrained").exists():
        found = load(RESULTS / "pretrained")
        parts = [report(found), to_markdown(*gain_rows(found))]
        parts += [to_markdown(*each()) for each in (larger_tasks, largest_tasks, means)]
        parts.append(to_markdown(*verdicts()))
        (RESULTS / "pretrained.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")

    if (RESULTS / "roost").exists():
        found = load(RESULTS / "roost")
        parts = [report(found), to_markdown(*gain_rows(found, "roost-scratch"))]
        (RESULTS / "roost.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
