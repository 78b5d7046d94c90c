"""Labels as numbers, and as classes."""

import datetime
from collections import Counter
from decimal import Decimal
from numbers import Complex, Real

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

from skmat.exceptions import InvalidInputError, LabelTypeError, shorten
from skmat.inputs._columns import Column

__all__ = [
    "as_classes",
    "as_numbers",
    "class_indices",
    "holds_numbers",
    "is_mostly_text",
    "as_python",
]

#: Larger labels are refused: predictions of them could be infinite.
LARGEST_LABEL = 1e300

_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)

_TEXT = "text, not a number"
_TOO_LARGE = f"beyond {LARGEST_LABEL:g}: use another unit"

#: Missing labels after NumPy or pandas turned them into text.
_MISSING_AS_TEXT = ("nan", "<NA>", "NaT")

#: Kinds of NumPy types that compare with each other.
_NUMBERS = "biuf"


def holds_numbers(column: Column):
    """Tell whether a column of an encoder's y holds numbers, for regression."""
    labels = column.labels
    if column.is_category:
        return False
    if labels.dtype.kind != "O":
        return labels.dtype.kind in "iufc"
    return all(
        isinstance(label, Complex | Decimal) and not isinstance(label, bool | np.bool_)
        for label in labels
    )


def as_numbers(column: Column, largest=LARGEST_LABEL):
    """Read labels or weights as numbers of magnitude `largest` at most.

    Returns
    -------
    values : ndarray of shape (n_rows,), float64
        The numbers. Missing labels are NaN.
    problems : list of tuple (int, object, str)
        Row, label and fault.
    """
    values = np.full(len(column.missing), np.nan)
    labels, rows, problems = column.labels, column.rows, []
    if labels.dtype.kind in _NUMBERS or set(map(type, labels)) <= {float, bool}:
        with np.errstate(over="ignore"):
            values[rows] = labels
    else:
        for row, label in zip(rows.tolist(), labels, strict=True):
            values[row], reason = _as_number(label)
            if reason:
                problems.append((row, as_python(label), reason))
    for row in np.flatnonzero(np.abs(values) > largest).tolist():
        value = float(values[row])
        problems.append((row, value, "infinite" if np.isinf(value) else _TOO_LARGE))
    return values, problems


def as_python(value):
    """Return a NumPy scalar as a Python object, for errors."""
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value


def _as_number(label):
    """Return `label` as a float, and its fault or an empty string."""
    if isinstance(label, _DATES):
        return np.nan, "a date or a time: convert it to a number"
    if isinstance(label, Complex) and not isinstance(label, Real):
        return np.nan, "a complex number: take its real part or its modulus"
    try:
        return float(label), ""
    except OverflowError:
        return np.nan, _TOO_LARGE
    except (TypeError, ValueError):
        is_text = isinstance(label, str | bytes)
        return np.nan, _TEXT if is_text else f"a {type(label).__name__}, not a number"


def is_mostly_text(column: Column, problems):
    """Tell whether most labels are text, from the `problems` of ``as_numbers``."""
    n_text = sum(reason == _TEXT for _, _, reason in problems)
    return 2 * n_text > len(column.labels)


def as_classes(column: Column, name):
    """Return the labels of a column as an array of one type that NumPy can sort.

    Text, integers, booleans and dates keep their type, as in scikit-learn's LabelEncoder.

    Raises
    ------
    LabelTypeError
        If the labels have several types, or cannot be sorted.
    InvalidInputError
        If they are numbers that are not whole.
    """
    labels = column.labels
    kind = labels.dtype.kind
    if kind in "OU":
        labels = _of_one_type(column, name)
        kind = labels.dtype.kind
    if kind not in "biufUMmO":
        reason = f"of the type {labels.dtype.name}: convert it to text"
        raise _type_error(column, name, reason, range(len(labels)))
    if kind == "f" and not np.isfinite(labels).all():
        row = column.rows[~np.isfinite(labels)][0]
        raise InvalidInputError(
            f"y contains infinity: row {row}, target {name!r}. Infinity is not a class. Set it to"
            " NaN (no label), or drop the row."
        )
    if kind in "biufU" and len(labels):
        check_classification_targets(labels)
    return labels


def _of_one_type(column, name):
    labels = list(column.labels)
    kinds = [_kind(label) for label in labels]
    counts = Counter(kinds)
    if len(counts) > 1:
        most = counts.most_common(1)[0][0]
        others = [i for i, kind in enumerate(kinds) if kind != most]
        raise _type_error(column, name, f"no {most}, as most labels are", others)
    if not counts:
        return np.array([], dtype=object)
    if kinds[0] == "text":
        absent = [i for i, label in enumerate(labels) if label in _MISSING_AS_TEXT]
        if absent:
            reason = "the text of a missing label: use None or NaN instead"
            raise _type_error(column, name, reason, absent)
    if kinds[0] in ("text", "number", "NumPy date"):
        return np.array(labels)
    try:
        hash(labels[0])
        np.unique(column.labels)
    except TypeError:
        reason = f"a {kinds[0]}, which has no order"
        raise _type_error(column, name, reason, range(len(labels))) from None
    if kinds[0] in ("tuple", "bytes", "complex"):
        raise _type_error(column, name, f"a {kinds[0]}: convert it to text", range(len(labels)))
    return column.labels


def _kind(label):
    """Name the kind of labels with which `label` can be compared."""
    if isinstance(label, str):
        return "text"
    if isinstance(label, Real | np.bool_):
        return "number"
    if isinstance(label, np.datetime64):
        return "NumPy date"
    return type(label).__name__


def _type_error(column, name, reason, places):
    problems = []
    for place in places:
        row, label = int(column.rows[place]), as_python(column.labels[place])
        problems.append((row, label, f"target {name!r}: {shorten(label)} is {reason}"))
    return LabelTypeError(problems, len(column.missing))


def class_indices(known, labels):
    """Return the indices of `labels` among the classes `known`, -1 for unknown ones.

    Classes are in any order. Those of scikit-learn's classifiers may have the type object.
    """
    if known.dtype == object and labels.dtype != object:
        known = np.array(known.tolist())
    comparable = known.dtype.kind == labels.dtype.kind or (
        known.dtype.kind in _NUMBERS and labels.dtype.kind in _NUMBERS
    )
    if not comparable or not len(known):
        return np.full(len(labels), -1)
    try:
        order = np.argsort(known, kind="stable")
        places = np.searchsorted(known, labels, sorter=order)
    except TypeError:
        return np.full(len(labels), -1)
    indices = order[np.minimum(places, len(known) - 1)]
    return np.where(known[indices] == labels, indices, -1)
