"""Files of tables to rows of cells: what a file is, its content tells, not its name."""

import bz2
import gzip
import io
import lzma
import warnings
import zipfile
from pathlib import Path

from skmat.cli.model_files import holds_model
from skmat.cli.table_text import MOST_ABOVE, Rows, find_names, read_text
from skmat.exceptions import InvalidInputError

__all__ = ["COMPRESSED", "DELIMITERS", "ENGINES", "engine", "read_rows", "suffix_of"]

#: By suffix, what separates the fields of delimited text.
DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}

#: By suffix, the package that reads and writes such files.
ENGINES = {".xlsx": "openpyxl", ".parquet": "pyarrow"}

#: Suffixes of compressed files.
COMPRESSED = (".gz", ".bz2", ".xz")

#: First bytes of what is no table, what it is, and what to do.
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "an Excel file of the old kind (.xls), or protected by a password",
    b"(\xb5/\xfd": "compressed with zstd",
    b"ARROW1": "a Feather file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite file",
    b"%PDF": "a PDF file",
}


def read_rows(path, asked):
    """Read the rows of a file, whatever it is called.

    Parameters
    ----------
    path : path-like
        Delimited text, an .xlsx or a .parquet file; the first and the .parquet file also
        compressed by gzip, bzip2, xz or zip.
    asked : sequence of str
        Columns that the header should have; they decide what the delimiter is.

    Returns
    -------
    Rows

    Raises
    ------
    InvalidInputError
        If there is no such file, or it is something else, or damaged, or the package that reads
        it is not installed.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InvalidInputError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise InvalidInputError(f"{path} is a folder; give the name of a file.") from None
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}.") from error
    if holds_model(path):
        raise InvalidInputError(f"{path} is a joblib file, such as a model, and no table.")
    content = _unpack(content, path)
    for beginning, kind in _OTHERS.items():
        if content.startswith(beginning):
            raise InvalidInputError(
                f"{path} is {kind}; save it as .xlsx, .csv or .parquet without a password."
            )
    if content.startswith(b"PAR1"):
        return _read_parquet(content, path)
    if content.startswith(b"PK\x03\x04"):
        return _read_xlsx(content, path, asked)
    usual = DELIMITERS.get("." + suffix_of(path).split(".")[1] if path.suffix else "", ",")
    return read_text(content, path, asked, usual=usual)


def suffix_of(path):
    """Return the suffix in lower case, with that before it where it tells of compression."""
    path = Path(path)
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() + suffix if suffix in COMPRESSED else suffix


def _unpack(content, path):
    """Return what a compressed file holds, and other content as it is."""
    try:
        if content.startswith(b"\x1f\x8b"):
            return gzip.decompress(content)
        if content.startswith(b"BZh"):
            return bz2.decompress(content)
        if content.startswith(b"\xfd7zXZ"):
            return lzma.decompress(content)
        if content.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = [name for name in archive.namelist() if not name.endswith("/")]
                if any(name.startswith("xl/") for name in names):
                    return content
                if len(names) == 1:
                    return archive.read(names[0])
            raise InvalidInputError(
                f"{path} is an archive of {len(names)} files, or a document, and no .xlsx file."
                " Give a single table, as .csv, .xlsx or .parquet."
            )
    except InvalidInputError:
        raise
    except Exception as error:  # damaged files lead to many
        raise InvalidInputError(f"{path} is compressed, and damaged: {_line(error)}") from error
    return content


def _read_xlsx(content, path, asked):
    """Read the first sheet. Numbers become the text that is the shortest for their value."""
    openpyxl = engine(path, ".xlsx")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like
            books = [
                openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values)
                for values in (True, False)
            ]
            sheets = [book.worksheets[0] for book in books]
            for sheet in sheets:
                sheet.reset_dimensions()  # what is stated there can be wrong
            rows = [
                [_as_text(value) for value in row] for row in sheets[0].iter_rows(values_only=True)
            ]
            formulas = [list(row) for row in sheets[1].iter_rows(values_only=True)]
        name, n_sheets = sheets[0].title, len(books[0].worksheets)
    except Exception as error:  # a damaged file leads to any
        raise InvalidInputError(
            f"{path} is no .xlsx file that can be read ({type(error).__name__}: {_line(error)})."
            " Save it again from Excel, or as CSV."
        ) from error
    _check_computed(rows, formulas, path)
    notes = []
    if n_sheets > 1:
        notes.append(f"Its sheet {name!r}, the first of {n_sheets}, is read.")
    while rows and _is_blank(rows[-1]):
        rows.pop()
    if not rows:
        raise InvalidInputError(f"{path} is empty: nothing is on its first sheet, {name!r}.")
    above = _find_header(rows, asked)
    if above:
        notes.append(f"Its header is on line {above + 1}.")
    header, rows = rows[above], rows[above + 1 :]
    width = max(
        (i + 1 for row in [header, *rows] for i, cell in enumerate(row) if cell), default=0
    )
    header, *rows = ([*row[:width], *[None] * (width - len(row))] for row in [header, *rows])
    lines = list(range(above + 2, above + 2 + len(rows)))
    return Rows([name or "" for name in header], rows, lines, "unclear", notes)


def _is_blank(row):
    return not any(cell and cell.strip() for cell in row)


def _find_header(rows, asked):
    """Return which row has the columns; the first that is not blank if none of the first has."""
    first = next(i for i, row in enumerate(rows) if not _is_blank(row))
    starts = range(first, min(len(rows), first + MOST_ABOVE))
    for loosely, candidates in ((True, [first]), (False, starts)):
        for i in candidates:
            if all(find_names([cell or "" for cell in rows[i]], asked, loosely=loosely)):
                return i
    return first


def _check_computed(rows, formulas, path):
    """Refuse a sheet whose formulas nobody has computed: their cells look empty."""
    for row, (values, asked) in enumerate(zip(rows, formulas, strict=False)):
        for column, (value, formula) in enumerate(zip(values, asked, strict=False)):
            if value is None and formula is not None:
                raise InvalidInputError(
                    f"{path}: the cell in line {row + 1}, column {column + 1} is computed by"
                    f" {str(formula)[:60]!r}, but no value is stored. Open the file in Excel and"
                    " save it."
                )


def _read_parquet(content, path):
    engine(path, ".parquet")
    import pyarrow.parquet

    try:
        # Without threads: those of pyarrow and of torch can end the process when it should exit.
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        table = file.read(use_threads=False)
        columns = [
            [_as_text(value) for value in column.to_pylist()] for column in table.itercolumns()
        ]
    except Exception as error:  # a damaged file leads to any
        raise InvalidInputError(
            f"{path} is no .parquet file that can be read"
            f" ({type(error).__name__}: {_line(error)})."
        ) from error
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Rows([str(name) for name in table.column_names], rows, list(range(2, 2 + len(rows))))


def _as_text(value):
    """Return a cell as CSV would hold it; None if there is nothing in it."""
    if value is None or value == "":
        return None
    if isinstance(value, float):
        return None if value != value else repr(value)
    return value if isinstance(value, str) else str(value)


def engine(path, suffix=None):
    """Import the package that reads and writes files of this kind, or say how to get it."""
    name = ENGINES[suffix or suffix_of(path)]
    try:
        return __import__(name)
    except ImportError:
        raise InvalidInputError(
            f"{path}: {suffix or suffix_of(path)} files need {name}, which is not installed:"
            f" `pip install {name}`."
        ) from None


def _line(error):
    return " ".join(str(error).split())
