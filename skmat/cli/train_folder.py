"""The folder that ``skmat train`` writes: the model, its scores and its held-out predictions."""

import json
import math
import os
import platform
import shlex
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from skmat._utils.atomic import write_atomically
from skmat._utils.folder_check import check_replaceable
from skmat._utils.folder_swap import temporary_folder
from skmat._version import __version__
from skmat.cli.held_out import COVERAGE
from skmat.cli.learned import STRUCTURES, digests_of
from skmat.cli.model_files import (
    METRICS,
    MODEL,
    PREDICTIONS,
    WRITER,
    check_outside,
    read_metrics,
)
from skmat.cli.result_files import write_table
from skmat.cli.scores import scores_by_class, scores_of_classes, scores_of_numbers
from skmat.cli.verdict import judge
from skmat.exceptions import InvalidInputError

__all__ = [
    "METRICS",
    "PREDICTIONS",
    "REPORT",
    "check_columns",
    "check_folder",
    "check_same_targets",
    "class_scores",
    "constant_scores",
    "metrics",
    "predictions",
    "scores",
    "train_folder",
    "write_files",
    "write_model",
]

REPORT = "report.html"


def check_folder(folder, inputs=(), model=None):
    """Raise if `folder` holds anything but an earlier result of ``skmat train``.

    Parameters
    ----------
    folder : path-like
        Folder to write. Its parent exists.
    inputs : iterable of path-like
        Files that the command reads, which must not be in it.
    model : path-like, default=None
        Joblib file that the command also writes, which must not be in it.

    Raises
    ------
    InvalidInputError
        If it is a file, not writable, or holds something else. The message names it.
    """
    folder = Path(folder)
    if not folder.parent.is_dir():
        raise InvalidInputError(f"The folder {folder.parent} does not exist. Create it first.")
    if not os.access(os.path.dirname(os.path.realpath(folder)), os.W_OK):
        raise InvalidInputError(f"{folder} cannot be written: its parent is write-protected.")
    for each in inputs:
        if _is_in(each, folder):
            raise InvalidInputError(
                f"{folder} holds {each}, which this command reads. Give another --output."
            )
    check_outside(folder.parent)
    if model and _is_in(model, folder):
        raise InvalidInputError(
            f"--model {model} is in the folder {folder}, which this command replaces as a whole."
            " Give another --model."
        )
    _check_replaceable(folder)


def _is_in(path, folder):
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _check_replaceable(folder):
    if not os.path.lexists(folder):
        return
    remedy = "Nothing was written. Give another --output, or remove it."
    if not folder.is_dir():
        raise InvalidInputError(f"{folder} is a file, not a folder. {remedy}")
    inside = {path.name for path in folder.iterdir()}
    if not inside:
        return
    others = sorted(inside - {REPORT, METRICS, PREDICTIONS, MODEL})
    if others or not read_metrics(folder):
        what = f"{others[0]!r}" if others else f"no {METRICS} of skmat train"
        raise InvalidInputError(
            f"The folder {folder} exists and is not an earlier result of skmat train: it holds"
            f" {what}. {remedy}"
        )
    check_replaceable(folder / MODEL)


def check_same_targets(folder, targets):
    """Raise if `folder` is an earlier result for other targets."""
    earlier = list(read_metrics(folder).get("targets", targets))
    if earlier != targets:
        raise InvalidInputError(
            f"{folder} holds an earlier model of {', '.join(map(repr, earlier))}. Name another"
            " folder with --output, or this one to replace it."
        )


@contextmanager
def train_folder(folder):
    """Yield a new folder that becomes `folder` when the block ends without an error."""
    with temporary_folder(Path(os.path.realpath(folder)), _check_replaceable) as temporary:
        yield temporary


def check_columns(inputs, targets, classes):
    """Raise if columns of the predictions could have the same name."""
    names = ["row", *inputs, "novelty_percent", "learned"]
    for name in targets:
        names += _names(name, classes.get(name), has_intervals=True)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidInputError(
            f"{PREDICTIONS} would have two columns {twice[0]!r}. Rename the column of the table."
        )


def _names(name, classes, *, has_intervals):
    names = [name, f"{name}_predicted"]
    if classes is not None:
        return [*names, *(f"{name}_probability_{each}" for each in classes)]
    return [*names, *[f"{name}_low", f"{name}_high"] * has_intervals, f"{name}_error"]


def predictions(held_out, rows, inputs):
    """Return what the model reads, the labels and the held-out predictions of all rows.

    Parameters
    ----------
    held_out : HeldOut
        Predictions.
    rows : list of int
        Number of each row in the table, from 1.
    inputs : dict of str to array-like
        The materials as text, and further columns.

    Returns
    -------
    DataFrame
        A target "gap" has the columns "gap", "gap_predicted", and "gap_low",
        "gap_high", "gap_error" (label minus prediction) or "gap_probability_CLASS".
    """
    columns = {"row": rows, **inputs}
    for target in held_out.targets:
        values = [target.truth, target.predicted]
        if target.classes is not None:
            probabilities = target.probabilities
            if probabilities is None:
                probabilities = np.full((len(rows), len(target.classes)), np.nan)
            values += list(probabilities.T)
        else:
            if target.intervals:
                values += list(target.intervals[COVERAGE])
            values.append(target.truth - target.predicted)
        names = _names(target.name, target.classes, has_intervals=bool(target.intervals))
        columns.update(zip(names, values, strict=True))
    if held_out.novelty is not None:
        columns["novelty_percent"] = held_out.novelty
    return pd.DataFrame(columns)


