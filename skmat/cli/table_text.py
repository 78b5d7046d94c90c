"""Delimited text to rows of cells: encodings, delimiters and rows of wrong length."""

import codecs
import csv
import io
import re
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from skmat.exceptions import InvalidInputError, shorten

__all__ = ["MOST_ABOVE", "Rows", "below", "find_names", "list_rows", "read_text"]

#: Delimiters, in the order of trial, with their names in messages.
_DELIMITERS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    " ": "spaces",
}

# UTF-32 first, because a UTF-32 mark starts with one of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: ("utf-8", "UTF-8"),
    codecs.BOM_UTF32_LE: ("utf-32-le", "UTF-32"),
    codecs.BOM_UTF32_BE: ("utf-32-be", "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16-le", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16-be", "UTF-16"),
}

#: First line of some Excel files, which names the delimiter.
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

#: Two fields that together look like a number with a decimal comma.
_WHOLE, _FRACTION = re.compile(r"\s*[-+]?\d+"), re.compile(r"\d+(?:[eE][-+]?\d+)?\s*")

_MAX_LISTED = 5

#: Maximum of lines above the header, such as the metadata of an instrument.
MOST_ABOVE = 100


@dataclass
class Rows:
    """The header and cells of a file, unchanged.

    Attributes
    ----------
    header : list of str
        Names of the columns. They may be empty or repeat.
    cells : list of list
        Rows of the length of the header. Cells are str, empty or None if missing.
    lines : list of int
        First line of each row in the file, counted from 1.
    comma : {"delimiter", "decimal", "unclear"}
        Role of a comma: delimiter, decimal mark, or perhaps a thousands mark.
    notes : list of str
        Notes for the user about how the file was read.
    """

    header: list[str]
    cells: list[list[Any]]
    lines: list[int]
    comma: str = "delimiter"
    notes: list[str] = field(default_factory=list)


def read_text(content, path, asked, *, usual=","):
    """Read a table of delimited text.

    The delimiter is the first of `usual`, comma, semicolon, tab, vertical bar and space for which
    the header has the requested columns. The header is the first line that is not empty and does
    not start with "#". If it lacks columns, the reader takes a line below it or a "#" line that
    has them all.

    Parameters
    ----------
    content : bytes
        Text in UTF-8, UTF-16 or UTF-32, with or without byte order mark, or in Windows-1252.
    path : path-like
        File of the table, for messages.
    asked : sequence of str
        Columns that the header should have.
    usual : str, default=","
        Delimiter to try first. Other delimiters are noted.

    Returns
    -------
    Rows

    Raises
    ------
    InvalidInputError
        If the file is empty or not text, a quoted cell is not closed, or a row has more fields
        than the header.
    """
    text, encoding = _decode(content, path)
    lines = list(io.StringIO(text.removesuffix("\x1a"), newline=""))
    with _cells_of_any_length():
        start, delimiter, header = _find_header(lines, asked, usual, path)
        records = list(_records(lines[start:], delimiter, path, start))[1:]
    header = [name.strip("\ufeff\u200b") for name in header]
    notes = []
    if encoding:
        notes.append(f"The file is read as {encoding}.")
    if delimiter != usual and len(header) > 1:
        notes.append(f"Its delimiters are {_DELIMITERS.get(delimiter, delimiter)}.")
    if start:
        notes.append(f"Its header is on line {start + 1}.")
    if len(header) > 1:
        # A line of blanks counts as empty.
        records = [
            (line, [] if len(fields) == 1 and not fields[0].strip() else fields)
            for line, fields in records
        ]
    while records and not any(map(str.strip, records[-1][1])):
        records.pop()
    header, records = _with_index(header, records, delimiter, path, notes)
    return Rows(
        header,
        [
            fields if len(fields) == len(header) else fields + [None] * (len(header) - len(fields))
            for _, fields in records
        ],
        [line for line, _ in records],
        {",": "delimiter", ";": "decimal"}.get(delimiter, "unclear"),
        notes,
    )


