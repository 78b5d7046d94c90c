"""Tables of any size as chunks of rows."""

import bz2
import csv
import glob
import gzip
import lzma
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from skmat.exceptions import InvalidInputError

__all__ = ["chunks_of", "files_of"]

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
_OPENERS: dict[str, Callable] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_PARQUET = (".parquet", ".pq")


def files_of(source):
    """Return the files of a source in the order of their names, or None for an iterable.

    Parameters
    ----------
    source : path-like, list of path-like, or iterable
        A file, a pattern with "*" or a folder of files; or what yields materials.

    Raises
    ------
    InvalidInputError
        If there is no such file, or files are of several types.
    """
    if isinstance(source, str | Path):
        files = _files_at(str(source))
    elif isinstance(source, list) and source and all(isinstance(each, Path) for each in source):
        files = source
    else:
        return None
    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise InvalidInputError(f"The file {missing[0]} does not exist.")
    kinds = {_is_parquet(path) for path in files}
    if len(kinds) > 1:
        raise InvalidInputError(
            f"{source} has files of text and of Parquet. Screen them one after the other."
        )
    return files


def chunks_of(source, size, material, columns=None):
    """Yield the rows of a source as DataFrames of `size` rows, the last one shorter.

    Text files are read as text, and only empty cells are missing: "NaN" is sodium nitride. Parquet
    files keep their types.

    Parameters
    ----------
    source : path-like, list of Path, or iterable
        Files as in ``files_of``. Or an iterable of DataFrames, of dicts of columns, or of
        materials.
    size : int
        Rows per chunk.
    material : str
        Column of the materials.
    columns : list of str, default=None
        Columns to read. None reads all.

    Raises
    ------
    InvalidInputError
        If a file cannot be read or lacks a column, or a row has too many fields.
    """
    files = files_of(source)
    if files is None:
        frames = _frames_of_iterable(source, material, size)
    else:
        frames = _frames(files, columns, size, material)
    return _of_equal_size(frames, size)


def _files_at(text):
    path = Path(text)
    if path.is_dir():
        files = [each for each in path.iterdir() if _kind(each)]
        if not files:
            raise InvalidInputError(f"The folder {path} has no .csv, .tsv or .parquet file.")
        return sorted(files)
    if any(mark in text for mark in "*?[") and not path.exists():
        files = [Path(each) for each in glob.glob(text, recursive=True)]
        if not files:
            raise InvalidInputError(f"No file matches {text}.")
        return sorted(files)
    return [path]


def _kind(path):
    """Return the delimiter or "parquet", or None for files of another type."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _OPENERS:
        suffixes.pop()
    if suffixes and suffixes[-1] in _PARQUET:
        return "parquet"
    return _DELIMITERS.get(suffixes[-1]) if suffixes else None


def _is_parquet(path):
    return _kind(path) == "parquet"


def _frames(files, columns, size, material):
    for path in files:
        try:
            if _is_parquet(path):
                yield from _parquet_frames(path, columns, size)
            else:
                yield from _text_frames(path, columns, size, material)
        except (csv.Error, UnicodeDecodeError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise InvalidInputError(f"{path} cannot be read: {error}.") from error


def _text_frames(path, columns, size, material):
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


def _frames_of_iterable(source, material, size):
    if not isinstance(source, Iterable) or isinstance(source, Mapping):
        raise InvalidInputError(
            f"source={type(source).__name__} must be a file, a folder, a pattern or an iterable of"
            " materials or DataFrames."
        )
    if isinstance(source, pd.DataFrame):
        source = [source]
    pending: list = []
    for each in source:
        if isinstance(each, pd.DataFrame | Mapping) and not _is_material(each):
            if pending:
                yield pd.DataFrame({material: pd.Series(pending, dtype=object)})
                pending = []
            yield each if isinstance(each, pd.DataFrame) else pd.DataFrame(each)
            continue
        pending.append(each)
        if len(pending) == size:
            yield pd.DataFrame({material: pd.Series(pending, dtype=object)})
            pending = []
    if pending:
        yield pd.DataFrame({material: pd.Series(pending, dtype=object)})


def _is_material(each):
    """Tell a dict of amounts or a structure's dict from a dict of columns."""
    return isinstance(each, Mapping) and all(
        isinstance(value, int | float) for value in each.values()
    )


def _of_equal_size(frames, size) -> Iterator[pd.DataFrame]:
    pending, n_pending = [], 0
    for frame in frames:
        pending.append(frame)
        n_pending += len(frame)
        while n_pending >= size:
            joined = pending[0] if len(pending) == 1 else pd.concat(pending, ignore_index=True)
            yield joined.iloc[:size].reset_index(drop=True)
            rest = joined.iloc[size:]
            pending, n_pending = ([rest], len(rest)) if len(rest) else ([], 0)
    if n_pending:
        yield pd.concat(pending, ignore_index=True)
