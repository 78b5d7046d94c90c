"""Table files of any size as chunks of rows."""

import bz2
import csv
import gzip
import lzma
import zlib
from collections import Counter
from collections.abc import Callable

import pandas as pd

from skmat.exceptions import InvalidInputError

__all__ = ["count_rows", "frames_of_tables", "is_parquet", "is_table"]

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_OPENERS: dict[str, Callable] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_PARQUET = (".parquet", ".pq")


def is_table(path):
    """Tell by its name whether a file is a table."""
    return _kind(path) is not None


def is_parquet(path):
    """Tell by its name whether a file is a Parquet file."""
    return _kind(path) == "parquet"


def frames_of_tables(files, columns, size, material):
    """Yield the rows of tables as DataFrames of at most `size` rows.

    Text files are read as text, and only empty cells are missing: "NaN" is sodium nitride. Parquet
    files keep their types.

    Parameters
    ----------
    files : list of Path
        The tables.
    columns : list of str or None
        Columns to read. None reads all.
    size : int
        Rows per frame, at most.
    material : str
        Column of the materials. It decides the delimiter.

    Raises
    ------
    InvalidInputError
        If a file cannot be read or lacks a column, or a row has too many fields.
    """
    for path in files:
        try:
            if is_parquet(path):
                yield from _parquet_frames(path, columns, size)
            else:
                yield from _text_frames(path, columns, size, material)
        except (csv.Error, UnicodeDecodeError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise InvalidInputError(f"{path} cannot be read: {error}.") from error


def count_rows(files):
    """Return the rows of all tables, or None if one is compressed or cannot be read."""
    total = 0
    for path in files:
        try:
            if is_parquet(path):
                import pyarrow.parquet

                total += pyarrow.parquet.read_metadata(path).num_rows
            elif path.suffix.lower() in _OPENERS:
                return None
            else:
                with open(path, "rb") as stream:
                    # Without the header.
                    total += max(_lines_outside_of_quotes(stream) - 1, 0)
        except (OSError, ImportError, ValueError):
            return None
    return total


def _lines_outside_of_quotes(stream):
    """Return how many lines end outside of quotes. Those inside are parts of a cell."""
    n_lines, is_open = 0, 0
    for line in stream:
        is_open ^= line.count(b'"') & 1
        n_lines += not is_open
    return n_lines


def _kind(path):
    """Return the delimiter or "parquet", or None for files of another type."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _OPENERS:
        suffixes.pop()
    if suffixes and suffixes[-1] in _PARQUET:
        return "parquet"
    return _DELIMITERS.get(suffixes[-1]) if suffixes else None


def _text_frames(path, columns, size, material):
    # A cell can hold a whole CIF file. The limit is that of all threads, so it stays.
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))
    with _open_text(path) as stream:
        first = stream.readline()
        delimiter = _delimiter(first, path, material)
        header = next(csv.reader([first], delimiter=delimiter), [])
        _check_names(header, columns, path)
        reader = csv.reader(stream, delimiter=delimiter)
        rows = []
        for row in reader:
            if not row:
                continue  # an empty line
            if len(row) != len(header):
                raise InvalidInputError(
                    f"{path}, line {reader.line_num + 1} has {len(row)} fields, but the header"
                    f" has {len(header)}. Quote fields that hold the delimiter {delimiter!r}."
                )
            rows.append(row)
            if len(rows) == size:
                yield _frame(rows, header, columns)
                rows = []
        if rows:
            yield _frame(rows, header, columns)


def _open_text(path):
    opener: Callable = _OPENERS.get(path.suffix.lower(), open)
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def _delimiter(header, path, material):
    """Return the first delimiter that makes a column of materials."""
    usual = _kind(path) or ","
    for delimiter in dict.fromkeys([usual, ",", ";", "\t", "|"]):
        if material in next(csv.reader([header], delimiter=delimiter), []):
            return delimiter
    return usual


def _frame(rows, header, columns):
    """Return rows of text as a frame. Only empty cells are missing: "NaN" is sodium nitride."""
    frame = pd.DataFrame(
        [[cell or None for cell in row] for row in rows], columns=header, dtype=object
    )
    return frame if columns is None else frame[columns]


def _parquet_frames(path, columns, size):
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InvalidInputError(
            f"{path}: .parquet files need pyarrow. Install it with `pip install pyarrow`."
        ) from None
    try:
        file = pyarrow.parquet.ParquetFile(path)
        _check_names(file.schema_arrow.names, columns, path)
        # Without threads, because those of pyarrow and torch together can crash the exit.
        for batch in file.iter_batches(size, columns=columns, use_threads=False):
            yield batch.to_pandas(types_mapper=pd.ArrowDtype)
    except pyarrow.ArrowException as error:
        raise InvalidInputError(f"{path} cannot be read: {error}.") from error


def _check_names(present, columns, path):
    missing = [name for name in columns or () if name not in present]
    if missing:
        raise InvalidInputError(
            f"{path} has no column {', '.join(map(repr, missing))}. Its columns are"
            f" {', '.join(map(str, list(present)[:20]))}."
        )
    twice = [name for name, count in Counter(present).items() if count > 1]
    if twice:
        raise InvalidInputError(
            f"{path} has several columns {', '.join(map(repr, twice))}. Rename them."
        )