def find_names(header, asked, *, loosely):
    """Return the positions in the header of each requested name.

    `loosely` ignores case, surrounding white space and "#", and Unicode variants of a character.
    """
    key = _loose if loosely else str
    places: dict[str, list[int]] = {}
    for position, name in enumerate(header):
        places.setdefault(key(name), []).append(position)
    return [places.get(key(name), []) for name in asked]


def below(row, line):
    """Return the name of a row, with the line of the file if it is not the next one."""
    return f"row {row + 1}" + f" (line {line})" * (line != row + 2)


def list_rows(rows):
    """Return the first rows as lines of a message, and the number of further rows."""
    hidden = len(rows) - _MAX_LISTED
    more = [f"  ... and {hidden} more"] if hidden > 0 else []
    return "\n".join([*(f"  {row}" for row in rows[:_MAX_LISTED]), *more])


def _loose(name):
    # Unicode has two spellings of "ü" and of "µ".
    return unicodedata.normalize("NFKC", name).strip("\ufeff\u200b \t\n\r#").casefold()


def _decode(content, path):
    """Return the text, and its encoding if that is not UTF-8."""
    if not content:
        raise InvalidInputError(f"{path} is empty. A table has a header and rows.")
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    encoding, name = _MARKS.get(mark) or _unmarked(content)
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or mark:
            raise InvalidInputError(f"{path} is damaged: {name} text, but {error}.") from None
        text = _as_windows(content, error, path)
        name = "Windows-1252 (Western European) text. If letters are wrong, save it as UTF-8"
    _check_no_nul(text, "\0", "\n", path)
    return text, None if name == "UTF-8" else name


