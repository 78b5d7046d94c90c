"""Delimited text to rows of cells: encodings, delimiters, and rows of the wrong length."""

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

#: What may separate fields, in the order in which it is tried, and how messages call it.
_DELIMITERS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "vertical bars",
    " ": "spaces",
}

# The marks of UTF-32 first: that of UTF-16 is a part of one of them.
_MARKS = {
    codecs.BOM_UTF8: ("utf-8", "UTF-8"),
    codecs.BOM_UTF32_LE: ("utf-32-le", "UTF-32"),
    codecs.BOM_UTF32_BE: ("utf-32-be", "UTF-32"),
    codecs.BOM_UTF16_LE: ("utf-16-le", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16-be", "UTF-16"),
}

#: The first line of files in which Excel says what separates their fields.
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)

#: Two fields that are a number with a decimal comma, if the comma is not the delimiter.
_WHOLE, _FRACTION = re.compile(r"\s*[-+]?\d+"), re.compile(r"\d+(?:[eE][-+]?\d+)?\s*")

_MAX_LISTED = 5

#: How many lines above the header may tell what instrument and program wrote the file.
MOST_ABOVE = 100


@dataclass
class Rows:
    """What a file holds, as it is.

    Attributes
    ----------
    header : list of str
        Names of the columns; they can be empty, and alike.
    cells : list of list
        Rows as long as the header; cells are str, and empty or None where missing.
    lines : list of int
        On which line of the file each row begins, counted from 1.
    comma : {"delimiter", "decimal", "unclear"}
        What a comma in a number is: none of it, its decimal mark, or one of thousands perhaps.
    notes : list of str
        What the user should know of how the file was read.
    """

    header: list[str]
    cells: list[list[Any]]
    lines: list[int]
    comma: str = "delimiter"
    notes: list[str] = field(default_factory=list)


def read_text(content, path, asked, *, usual=","):
    """Read a table of delimited text.

    The delimiter is the first of `usual`, comma, semicolon, tab, vertical bar and space with
    which the header has the columns that are asked for. The header is the first line, where empty
    lines and those that begin with "#" do not count; or, if it lacks columns, one of the lines
    below or one that begins with "#", which has them all.

    Parameters
    ----------
    content : bytes
        UTF-8, UTF-16 or UTF-32, with or without a mark at its beginning, or Windows-1252.
    path : path-like
        For messages.
    asked : sequence of str
        Columns that the header should have.
    usual : str, default=","
        The delimiter that is tried first, and needs no word.

    Returns
    -------
    Rows

    Raises
    ------
    InvalidInputError
        If the file is no text, or empty, or a cell begins with a quotation mark that is not
        closed, or a row has more fields than the header.
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
        notes.append(f"Its fields are separated by {_DELIMITERS.get(delimiter, delimiter)}.")
    if start:
        notes.append(f"Its header is on line {start + 1}.")
    if len(header) > 1:
        # Blanks alone are an empty line too.
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
    """Return for each name that is asked for where it is in the header: a list of positions.

    `loosely` takes names for the same that differ in case, in white space and "#" around them, or
    in how Unicode writes a character.
    """
    key = _loose if loosely else str
    places: dict[str, list[int]] = {}
    for position, name in enumerate(header):
        places.setdefault(key(name), []).append(position)
    return [places.get(key(name), []) for name in asked]


def below(row, line):
    """Name a row, counted from 0, and the line of the file where that is not the next one."""
    return f"row {row + 1}" + f" (line {line})" * (line != row + 2)


def list_rows(rows):
    """Return lines of a message: the first few, and how many more there are."""
    hidden = len(rows) - _MAX_LISTED
    more = [f"  ... and {hidden} more"] if hidden > 0 else []
    return "\n".join([*(f"  {row}" for row in rows[:_MAX_LISTED]), *more])


def _loose(name):
    # Two spellings of "ü" or "µ" look the same.
    return unicodedata.normalize("NFKC", name).strip("\ufeff\u200b \t\n\r#").casefold()


def _decode(content, path):
    """Return the text, and its encoding if that is none that needs no word."""
    if not content:
        raise InvalidInputError(f"{path} is empty; a table has a header and rows.")
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    encoding, name = _MARKS.get(mark) or _unmarked(content)
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or mark:
            raise InvalidInputError(f"{path} is damaged: {name} text, but {error}.") from None
        text = _as_windows(content, error, path)
        name = "Windows-1252 (Western European) text; if letters are wrong, save it as UTF-8"
    _check_no_nul(text, "\0", "\n", path)
    return text, None if name == "UTF-8" else name


def _unmarked(content):
    """Tell UTF-16 without a mark by the zeros beside every Latin letter."""
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
            f"{path} has a NUL byte on line {line}: it is damaged, or no text. Tables are CSV and"
            " other delimited text, .xlsx or .parquet."
        )


def _as_windows(content, error, path):
    _check_no_nul(content, b"\0", b"\n", path)
    line = content.count(b"\n", 0, error.start) + 1
    fault = f"{path} is no UTF-8 text: byte 0x{content[error.start]:02x} on line {line}"
    rest = content.decode(errors="ignore")
    if not rest.isascii():
        raise InvalidInputError(
            f"{fault}, though other characters are. Part of it is damaged, or of another encoding;"
            " save it as UTF-8."
        )
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:
        raise InvalidInputError(
            f"{fault}; nor is it Windows-1252 text. Save it as UTF-8."
        ) from None


@contextmanager
def _cells_of_any_length():
    """Lift the limit of the csv module: a cell can hold a whole CIF."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _records(lines, delimiter, path, above=0):
    """Yield the first line of each record, counted from 1 in the file, and its fields."""
    ended = False

    def feed():
        nonlocal ended
        yield from lines
        ended = True

    reader = csv.reader(feed(), delimiter=delimiter)
    first = above + 1
    for fields in reader:
        # Only what is still open at the end makes the reader ask for one more line.
        if ended:
            raise InvalidInputError(
                f"{path} ends inside a cell: a quotation mark in the record that begins on line"
                f" {first} is not closed. The file is cut off, or the mark belongs to a"
                ' cell that must be quoted ("5"" disk").'
            )
        yield first, fields
        first = above + reader.line_num + 1


