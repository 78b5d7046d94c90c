"""Parts of a result in a folder: each is written whole or not at all."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd

from skmat._utils.atomic import atomic_file, write_atomically
from skmat._utils.csv_text import quoting_of
from skmat.exceptions import InvalidInputError
from skmat.structure._read import is_path

__all__ = [
    "FORMATS",
    "Parts",
    "composed_rows",
    "merge_parts",
    "other_materials",
    "read_part",
    "read_parts",
    "results_of",
]

FORMATS = ("csv", "parquet")
_RUN, _END = "run.json", "end.json"
_NAME = re.compile(r"part-(\d{8})\.(csv|parquet)")
_BAD_HEADER = ["row", "value", "reason"]


class Parts:
    """The folder of one run, or of all of its shards.

    Parameters
    ----------
    folder : path-like
        The folder. It is made if it does not exist.
    format : {"csv", "parquet"}
        Type of the parts.
    settings : dict
        What makes two runs the same, as data for JSON.

    Raises
    ------
    InvalidInputError
        If the folder holds a run with other settings, or other files.
    """

    def __init__(self, folder, format, settings):
        self.folder = Path(folder)
        self.format = format
        if self.folder.exists() and not self.folder.is_dir():
            raise InvalidInputError(f"{folder} is a file. Give the name of a folder.")
        self.folder.mkdir(parents=True, exist_ok=True)
        known = self.folder / _RUN
        settings = json.loads(json.dumps({"format": format, **settings}))
        others = [path.name for path in self.folder.iterdir() if not path.name.startswith(".")]
        # Another shard may have written it since.
        if _RUN in others or known.exists():
            _check_same(json.loads(known.read_text(encoding="utf-8")), settings, folder)
            return
        if others:
            raise InvalidInputError(
                f"{folder} holds other files, such as {sorted(others)[0]!r}. Give a new folder."
            )
        write_atomically(known, json.dumps(settings, indent=1).encode())

    def path(self, chunk):
        """Return the file of a chunk."""
        return self.folder / f"part-{chunk:08d}.{self.format}"

    def has(self, chunk):
        """Tell whether a chunk is done."""
        return self.path(chunk).exists()

    def read_columns(self, chunk, names):
        """Return columns of a chunk that is done, as a DataFrame."""
        return read_part(self.path(chunk), names)

    def as_written(self, frame):
        """Return a frame as it is read from a part: floats and dates are text in CSV."""
        stream = io.BytesIO()
        self._write_table(frame, stream)
        stream.seek(0)
        return read_part(stream, suffix=f".{self.format}")

    def digest(self, chunk):
        """Return what tells the materials of a chunk that is done from others, or None."""
        path = _path_of_digest(self.path(chunk))
        return path.read_text() if path.exists() else None

    def columns(self, chunk):
        """Return the names of the columns of a chunk that is done."""
        path = self.path(chunk)
        if self.format == "parquet":
            import pyarrow.parquet

            return pyarrow.parquet.read_schema(path).names
        return pd.read_csv(path, nrows=0).columns.tolist()

    def write(self, chunk, frame, problems, first_row, digest=None):
        """Write a chunk: first the rows without a prediction, then the part, which marks the end.

        Parameters
        ----------
        chunk : int
            Number of the chunk.
        frame : DataFrame
            Its rows with their predictions.
        problems : list of tuple (int, object, str)
            Row of the chunk, value and reason.
        first_row : int
            Row of the source at which the chunk begins.
        digest : str, default=None
            What tells the materials from others, if their cells do not.
        """
        bad = self.folder / f"bad-{chunk:08d}.csv"
        if problems:
            rows = [(first_row + row, value, reason) for row, value, reason in problems]
            with atomic_file(bad) as stream:
                _write_csv(pd.DataFrame(rows, columns=_BAD_HEADER), stream)
        else:
            bad.unlink(missing_ok=True)  # of an attempt that was cut off
        if digest is None:
            _path_of_digest(self.path(chunk)).unlink(missing_ok=True)
        else:
            write_atomically(_path_of_digest(self.path(chunk)), digest.encode())
        with atomic_file(self.path(chunk)) as stream:
            self._write_table(frame, stream)

    def _write_table(self, frame, stream):
        if self.format == "csv":
            _write_csv(frame, stream)
        else:
            write_parquet(frame, stream)

    def end(self):
        """Return the numbers of chunks and rows of the source, None if no run has ended."""
        path = self.folder / _END
        return json.loads(path.read_text()) if path.exists() else None

    def finish(self, n_chunks, n_rows):
        """Note how many chunks and rows the source has.

        Raises
        ------
        InvalidInputError
            If another run found more or fewer.
        """
        content = {"n_chunks": n_chunks, "n_rows": n_rows}
        known, last = self.end(), max(_parts_in(self.folder), default=-1)
        if known not in (None, content):
            difference = f"it had {known['n_rows']:,} rows and has {n_rows:,}"
            raise other_materials(self.folder, difference)
        if last >= n_chunks:
            difference = f"it ends before {self.path(last).name}, after {n_rows:,} rows"
            raise other_materials(self.folder, difference)
        if known is None:
            write_atomically(self.folder / _END, json.dumps(content).encode())


def merge_parts(folder, path):
    """Join the parts of a screening to one file.

    Parameters
    ----------
    folder : path-like
        The `sink` of :func:`predict_stream`, after all shards have ended.
    path : path-like
        File to write, of the type of the parts. An existing file is replaced.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    InvalidInputError
        If a part is missing, if shards have read sources of other lengths, or if the file has
        another type.
    """
    path, paths = Path(path), read_parts(folder)
    kind = paths[0].suffix
    if path.suffix != kind:
        raise InvalidInputError(f"{path} must end in {kind}, because the parts are {kind} files.")
    with atomic_file(path) as stream:
        return _join_text(paths, stream) if kind == ".csv" else _join_parquet(paths, stream)


def read_parts(folder):
    """Return the files of all parts in their order.

    Raises
    ------
    InvalidInputError
        If parts are missing or beyond the end of the source, or the folder holds none.
    """
    folder = Path(folder)
    if not (folder / _RUN).is_file():
        raise InvalidInputError(f"{folder} is not a folder that predict_stream wrote.")
    found = _parts_in(folder)
    end = folder / _END
    n_chunks = json.loads(end.read_text())["n_chunks"] if end.exists() else None
    if n_chunks is None:
        raise InvalidInputError(
            f"{folder}: no shard has reached the end of the source. Run predict_stream again: it"
            " continues."
        )
    missing = [chunk for chunk in range(n_chunks) if chunk not in found]
    if missing:
        raise InvalidInputError(
            f"{folder} lacks {len(missing)} of {n_chunks} parts, the first is {missing[0]}. Run"
            " the shards that are not done again: they continue."
        )
    if len(found) > n_chunks:
        raise InvalidInputError(
            f"{folder} holds {found[max(found)].name}, but the source ended after {n_chunks}"
            " parts. It has changed meanwhile. Screen it into a new folder."
        )
    if not n_chunks:
        raise InvalidInputError(f"{folder} holds no rows, because the source had none.")
    return [found[chunk] for chunk in range(n_chunks)]


def _parts_in(folder):
    """Return the files of parts by their numbers."""
    matches = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in matches if match}


def other_materials(path, difference):
    """Return the error for a source that has changed since `path` was written."""
    return InvalidInputError(
        f"{path} holds other materials than the source now: {difference}. Give a new folder, or"
        " restore the source."
    )


def results_of(folder):
    """Return the names of the columns that were predicted."""
    return _settings_of(folder)["results"]


def composed_rows(path, frame):
    """Return the mask of rows of a part whose cells may be the compositions of structures.

    Structures of one composition have equal cells. A path of an iterable cannot be told from a
    composition.
    """
    settings = _settings_of(path.parent)
    if settings["files"] is not None or not _path_of_digest(path).exists():
        return np.zeros(len(frame), dtype=bool)
    return frame[settings["material"]].map(is_path).to_numpy(dtype=bool)


def _settings_of(folder):
    return json.loads((Path(folder) / _RUN).read_text(encoding="utf-8"))


def _path_of_digest(part):
    return part.with_name(f"digest-{part.stem.removeprefix('part-')}.txt")


def read_part(path, columns=None, suffix=None):
    """Return a part as a DataFrame. Text is text, and numbers are numbers.

    `path` may be a stream, whose type `suffix` names.
    """
    if (suffix or path.suffix) == ".parquet":
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path, columns=columns, use_threads=False)
        return table.to_pandas(types_mapper=pd.ArrowDtype)
    return pd.read_csv(path, usecols=columns, keep_default_na=False, na_values=[""], dtype=str)


def _check_same(known, settings, folder):
    differing = [name for name in settings if known.get(name) != settings[name]]
    if differing:
        name = differing[0]
        raise InvalidInputError(
            f"{folder} holds predictions of another run: {name} was {known.get(name)!r} and is now"
            f" {settings[name]!r}. Give a new folder, or remove this one."
        )


def _join_text(paths, stream):
    n_rows = 0
    for place, path in enumerate(paths):
        with path.open("rb") as part:
            header = part.readline()
            while header.count(b'"') % 2:  # a name with a line break
                header += part.readline()
            if not place:
                stream.write(header)
            while block := part.read(2**20):
                stream.write(block)
        n_rows += len(read_part(path, [0]))
    return n_rows


def _join_parquet(paths, stream):
    import pyarrow.parquet

    n_rows = 0
    schema = _common_schema(paths)
    with pyarrow.parquet.ParquetWriter(stream, schema) as writer:
        for path in paths:
            table = pyarrow.parquet.read_table(path, use_threads=False)
            try:
                writer.write_table(table.cast(schema))
            except pyarrow.ArrowException as error:
                raise _cannot_be_joined(error) from error
            n_rows += len(table)
    return n_rows


def _common_schema(paths):
    """Return the schema that holds all parts. Columns of the source may change their type."""
    import pyarrow
    import pyarrow.parquet

    schemas = [pyarrow.parquet.read_schema(path).remove_metadata() for path in paths]
    try:
        return pyarrow.unify_schemas(schemas, promote_options="permissive")
    except pyarrow.ArrowException as error:
        raise _cannot_be_joined(error) from error


def _cannot_be_joined(error):
    return InvalidInputError(
        f"The parts cannot be joined: a column has several types ({error}). Read them one by one,"
        " or screen with columns= and without that column."
    )


def _write_csv(frame, stream):
    frame.to_csv(stream, index=False, quoting=quoting_of(frame))


def _is_missing(value):
    return pd.api.types.is_scalar(value) and pd.isna(value)


def write_parquet(frame, stream):
    """Write a frame as Parquet. Columns of objects become text."""
    import pyarrow
    import pyarrow.parquet

    fields = []
    for name, dtype in frame.dtypes.items():
        if dtype == np.dtype(object):
            # Of no type, if all are missing: merge_parts takes that of other parts.
            fields.append(
                pyarrow.array([None if _is_missing(each) else str(each) for each in frame[name]])
            )
        else:
            fields.append(pyarrow.array(frame[name], from_pandas=True))
    table = pyarrow.table(fields, names=[str(name) for name in frame.columns])
    pyarrow.parquet.write_table(table, stream)
