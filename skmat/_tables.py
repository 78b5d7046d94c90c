"""CSV files of users: formulas and labels in, predictions and embeddings out."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError, InvalidRowsError, shorten

__all__ = [
    "add_columns",
    "check_writable",
    "naming_cells",
    "read_formulas",
    "read_labels",
    "read_table",
]


def read_table(path, columns):
    """Read a CSV file, every cell as the text it is.

    Only an empty cell is a missing value: "NaN", which pandas takes for one, is sodium nitride.

    Parameters
    ----------
    path : path-like
        The file; the first line names the columns.
    columns : sequence of str
        Columns that must be there.

    Returns
    -------
    DataFrame
        All columns; cells are str, or NaN where empty.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or lacks a column or any row.
    """
    try:
        # A blank line is a row too: row numbers, and the rows of the output, count it.
        table = pd.read_csv(
            path, dtype=str, keep_default_na=False, na_values=[""], skip_blank_lines=False
        )
    except FileNotFoundError:
        raise InvalidInputError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InvalidInputError(f"{path} cannot be read as CSV: {str(error).strip()}") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InvalidInputError(
            f"{path} has no column {', '.join(map(repr, missing))}; its columns are"
            f" {', '.join(map(repr, table.columns))}."
        )
    if table.empty:
        raise InvalidInputError(f"{path} has no rows below its header.")
    return table


def read_formulas(table, column, path):
    """Return the formulas of a table after checking them all.

    Raises
    ------
    InvalidInputError
        If rows cannot be read as compositions; the message lists every one of them.
    """
    formulas = table[column].tolist()
    with naming_cells(table, column, path, "formulas"):
        read_compositions(formulas)
    return formulas


@contextmanager
def naming_cells(table, column, path, kind, hint=""):
    """Let an error about rows of X name the cells that X was made of.

    Parameters
    ----------
    table : DataFrame
        As ``read_table`` returns it.
    column : str
        The column that X is.
    path : path-like
        For messages.
    kind : str
        What the cells should be, in the plural.
    hint : str, default=""
        Last line of the message.

    Raises
    ------
    InvalidInputError
        In the place of an ``InvalidRowsError``; the message lists every one of its rows.
    """
    try:
        yield
    except InvalidRowsError as error:
        cells = [(row, column, table[column][row], reason) for row, _, reason in error.problems]
        message = _list_cells(path, f"cannot be read as {kind}", cells)
        raise InvalidInputError(f"{message}\n{hint}".rstrip()) from None


def read_labels(table, columns, path, *, classification):
    """Return the label columns of a table; empty cells are missing labels.

    Parameters
    ----------
    table : DataFrame
        As ``read_table`` returns it.
    columns : list of str
        The targets.
    path : path-like
        For messages.
    classification : bool
        Whether labels are class names, kept as text; else they are numbers.

    Returns
    -------
    DataFrame
        Text, or float64.

    Raises
    ------
    InvalidInputError
        If cells are no finite numbers; the message lists every one of them.
    """
    if classification:
        return table[columns].astype(object)
    labels = pd.DataFrame(index=table.index)
    cells = []
    for name in columns:
        labels[name] = [_as_number(text) for text in table[name]]
        bad = table.index[np.isinf(labels[name])]
        cells += [(row, name, table[name][row], "not a finite number") for row in bad]
    if cells:
        raise InvalidInputError(_list_cells(path, "cannot be read as numbers", cells))
    return labels


def add_columns(table, columns):
    """Return `table` with more columns at its right.

    Raises
    ------
    InvalidInputError
        If it has a column of one of these names already.
    """
    taken = [name for name in columns if name in table.columns]
    if taken:
        raise InvalidInputError(
            f"The input has a column {', '.join(map(repr, taken))} already; rename it."
        )
    return pd.concat([table, pd.DataFrame(columns, index=table.index)], axis=1)


def check_writable(path):
    """Raise before any work is done if `path` cannot become a file.

    Raises
    ------
    InvalidInputError
        If its folder does not exist, or it is a folder itself.
    """
    path = Path(path)
    if path.is_dir():
        raise InvalidInputError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise InvalidInputError(f"There is no folder {path.parent}; make it first.")
    return path


def _as_number(text):
    """Return a number, NaN for a missing one, infinity for what is none."""
    try:
        return float(text)
    except ValueError:
        return np.inf


def _list_cells(path, fault, cells):
    shown = [
        f"  row {row + 1}, {column}: {'empty' if value != value else shorten(value)}: {reason}"
        for row, column, value, reason in sorted(cells, key=lambda cell: cell[0])
    ]
    return (
        f"{path}: {len(cells)} cells {fault} (row 1 is the first below the header):\n"
        + "\n".join(shown)
    )
