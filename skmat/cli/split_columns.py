"""Columns that say which rows are held out, and which rows stay together."""

import numpy as np

from skmat.cli.tables import list_cells
from skmat.exceptions import InvalidInputError

__all__ = ["check_together", "read_groups", "read_split"]

#: Most cells that a message lists.
_MAX_CELLS = 5

_REMEDY = (
    "A column for --split-column has train and test in its cells, or the whole number of a fold"
    " in each of them."
)


def read_groups(table, name, path):
    """Return the group of each row, a list of str.

    Raises
    ------
    InvalidInputError
        If a cell is empty. The message lists the first ones.
    """
    cells = [cell.strip() for cell in table.texts(name)]
    empty = [(row, name, np.nan, "no group") for row, cell in enumerate(cells) if not cell]
    if empty:
        message = list_cells(table, path, "cannot be read as groups", empty, _MAX_CELLS)
        raise InvalidInputError(f"{message}\nGive every row a group.")
    return cells


def read_split(table, name, path):
    """Return the part of each row.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    name : str
        Column of the parts: "train" and "test" in any case, or whole numbers of folds.
    path : path-like
        File of the table, for messages.

    Returns
    -------
    folds : ndarray of shape (n,), int
        The ``test_fold`` of scikit-learn's PredefinedSplit: -1 for rows that are never held out.
    names : list of str
        Names of the parts that are held out, such as ["test"] or ["1", "2", "3"].

    Raises
    ------
    InvalidInputError
        If a cell is something else. The message lists the first ones. If only one part has rows.
    """
    cells = table.texts(name)
    words = [cell.strip().lower() for cell in cells]
    numbers = [_as_fold(word) for word in words]
    by_words = sum(word in ("train", "test") for word in words)
    if by_words > len(words) - numbers.count(None):
        bad = [
            (row, name, cells[row] or np.nan, "neither train nor test")
            for row, word in enumerate(words)
            if word not in ("train", "test")
        ]
    else:
        bad = [
            (row, name, cells[row] or np.nan, "not the whole number of a fold")
            for row, number in enumerate(numbers)
            if number is None
        ]
    if bad:
        message = list_cells(table, path, "cannot be read as parts", bad, _MAX_CELLS)
        raise InvalidInputError(f"{message}\n{_REMEDY}")
    if by_words:
        folds, names = np.array([-1 if word == "train" else 0 for word in words]), ["test"]
    else:
        values, folds = np.unique(numbers, return_inverse=True)
        names = [str(value) for value in values]
    if len(np.unique(folds)) < 2:
        raise InvalidInputError(
            f"{path}: all rows of {name!r} are in one part, {words[0]!r}. {_REMEDY}"
        )
    return folds, names


def check_together(table, path, parts, groups, name):
    """Raise if rows of one group are in both the training and the test rows of a part.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    path : path-like
        File of the table, for messages.
    parts : list of (ndarray, ndarray)
        Training and test rows.
    groups : list of str
        Group of each row.
    name : str
        Column of the groups.

    Raises
    ------
    InvalidInputError
        If a group is split. The message names two of its rows.
    """
    groups = np.asarray(groups, dtype=object)
    for training, test in parts:
        shared = set(groups[training]) & set(groups[test])
        if shared:
            group = min(shared)
            first, second = (int(rows[groups[rows] == group][0]) for rows in (training, test))
            raise InvalidInputError(
                f"{path}: {table.row(first)} and {table.row(second)} have the same {name},"
                f" {group!r}, but --split-column puts them into different parts. Correct the"
                " parts, or drop --group-column."
            )


def _as_fold(word):
    """Return the number of a fold, None if it is not a whole number."""
    try:
        value = float(word)
    except ValueError:
        return None
    return int(value) if value.is_integer() and value >= 0 else None
