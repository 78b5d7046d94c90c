"""Sources of any size as chunks of rows: tables, structure files and iterables."""

import glob
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from skmat.exceptions import InvalidInputError
from skmat.screening._tables import count_rows, frames_of_tables, is_parquet, is_table
from skmat.structure._files import is_structure_file
from skmat.structure._read import is_path

__all__ = ["FILE", "Source", "open_source"]

#: Column of the names of structure files.
FILE = "file"


def open_source(source):
    """Return what reads a source in chunks.

    Parameters
    ----------
    source : path-like, list of Path, or iterable
        A file, a pattern with "*" or a folder of files: tables or structures. Or an iterable of
        DataFrames, of dicts of columns, or of materials, or a Dataset of pyarrow.

    Returns
    -------
    Source

    Raises
    ------
    InvalidInputError
        If there is no such file, or files are of several types.
    """
    if isinstance(source, str | os.PathLike):
        files = _files_at(os.fspath(source))
    elif isinstance(source, list) and source and all(isinstance(each, Path) for each in source):
        files = [os.fspath(path) for path in source]
    else:
        return ArrowDataset(source) if hasattr(source, "get_fragments") else Iterated(source)
    missing = next((path for path in files if not os.path.isfile(path)), None)
    if missing is not None:
        raise InvalidInputError(f"The file {missing} does not exist.")
    kinds = {_type(path) for path in files}
    if len(kinds) > 1:
        raise InvalidInputError(
            f"{source} has {' and '.join(sorted(kinds))}. Screen them one after the other, for"
            " example with a pattern such as 'folder/*.cif'."
        )
    return StructureFiles(files) if kinds == {_STRUCTURES} else Tables(files)


class Source(ABC):
    """Rows of materials, read in chunks."""

    #: Column of the materials, None if the model or the caller names it.
    material: str | None = None

    def identity(self):
        """Return what tells this source from others, as data for JSON. None for iterables."""
        return None

    def n_rows(self):
        """Return about how many rows there are, None if that is not known."""
        return None

    @abstractmethod
    def chunks(self, size, material, columns=None) -> Iterator[pd.DataFrame]:
        """Yield DataFrames of `size` rows, the last one shorter.

        Parameters
        ----------
        size : int
            Rows per chunk.
        material : str
            Column of the materials.
        columns : list of str, default=None
            Columns to read. None reads all.

        Raises
        ------
        InvalidInputError
            If a file cannot be read or lacks a column.
        """

    def given(self, frame, structures):
        """Return a chunk as the model reads it.

        Parameters
        ----------
        frame : DataFrame
            The chunk.
        structures : str or None
            Column of structures, whose paths become absolute.
        """
        return frame

    def named(self, problems, frame, material):
        """Return the rows of a chunk that cannot be read, with their values as in the source."""
        return problems


class Tables(Source):
    """Table files, one after the other.

    Paths of structures are relative to the deepest folder that holds all tables.
    """

    def __init__(self, files):
        self.files = [Path(path) for path in files]

    def identity(self):
        return [[path.name, path.stat().st_size] for path in self.files]

    def n_rows(self):
        return count_rows(self.files)

    def given(self, frame, structures):
        if structures is None or structures not in frame.columns:
            return frame
        folder = _folder_of(self.files)
        cells = [
            Path(folder, cell.strip()) if is_path(cell) else cell for cell in frame[structures]
        ]
        return frame.assign(**{structures: pd.Series(cells, index=frame.index, dtype=object)})

    def named(self, problems, frame, material):
        return [
            (row, frame[material].iat[row] if isinstance(value, Path) else value, reason)
            for row, value, reason in problems
        ]

    def chunks(self, size, material, columns=None):
        return _of_equal_size(frames_of_tables(self.files, columns, size, material), size, columns)


class StructureFiles(Source):
    """Structure files, one per row. Workers read them, and a chunk holds only their names.

    Names are relative to the deepest folder that holds all files.
    """

    material = FILE

    def __init__(self, files):
        self.folder = _folder_of(files)
        self.names = [os.path.relpath(path, self.folder) for path in files]

    def identity(self):
        digest = hashlib.sha256()
        for name in self.names:
            size = os.path.getsize(os.path.join(self.folder, name))
            digest.update(f"{name}\0{size}\0".encode())
        return {"n_structures": len(self.names), "sha256": digest.hexdigest()}

    def n_rows(self):
        return len(self.names)

    def chunks(self, size, material, columns=None):
        others = [name for name in columns or () if name != FILE]
        if others:
            raise InvalidInputError(
                f"Structure files have no column {', '.join(map(repr, others))}, only {FILE!r}."
            )
        for start in range(0, len(self.names), size):
            yield pd.DataFrame({FILE: self.names[start : start + size]}, dtype=object)

    def given(self, frame, structures):
        paths = [Path(self.folder, name) for name in frame[FILE]]
        return frame.assign(**{FILE: pd.Series(paths, index=frame.index, dtype=object)})

    def named(self, problems, frame, material):
        return [(row, frame[FILE].iat[row], reason) for row, _, reason in problems]


