"""What chooses and combines models itself, beside its candidates, older models and public entries.

Differences are taken fold by fold, and are positive where the estimator is better.
"""

import json

import numpy as np
import pandas as pd

from skmat.benchmark import MatbenchResults, leaderboard, performance_gain
from skmat.benchmark._metrics import AT_HALF
from skmat.benchmark._scores import is_error
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, N_FOLDS
from tables import NAMES, decimals_of, frame_to_markdown, rows_to_markdown, to_markdown
from tables.matbench import BEST, best_of_formulas, is_regression, short, with_marks

#: Metrics of classes by what they are called. Public entries have the first.
OF_CLASSES = {
    "balanced_accuracy": "balanced accuracy",
    "balanced_accuracy_at_half": "the same at 0.5",
    "roc_auc": "ROC-AUC",
}
#: Models without a choice, by name: files of their results. Larger tasks have files of their own.
ARMS = {
    NAMES["voting"]: ["voting"],
    "fine-tuned": ["auto", "large/mtencoder-multi", "long/mtencoder-oqmd-joint"],
    "trees": ["trees"],
}
SCRATCH = ["scratch", "large/scratch"]
LEGEND = (
    "Mean and standard deviation over the official folds. There are five where no other number is"
    " given. Less is better for MAE, more for the other scores. All models read the composition"
    " alone. The first balanced accuracy is that of the labels of `predict`. A candidate has no"
    " decision rule: its threshold is the fraction of True among the training rows. That of an"
    " older model is 0.5. A network without weight predicts with the models of its folds, all"
    " other networks with two of all rows. The best candidate is the best on average over the test"
    " folds, which nobody can know beforehand. A difference is a mean over the folds that both"
    " have, with the standard error of the differences by fold. It is positive where the first"
    " column is better."
)
GAINS = (
    "Gains, of the MAE or of 1 - ROC-AUC, as Prein et al. (2023) define them. Those over scratch"
    " are of shared folds, those over CrabNet of tasks with all five folds:"
)
CANDIDATES = "Each candidate alone: mean test score over the folds, and its mean weight:"
INTERVALS = (
    "Intervals that are meant to hold 90 % of the labels, and those of one width from the same"
    " out-of-fold residuals. Both end at 0 where no label is below it. Coverage is the mean over"
    " the folds, with the lowest and the highest:"
)
CALIBRATION = (
    "Expected calibration error with ten bins of equal count, before and after the probabilities"
    " are calibrated:"
)


def load(results, file="auto.json"):
    """Return the rows of the results by the name of the model, and each row's task in full."""
    rows = json.loads((results / file).read_text())["rows"]
    found = {}
    for row in rows:
        found.setdefault(row["model"], []).append(row | {"task": f"matbench_{row['task']}"})
    return found


def scores_of(rows):
    """Return scores by task and fold, with what else a fold has of one number."""
    table = pd.DataFrame([{**row, **row["scores"]} for row in rows])
    table["order"] = table["task"].map(list(MATBENCH_TASKS).index)
    return table.sort_values(["order", "fold"]).set_index(["task", "fold"])


def candidates_of(rows):
    """Return a row for each task, fold and candidate that was scored."""
    table = [
        {"task": row["task"], "fold": row["fold"], "candidate": name, **facts, **facts["scores"]}
        for row in rows
        for name, facts in row["candidates"].items()
        if "scores" in facts
    ]
    columns = ["task", "fold", "candidate", "weight", "mae", *OF_CLASSES]
    numbers = dict.fromkeys(columns[3:], float)
    return pd.DataFrame(table).reindex(columns=columns).astype(numbers)


def older(results, names):
    """Return the scores of an older model by task and fold."""
    paths = [results / "pretrained" / f"{name}.json" for name in names]
    table = pd.concat([MatbenchResults.load(path).scores for path in paths])
    # Their labels were scored at 0.5 alone.
    for name, at_half in AT_HALF.items():
        table[name] = table[name].fillna(table[at_half])
    return table.set_index(["task", "fold"])


