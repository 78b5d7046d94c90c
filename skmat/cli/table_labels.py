"""Labels in tables: numbers and classes as people write them, and what is a missing one."""

import math
import re
import warnings
from collections import Counter

import numpy as np
import pandas as pd

from skmat.cli.tables import list_cells
from skmat.exceptions import InvalidInputError, shorten

__all__ = ["MISSING", "read_labels"]

#: What stands for a label that is missing; "Na" is sodium, and "None" may be a class.
MISSING = frozenset({"", "-", "NaN", "nan", "NAN", "NA", "na", "N/A", "n/a", "#N/A", "<NA>"})

#: NaN as programs other than pandas spell it, and dashes for a hyphen or a minus.
_NAN = re.compile("[-+]?nan", re.IGNORECASE)
_DASHES = str.maketrans("\u2013\u2014\u2212", "---")

_MAX_CELLS = 5

_MIXED_MARKS = "a decimal point, where other labels have decimal commas"

#: More classes than this that are all numbers are no classes, most likely.
_MANY_CLASSES = 20

_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+(?:[eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
#: What follows is a unit, a mark or an error, and no part of the number.
_WITH_UNIT = re.compile(r"[-+]?[0-9.,]+\s*(?:(?:[(±]|\+/-).*|[^\W\d_][^0-9]*|[*?!])")


def read_labels(table, columns, path, *, classification):
    """Return the label columns of a table.

    White space around a label does not count. Empty cells and those of ``MISSING`` are missing
    labels. Where a comma does not separate fields, labels can have decimal commas. What was
    guessed, or looks like a mistake, is said by a UserWarning.

    Parameters
    ----------
    table : Table
        As ``read_table`` returns it.
    columns : list of str
        The targets.
    path : path-like
        For messages.
    classification : bool
        Whether labels are class names, kept as text; else they are numbers.

    Returns
    -------
    DataFrame
        Text, or float64.

    Raises
    ------
    InvalidInputError
        If cells are no finite numbers, or have decimal points in a table of decimal commas; the
        message names the first of them and counts them all.
    """
    read, spelled = {}, {}
    for name in columns:
        read[name], spelled[name] = _without_missing(table.column(name))
    if classification:
        labels = pd.DataFrame(read, index=table.cells.index, dtype=object)
        doubts = [doubt for name, column in read.items() for doubt in _doubts(column, name)]
    else:
        labels, doubts = _read_numbers(table, read, path)
    for name, counts in spelled.items():
        if counts:
            counted = ", ".join(f"{label!r} ({count})" for label, count in counts.items())
            doubts.append(f"Cells of {name!r} are read as missing labels: {counted}.")
    if doubts:
        warnings.warn(f"{path}: {' '.join(doubts)}", stacklevel=2)
    return labels


def _without_missing(cells):
    """Return labels without white space around them, NaN where there is none, and such cells."""
    labels = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
    # Of the classes "+" and "-" neither is missing.
    missing = MISSING - {"-"} if "+" in labels else MISSING
    kinds = {
        label
        for label in set(labels)
        if label.translate(_DASHES) in missing or _NAN.fullmatch(label)
    }
    spelled = Counter(label for label in labels if label and label in kinds)
    return [np.nan if label in kinds else label for label in labels], spelled


def _doubts(labels, name):
    """Yield a sentence on classes that look like one, and on numbers that are no classes."""
    classes = list(dict.fromkeys(label for label in labels if isinstance(label, str)))
    alike: dict = {}
    for label in classes:
        text = label.translate(_DASHES).casefold()
        alike.setdefault(_as_number(text, default=text), []).append(label)
    pairs = [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]
    if pairs:
        more = f" and {len(pairs) - 1} more such groups" * (len(pairs) > 1)
        yield f"Classes of {name!r} differ in their spelling alone: {pairs[0]}{more}."
    if len(classes) > _MANY_CLASSES and not any(isinstance(key, str) for key in alike):
        yield (
            f"All {len(classes)} classes of {name!r} are numbers: drop --classification if they"
            " are to be predicted as numbers."
        )


def _read_numbers(table, read, path):
    commas = [
        label
        for labels in read.values()
        for label in labels
        if isinstance(label, str) and _DECIMAL_COMMA.fullmatch(label.replace("\u2212", "-"))
    ]
    # 1,234 is a number of thousands as well; one that cannot be such tells for all. Where
    # semicolons separate fields, commas do not because they are decimal marks.
    has_commas = (table.comma == "decimal" and bool(commas)) or (
        table.comma == "unclear" and not all(map(_THOUSANDS.fullmatch, commas))
    )
    values = {name: np.full(len(table), np.nan) for name in read}
    problems = []
    for name, labels in read.items():
        for row, label in enumerate(labels):
            if not isinstance(label, str):
                continue
            if has_commas and "." in label:
                problems.append((row, name, label, _MIXED_MARKS))
                continue
            text = label.replace("\u2212", "-")
            comma = has_commas and _DECIMAL_COMMA.fullmatch(text)
            number = _as_number(text.replace(",", ".") if comma else text, np.nan)
            if math.isfinite(number):
                values[name][row] = number
            else:
                problems.append((row, name, label, _name_fault(label)))
    if problems:
        message = list_cells(table, path, "cannot be read as numbers", problems, _MAX_CELLS)
        raise InvalidInputError(f"{message}\n{_advise(problems)}")
    doubts = []
    if has_commas:
        names = [
            name
            for name, labels in read.items()
            if any(isinstance(each, str) and "," in each for each in labels)
        ]
        doubts.append(f"Commas are decimal marks in {', '.join(map(repr, names))}.")
    return pd.DataFrame(values, index=table.cells.index), doubts


def _as_number(text, default):
    try:
        return float(text)
    except ValueError:
        return default


def _name_fault(label):
    if not isinstance(_as_number(label, None), float):
        if _THOUSANDS.fullmatch(label):
            return "not a finite number (thousands, or a decimal comma?)"
        if _DECIMAL_COMMA.fullmatch(label):
            return "not a finite number (write a decimal point)"
        if _WITH_UNIT.fullmatch(label):
            return "not a finite number (leave out what follows it)"
    return "not a finite number"


def _advise(problems):
    """Say what most likely is to be done."""
    if any(reason == _MIXED_MARKS for *_, reason in problems):
        return "Write all labels with the same decimal mark, and none for thousands."
    labels = [label for _, _, label, _ in problems]
    kinds = Counter(labels)
    are_words = not any(character.isdigit() for label in kinds for character in label)
    missing = "Leave cells without a label empty"
    if are_words and len(kinds) > 1 and len(labels) > len(kinds):
        listed = ", ".join(shorten(label, 30) for label in sorted(kinds)[:3])
        return f"If labels are classes, such as {listed}, add --classification. {missing}."
    if len(kinds) == 1 and are_words:
        return (
            f"If {shorten(labels[0], 30)} means that there is no label, leave these cells empty;"
            " if labels are classes, add --classification."
        )
    if are_words:
        return f"{missing}; if labels are classes, add --classification."
    return f"{missing}, and write the others as plain numbers: 3.2 or 3.2e-5."
