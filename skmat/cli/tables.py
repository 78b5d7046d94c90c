"""Tables: formulas and labels in, predictions and embeddings out."""

import gc
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from skmat._utils.nearest import nearest_hint
from skmat.cli.table_files import read_rows
from skmat.cli.table_text import below, find_names
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError, InvalidLabelsError, InvalidRowsError, shorten

__all__ = [
    "DECIMAL_COMMA",
    "Table",
    "add_columns",
    "check_names",
    "list_cells",
    "naming_cells",
    "read_formulas",
    "read_table",
]

#: A number with a decimal comma.
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+(?:[eE][-+]?[0-9]+)?")

#: A number with a decimal point.
_DECIMAL_POINT = r"[-+]?[0-9]*\.[0-9]+(?:[eE][-+]?[0-9]+)?"

#: Maximum of unreadable cells and of columns that messages list.
_MAX_CELLS, _MAX_COLUMNS = 20, 20
#: Characters of a reason that is told once for all cells.
_LONG_REASON = 60


@dataclass(frozen=True, eq=False)
class Table:
    """A table of text cells.

    Attributes
    ----------
    cells : DataFrame
        Cells are str, or NaN if empty. Column names are those of the file, and may repeat or be
        empty.
    positions : dict of str to int
        Positions of the requested columns, by requested name.
    lines : list of int or None
        Line of each row in the file. None without a file.
    comma : {"delimiter", "decimal", "unclear"}
        Role of a comma: delimiter, decimal mark, or perhaps a thousands mark.
    numbers : list of int or None
        Number of each row among those of the file, from 0. None if no row was left out.
    """

    cells: Any
    positions: dict = field(default_factory=dict)
    lines: list | None = None
    comma: str = "delimiter"
    numbers: list | None = None

    def __len__(self):
        return len(self.cells)

    def column(self, name):
        """Return a column as a list."""
        return self.cells.iloc[:, self.positions[name]].tolist()

    def texts(self, name):
        """Return a column as a list of str, "" for empty cells."""
        return [cell if isinstance(cell, str) else "" for cell in self.column(name)]

    def has_decimal_commas(self):
        """Tell whether semicolons separate the fields, and numbers have no decimal points."""
        if self.comma != "decimal":
            return False
        columns = [self.cells.iloc[:, place] for place in range(self.cells.shape[1])]
        if any(column.str.fullmatch(DECIMAL_COMMA.pattern).any() for column in columns):
            return True
        return not any(column.str.fullmatch(_DECIMAL_POINT).any() for column in columns)

    def take(self, rows):
        """Return the table of some rows. Messages name them as before."""
        cells = self.cells.iloc[rows].reset_index(drop=True)
        lines = None if self.lines is None else [self.lines[row] for row in rows]
        numbers = list(rows) if self.numbers is None else [self.numbers[row] for row in rows]
        return replace(self, cells=cells, lines=lines, numbers=numbers)

    def row_numbers(self):
        """Return the number of each row among those of the file, from 1."""
        numbers = range(len(self)) if self.numbers is None else self.numbers
        return [number + 1 for number in numbers]

    def row(self, number):
        """Return the name of a row in messages."""
        place = number if self.numbers is None else self.numbers[number]
        return below(place, place + 2 if self.lines is None else self.lines[number])


