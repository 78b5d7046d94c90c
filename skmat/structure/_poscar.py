"""Check and clean the text of a POSCAR before pymatgen reads it."""

import re

import numpy as np

from skmat.exceptions import InvalidInputError

__all__ = ["settled_poscar"]


def settled_poscar(text):
    """Return the text of a POSCAR in a form that pymatgen reads correctly.

    Raises
    ------
    InvalidInputError
        If the counts match neither the listed atoms nor the symbols.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    first = _line_of_counts(lines)
    if first is None:
        raise InvalidInputError("its line 6 or 7 does not hold the numbers of atoms")
    start, stop = first
    counts = [int(each) for line in lines[start:stop] for each in _words(line)]
    if min(counts) < 0:
        raise InvalidInputError(f"it counts {min(counts)} atoms of an element: correct the line")
    symbols = [each for line in lines[5:start] for each in _words(line)]
    if symbols and len(symbols) != len(counts):
        raise InvalidInputError(
            f"it names {len(symbols)} elements, but counts the atoms of {len(counts)}: make both"
            " lines equally long"
        )
    # pymatgen reads comments behind the scale and the vectors as numbers.
    lines[1:5] = [re.split(r"[!#]", line, maxsplit=1)[0] for line in lines[1:5]]
    place = stop
    if place < len(lines) and lines[place].strip()[:1] in tuple("sS"):
        place += 1
    is_cartesian = place < len(lines) and lines[place].strip()[:1] in tuple("cCkK")
    n_listed = _n_coordinates(lines[place + 1 :])
    if n_listed != sum(counts):
        raise InvalidInputError(
            f"it counts {sum(counts):,} atoms, but has {n_listed:,} lines of coordinates: correct"
            " the counts, or get the whole file"
        )
    lines[5:start] = [_plain_symbols(line) for line in lines[5:start]]
    if is_cartesian:
        lines[1] = _positive_scale(lines)
    return "\n".join(lines)


def _line_of_counts(lines):
    """Return the first line of counts and the line after the last, or None."""
    start = 5
    while start < len(lines) and start < 16 and not _is_counts(lines[start]):
        start += 1
    n_lines = max(start - 5, 1)
    rest = lines[start : start + n_lines]
    if not rest or not all(map(_is_counts, rest)):
        return None
    return start, start + n_lines


def _words(line):
    return re.split(r"[!#]", line, maxsplit=1)[0].split()


def _is_counts(line):
    words = _words(line)
    return bool(words) and all(re.fullmatch(r"[+-]?\d{1,15}", each) for each in words)


def _n_coordinates(lines):
    """Count the lines of coordinates up to the first line without."""
    for number, line in enumerate(lines):
        words = line.split("#")[0].split()
        if len(words) < 3:  # a minus may replace the space
            words = line.split("#")[0].replace("-", " -").split()
        if len(words) < 3 or not all(map(_is_number, words[:3])):
            return number
    return len(lines)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain_symbols(line):
    """Remove names and hashes of pseudopotentials. pymatgen does so in one line only."""
    return " ".join(re.split("[/_]", each)[0] for each in _words(line))


def _positive_scale(lines):
    """Return the line of the scale, with a volume replaced by the factor that gives it.

    pymatgen would multiply Cartesian coordinates by the volume.
    """
    try:
        scale = float(lines[1].split()[0])
        vectors = np.array([[float(each) for each in line.split()[:3]] for line in lines[2:5]])
        volume = abs(np.linalg.det(vectors))
    except (ValueError, IndexError, np.linalg.LinAlgError):
        return lines[1]
    if scale >= 0 or not volume > 0:
        return lines[1]
    return repr(float(np.cbrt(-scale / volume)))
