"""Rows that a model of ``skmat train`` has learned."""

import csv
import math
import warnings
from pathlib import Path

from skmat.cli.model_files import PREDICTIONS, read_metrics

__all__ = ["warn_of_learned_rows"]


def warn_of_learned_rows(arguments, model, materials, labels):
    """Warn of rows whose material and label are among those that the model has learned.

    Parameters
    ----------
    arguments : Namespace
        Those of ``skmat evaluate``. Only a folder of ``skmat train`` tells its rows.
    model : estimator
        The model.
    materials : list of str
        Materials of the rows.
    labels : DataFrame of shape (n_rows, n_targets)
        Labels of the rows, in the order of the model's targets.
    """
    learned = _learned(arguments.model, model.target_names_)
    columns = [labels[name].tolist() for name in labels]
    n_found = sum(
        any((material.strip(), place, _key(label)) in learned for place, label in enumerate(row))
        for material, row in zip(materials, zip(*columns, strict=True), strict=True)
    )
    if n_found:
        warnings.warn(
            f"{n_found:,} of {len(materials):,} rows are among those that the model has learned,"
            " so the scores may be too good. Give rows that it has not learned. The report of"
            " `skmat train` has scores of held-out rows.",
            stacklevel=2,
        )


def _learned(folder, targets):
    """Return the materials, places of targets, and labels of the rows that were learned."""
    column = read_metrics(folder).get("material_column")
    found: set = set()
    if column is None:
        return found
    try:
        with Path(folder, PREDICTIONS).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["learned"] == "True":
                    labels = (row[name] for name in targets)
                    found |= {
                        (row[column].strip(), place, _key(label))
                        for place, label in enumerate(labels)
                        if label
                    }
    except (OSError, ValueError, KeyError, AttributeError, csv.Error):
        return set()  # the user has changed the file, and the scores are right without it
    return found


def _key(label):
    """Return a label as a number, or as text if it is none."""
    try:
        number = float(label)
    except (TypeError, ValueError):
        return label
    return number if math.isfinite(number) else label
