"""Labels in tables: numbers, classes and missing values as people write them."""

import difflib
import math
import re
import warnings
from collections import Counter

import numpy as np
import pandas as pd

from skmat.cli.tables import DECIMAL_COMMA, list_cells
from skmat.exceptions import InvalidInputError, shorten

__all__ = [
    "ADVICE_FOR_COLUMNS",
    "MISSING",
    "columns_of_classes",
    "columns_of_words",
    "few_integers",
    "list_few",
    "read_labels",
    "read_numbers",
    "read_words",
]

#: Spellings of a missing label. "Na" is sodium, and "None" may be a class.
MISSING = frozenset({"", "-", "NaN", "nan", "NAN", "NA", "na", "N/A", "n/a", "#N/A", "<NA>"})

#: NaN in the spelling of other programs, and dashes used as hyphen or minus.
_NAN = re.compile("[-+]?nan", re.IGNORECASE)
_DASHES = str.maketrans("\u2013\u2014\u2212", "---")

_MAX_CELLS = 5

#: Remedy for cells of further columns that are not numbers.
ADVICE_FOR_COLUMNS = (
    "Further columns hold plain numbers, such as 300 or 3.2e-5. Leave a cell empty if its number"
    " is not known."
)

#: Labels of a class that may be a misspelling, how many times more its model has, and how similar
#: their names are. At most so many are said.
_RARE, _USUAL, _SIMILAR, _MAX_DOUBTS = 2, 5, 0.75, 3
#: How much larger than all others numbers in another unit are, at least.
_GAP = 1000.0
_MIXED_MARKS = "a decimal point, but other cells have decimal commas"
_ONE_MARK = "Write all numbers with the same decimal mark and without thousands marks."

#: Labels that may be classes, although they are whole numbers: most values, and fewest labels of
#: each on average.
_FEW_VALUES, _LABELS_PER_VALUE = 5, 5

#: The start of a number, of one with a unit, or of a limit such as "<5".
_LIKE_A_NUMBER = re.compile(r"[-+<>~\u2212]?\s*[.,]?[0-9]|[-+]?inf", re.IGNORECASE)

#: With more classes than this, all of them numbers, the labels are probably not classes.
_MANY_CLASSES = 20