def folds_of(table, task, metric):
    """Return a task's scores by fold; none if the table lacks the task."""
    held = table.index.get_level_values("task") == task
    return table[held].droplevel("task")[metric].dropna()


def best_candidate(candidates, task, metric, folds):
    """Return the name and the scores of the one that is best of those with all folds."""
    table = candidates[candidates["task"] == task].pivot(
        index="fold", columns="candidate", values=metric
    )
    table = table.reindex(folds).dropna(axis=1)
    if table.empty:
        return "", pd.Series(dtype=float)
    means = table.mean() * (1 if is_error(metric) else -1)
    return means.idxmin(), table[means.idxmin()]


def mean_difference(ours, theirs, metric):
    """Return how much better ours are on the folds of both, its standard error, and the folds."""
    pairs = pd.concat([ours, theirs], axis=1, join="inner").to_numpy()
    values = (pairs[:, 1] - pairs[:, 0]) * (1 if is_error(metric) else -1)
    n = len(values)
    error = values.std(ddof=1) / n**0.5 if n > 1 else np.nan
    return (values.mean() if n else np.nan), error, n


def hardest(ours, others, metric):
    """Return the scores that ours are least better than, on the folds of both; none if none."""
    held = [each for each in others.values() if len(ours.index.intersection(each.index))]
    empty = pd.Series(dtype=float)
    return min(held, key=lambda each: mean_difference(ours, each, metric)[0], default=empty)


def spread(values, decimals):
    """Return mean and deviation over the folds, with their number if it is not five."""
    if not len(values):
        return ""
    text = f"{values.mean():.{decimals}f}"
    if len(values) > 1:
        text += f" ± {values.std(ddof=0):.{decimals}f}"
    return text if len(values) == 5 else f"{text} ({_folds(len(values))})"


def _folds(n):
    return f"{n} fold" + "s" * (n != 1)


def difference_text(difference, error, n, decimals, n_ours):
    if not n:
        return ""
    text = f"{difference:+.{decimals}f}" + (f" ± {error:.{decimals}f}" if n > 1 else "")
    return text if n == n_ours else f"{text} ({_folds(n)})"


def comparisons(name, ours, candidates, arms):
    """Return a table of a row per task and metric, and where ours are clearly worse, if known."""
    rows, worse = [], {"the best candidate": [], "the best older model": []}
    for task in ours.index.unique("task"):
        for metric, called in ({"mae": "MAE"} if is_regression(task) else OF_CLASSES).items():
            mine = folds_of(ours, task, metric)
            single, best = best_candidate(candidates, task, metric, mine.index)
            others = {arm: folds_of(table, task, metric) for arm, table in arms.items()}
            public = public_entries(task, metric)
            means = [each.mean() for each in (mine, best, *others.values()) if len(each)]
            decimals = decimals_of([*means, *public["mean"]])
            texts = []
            for rival, where in zip((best, hardest(mine, others, metric)), worse, strict=True):
                difference, error, n = mean_difference(mine, rival, metric)
                texts.append(difference_text(difference, error, n, decimals, len(mine)))
                if n > 1 and difference < -error:
                    worse[where].append(f"{short(task)} ({called})")
            unit = MATBENCH_TASKS[task].unit
            label = f"{called}, {unit}" if metric == "mae" and unit != "1" else called
            rows.append({
                "task": short(task, label),
                name: spread(mine, decimals),
                "best candidate": f"{single}: {spread(best, decimals)}" if single else "",
                "better than it by": texts[0],
                **{arm: spread(values, decimals) for arm, values in others.items()},
                "better than their best by": texts[1],
                **public_texts(public, decimals),
            })  # fmt: skip
    sentences = [
        f"Worse than {other} by more than a standard error, where several folds are known:"
        f" {', '.join(tasks) or 'nowhere'}."
        for other, tasks in worse.items()
    ]
    # Of one fold, no standard error is known.
    has_several = ours.groupby("task").size().max() > 1
    return [rows_to_markdown(rows), *([" ".join(sentences)] if has_several else [])]


