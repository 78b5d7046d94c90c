"""Further columns of X: numbers and categories."""

import datetime
import re
from numbers import Number
from typing import NamedTuple

import numpy as np
import pandas as pd

from skmat.composition._read import is_missing
from skmat.exceptions import InvalidInputError, shorten

__all__ = [
    "FurtherValues",
    "find_odd_rows",
    "learned_values",
    "learn_categories",
    "learn_ranges",
    "read_columns",
]

#: Categories that a column may have in any case.
_MOST_LEVELS = 20
#: Neither numbers nor categories.
_NEITHER = (complex, datetime.date, datetime.time, datetime.timedelta)
#: A number that is written with a decimal comma, or before a unit.
_NUMBER_AND_UNIT = re.compile(r"([-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)\s*([^\d\s.,].*)?")
#: Share of the learned range by which a number may lie outside of it.
_SLACK = 0.05


def learn_categories(frame):
    """Return the categories of each column as text, None for columns of numbers, by name."""
    return {
        name: None if _holds_numbers(name, column) else _levels(name, column)
        for name, column in frame.items()
    }


class FurtherValues(NamedTuple):
    """What further columns hold.

    Attributes
    ----------
    encoded : DataFrame
        Numbers, and a column of 0 and 1 for each category.
    numbers : dict of str to ndarray
        Columns of numbers by name, NaN where they are missing.
    missing : dict of str to ndarray of bool
        Rows without a value, by the name of the column.
    texts : dict of str to list of (str or None)
        Columns of categories by name, None where they are missing.
    bad : ndarray of bool
        Rows with a value that is not a finite number, or an unknown category.
    """

    encoded: pd.DataFrame
    numbers: dict
    missing: dict
    texts: dict
    bad: np.ndarray


def read_columns(frame, categories, on_invalid="raise"):
    """Read further columns.

    Parameters
    ----------
    frame : DataFrame
        The further columns.
    categories : dict
        As `learn_categories` returns it.
    on_invalid : {"raise", "nan"}, default="raise"
        What to do with unknown categories, and with values that are not finite numbers.

    Returns
    -------
    FurtherValues

    Raises
    ------
    InvalidInputError
        If there are such values, for "raise".
    """
    names, parts, bad = [], [], np.zeros(len(frame), dtype=bool)
    known, missing, texts = {}, {}, {}
    # By name: names that are not text are not compared with those of fit.
    for name, levels in categories.items():
        column = frame[name]
        if levels is None:
            known[name], wrong = _as_numbers(name, column, on_invalid)
            missing[name] = np.isnan(known[name]) & ~wrong
            names.append(str(name))
            parts.append(known[name])
            bad |= wrong
            continue
        text = [None if is_missing(each) else _text_of(each) for each in column]
        missing[name] = np.array([each is None for each in text], dtype=bool)
        texts[name] = text
        bad |= _unknown(name, text, levels, on_invalid)
        for level in levels:
            names.append(f"{name}={level}")
            parts.append(np.array([each == level for each in text], dtype=np.float64))
    values = np.stack(parts, axis=1) if parts else np.empty((len(frame), 0))
    return FurtherValues(pd.DataFrame(values, columns=names), known, missing, texts, bad)


def learn_ranges(values):
    """Return by name the range of each column, whether values are missing, and its categories.

    The range is the smallest and the largest number. Both are None for categories, and for columns
    without a number. Of numbers, the categories are None.
    """
    ranges = {}
    for name, is_absent in values.missing.items():
        numbers = values.numbers.get(name, np.empty(0))
        numbers = numbers[~np.isnan(numbers)]
        ends = [float(numbers.min()), float(numbers.max())] if len(numbers) else [None, None]
        categories = sorted(set(values.texts[name]) - {None}) if name in values.texts else None
        ranges[name] = [*ends, bool(is_absent.any()), categories]
    return ranges


def find_odd_rows(values, ranges):
    """Return masks of rows with values unlike those of the training set, by what is odd."""
    odd = {}
    # Models of older folders have no categories there.
    for name, (least, most, may_be_missing, *rest) in ranges.items():
        if not may_be_missing:
            odd[f"no {str(name)!r}, which all of the training set have"] = values.missing[name]
        if least is not None:
            numbers, slack = values.numbers[name], _SLACK * (most - least)
            outside = (numbers < least - slack) | (numbers > most + slack)
            odd[f"a {str(name)!r} outside of {least:g} to {most:g}"] = outside
        elif name in values.numbers:
            odd[f"a {str(name)!r}, of which no labelled material has any"] = ~np.isnan(
                values.numbers[name]
            )
        if rest and rest[0] is not None:
            known = {None, *rest[0]}
            unlike = np.array([each not in known for each in values.texts[name]], dtype=bool)
            odd[f"a {str(name)!r} that no labelled material has"] = unlike & ~values.bad
    return {what: rows for what, rows in odd.items() if rows.any()}


