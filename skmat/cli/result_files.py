"""Result files: checked before the work starts, and written completely or not at all."""

import errno
import math
import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from skmat._utils.atomic import atomic_file
from skmat._utils.csv_text import quoting_of
from skmat.cli.model_files import check_outside, holds_model
from skmat.cli.table_files import COMPRESSED, DELIMITERS, ENGINES, engine, suffix_of
from skmat.exceptions import InvalidInputError

__all__ = [
    "ARRAY_SUFFIXES",
    "TABLE_SUFFIXES",
    "check_fits",
    "check_model",
    "check_no_input",
    "check_output",
    "is_text",
    "suffix_of",
    "write_arrays",
    "write_table",
    "write_text",
]

#: File types of tables and of arrays of vectors.
TABLE_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".xlsx", ".parquet")
ARRAY_SUFFIXES = (".npy", ".npz")

#: Compression in pandas. gzip stores no time and name, so equal tables give equal files.
_COMPRESSIONS = {
    ".gz": {"method": "gzip", "mtime": 0, "filename": ""},
    ".bz2": "bz2",
    ".xz": "xz",
}

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")

#: Limits of an Excel sheet: rows, columns, and characters in a cell.
_MOST_ROWS, _MOST_COLUMNS, _MOST_CHARACTERS = 2**20, 2**14, 32767
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check_output(path, suffixes, inputs=()):
    """Raise if a result cannot or must not be written to `path`.

    Parameters
    ----------
    path : path-like
        File to write. A pipe or another special file may have any name.
    suffixes : sequence of str
        Allowed suffixes.
    inputs : iterable of path-like
        Files that the result must not replace.

    Raises
    ------
    InvalidInputError
        If `path` is a folder or not writable, or its folder is missing or one of ``skmat train``.
        If it has another suffix, is an input, or holds a model.
    """
    path = Path(path)
    _check_writable(path)
    check_no_input(path, inputs)
    if _is_special(path):
        return
    suffix = suffix_of(path)
    # The message lists only the common compressed suffixes.
    if suffix not in suffixes and suffix not in {
        plain + end for plain in suffixes for end in COMPRESSED if plain in DELIMITERS
    }:
        raise InvalidInputError(
            f"{path}: the suffix selects the file type. It must be one of {', '.join(suffixes)}."
        )
    if suffix in ENGINES:
        engine(path)
    if holds_model(path):
        raise InvalidInputError(
            f"{path} holds a model, which the result would replace. Give another name, or remove"
            " it first."
        )


def check_model(path, inputs=()):
    """Raise if a model cannot or must not be written to `path`.

    Raises
    ------
    InvalidInputError
        If `path` is a folder or not writable, or its folder is missing or one of ``skmat train``.
        If it is an input, has the suffix of another file type, or exists and is not a model.
    """
    path = Path(path)
    _check_writable(path)
    check_no_input(path, inputs)
    if _is_special(path):
        return
    ends = (*DELIMITERS, *COMPRESSED, *ENGINES, *ARRAY_SUFFIXES)
    if suffix_of(path) in (*ends, ".json", ".cif", ".txt", *(f".csv{end}" for end in COMPRESSED)):
        raise InvalidInputError(
            f"{path} has the suffix of another kind of file. Give the model a name that ends in"
            " .joblib."
        )
    if path.is_file() and path.stat().st_size and not holds_model(path):
        raise InvalidInputError(
            f"{path} exists and is not a model. The model would replace it. Give another name, or"
            " remove it first."
        )


def check_no_input(path, inputs):
    """Raise if `path` is one of the input files, also under another name."""
    for each in inputs:
        if _same_file(path, each):
            raise InvalidInputError(
                f"{path} is an input of this command, and the result would replace it. Give"
                " another name."
            )


def check_fits(path, table, names):
    """Raise if a file of this type cannot hold a table with additional columns.

    Parameters
    ----------
    path : path-like
        File to write.
    table : Table
        Table of the first columns.
    names : sequence of str
        Names of the additional columns.

    Raises
    ------
    InvalidInputError
        If column names of a .parquet file repeat, or an .xlsx file is too large or has invalid
        characters.
    """
    suffix = suffix_of(path)
    cells = table.cells
    remedy = f"Write {Path(path).with_suffix('.csv').name} instead."
    if suffix == ".parquet":
        every = [*cells.columns, *names]
        twice = [name for name, count in Counter(every).items() if count > 1]
        if twice:
            raise InvalidInputError(
                f"{path}: columns of a .parquet file need different names, but these repeat:"
                f" {', '.join(map(repr, twice[:5]))}. {remedy}"
            )
    if suffix != ".xlsx":
        return
    shape = len(cells) + 1, cells.shape[1] + len(names)
    if shape[0] > _MOST_ROWS or shape[1] > _MOST_COLUMNS:
        raise InvalidInputError(
            f"{path}: an .xlsx file has at most {_MOST_ROWS:,} rows and {_MOST_COLUMNS:,} columns."
            f" This table has {shape[0]:,} and {shape[1]:,}. {remedy}"
        )
    for position, name in enumerate(cells.columns):
        for row, text in enumerate([name, *cells.iloc[:, position]]):
            if isinstance(text, str) and (
                len(text) > _MOST_CHARACTERS or _NOT_IN_XML.search(text)
            ):
                where = f"row {row}" if row else "the header"
                raise InvalidInputError(
                    f"{path}: a cell of an .xlsx file holds at most {_MOST_CHARACTERS:,}"
                    f" characters, without control characters. The cell in {where}, column"
                    f" {name!r} does not fit. {remedy}"
                )


