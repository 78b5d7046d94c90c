"""Reading y: one or several columns, missing labels, names from a DataFrame."""

import datetime
import re
from collections.abc import Set
from dataclasses import dataclass, replace

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skmat.estimators._scaling import TargetScaling
from skmat.exceptions import InvalidInputError, InvalidLabelsError, LabelTypeError, shorten
from skmat.inputs import (
    as_classes,
    as_numbers,
    as_python,
    class_indices,
    holds_numbers,
    is_mostly_text,
    read_columns,
)
from skmat.objectives import Target

__all__ = [
    "TargetData",
    "check_not_labels",
    "class_columns",
    "read_class_targets",
    "read_known_classes",
    "read_mixed_targets",
    "read_numeric_targets",
]


@dataclass(frozen=True, eq=False)
class TargetData:
    """The content of y.

    Attributes
    ----------
    values : ndarray of shape (n, n_targets), float64
        Numbers, or indices into `classes`. A missing label is NaN.
    targets : list of Target
        Name and kind of each column.
    classes : list of (ndarray or None)
        Class labels of each column. None for a column of numbers.
    one_dimensional : bool
        Whether y, and therefore predictions, have one dimension.
    """

    values: np.ndarray
    targets: list[Target]
    classes: list
    one_dimensional: bool

    @property
    def names(self):
        return [target.name for target in self.targets]

    def take(self, rows):
        """Return the labels of `rows` (indices or mask)."""
        return replace(self, values=self.values[rows])

    @property
    def as_given(self):
        """The targets of the user, without those that the estimator added."""
        return self

    def weights_of_tasks(self, weights):
        """Return the weight of each task, from the weights of the targets of the user."""
        return weights

    def fit_scaling(self, rows, sample_weight):
        """Fit on `rows` only. Numbers are standardised, class indices are not changed."""
        fitted = TargetScaling.fit(self.values[rows], sample_weight[rows])
        is_class = np.array([target.n_classes > 0 for target in self.targets], dtype=bool)
        return TargetScaling(
            np.where(is_class, 0.0, fitted.mean), np.where(is_class, 1.0, fitted.scale)
        )

    def check_weights(self, sample_weight):
        """Raise an error unless each column has a label in a row of positive weight."""
        weighted = ~np.isnan(self.values[sample_weight > 0])
        idle = [
            name for name, some in zip(self.names, weighted.any(axis=0), strict=True) if not some
        ]
        if idle:
            raise InvalidInputError(
                f"y has labels of {', '.join(map(repr, idle))} only in rows whose sample_weight is"
                " 0 or whose X holds no material. Give one of these rows a positive weight, or"
                " drop the column."
            )

    def is_informative(self, rows, sample_weight, is_watched):
        """Tell whether any of `rows` has positive weight and a label that is watched.

        If early stopping watches no column of y, a positive weight is enough. `is_watched` has
        one bool per column.
        """
        weighted = rows[sample_weight[rows] > 0]
        if not is_watched.any():
            return len(weighted) > 0
        return not np.isnan(self.values[weighted][:, is_watched]).all()


def read_numeric_targets(y, n_rows, *, labels_required=True) -> TargetData:
    """Read y of a regressor.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_targets)
        Numbers, or text that holds numbers. ``read_columns`` lists missing values.
    n_rows : int
        Rows of X.
    labels_required : bool, default=True
        Whether a column without labels is an error.

    Raises
    ------
    InvalidLabelsError
        If a label is not a number, infinite, or larger than 1e300 in magnitude.
    InvalidInputError
        If a column has no labels.
    """
    return _read_numbers(read_columns(y), n_rows, labels_required)


def read_class_targets(y, n_rows, classes=None) -> TargetData:
    """Read y of a classifier.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_targets)
        Class labels of any type that can be sorted. ``read_columns`` lists missing values.
    n_rows : int
        Rows of X.
    classes : list of ndarray, default=None
        Class labels of each column, from ``partial_fit``. With them, a column may have no labels.

    Raises
    ------
    LabelTypeError
        If the labels of a column have several types or cannot be sorted.
    InvalidInputError
        If a column has no labels, or if a label is not in `classes`.
    """
    table = read_columns(y)
    if table.has_tuples:
        rows = enumerate(zip(*(column.filled() for column in table.columns), strict=True))
        raise LabelTypeError(
            [(row, label, f"{shorten(label)} is a tuple") for row, label in rows],
            n_rows,
            "If tuples hold the labels of several tasks, use lists or a DataFrame.",
        )
    return _read_classes(table, n_rows, classes)


def read_mixed_targets(y, n_rows) -> TargetData:
    """Read y of an encoder: numbers for regression, other types for classification."""
    table = read_columns(y)
    parts = []
    for column, name in zip(table.columns, table.names, strict=True):
        alone = replace(table, columns=[column], names=[name])
        if holds_numbers(column):
            parts.append(_read_numbers(alone, n_rows))
        else:
            parts.append(_read_classes(alone, n_rows))
    return TargetData(
        np.hstack([part.values for part in parts]),
        [part.targets[0] for part in parts],
        [part.classes[0] for part in parts],
        table.one_dimensional,
    )