def learned_values(values, ranges):
    """Return the encoded values, missing in columns of which no number was learned.

    No model has a scale for the numbers of such a column.
    """
    unknown = [
        str(name)
        for name, (least, *_) in ranges.items()
        if least is None and name in values.numbers
    ]
    return values.encoded.assign(**dict.fromkeys(unknown, np.nan)) if unknown else values.encoded


def _levels(name, column):
    """Return the categories of a column."""
    known = [(row, each) for row, each in enumerate(column) if not is_missing(each)]
    levels = sorted({_text_of(each) for _, each in known})
    if not isinstance(column.dtype, pd.CategoricalDtype):
        wrong = [(row, each) for row, each in known if not _is_number(each)]
        if len(wrong) < len(known) / 2:
            what = "numbers as text"
            if wrong:
                what = f"numbers, but also {shorten(wrong[0][1])} in row {wrong[0][0]}"
            raise InvalidInputError(
                f"Column {name!r} of X holds {what}. Use numbers, and NaN where they are missing."
                " If they are names, turn them into categories by astype('category')."
            )
        _check_no_units(name, known)
    if len(levels) > max(_MOST_LEVELS, len(known) / 2):
        raise InvalidInputError(
            f"Column {name!r} of X has {len(levels)} categories in {len(known)} rows, such as"
            f" {levels[:3]}. A model cannot learn from names that hardly repeat. Drop the column."
        )
    return levels


def _check_no_units(name, known):
    """Raise an error if most values are numbers with decimal commas, or with one unit."""
    matches = [_NUMBER_AND_UNIT.fullmatch(str(each).strip()) for _, each in known]
    numbers = [match for match in matches if match]
    if len(numbers) <= len(known) / 2 or len({match[1] for match in numbers}) < 2:
        return
    units = {match[2] for match in numbers}
    if units == {None}:
        what, remedy = "numbers with decimal commas", "read the file with decimal=','"
    elif len(units) == 1:
        what, remedy = f"numbers with the unit {units.pop()!r}", "remove the unit"
    else:
        return
    row, value = known[0]
    raise InvalidInputError(
        f"Column {name!r} of X holds {what} as text, such as {shorten(value)} in row {row}. Use"
        f" numbers: {remedy}. If they are names, turn them into categories by astype('category')."
    )


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _text_of(category):
    """Return a category as text. Whole numbers are equal whatever their type."""
    if isinstance(category, float) and category.is_integer():
        category = int(category)
    return str(category)


def _unknown(name, text, levels, on_invalid):
    """Return a mask of the categories that are not known."""
    unknown = np.array([each is not None and each not in levels for each in text], dtype=bool)
    if on_invalid == "raise" and unknown.any():
        row = int(unknown.argmax())
        raise InvalidInputError(
            f"Column {name!r} of X has the category {shorten(text[row])} in row {row}, which fit"
            f" did not see. It saw {levels[:10]}. Use one of these. With on_invalid='nan', such"
            " rows have no prediction. An empty cell predicts for an unknown category."
        )
    return unknown


def _holds_numbers(name, column):
    """Tell whether a column holds numbers; otherwise it holds categories."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return False
    known = [] if dtype.kind in "biuf" else [each for each in column if not is_missing(each)]
    if dtype.kind in "mMc" or any(isinstance(each, _NEITHER) for each in known):
        raise InvalidInputError(
            f"Column {name!r} of X holds dates, times or complex numbers. Turn it into numbers, or"
            " into categories by astype('category')."
        )
    return all(isinstance(each, Number) for each in known)


def _as_numbers(name, column, on_invalid):
    """Return a column as numbers, and a mask of values that are not finite numbers.

    Both these and missing values are NaN.
    """
    numbers = np.full(len(column), np.nan)
    bad = np.zeros(len(column), dtype=bool)
    for row, value in enumerate(column):
        if is_missing(value):
            continue
        try:
            numbers[row] = float(value)
        except (TypeError, ValueError, OverflowError):
            numbers[row] = np.inf
        if np.isfinite(numbers[row]):
            continue
        if on_invalid == "raise":
            raise InvalidInputError(
                f"Column {name!r} of X has {shorten(value)} in row {row}. Use a finite number, or"
                " NaN if it is missing."
            )
        numbers[row], bad[row] = np.nan, True
    return numbers, bad