#: A number with any marks in it.
_MARKED = re.compile(r"[-+]?[0-9.,]*[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
#: A number followed by a unit, a mark or an uncertainty.
_WITH_UNIT = re.compile(r"[-+]?[0-9.,]+\s*(?:(?:[(±]|\+/-).*|[^\W\d_][^0-9]*|[*?!])")


def columns_of_classes(table, columns):
    """Return those of the columns whose labels are classes: words, some of which repeat.

    A column with one label that begins as a number does is none of them.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    columns : list of str
        Names of the targets.

    Returns
    -------
    dict of str to list of str
        Sorted classes by column.
    """
    found = {}
    for name in columns:
        words, n_cells = _words_of(table, name)
        if 1 < len(words) < n_cells:
            found[name] = words
    return found


def columns_of_words(table, columns):
    """Return those of the further columns that hold words: no cell begins as a number does.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    columns : list of str
        Names of the columns.

    Returns
    -------
    dict of str to list of str
        Sorted words by column.
    """
    found = {name: _words_of(table, name)[0] for name in columns}
    return {name: words for name, words in found.items() if words}


def _words_of(table, name):
    """Return the different words of a column and the number of cells that are not missing.

    There are no words if a cell begins as a number does.
    """
    cells = [each for each in _without_missing(table.column(name))[0] if isinstance(each, str)]
    words = sorted(set(cells))
    return ([] if any(map(_LIKE_A_NUMBER.match, words)) else words), len(cells)


def few_integers(labels):
    """Return the values of labels that are few whole numbers, such as 0 and 1, else nothing.

    Parameters
    ----------
    labels : Series of float64
        Labels, NaN if missing.

    Returns
    -------
    list of int
    """
    values, counts = np.unique(labels.dropna(), return_counts=True)
    is_few = 1 < len(values) <= _FEW_VALUES and counts.mean() >= _LABELS_PER_VALUE
    if is_few and (values == np.round(values)).all():
        return [int(value) for value in values]
    return []


def list_few(values, most=4):
    """Return the first of several values as text, and how many there are in all."""
    listed = ", ".join(shorten(value, 30) for value in values[:most])
    return listed + (f", ... ({len(values)} in all)" if len(values) > most else "")


def read_labels(table, columns, path, *, classification, advice=None, classes=None, same_mark=()):
    """Return the label columns of a table.

    White space around a label is ignored. Empty cells and those in ``MISSING`` are missing labels.
    Labels may have decimal commas, unless commas separate fields. A UserWarning reports guesses
    and probable mistakes.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    columns : list of str
        Names of the targets.
    path : path-like
        File of the table, for messages.
    classification : bool
        Whether labels are class names, kept as text. Otherwise they are numbers.
    advice : str, default=None
        Remedy for labels that are not numbers. None finds the most likely one for ``train``.
    classes : dict of str to list of str, default=None
        Classes of a model by column, which are never missing labels.
    same_mark : sequence of str, default=()
        Further columns, whose numbers must have the same decimal mark.

    Returns
    -------
    DataFrame
        Text or float64.

    Raises
    ------
    InvalidInputError
        If cells are not finite numbers, or mix decimal points and decimal commas. The message
        lists the first cells and counts all.
    """
    read, spelled = {}, {}
    for name in columns:
        known = (classes or {}).get(name, ())
        read[name], spelled[name] = _without_missing(table.column(name), known)
    if classification:
        labels = pd.DataFrame(read, index=table.cells.index, dtype=object)
        doubts = [doubt for name, column in read.items() for doubt in _doubts(column, name)]
    else:
        labels, doubts = _read_numbers(
            table, read, path, (lambda problems: advice) if advice else _advise, same_mark
        )
    for name, counts in spelled.items():
        if counts:
            counted = ", ".join(f"{label!r} ({count})" for label, count in counts.items())
            doubts.append(f"These cells of {name!r} count as missing labels: {counted}.")
    if doubts:
        warnings.warn(f"{path}: {' '.join(doubts)}", stacklevel=2)
    return labels


def read_words(table, words, path, on_invalid="raise", advice=""):
    """Return further columns of words, with missing cells as missing labels are written.

    A word is never a missing cell.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    words : dict of str to list of str
        Words that each column may hold.
    path : path-like
        File of the table, for messages.
    on_invalid : {"raise", "nan"}, default="raise"
        "nan" keeps other words, which the model refuses row by row.
    advice : str, default=""
        What the command can do with rows of other words.

    Returns
    -------
    DataFrame of categories

    Raises
    ------
    InvalidInputError
        If a cell holds another word, for "raise". The message lists the first cells and counts
        all.
    """
    columns = {name: _without_missing(table.column(name), words[name])[0] for name in words}
    unknown = [
        (row, name, cell, f"not one of {list_few(words[name])}")
        for name, cells in columns.items()
        for row, cell in enumerate(cells)
        if cell == cell and cell not in words[name]
    ]
    if unknown and on_invalid == "raise":
        message = list_cells(table, path, "hold words that were not learned", unknown, _MAX_CELLS)
        raise InvalidInputError(
            f"{message}\nUse a word that was learned. An empty cell predicts for an unknown word."
            f" {advice}".rstrip()
        )
    further: dict[str, list] = {name: [] for name in columns}
    for _, name, cell, _ in unknown:
        further[name].append(cell)
    kinds = {
        name: pd.Categorical(cells, [*words[name], *dict.fromkeys(further[name])])
        for name, cells in columns.items()
    }
    return pd.DataFrame(kinds, index=table.cells.index)


def read_numbers(
    table, columns, path, advice=ADVICE_FOR_COLUMNS, *, on_invalid="raise", same_mark=()
):
    """Return further numeric columns of a table, which a model reads in addition to the materials.

    Cells are read as labels are, and empty ones are NaN. A UserWarning reports guesses.

    Parameters
    ----------
    table : Table
        Output of ``read_table``.
    columns : list of str
        Names of the columns.
    path : path-like
        File of the table, for messages.
    advice : str
        Remedy for cells that are not numbers.
    on_invalid : {"raise", "nan"}, default="raise"
        "nan" returns infinity for cells that cannot be read.
    same_mark : sequence of str, default=()
        Columns of labels, whose numbers must have the same decimal mark.

    Returns
    -------
    DataFrame of float64

    Raises
    ------
    InvalidInputError
        If cells are not finite numbers, or mix decimal points and decimal commas, for "raise".
    """
    read = {name: _without_missing(table.column(name))[0] for name in columns}
    numbers, doubts = _read_numbers(
        table, read, path, lambda problems: advice, same_mark, on_invalid
    )
    if doubts:
        warnings.warn(f"{path}: {' '.join(doubts)}", stacklevel=2)
    return numbers


def _without_missing(cells, known=()):
    """Return stripped labels, with NaN for missing ones, and counts of their spellings.

    The words or classes `known` are not missing.
    """
    labels = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
    # With a class "+", "-" is a class too.
    missing = MISSING.difference(known, {"-"} if "+" in labels else ())
    kinds = {
        label
        for label in set(labels)
        if label.translate(_DASHES) in missing or _NAN.fullmatch(label)
    }
    spelled = Counter(label for label in labels if label and label in kinds)
    return [np.nan if label in kinds else label for label in labels], spelled


def _doubts(labels, name):
    """Yield warnings about classes with similar spelling and about numeric classes."""
    classes = list(dict.fromkeys(label for label in labels if isinstance(label, str)))
    alike: dict = {}
    for label in classes:
        text = label.translate(_DASHES).casefold()
        alike.setdefault(_as_number(text, default=text), []).append(label)
    pairs = [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]
    if pairs:
        more = f" and {len(pairs) - 1} more such groups" * (len(pairs) > 1)
        yield f"Classes of {name!r} differ only in spelling: {pairs[0]}{more}."
    counts = Counter(label for label in labels if isinstance(label, str))
    for label in [each for each in classes if counts[each] <= _RARE][:_MAX_DOUBTS]:
        usual = [each for each in classes if counts[each] >= _USUAL * counts[label]]
        near = difflib.get_close_matches(label, usual, n=1, cutoff=_SIMILAR)
        if near:
            yield (
                f"{counts[label]} of the labels of {name!r} is {label!r}. Is it a misspelling of"
                f" {near[0]!r}?"
            )
    if len(classes) > _MANY_CLASSES and not any(isinstance(key, str) for key in alike):
        yield (
            f"All {len(classes)} classes of {name!r} are numbers. To predict numbers, drop"
            " --classification."
        )


def _read_numbers(table, read, path, advise, same_mark, on_invalid="raise"):
    """Return columns of numbers. The columns `same_mark` must have the same decimal mark."""
    others = [_without_missing(table.column(name))[0] for name in same_mark]
    commas = [
        label
        for labels in [*read.values(), *others]
        for label in labels
        if isinstance(label, str) and DECIMAL_COMMA.fullmatch(label.replace("\u2212", "-"))
    ]
    # "1,234" may also have a thousands comma. One label with a decimal comma decides for all. In
    # files with semicolons as delimiters, commas are decimal marks.
    has_commas = (table.comma == "decimal" and bool(commas)) or (
        table.comma == "unclear" and not all(map(_THOUSANDS.fullmatch, commas))
    )
    values = {name: np.full(len(table), np.nan) for name in read}
    problems = []
    for name, labels in read.items():
        for row, label in enumerate(labels):
            if not isinstance(label, str):
                continue
            text = label.replace("\u2212", "-")
            if has_commas and "." in label and _MARKED.fullmatch(text):
                problems.append((row, name, label, _MIXED_MARKS))
                continue
            comma = has_commas and DECIMAL_COMMA.fullmatch(text)
            number = _as_number(text.replace(",", ".") if comma else text, np.nan)
            if math.isfinite(number):
                values[name][row] = number
            else:
                problems.append((row, name, label, _name_fault(label)))
    if on_invalid == "nan":
        for row, name, *_ in problems:
            values[name][row] = np.inf
    elif problems:
        # Many faults of one column must not hide those of another.
        groups = [problems]
        if len(problems) > _MAX_CELLS:
            groups = [[each for each in problems if each[1] == name] for name in read]
        lists = [
            list_cells(table, path, "cannot be read as numbers", group, _MAX_CELLS)
            for group in groups
            if group
        ]
        is_mixed = any(reason == _MIXED_MARKS for *_, reason in problems)
        raise InvalidInputError("\n".join([*lists, _ONE_MARK if is_mixed else advise(problems)]))
    doubts = []
    names = [
        name
        for name, labels in read.items()
        if has_commas and any(isinstance(each, str) and "," in each for each in labels)
    ]
    if names:
        doubts.append(f"Commas are decimal marks in {', '.join(map(repr, names))}.")
    doubts += [_doubt_of_units(table, name, values[name]) for name in values]
    doubts = [each for each in doubts if each]
    return pd.DataFrame(values, index=table.cells.index), doubts


def _doubt_of_units(table, name, values):
    """Return a warning if few numbers are far above all others, as those in another unit are."""
    sizes = np.sort(np.abs(values[np.isfinite(values) & (values != 0)]))
    if len(sizes) < 2:
        return ""
    gaps = sizes[1:] / sizes[:-1]
    widest = int(gaps.argmax())
    n_above = len(sizes) - widest - 1
    if gaps[widest] < _GAP or n_above >= len(sizes) / 2:
        return ""
    first = int(np.flatnonzero(np.abs(values) >= sizes[widest + 1])[0])
    return (
        f"{n_above} of {len(sizes)} numbers of {name!r} are at least {gaps[widest]:,.0f} times as"
        f" large as all others. Are they in another unit? The first is {values[first]:g}, in"
        f" {table.row(first)}."
    )


def _as_number(text, default):
    try:
        return float(text)
    except ValueError:
        return default


def _name_fault(label):
    if not isinstance(_as_number(label, None), float):
        if _THOUSANDS.fullmatch(label):
            return "not a finite number (thousands, or a decimal comma?)"
        if DECIMAL_COMMA.fullmatch(label):
            return "not a finite number (write a decimal point)"
        if _WITH_UNIT.fullmatch(label):
            return "not a finite number (remove the text after it)"
    return "not a finite number"


def _advise(problems):
    """Return the most likely remedy."""
    labels = [label for _, _, label, _ in problems]
    kinds = Counter(labels)
    are_words = not any(character.isdigit() for label in kinds for character in label)
    missing = "Leave cells without a label empty"
    if are_words and len(kinds) > 1 and len(labels) > len(kinds):
        listed = ", ".join(shorten(label, 30) for label in sorted(kinds)[:3])
        return f"If labels are classes, such as {listed}, add --classification. {missing}."
    if len(kinds) == 1 and are_words:
        return (
            f"If {shorten(labels[0], 30)} means a missing label, leave these cells empty. If"
            " labels are classes, add --classification."
        )
    if are_words:
        return f"{missing}. If labels are classes, add --classification."
    return f"{missing}, and write the others as plain numbers: 3.2 or 3.2e-5."