def _folder_of(files):
    """Return the deepest folder that holds all files."""
    return os.path.commonpath({os.path.abspath(os.path.dirname(path)) for path in files})


class Iterated(Source):
    """What an iterable yields: DataFrames, dicts of columns, or materials."""

    def __init__(self, source):
        if not isinstance(source, Iterable) or isinstance(source, Mapping):
            raise InvalidInputError(
                f"source={type(source).__name__} must be a file, a folder, a pattern or an"
                " iterable of materials or DataFrames."
            )
        self.source = [source] if isinstance(source, pd.DataFrame) else source

    def n_rows(self):
        if not isinstance(self.source, list | tuple):
            return None
        tables = [each for each in self.source if isinstance(each, pd.DataFrame)]
        if not tables:
            # Dicts of columns have rows of their own.
            known = not any(isinstance(each, Mapping) for each in self.source)
            return len(self.source) if known else None
        return sum(map(len, tables)) if len(tables) == len(self.source) else None

    def chunks(self, size, material, columns=None):
        return _of_equal_size(_frames_of_iterable(self.source, material, size), size, columns)


class ArrowDataset(Source):
    """A Dataset of pyarrow, which may be partitioned. Paths in it are absolute."""

    def __init__(self, dataset):
        self.dataset = dataset

    def n_rows(self):
        return self.dataset.count_rows(use_threads=False)

    def chunks(self, size, material, columns=None):
        missing = [name for name in columns or () if name not in self.dataset.schema.names]
        if missing:
            raise InvalidInputError(
                f"The dataset has no column {', '.join(map(repr, missing))}. Its columns are"
                f" {', '.join(self.dataset.schema.names[:20])}."
            )
        return _of_equal_size(self._frames(size, columns), size, columns)

    def _frames(self, size, columns):
        import pyarrow

        # Without threads, because those of pyarrow and torch together can crash the exit.
        options = {"columns": columns, "batch_size": size, "use_threads": False}
        try:
            for batch in self.dataset.to_batches(**options):
                if len(batch):
                    yield batch.to_pandas(types_mapper=pd.ArrowDtype)
        except pyarrow.ArrowException as error:
            raise InvalidInputError(f"The dataset cannot be read: {error}.") from error


_STRUCTURES = "structure files"


def _type(path):
    if is_parquet(Path(path)):
        return "tables of Parquet"
    return _STRUCTURES if _is_structure(path) else "tables of text"


def _is_structure(path):
    # A table may be named after structures, such as "poscars.csv".
    path = Path(path)
    return not is_table(path) and is_structure_file(path.name)


def _files_at(text):
    """Return the files at a path or of a pattern, in the order of their names."""
    if os.path.isdir(text):
        files = [entry.path for entry in os.scandir(text) if entry.is_file()]
        files = [path for path in files if is_table(Path(path)) or _is_structure(path)]
        if not files:
            raise InvalidInputError(
                f"The folder {text} has no .csv, .tsv, .parquet, CIF or POSCAR file."
            )
        return sorted(files)
    if any(mark in text for mark in "*?[") and not os.path.exists(text):
        files = glob.glob(text, recursive=True)
        if not files:
            raise InvalidInputError(f"No file matches {text}.")
        return sorted(files)
    return [text]


def _frames_of_iterable(source, material, size):
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
    return isinstance(each, Mapping) and (
        {"lattice", "sites"} <= {*each}
        or all(isinstance(value, int | float) for value in each.values())
    )


def _of_equal_size(frames, size, columns=None) -> Iterator[pd.DataFrame]:
    """Yield DataFrames of `size` rows with the same columns in the same order."""
    pending, n_pending = [], 0
    known = columns
    for frame in frames:
        if not len(frame):
            continue
        known = list(frame.columns) if known is None else known
        further = [] if columns else [name for name in frame.columns if name not in known]
        if further:
            raise InvalidInputError(
                f"A table of the source has a column {', '.join(map(repr, further))}, which those"
                f" before it lack. Their columns are {', '.join(map(str, known[:20]))}. Name those"
                " to copy with columns=."
            )
        pending.append(_selected(frame, known))
        n_pending += len(frame)
        while n_pending >= size:
            joined = pending[0] if len(pending) == 1 else pd.concat(pending, ignore_index=True)
            yield joined.iloc[:size].reset_index(drop=True)
            rest = joined.iloc[size:]
            pending, n_pending = ([rest], len(rest)) if len(rest) else ([], 0)
    if n_pending:
        yield pd.concat(pending, ignore_index=True)


def _selected(frame, columns):
    """Return the columns of a frame, which are those of the first one or what was asked for."""
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise InvalidInputError(
            f"A table of the source has no column {', '.join(map(repr, missing))}. Its columns are"
            f" {', '.join(map(str, frame.columns[:20]))}. Name the column of the materials with"
            " material=, and those to copy with columns=."
        )
    return frame if list(frame.columns) == columns else frame[columns]