def is_text(path):
    """Tell whether ``write_table`` writes text to `path`."""
    return suffix_of(path) not in ENGINES


def write_table(table, path, delimiter=","):
    """Write a DataFrame without its index. The suffix selects the file type, by default CSV.

    `delimiter` is that of CSV; see :func:`write_text`.

    Numbers are written with every digit. In .xlsx and .parquet files, a text column becomes
    numeric if all cells are numbers in Python's spelling.
    """
    suffix = suffix_of(path)
    with atomic_file(path) as stream:
        if suffix == ".xlsx":
            _write_xlsx(table, stream)
        elif suffix == ".parquet":
            _write_parquet(table, stream)
        else:
            plain, dot, packing = suffix[1:].partition(".")
            write_text(
                table,
                stream,
                delimiter if plain == "csv" else DELIMITERS.get(f".{plain}", delimiter),
                mode="wb",
                compression=_COMPRESSIONS.get(dot + packing),
            )


def write_arrays(path, vectors, **others):
    """Write vectors as .npy, or as .npz with additional arrays."""
    with atomic_file(path) as stream:
        if suffix_of(path) == ".npy":
            # Given a file, NumPy would hide the reason of a write error.
            np.save(SimpleNamespace(write=stream.write), vectors)
        else:
            np.savez_compressed(stream, vectors=vectors, **others)


def _check_writable(path):
    if path.is_dir():
        raise InvalidInputError(f"{path} is a folder. Give the name of a file.")
    folder = path.parent
    if not folder.is_dir():
        raise InvalidInputError(f"The folder {folder} does not exist. Create it first.")
    check_outside(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise InvalidInputError(f"{path} cannot be written: it is write-protected.")
    # Writing starts with a temporary file in the same folder.
    if not _is_special(path) and not os.access(os.path.dirname(os.path.realpath(path)), os.W_OK):
        raise InvalidInputError(f"{path} cannot be written: its folder is write-protected.")


def _is_special(path):
    return path.exists() and not path.is_file()


def write_text(table, stream, delimiter=",", **how):
    """Write a DataFrame without its index to a stream. `how` goes to ``DataFrame.to_csv``.

    With semicolons as delimiters, numbers have decimal commas.
    """
    decimal = "," if delimiter == ";" else "."
    quoting = quoting_of(table)
    table.to_csv(stream, index=False, sep=delimiter, decimal=decimal, quoting=quoting, **how)


def _write_xlsx(table, stream):
    openpyxl = engine("", ".xlsx")
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")

    def as_cell(value):
        if value is None or value != value:
            return None
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, bool):
            return value
        is_number = isinstance(value, int | float) and math.isfinite(value)
        # As text, because openpyxl writes only 16 digits and takes "=..." for a formula.
        cell = WriteOnlyCell(sheet, value if isinstance(value, str) else repr(value))
        cell.data_type = "n" if is_number else "s"
        return cell

    sheet.append([as_cell(str(name)) for name in table.columns])
    columns = [_as_numbers(table.iloc[:, i], exact=False) for i in range(table.shape[1])]
    try:
        for row in zip(*columns, strict=True):
            sheet.append([as_cell(value) for value in row])
        book.save(stream)
    except OSError:
        raise
    except Exception as error:  # lxml raises its own error for a full disk, "IO_ENOSPC"
        with suppress(Exception):
            sheet._writer.xf.close()  # else it raises again later
        code = getattr(errno, str(error).removeprefix("IO_"), errno.EIO)
        raise OSError(code, os.strerror(code)) from error


def _write_parquet(table, stream):
    engine("", ".parquet")
    import pyarrow.parquet

    arrays = []
    for i in range(table.shape[1]):
        values = _as_numbers(table.iloc[:, i], exact=True)
        if all(value is None for value in values):
            arrays.append(pyarrow.array(values, pyarrow.string()))
        else:
            dtype = table.dtypes.iloc[i]
            kind = pyarrow.from_numpy_dtype(dtype) if dtype.kind in "fiub" else None
            arrays.append(pyarrow.array(values, kind))
    names = [str(name) for name in table.columns]
    pyarrow.parquet.write_table(pyarrow.table(arrays, names=names), stream)


def _as_numbers(column, *, exact):
    """Return the values of a column, with None for missing ones.

    Text becomes numbers if all of it is numeric. With `exact`, integers and other numbers do not
    mix.
    """
    values = [None if pd.isna(value) else value for value in column]
    present = [value for value in values if value is not None]
    if not present or not all(isinstance(value, str) for value in present):
        return values
    integers = [_INTEGER.fullmatch(value) is not None for value in present]
    if all(integers):
        return [None if value is None else int(value) for value in values]
    if exact and any(integers):
        return values
    if all(each or _is_float(value) for each, value in zip(integers, present, strict=True)):
        return [None if value is None else float(value) for value in values]
    return values


def _is_float(text):
    try:
        number = float(text)
    except ValueError:
        return False
    return np.isfinite(number) and repr(number) == text


def _same_file(path, other):
    try:
        return os.path.samefile(path, other)
    except (OSError, ValueError):  # one of them does not exist
        return Path(path).absolute() == Path(other).absolute()