def read_table(path, columns, advice=""):
    """Read a table, with every cell as text.

    Only an empty cell is a missing value. "NaN", which pandas reads as missing, is sodium nitride.
    A UserWarning reports notes about how the file was read.

    Parameters
    ----------
    path : path-like
        Delimited text, .xlsx or .parquet file. The content, not the name, tells the type.
    columns : sequence of str
        Required columns. Without an exact match, case and surrounding white space are ignored.
    advice : str, default=""
        What to do if the first of them is missing.

    Returns
    -------
    Table
        The table with all columns.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, has no rows, or lacks a column. If two columns match one name.
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
            f"{path} has no column {', '.join(map(repr, missing))}. Its columns are"
            f" {_list_names(rows.header)}.{_advise_names(rows.header, missing)}"
            + "".join(f" {note}" for note in notes)
            + (f" {advice}" if columns[0] in missing and advice else "")
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
            notes.append(f"Its column {names[0]!r} is used as {name!r}.")
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
    """Return the formulas of a table after checking all of them.

    Raises
    ------
    InvalidInputError
        If formulas cannot be read. The message lists them.
    """
    formulas = table.column(column)
    with naming_cells(table, column, path, "formulas"):
        read_compositions(formulas)
    return formulas


@contextmanager
def _no_garbage_collection():
    """Pause garbage collection, which takes longer than reading millions of cells."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def naming_cells(table, column, path, kind, hint=None):
    """Make errors about rows of X name the cells of the table.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    column : str
        Column of X.
    path : path-like
        File of the table, for messages.
    kind : str
        What the cells should be, such as "formulas".
    hint : callable, default=None
        Takes the cells that cannot be read, and returns the last lines of the message.

    Raises
    ------
    InvalidInputError
        Instead of an ``InvalidRowsError``. The message lists its rows.
    """
    try:
        yield
    except InvalidLabelsError:
        raise  # about y, whose cells are in other columns
    except InvalidRowsError as error:
        values = table.column(column)
        cells = [(row, column, values[row], reason) for row, _, reason in error.problems]
        message = list_cells(table, path, f"cannot be read as {kind}", cells)
        last = "" if hint is None else hint([value for _, _, value, _ in cells])
        raise InvalidInputError(f"{message}\n{last}".rstrip()) from error


def check_names(table, names):
    """Raise if the table already has a column of one of these names.

    Raises
    ------
    InvalidInputError
        If a name is taken.
    """
    present = set(table.cells.columns)
    taken = [name for name in names if name in present]
    if taken:
        raise InvalidInputError(f"The input already has a column {_list_names(taken)}. Rename it.")


def add_columns(table, columns):
    """Return the cells of `table` with additional columns on the right."""
    return pd.concat([table.cells, pd.DataFrame(columns, index=table.cells.index)], axis=1)


def list_cells(table, path, fault, cells, most=_MAX_CELLS):
    """Return a message that lists cells.

    Parameters
    ----------
    table : Table
        Table of the cells.
    path : path-like
        File of the table, or the name of the option that gave the materials.
    fault : str
        Fault of all cells.
    cells : list of tuple (int, str, object, str)
        Row, column, value and reason for each cell.
    most : int
        Maximum of cells to list.
    """
    cells = sorted(cells, key=lambda cell: cell[0])
    reasons = {reason for *_, reason in cells}
    # One long reason for all is told once.
    is_shared = len(reasons) == 1 and len(cells) > 1 and len(max(reasons)) > _LONG_REASON
    shared = f": {reasons.pop()}" if is_shared else ""
    shown = [
        f"  {table.row(row)}, {column}: {'empty' if value != value else shorten(value)}"
        + ("" if shared else f": {reason}")
        for row, column, value, reason in cells[:most]
    ]
    if len(cells) > most:
        shown.append(f"  ... and {len(cells) - most} more")
    # Materials from an option have no header.
    is_option = str(path).startswith("--")
    what = "value" if is_option else "cell"
    counted = f"1 {what}" if len(cells) == 1 else f"{len(cells)} {what}s"
    rows = "" if is_option else " (row 1 is the first below the header)"
    return f"{path}: {counted} {fault}{shared}{rows}:\n" + "\n".join(shown)


def _list_names(names):
    listed = ", ".join(shorten(name) for name in names[:_MAX_COLUMNS])
    hidden = len(names) - _MAX_COLUMNS
    return listed + (f" and {hidden:,} more" if hidden > 0 else "")


def _advise_names(header, missing):
    """Return the column that is meant by the first missing name, "" if none is like it.

    Missing names may be parts of one name with a comma.
    """
    for name in header:
        parts = [part.strip() for part in name.split(",")]
        if len(parts) > 1 and set(parts) & set(missing):
            return f" Put a name with a comma in double quotes: '\"{name}\"'."
    nearest = nearest_hint(missing[0], header)
    return f"{nearest}." if nearest else ""
