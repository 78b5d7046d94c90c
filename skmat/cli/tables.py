"""Tables of users: formulas and labels in, predictions and embeddings out."""

import gc
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from skmat.cli.table_files import read_rows
from skmat.cli.table_text import below, find_names
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError, InvalidLabelsError, InvalidRowsError, shorten

__all__ = [
    "Table",
    "add_columns",
    "check_names",
    "list_cells",
    "naming_cells",
    "read_formulas",
    "read_table",
]

#: How many cells that cannot be read are listed, and how many columns.
_MAX_CELLS, _MAX_COLUMNS = 20, 20


@dataclass(frozen=True, eq=False)
class Table:
    """A table, every cell as the text it is.

    Attributes
    ----------
    cells : DataFrame
        Cells are str, or NaN where empty; columns are called as in the file, and so can have
        one name, or none.
    positions : dict of str to int
        Where the columns are that were asked for, by the name that was asked for.
    lines : list of int or None
        On which line of the file each row is; None without a file.
    comma : {"delimiter", "decimal", "unclear"}
        What a comma in a number is: none of it, its decimal mark, or one of thousands perhaps.
    """

    cells: Any
    positions: dict = field(default_factory=dict)
    lines: list | None = None
    comma: str = "delimiter"

    def __len__(self):
        return len(self.cells)

    def column(self, name):
        """Return a column as a list."""
        return self.cells.iloc[:, self.positions[name]].tolist()

    def texts(self, name):
        """Return a column as a list of str, empty where cells are."""
        return [cell if isinstance(cell, str) else "" for cell in self.column(name)]

    def row(self, number):
        """Return what messages call a row."""
        return below(number, number + 2 if self.lines is None else self.lines[number])


def read_table(path, columns):
    """Read a table, every cell as the text it is.

    Only an empty cell is a missing value: "NaN", which pandas takes for one, is sodium nitride.
    What the user should know of how the file was read is said by a UserWarning.

    Parameters
    ----------
    path : path-like
        The file: delimited text, .xlsx or .parquet. Its content tells which.
    columns : sequence of str
        Columns that must be there. A name that differs in case or in white space around it is
        taken where no other does.

    Returns
    -------
    Table
        All columns.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, or lacks a column or any row, or has two that are meant.
    """
    with _no_garbage_collection():
        rows = read_rows(path, columns)
        frame = pd.DataFrame(
            [[cell or np.nan for cell in row] for row in rows.cells],
            columns=rows.header,
            dtype=object,
        )
        rows.cells.clear()
    notes = list(rows.notes)
    exact = find_names(rows.header, columns, loosely=False)
    loose = find_names(rows.header, columns, loosely=True)
    found = dict(zip(columns, (a or b for a, b in zip(exact, loose, strict=True)), strict=True))
    missing = [name for name, places in found.items() if not places]
    if missing:
        raise InvalidInputError(
            f"{path} has no column {', '.join(map(repr, missing))}; its columns are"
            f" {_list_names(rows.header)}.{_advise_quotes(rows.header, missing)}"
            + "".join(f" {note}" for note in notes)
        )
    for name, places in found.items():
        names = [rows.header[place] for place in places]
        if len(places) > 1:
            raise InvalidInputError(
                f"{path} has {len(places)} columns for {name!r}: columns"
                f" {' and '.join(str(place + 1) for place in places)} are called"
                f" {' and '.join(map(repr, names))}. Give them different names."
            )
        if names[0] != name:
            notes.append(f"Its column {names[0]!r} is taken for {name!r}.")
    if frame.empty:
        raise InvalidInputError(f"{path} has no rows below its header.")
    if notes:
        warnings.warn(f"{path}: {' '.join(notes)}", stacklevel=2)
    return Table(
        frame,
        {name: places[0] for name, places in found.items()},
        rows.lines,
        rows.comma,
    )


def read_formulas(table, column, path):
    """Return the formulas of a table after checking them all.

    Raises
    ------
    InvalidInputError
        If rows cannot be read as compositions; the message lists them.
    """
    formulas = table.column(column)
    with naming_cells(table, column, path, "formulas"):
        read_compositions(formulas)
    return formulas


@contextmanager
def _no_garbage_collection():
    """Do not look for cycles among millions of cells: that takes longer than reading them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def naming_cells(table, column, path, kind, hint=""):
    """Let an error about rows of X name the cells that X was made of.

    Parameters
    ----------
    table : Table
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
        In the place of an ``InvalidRowsError``; the message lists its rows.
    """
    try:
        yield
    except InvalidLabelsError:
        raise  # of y, whose rows are the same but whose cells are others
    except InvalidRowsError as error:
        values = table.column(column)
        cells = [(row, column, values[row], reason) for row, _, reason in error.problems]
        message = list_cells(table, path, f"cannot be read as {kind}", cells)
        raise InvalidInputError(f"{message}\n{hint}".rstrip()) from None


def check_names(table, names):
    """Raise if a table has a column of one of these names already.

    Raises
    ------
    InvalidInputError
        If so.
    """
    present = set(table.cells.columns)
    taken = [name for name in names if name in present]
    if taken:
        raise InvalidInputError(f"The input has a column {_list_names(taken)} already; rename it.")


def add_columns(table, columns):
    """Return the cells of `table` with more columns at their right, as a DataFrame."""
    return pd.concat([table.cells, pd.DataFrame(columns, index=table.cells.index)], axis=1)


def list_cells(table, path, fault, cells, most=_MAX_CELLS):
    """Return a message that lists cells.

    Parameters
    ----------
    table : Table
        Where they are.
    path : path-like
        Where the table is; the name of an option, where that gave the materials.
    fault : str
        What is wrong with all of them.
    cells : list of tuple (int, str, object, str)
        Row, column, value and reason of each.
    most : int
        How many are listed.
    """
    cells = sorted(cells, key=lambda cell: cell[0])
    shown = [
        f"  {table.row(row)}, {column}: {'empty' if value != value else shorten(value)}: {reason}"
        for row, column, value, reason in cells[:most]
    ]
    if len(cells) > most:
        shown.append(f"  ... and {len(cells) - most} more")
    counted = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    # Materials of an option have no header.
    rows = "" if str(path).startswith("--") else " (row 1 is the first below the header)"
    return f"{path}: {counted} {fault}{rows}:\n" + "\n".join(shown)


def _list_names(names):
    listed = ", ".join(shorten(name) for name in names[:_MAX_COLUMNS])
    hidden = len(names) - _MAX_COLUMNS
    return listed + (f" and {hidden:,} more" if hidden > 0 else "")


def _advise_quotes(header, missing):
    """Say how to give a name with a comma, if that is what the missing names are parts of."""
    for name in header:
        parts = [part.strip() for part in name.split(",")]
        if len(parts) > 1 and set(parts) & set(missing):
            return f" A name with a comma goes in double quotes: '\"{name}\"'."
    return ""