def _find_header(lines, asked, usual, path):
    """Return the index of the line where the header begins, the delimiter, and the header."""
    skipped = 0
    while skipped < len(lines) - 1 and not lines[skipped].strip():
        skipped += 1
    if not lines or not lines[skipped].strip():
        raise InvalidInputError(f"{path} is empty; a table has a header and rows.")
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
    # None has them all: the message shall name the columns that there seem to be.
    last = [each for each in found if each[0] == found[-1][0] and each[1] != " "] or found
    return max(last, key=lambda each: len(each[2]))


def _headers(lines, starts, delimiters, path):
    """Yield what the header is if it begins on one of these lines, with each of the delimiters."""
    for start in starts:
        for delimiter in delimiters:
            header = _read_header(lines[start:], delimiter, path)
            if header:
                yield start, delimiter, header


def _read_header(lines, delimiter, path):
    records = _records(lines, delimiter, path)
    try:
        header = next(records)[1]
        # A space is in many a name: it separates only where it does so in the first row too.
        if delimiter == " " and len(next(records, (0, []))[1]) - len(header) not in (0, 1):
            return None
    except InvalidInputError:
        return None
    return header


def _with_index(header, records, delimiter, path, notes):
    """Return header and records of equal width; a column of names of rows gets an empty name."""
    width = len(header)
    sizes = {len(fields) for _, fields in records if fields}
    if sizes == {width + 1} and _has_index(records, delimiter):
        notes.append(
            "Its rows have one field more than the header, throughout: the first is read as the"
            " names of the rows."
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
            "Rows have fewer fields than the header; their last cells are read as empty:"
            f" {listed}."
        )
    return header, records


def _has_index(records, delimiter):
    rows = [fields for _, fields in records if fields]
    names = [fields[0].strip() for fields in rows]
    if len(set(names)) < len(names) or not all(names):
        return False
    # Delimiters at the end of every line, or decimal commas, make rows longer too.
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
    said = f"{len(fields)} fields; field {width + 1} is {shorten(fields[width])}"
    place = _decimal_comma(fields) if delimiter == "," else None
    if place:
        said += f"; fields {place} and {place + 1} look like a number with a decimal comma, "
        said += f"{','.join(fields[place - 1 : place + 1])!r}"
    return said
