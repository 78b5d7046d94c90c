"""Table files to rows of cells. The content of a file, not its name, tells its type."""

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

#: Delimiter of text files, by suffix.
DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}

#: Package that reads and writes binary files, by suffix.
ENGINES = {".xlsx": "openpyxl", ".parquet": "pyarrow"}

#: Suffixes of compressed files.
COMPRESSED = (".gz", ".bz2", ".xz")

#: Other file types, by their first bytes.
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "an Excel file of the old kind (.xls), or protected by a password",
    b"(\xb5/\xfd": "compressed with zstd",
    b"ARROW1": "a Feather file",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite file",
    b"%PDF": "a PDF file",
}


def read_rows(path, asked):
    """Read the rows of a file of any name.

    Parameters
    ----------
    path : path-like
        Delimited text, an .xlsx or a .parquet file. Text and .parquet files may be compressed by
        gzip, bzip2, xz or zip.
    asked : sequence of str
        Columns that the header should have. They decide the delimiter.

    Returns
    -------
    Rows

    Raises
    ------
    InvalidInputError
        If the file does not exist, is of another type or is damaged. If the package that reads it
        is not installed.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InvalidInputError(f"The file {path} does not exist.") from None
    except IsADirectoryError:
        raise InvalidInputError(
            f"{path} is a folder. Give the name of a table, or --structures {path} for the"
            " structure files in it."
        ) from None
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error.strerror}.") from error
    if holds_model(path):
        raise InvalidInputError(f"{path} is a joblib file, such as a model, not a table.")
    content = _unpack(content, path)
    for beginning, kind in _OTHERS.items():
        if content.startswith(beginning):
            raise InvalidInputError(
                f"{path} is {kind}. Save it as .xlsx, .csv or .parquet without a password."
            )
    if content.startswith(b"PAR1"):
        return _read_parquet(content, path)
    if content.startswith(b"PK\x03\x04"):
        return _read_xlsx(content, path, asked)
    usual = DELIMITERS.get("." + suffix_of(path).split(".")[1] if path.suffix else "", ",")
    return read_text(content, path, asked, usual=usual)


def suffix_of(path):
    """Return the suffix in lower case, with both parts for compressed files (".csv.gz")."""
    path = Path(path)
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() + suffix if suffix in COMPRESSED else suffix


def _unpack(content, path):
    """Decompress the content of a compressed file. Return other content unchanged."""
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
                f"{path} is an archive of {len(names)} files, or a document, not an .xlsx file."
                " Give a single table, as .csv, .xlsx or .parquet."
            )
    except InvalidInputError:
        raise
    except Exception as error:  # damaged files can raise any error
        raise InvalidInputError(f"{path} is compressed and damaged: {_line(error)}") from error
    return content


def _read_xlsx(content, path, asked):
    """Read the first sheet. Numbers become their shortest text."""
    openpyxl = engine(path, ".xlsx")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and the like
            books = [
                openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values)
                for values in (True, False)
            ]
            sheets = [book.worksheets[0] for book in books]
            for sheet in sheets:
                sheet.reset_dimensions()  # the stored dimensions can be wrong
            rows = [
                [_as_text(value) for value in row] for row in sheets[0].iter_rows(values_only=True)
            ]
            formulas = [list(row) for row in sheets[1].iter_rows(values_only=True)]
        name, n_sheets = sheets[0].title, len(books[0].worksheets)
    except Exception as error:  # a damaged file can raise any error
        raise InvalidInputError(
            f"{path} is not a readable .xlsx file ({type(error).__name__}: {_line(error)})."
            " Save it again from Excel, or as CSV."
        ) from error
    _check_computed(rows, formulas, path)
    notes = []
    if n_sheets > 1:
        notes.append(f"Only its first sheet {name!r} of {n_sheets} is read.")
    while rows and _is_blank(rows[-1]):
        rows.pop()
    if not rows:
        raise InvalidInputError(f"{path} is empty: its first sheet, {name!r}, has no cells.")
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
    """Return the number of the row with the columns, else of the first row that is not blank."""
    first = next(i for i, row in enumerate(rows) if not _is_blank(row))
    starts = range(first, min(len(rows), first + MOST_ABOVE))
    for loosely, candidates in ((True, [first]), (False, starts)):
        for i in candidates:
            if all(find_names([cell or "" for cell in rows[i]], asked, loosely=loosely)):
                return i
    return first


def _check_computed(rows, formulas, path):
    """Raise if the formula of a cell has no stored value. The cell would look empty."""
    for row, (values, asked) in enumerate(zip(rows, formulas, strict=False)):
        for column, (value, formula) in enumerate(zip(values, asked, strict=False)):
            if value is None and formula is not None:
                raise InvalidInputError(
                    f"{path}: the cell in line {row + 1}, column {column + 1} has the formula"
                    f" {str(formula)[:60]!r}, but no value is stored. Open the file in Excel and"
                    " save it."
                )


def _read_parquet(content, path):
    engine(path, ".parquet")
    import pyarrow.parquet

    try:
        # Without threads, because those of pyarrow and torch together can crash the exit.
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        table = file.read(use_threads=False)
        columns = [
            [_as_text(value) for value in column.to_pylist()] for column in table.itercolumns()
        ]
    except Exception as error:  # a damaged file can raise any error
        raise InvalidInputError(
            f"{path} is not a readable .parquet file ({type(error).__name__}: {_line(error)})."
        ) from error
    rows = [list(row) for row in zip(*columns, strict=True)]
    return Rows([str(name) for name in table.column_names], rows, list(range(2, 2 + len(rows))))


def _as_text(value):
    """Return a cell as text, as in CSV. None if it is empty."""
    if value is None or value == "":
        return None
    if isinstance(value, float):
        return None if value != value else repr(value)
    return value if isinstance(value, str) else str(value)


def engine(path, suffix=None):
    """Import the package for files of this type, or raise with the command to install it."""
    name = ENGINES[suffix or suffix_of(path)]
    try:
        return __import__(name)
    except ImportError:
        raise InvalidInputError(
            f"{path}: {suffix or suffix_of(path)} files need {name}. Install it with"
            f" `pip install {name}`."
        ) from None


def _line(error):
    return " ".join(str(error).split())