def read_known_classes(classes):
    """Return the sorted class labels of each task, from the ``classes`` of ``partial_fit``."""
    if isinstance(classes, Set):
        classes = list(classes)
    if not len(classes):
        raise InvalidInputError("classes is empty. Use a list of all class labels, or None.")
    nested = isinstance(classes, list | tuple) and not (
        np.isscalar(classes[0]) or isinstance(classes[0], datetime.date)
    )
    return [
        np.unique(as_classes(column, "classes"))
        for each in (classes if nested else [classes])
        for column in read_columns(each, "classes").columns
    ]


def check_not_labels(extra, columns, targets):
    """Raise an error if a further column of X holds the labels themselves.

    Parameters
    ----------
    extra : ndarray of shape (n, n_extra)
        Numbers of further columns.
    columns : list of str
        Their names.
    targets : TargetData
        Labels.

    Raises
    ------
    InvalidInputError
        If a column of two or more values equals a column of y in all rows with a label.
    """
    for labels, classes, target in zip(
        targets.values.T, targets.classes, targets.names, strict=True
    ):
        rows = ~np.isnan(labels)
        known = labels[rows]
        if classes is not None:
            if classes.dtype.kind not in "biuf":
                continue
            known = classes[known.astype(int)].astype(float)
        if len(np.unique(known)) < 2:
            continue
        for column, name in zip(extra.T, columns, strict=True):
            if np.array_equal(column[rows], known):
                raise InvalidInputError(
                    f"The column {name!r} of X holds the labels of {target!r}. A model would only"
                    " copy them. Drop the column from X."
                )


def class_columns(y):
    """Return the columns of y as one-dimensional arrays that keep their types."""
    return [column.filled() for column in read_columns(y).columns]


def _read_numbers(table, n_rows, labels_required=True):
    columns, names = table.columns, table.names
    check_consistent_length(columns[0].missing, range(n_rows))
    values, problems, is_text = [], [], False
    for column, name in zip(columns, names, strict=True):
        numbers, faults = as_numbers(column)
        values.append(numbers)
        for row, label, fault in faults:
            problems.append((row, label, f"target {name!r}: {shorten(label)} is {fault}"))
        is_text |= is_mostly_text(column, faults)
    if problems:
        problems.sort(key=lambda problem: problem[0])
        raise InvalidLabelsError(problems, n_rows, _remedy_for_text(problems[0][1], is_text))
    if labels_required:
        for numbers, name in zip(values, names, strict=True):
            _check_labelled(~np.isnan(numbers), name)
    targets = [Target(name) for name in names]
    return TargetData(np.column_stack(values), targets, [None] * len(names), table.one_dimensional)


def _remedy_for_text(label, is_text):
    """Return what to do with text that is no number, by its first label."""
    if not isinstance(label, str):
        return ""
    number = label.strip()
    if re.fullmatch(r"[-+]?\d*,\d+", number):
        return "Write a decimal point in place of the comma, such as 0.35 for 0,35."
    if match := re.match(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?\s*(?=[^\d\s.,+-])", number, re.IGNORECASE):
        return f"Labels must be numbers alone. Remove {number[match.end() :]!r}."
    return "Most labels are text. Use a classifier, such as AutoClassifier." if is_text else ""


def _read_classes(table, n_rows, classes=None):
    columns, names = table.columns, table.names
    check_consistent_length(columns[0].missing, range(n_rows))
    if classes is not None and len(classes) != len(columns):
        raise InvalidInputError(
            f"There are classes for {len(classes)} tasks, but y holds {len(columns)}: {names}."
        )
    values = np.full((n_rows, len(columns)), np.nan)
    found = []
    for i, (column, name) in enumerate(zip(columns, names, strict=True)):
        if classes is None:
            _check_labelled(~column.missing, name)
        labels = as_classes(column, name)
        known = np.unique(labels) if classes is None else classes[i]
        found.append(known)
        indices = class_indices(known, labels)
        unknown = np.flatnonzero(indices < 0)
        if len(unknown):
            raise InvalidInputError(
                f"y holds the label {as_python(labels[unknown[0]])!r} for {name!r} (row"
                f" {column.rows[unknown[0]]}), which is not among the classes {known.tolist()}."
            )
        values[column.rows, i] = indices
    # A single class is learned as the first of two.
    targets = [Target(name, max(2, len(known))) for name, known in zip(names, found, strict=True)]
    return TargetData(values, targets, found, table.one_dimensional)


def _check_labelled(labelled, name):
    if not labelled.any():
        raise InvalidInputError(
            f"y has no label at all (only NaN) for {name!r}. Drop the column, or add rows with"
            " labels."
        )