def metrics(held_out, model, labels, command):
    """Return what metrics.json holds.

    Parameters
    ----------
    held_out : HeldOut
        Predictions.
    model : estimator
        The final model.
    labels : DataFrame of shape (n_rows, n_targets)
        Labels of the rows that it learned.
    command : list of str
        The command line.

    Returns
    -------
    dict
        Scores have the names of :func:`skmat.benchmark.score_predictions`.
    """
    targets = {}
    for target in held_out.targets:
        known = labels[target.name].dropna()
        content: dict = {"labels_learned": len(known), "labels_scored": len(target.rows)}
        if target.classes is None:
            content["mean_label"] = float(known.mean())
        else:
            shares = known.value_counts(normalize=True).sort_index()
            content["class_shares"] = {str(name): float(each) for name, each in shares.items()}
        if len(target.rows):
            content["metrics"] = scores(target)
            content["constant"] = constant_scores(target)
            found = judge(target)
            content["verdict"] = found.sentence()
            content["standard_error"] = float(found.deviation)
            if target.classes is not None:
                content["classes"] = class_scores(target)
        targets[target.name] = content
    return {
        "written_by": WRITER,
        "skmat_version": __version__,
        "python_version": platform.python_version(),
        "command": shlex.join(command),
        "model": type(model).__name__,
        "measured_by": held_out.way,
        "how": held_out.text,
        "targets": targets,
    }


def scores(target):
    """Return the scores of one target by name."""
    rows = target.rows
    truth, predicted = target.truth[rows], target.predicted[rows]
    if target.classes is None:
        interval = None
        if target.intervals:
            interval = np.stack([each[rows] for each in target.intervals[COVERAGE]], axis=1)
        return scores_of_numbers(truth.astype(np.float64), predicted, interval)
    truth, predicted = truth.astype(str), predicted.astype(str)
    return scores_of_classes(truth, predicted, target.classes, target.probabilities[rows])


def class_scores(target):
    """Return the scores of each class of one target by name."""
    truth, predicted = target.truth[target.rows], target.predicted[target.rows]
    return scores_by_class(truth.astype(str), predicted.astype(str))


def constant_scores(target):
    """Return for each score that of the constant that is best for it. "mape" has none.

    That of "log_loss" gives each class the probability of its share.
    """
    rows = target.rows
    if target.classes is None:
        truth = target.truth[rows].astype(np.float64)
        best = {
            "mae": np.median(truth),
            "rmse": truth.mean(),
            "r2": truth.mean(),
            "max_error": (truth.min() + truth.max()) / 2,
        }
        return {
            name: scores_of_numbers(truth, np.full(len(rows), constant))[name]
            for name, constant in best.items()
        }
    truth = target.truth[rows].astype(str)
    n_classes = len(target.classes)
    found = []
    for place, name in enumerate(target.classes):
        sure = np.tile(np.eye(n_classes)[place], (len(rows), 1))
        found.append(scores_of_classes(truth, np.full(len(rows), name), target.classes, sure))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scores that no class has
        best = {name: float(np.nanmax([each[name] for each in found])) for name in found[0]}
    best.pop("ece", None)  # lower is better, and a constant share has none
    _, counts = np.unique(truth, return_counts=True)
    shares = counts / counts.sum()
    best["log_loss"] = float(-(shares * np.log(shares)).sum())
    return best


def write_model(model, folder):
    """Write the model into a folder that ``train_folder`` yields."""
    # That folder is locked, and saving locks the parent of what it writes.
    inner = folder / "saving"
    inner.mkdir()
    model.save_model(inner / MODEL)
    os.rename(inner / MODEL, folder / MODEL)
    inner.rmdir()


def write_files(story, folder):
    """Write the predictions and the scores into a folder that ``train_folder`` yields."""
    further = {name: story.X[name].to_numpy() for name in story.further}
    inputs = {story.given.column: story.materials, **further}
    table = predictions(story.held_out, story.rows, inputs)
    learned = story.labels.notna().any(axis=1).to_numpy()
    table["learned"] = learned
    write_table(table, folder / PREDICTIONS)
    content = metrics(story.held_out, story.model, story.labels, story.command)
    content |= {"input": story.given.input, "material_column": story.given.column}
    if story.given.input == "structure":
        X = story.X[story.given.column] if story.further else story.X
        digests = digests_of(each for each, known in zip(X, learned, strict=True) if known)
        content[STRUCTURES] = sorted({each for each in digests if each})
    text = json.dumps(_without_nan(content), indent=1, ensure_ascii=False)
    write_atomically(folder / METRICS, text.encode("utf-8", "surrogatepass") + b"\n")


def _without_nan(value):
    """Replace numbers that JSON lacks by None, and those of NumPy by those of Python."""
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
