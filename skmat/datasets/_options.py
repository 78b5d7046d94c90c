"""Parameters that loaders share: which labels, and which rows."""

from collections.abc import Set

import numpy as np

from skmat.composition import read_compositions
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidCompositionError, InvalidInputError
from skmat.structure import StructureArrays

__all__ = ["check_choice", "check_targets", "rows_to_keep", "select_labels"]


def check_choice(name, value, choices):
    """Raise InvalidInputError unless `value` of the parameter `name` is one of `choices`."""
    if value not in choices:
        raise InvalidInputError(f"{name} must be one of {list(choices)}, got {value!r}.")


def check_targets(targets, known, default=None):
    """Return the names of the requested targets.

    Parameters
    ----------
    targets : str, sequence of str or None
        One name, several, or None for `default`.
    known : iterable of str
        All valid names.
    default : iterable of str, default=None
        Names for ``targets=None``. None means `known`.

    Raises
    ------
    InvalidInputError
        If a name is unknown or occurs twice, or if `targets` is empty.
    """
    if targets is None:
        return list(known if default is None else default)
    names = [targets] if isinstance(targets, str) else list(targets)
    unknown = [name for name in names if name not in known]
    if unknown or not names or len(set(names)) < len(names):
        raise InvalidInputError(
            f"targets must be one of {list(known)}, or a sequence of distinct ones, got"
            f" {targets!r}."
        )
    return names


def rows_to_keep(compositions, exclude, n_rows):
    """Return the rows whose compositions are not excluded.

    Parameters
    ----------
    compositions : callable
        Returns the `CompositionArrays` of the materials. Called only if needed, because it parses
        every formula.
    exclude : iterable of str, DataFrame of one column, StructureArrays or None
        Materials, in a form that loaders return.
    n_rows : int
        Number of materials.

    Returns
    -------
    ndarray of shape (n,), dtype int64
    """
    if exclude is None:
        return np.arange(n_rows)
    if isinstance(exclude, str):
        raise InvalidInputError(
            f"exclude must be a sequence of formulas, got the string {exclude!r}. Pass"
            f" [{exclude!r}]."
        )
    return np.flatnonzero(~compositions().isin(_read_excluded(exclude)))


def _read_excluded(exclude):
    """Return the compositions of formulas, frames or structures."""
    if isinstance(exclude, StructureArrays):
        return exclude.compositions()
    frame = as_pandas(exclude)
    if frame is not None and frame.shape[1] == 1:
        exclude = frame.iloc[:, 0]
    if isinstance(exclude, Set):
        # The order does not matter here.
        exclude = list(exclude)
    try:
        return read_compositions(exclude)
    except InvalidCompositionError as error:
        row, value, reason = error.problems[0]
        raise InvalidInputError(
            f"{len(error.problems)} of {error.n_rows} items of exclude cannot be read as formulas,"
            f" the first at {row}: {value!r}: {reason}. Pass only formulas."
        ) from error


def select_labels(table, names, targets):
    """Return the columns `names` as float64, one-dimensional if `targets` is a string."""
    y = table[names].to_numpy(dtype=np.float64, copy=True)
    return y[:, 0] if isinstance(targets, str) else y