def public_entries(task, metric):
    """Return the best public entry of formulas and CrabNet's, of the metric."""
    entries = leaderboard(tasks=task)
    entries = entries[entries["metric"] == metric]
    crabnet = entries[entries["algorithm"] == "CrabNet"]
    return pd.concat([best_of_formulas(entries), crabnet], keys=[BEST, "CrabNet"])


def public_texts(public, decimals):
    texts = {BEST: "", "CrabNet": ""}
    for (column, _), row in public.iterrows():
        name = f"{row['algorithm']}: " if column == BEST else ""
        texts[column] = name + with_marks(row, decimals)
    return texts


def single_candidates(candidates):
    """Return a table of each candidate's mean test score, and its mean weight."""
    columns = {}
    for task in [name for name in MATBENCH_TASKS if (candidates["task"] == name).any()]:
        metric, called = ("mae", "MAE") if is_regression(task) else ("roc_auc", "ROC-AUC")
        table = candidates[candidates["task"] == task]
        n_folds = table["fold"].nunique()
        groups = table.groupby("candidate", sort=False)
        means = groups[[metric, "weight"]].mean()
        decimals = decimals_of(means[metric].dropna())
        texts = means[metric].map(f"{{:.{decimals}f}}".format)
        texts += means["weight"].map(" ({:.2f})".format).where(means["weight"].notna(), "")
        for name, n in groups.size().items():
            texts[name] += f" [{_folds(n)}]" if n < n_folds else ""
        columns[short(task, called)] = texts
    return frame_to_markdown(pd.DataFrame(columns), "candidate")


def intervals(ours, rows):
    """Return a table of coverage and width of the 90 % intervals; none if there are none."""
    constant = pd.DataFrame(
        [{"task": row["task"], "fold": row["fold"], **row.get("constant", {})} for row in rows]
    )
    names = ["coverage_90", "width_90"]
    constant = constant.set_index(["task", "fold"]).reindex(columns=names).astype(float)
    table = ours.reindex(columns=names).astype(float).join(constant, rsuffix="_constant")
    lines = []
    for task, part in table.groupby("task", sort=False):
        if part["coverage_90"].isna().all():
            continue
        coverage, means = part["coverage_90"], part.mean()
        widths = means[["width_90", "width_90_constant"]].dropna()
        decimals = decimals_of(widths) if len(widths) else 0
        ratio = (part["width_90"] / part["width_90_constant"]).mean()
        cells = {
            "coverage": f"{coverage.mean():.3f} ({coverage.min():.3f} to {coverage.max():.3f})",
            "width": f"{means['width_90']:.{decimals}f}",
            "coverage of a constant width": f"{means['coverage_90_constant']:.3f}",
            "constant width": f"{means['width_90_constant']:.{decimals}f}",
            "ratio of the widths": f"{ratio:.3f}",
        }
        unit = MATBENCH_TASKS[task].unit
        cells = {name: "" if text == "nan" else text for name, text in cells.items()}
        lines.append({"task": short(task, unit if unit != "1" else ""), **cells})
    return rows_to_markdown(lines) if lines else ""


def calibration(ours):
    """Return a table of the calibration error of probabilities; none if there are none."""
    table = ours.reindex(columns=["ece", "ece_before"]).astype(float)
    lines = []
    for task, part in table.groupby("task", sort=False):
        if part["ece"].notna().any():
            texts = {name: spread(part[name].dropna(), 4) for name in table}
            lines.append([short(task), texts["ece_before"], texts["ece"]])
    return to_markdown(["task", "before", "after"], lines) if lines else ""


