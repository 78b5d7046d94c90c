"""Rows that a model has learned."""

import csv
import hashlib
import warnings
from pathlib import Path

from skmat.cli.model_files import PREDICTIONS, read_metrics

__all__ = ["STRUCTURES", "digests_of", "warn_of_learned_rows"]

#: Key of the digests of the structures that were learned, in metrics.json.
STRUCTURES = "structures_learned"

#: Hexadecimal digits of a digest: enough to tell millions of structures apart.
_DIGITS = 16


def warn_of_learned_rows(path, model, materials, X):
    """Warn of rows whose material the model has learned, with whatever label.

    Also warn if no such rows are known, and the folder does not tell the learned structures.

    Parameters
    ----------
    path : path-like
        Where the model is. A folder of ``skmat train`` tells its rows.
    model : estimator
        The model. An average of models knows materials of its training set.
    materials : list
        Materials of the rows: formulas, or files and texts of structures.
    X : list or DataFrame
        The same as the model reads them.
    """
    metrics, can_tell = read_metrics(path), True
    if metrics.get("input") == "structure":
        # Files of several folders, and blocks of CIFs, may have one name.
        can_tell = STRUCTURES in metrics
        learned = set(metrics.get(STRUCTURES) or ())
        found = [digest in learned for digest in digests_of(materials)]
    else:
        learned = _formulas_learned(path, metrics.get("material_column"))
        found = [str(material).strip() in learned for material in materials]
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
    elif not can_tell:
        warnings.warn(
            "The folder of the model does not list the structures that the model has learned. If"
            " rows are among them, the scores are too good. To have such rows counted, train the"
            " model again.",
            stacklevel=2,
        )


def digests_of(structures):
    """Return a digest of each structure file or text, None where there is none to read."""
    return [_digest_of(each) for each in structures]


def _digest_of(structure):
    from skmat.structure._read import is_path

    try:
        content = Path(structure).read_bytes() if is_path(structure) else structure.encode()
    except (OSError, ValueError, AttributeError):
        return None
    # A table may have changed spaces and ends of lines.
    return hashlib.sha256(b" ".join(content.split())).hexdigest()[:_DIGITS]


def _formulas_learned(folder, column):
    """Return the formulas that were learned, as the table of the training writes them."""
    if column is None:
        return set()
    try:
        with Path(folder, PREDICTIONS).open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            return {row[column].strip() for row in rows if row["learned"] == "True"}
    except (OSError, ValueError, KeyError, AttributeError, csv.Error):
        return set()  # the user has changed the file, and the scores are right without it