def _unmarked(content):
    """Detect UTF-16 without byte order mark by the zero byte in every Latin letter."""
    sample = content[:2000]
    if not len(content) % 2 and b"\0" in sample:
        even, odd = (sample[i::2].count(0) / max(1, len(sample) // 2) for i in (0, 1))
        if odd > 0.7 and even < 0.1:
            return "utf-16-le", "UTF-16"
        if even > 0.7 and odd < 0.1:
            return "utf-16-be", "UTF-16"
    return "utf-8", "UTF-8"


def _check_no_nul(content, nul, line_end, path):
    if nul in content:
        line = content.count(line_end, 0, content.index(nul)) + 1
        raise InvalidInputError(
            f"{path} has a NUL byte on line {line}: it is damaged or not text. Tables are CSV or"
            " other delimited text, .xlsx or .parquet."
        )


def _as_windows(content, error, path):
    _check_no_nul(content, b"\0", b"\n", path)
    line = content.count(b"\n", 0, error.start) + 1
    fault = f"{path} is not UTF-8 text: byte 0x{content[error.start]:02x} on line {line}"
    rest = content.decode(errors="ignore")
    if not rest.isascii():
        raise InvalidInputError(
            f"{fault}, but other characters are. Part of it is damaged or has another encoding."
            " Save it as UTF-8."
        )
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        raise InvalidInputError(
            f"{fault}. It is not Windows-1252 text either. Save it as UTF-8."
        ) from None


@contextmanager
def _cells_of_any_length():
    """Lift the size limit of the csv module, because a cell can hold a whole CIF."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _records(lines, delimiter, path, above=0):
    """Yield the first line of each record (from 1) and its fields."""
    ended = False

    def feed():
        nonlocal ended
        yield from lines
        ended = True

    reader = csv.reader(feed(), delimiter=delimiter)
    first = above + 1
    for fields in reader:
        # The reader asks for a line after the end only if a quoted cell is open.
        if ended:
            raise InvalidInputError(
                f"{path} ends inside a cell: a quotation mark in the record that begins on line"
                f" {first} is not closed. Either the file is cut off, or a cell with this mark"
                ' needs quotes ("5"" disk").'
            )
        yield first, fields
        first = above + reader.line_num + 1


def _find_header(lines, asked, usual, path):
    """Return the index of the line where the header begins, the delimiter, and the header."""
    skipped = 0
    while skipped < len(lines) - 1 and not lines[skipped].strip():
        skipped += 1
    if not lines or not lines[skipped].strip():
        raise InvalidInputError(f"{path} is empty. A table has a header and rows.")
    delimiters = (usual, *(each for each in _DELIMITERS if each != usual))
    told = _SEP_LINE.fullmatch(lines[skipped])
    if told and skipped < len(lines) - 1:
        delimiters, skipped = (told[1],), skipped + 1
    starts = [skipped]
    while lines[starts[-1]].startswith("#") or not lines[starts[-1]].strip():
        if starts[-1] == len(lines) - 1:
            break
        starts.append(starts[-1] + 1)
    found = list(_headers(lines, starts, delimiters, path))
    further = range(starts[-1] + 1, min(len(lines), starts[-1] + MOST_ABOVE))
    for loosely, headers in (
        (False, found),
        (True, sorted(found, key=lambda each: lines[each[0]].startswith("#"))),
        (False, _headers(lines[: further.stop + MOST_ABOVE], further, delimiters, path)),
    ):
        for each in headers:
            if all(find_names(each[2], asked, loosely=loosely)):
                return each
    if not found:
        next(_records(lines[starts[-1] :], delimiters[0], path, starts[-1]))  # raises what it is
    # No header has all columns. Take the longest, so that the message can list its columns.
    last = [each for each in found if each[0] == found[-1][0] and each[1] != " "] or found
    return max(last, key=lambda each: len(each[2]))


def _headers(lines, starts, delimiters, path):
    """Yield the headers that start on these lines, for each delimiter."""
    for start in starts:
        for delimiter in delimiters:
            header = _read_header(lines[start:], delimiter, path)
            if header:
                yield start, delimiter, header


def _read_header(lines, delimiter, path):
    records = _records(lines, delimiter, path)
    try:
        header = next(records)[1]
        # Names may contain spaces. A space is a delimiter only if it also splits the first row.
        if delimiter == " " and len(next(records, (0, []))[1]) - len(header) not in (0, 1):
            return None
    except InvalidInputError:
        return None
    return header


def _with_index(header, records, delimiter, path, notes):
    """Return header and records of equal width. A column of row names gets an empty name."""
    width = len(header)
    sizes = {len(fields) for _, fields in records if fields}
    if sizes == {width + 1} and _has_index(records, delimiter):
        notes.append(
            "All its rows have one field more than the header. The first field is read as the name"
            " of the row."
        )
        return ["", *header], records
    long = [
        f"{below(row, line)}: {_name_extra(fields, width, delimiter)}"
        for row, (line, fields) in enumerate(records)
        if len(fields) > width
    ]
    if long:
        raise InvalidInputError(
            f"{path}: {len(long)} of {len(records)} rows have more fields than the header, which"
            f" has {width} (row 1 is the first below the header):\n{list_rows(long)}\nPut cells"
            f" that hold a delimiter ({delimiter!r}) in double quotes, write"
            " decimal points for decimal commas, and name every column in the header."
        )
    short = [
        below(row, line) for row, (line, fields) in enumerate(records) if 0 < len(fields) < width
    ]
    if short:
        hidden = len(short) - _MAX_LISTED
        listed = ", ".join(short[:_MAX_LISTED]) + (f" and {hidden} more" if hidden > 0 else "")
        notes.append(
            f"Rows with fewer fields than the header get empty cells at their end: {listed}."
        )
    return header, records


def _has_index(records, delimiter):
    rows = [fields for _, fields in records if fields]
    names = [fields[0].strip() for fields in rows]
    if len(set(names)) < len(names) or not all(names):
        return False
    # Delimiters at the end of lines and decimal commas also make rows longer.
    if not any(fields[-1].strip() for fields in rows):
        return False
    return delimiter != "," or not all(_decimal_comma(fields) for fields in rows)


def _decimal_comma(fields):
    """Return where two fields in a row look like one number with a decimal comma, or None."""
    for i in range(len(fields) - 1):
        if _WHOLE.fullmatch(fields[i]) and _FRACTION.fullmatch(fields[i + 1]):
            return i + 1
    return None


def _name_extra(fields, width, delimiter):
    said = f"{len(fields)} fields, field {width + 1} is {shorten(fields[width])}"
    place = _decimal_comma(fields) if delimiter == "," else None
    if place:
        said += f", fields {place} and {place + 1} look like a number with a decimal comma, "
        said += f"{','.join(fields[place - 1 : place + 1])!r}"
    return said