def mean_gains(ours, scratch):
    """Return a table of gains over random weights and CrabNet: by task, mean and median.

    It is empty if neither was run on these tasks.
    """
    measured = ours.reset_index()
    over = {}
    shared = [task for task in ours.index.unique("task") if task in scratch.index]
    if shared:
        gains = performance_gain(measured, scratch.reset_index(), tasks=shared)["gain"]
        over["over scratch"] = gains.drop(["mean", "median"])
    crabnet = leaderboard().query("algorithm == 'CrabNet'").set_index("task")["mean"]
    # CrabNet's errors are means over five folds, and one fold can be easier than the others.
    errors = ours.reindex(columns=["mae"])["mae"].groupby("task", sort=False).agg(["mean", "size"])
    errors = errors.loc[errors["size"] == N_FOLDS, "mean"]
    over["over CrabNet"] = (100 * (1 - errors / crabnet)).dropna()
    columns = {}
    for name, gains in over.items():
        if len(gains):
            n = f"{len(gains)} task" + "s" * (len(gains) != 1)
            totals = pd.Series({"mean": gains.mean(), "median": gains.median()})
            columns[f"{name}, {n}"] = pd.concat([gains, totals])
    if not columns:
        return ""
    table = pd.DataFrame(columns)
    order = [name for name in [*MATBENCH_TASKS, "mean", "median"] if name in table.index]
    text = table.loc[order].map(lambda gain: f"{gain:+.1f}" if gain == gain else "")
    text = text.rename(lambda row: short(row) if row in MATBENCH_TASKS else row)
    return frame_to_markdown(text, "gain, %")


def times(ours):
    """Return a table of seconds and memory of a fold."""
    columns = ["n_train", "seconds_fit", "seconds_predict", "peak_memory_mb"]
    means = ours[columns].groupby("task", sort=False).mean().map("{:,.0f}".format)
    names = ["training rows", "seconds of fit", "of predict", "memory, MB"]
    return frame_to_markdown(means.set_axis(names, axis=1).rename(short), "task")


def titled(title, table):
    return [title, table] if table else []


def parts_of(name, rows, arms, scratch):
    """Return the tables of a model."""
    ours, candidates = scores_of(rows), candidates_of(rows)
    versions = {fact for row in rows for fact in row["versions"].split(", ")}
    return [
        *comparisons(name, ours, candidates, arms),
        *titled(GAINS, mean_gains(ours, scratch)),
        *titled(CANDIDATES, single_candidates(candidates)),
        *titled(INTERVALS, intervals(ours, rows)),
        *titled(CALIBRATION, calibration(ours)),
        *titled("Means of a fold:", times(ours)),
        f"Run with: {', '.join(sorted(versions))}.",
    ]


def auto(results):
    if not (results / "auto.json").exists():
        return {}
    arms = {name: older(results, files) for name, files in ARMS.items()}
    scratch = older(results, SCRATCH)
    models = load(results)
    page = [LEGEND]
    for name, rows in models.items():
        page += parts_of(name, rows, arms, scratch)
    rows = [row for rows in models.values() for row in rows]
    ours = scores_of(rows)
    uncertainty = titled(INTERVALS, intervals(ours, rows))
    uncertainty += titled(CALIBRATION, calibration(ours))
    return {"auto.md": page, "auto_intervals.md": uncertainty}


def auto_structures(results):
    """Return a table of Auto estimators on structures, and of each candidate alone."""
    file = "auto_structures.json"
    if not (results / file).exists():
        return {}
    page = []
    for name, rows in load(results, file).items():
        ours, candidates = scores_of(rows), candidates_of(rows)
        together = ours.reset_index().assign(candidate=f"**{name}**", weight=np.nan)
        page.append(single_candidates(pd.concat([together, candidates], join="inner")))
        page += titled(INTERVALS, intervals(ours, rows))
    return {"auto_structures.md": page}
