"""Rows that a model has learned."""

import csv
import warnings
from pathlib import Path

from skmat.cli.model_files import PREDICTIONS, read_metrics

__all__ = ["warn_of_learned_rows"]


def warn_of_learned_rows(path, model, materials, X):
    """Warn of rows whose material the model has learned, with whatever label.

    Parameters
    ----------
    path : path-like
        Where the model is. A folder of ``skmat train`` tells its rows.
    model : estimator
        The model. An average of models knows materials of its training set.
    materials : list of str
        Materials of the rows.
    X : list or DataFrame
        The same as the model reads them.
    """
    learned = _learned(path)
    found = [material.strip() in learned for material in materials]
    if hasattr(model, "_has_learned"):
        found = [a or b for a, b in zip(found, model._has_learned(X).tolist(), strict=True)]
    n_found = sum(found)
    if n_found:
        warnings.warn(
            f"{n_found:,} of {len(materials):,} rows have a material that the model has learned,"
            " so the scores may be too good. Give materials that it has not learned. The report of"
            " `skmat train` has scores of held-out rows.",
            stacklevel=2,
        )


def _learned(folder):
    """Return the materials that were learned, as the table of the training names them."""
    column = read_metrics(folder).get("material_column")
    if column is None:
        return set()
    try:
        with Path(folder, PREDICTIONS).open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            return {row[column].strip() for row in rows if row["learned"] == "True"}
    except (OSError, ValueError, KeyError, AttributeError, csv.Error):
        return set()  # the user has changed the file, and the scores are right without it
