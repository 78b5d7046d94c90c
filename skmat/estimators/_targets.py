"""Reading y: one column or many, labels missing, names from a DataFrame."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d

from skmat.estimators._scaling import LARGEST_LABEL, TargetScaling
from skmat.exceptions import InvalidInputError
from skmat.objectives import Target

__all__ = [
    "ReadTargets",
    "class_columns",
    "read_class_targets",
    "read_mixed_targets",
    "read_numeric_targets",
]


@dataclass(frozen=True, eq=False)
class ReadTargets:
    """What y held.

    Attributes
    ----------
    values : ndarray of shape (n, n_targets), float64
        Numbers, or indices into `classes`; NaN where there is no label.
    targets : list of Target
        Name and kind of each column.
    classes : list of (ndarray or None)
        Class labels of each column; None for a number.
    one_dimensional : bool
        Whether y had one dimension, and predictions shall have one too.
    """

    values: np.ndarray
    targets: list[Target]
    classes: list
    one_dimensional: bool

    @property
    def names(self):
        return [target.name for target in self.targets]

    def fit_scaling(self, rows, sample_weight):
        """Fit on `rows` alone; numbers are standardised, class indices stay as they are."""
        fitted = TargetScaling.fit(self.values[rows], sample_weight[rows])
        is_class = np.array([target.n_classes > 0 for target in self.targets], dtype=bool)
        return TargetScaling(
            np.where(is_class, 0.0, fitted.mean), np.where(is_class, 1.0, fitted.scale)
        )

    def check_weights(self, sample_weight):
        """Raise unless each column has a label in some row of weight."""
        weighted = ~np.isnan(self.values[sample_weight > 0])
        idle = [
            name for name, some in zip(self.names, weighted.any(axis=0), strict=True) if not some
        ]
        if idle:
            raise InvalidInputError(
                f"y has labels of {', '.join(map(repr, idle))} only in rows that teach nothing:"
                " their sample_weight is 0, or X holds no material there. Give one of these rows"
                " a weight, or drop the column."
            )

    def is_informative(self, rows, sample_weight):
        """Tell whether any of `rows` has weight, and a label where labels are learned."""
        weighted = rows[sample_weight[rows] > 0]
        if not self.targets:
            return len(weighted) > 0
        return not np.isnan(self.values[weighted]).all()


def read_numeric_targets(y, n_rows, *, labels_required=True) -> ReadTargets:
    """Read y of a regressor.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_targets)
        Numbers; NaN is missing.
    n_rows : int
        Rows of X.
    labels_required : bool, default=True
        Whether a column without any label is an error.

    Raises
    ------
    InvalidInputError
        If a value is infinite, or a column has no label at all.
    """
    names, one_dimensional = _names(y)
    values = check_array(
        y, ensure_2d=False, dtype=np.float64, ensure_all_finite=False, input_name="y"
    )
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    _check_rows(values, n_rows)
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, column = infinite[0]
        raise InvalidInputError(
            f"y contains infinity: row {row}, target {names[column]!r}"
            f" ({len(infinite)} such values in all). Set them to NaN, which means no label, or"
            " drop the rows."
        )
    large = np.argwhere(np.abs(values) > LARGEST_LABEL)
    if len(large):
        row, column = large[0]
        raise InvalidInputError(
            f"y holds {values[row, column]:g}, which is too large: row {row}, target"
            f" {names[column]!r}. Give labels in another unit, in which none is beyond"
            f" {LARGEST_LABEL:g}."
        )
    if labels_required:
        _check_labelled(~np.isnan(values), names)
    targets = [Target(name) for name in names]
    return ReadTargets(values, targets, [None] * len(names), one_dimensional)


def read_class_targets(y, n_rows, classes=None) -> ReadTargets:
    """Read y of a classifier: labels of any type; NaN, None and pandas.NA are missing.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_targets)
        Class labels.
    n_rows : int
        Rows of X.
    classes : list of ndarray, default=None
        Known class labels of each column, as ``partial_fit`` has them; a column may then be
        without labels.
    """
    names, one_dimensional = _names(y)
    columns = class_columns(y)
    _check_rows(columns[0], n_rows)
    values = np.full((n_rows, len(columns)), np.nan)
    found = []
    if classes is not None and len(classes) != len(columns):
        raise InvalidInputError(
            f"There are classes for {len(classes)} tasks, but y holds {len(columns)}: {names}."
        )
    for i, column in enumerate(columns):
        labelled = ~pd.isna(column)
        if classes is None:
            _check_labelled(labelled.reshape(-1, 1), [names[i]])
        # Back through a list: an object array of bool or int is of no type scikit-learn knows.
        labels = np.array(column[labelled].tolist())
        known = np.unique(labels) if classes is None else classes[i]
        if not len(labels):
            found.append(known)
            continue
        check_classification_targets(labels)
        indices = np.searchsorted(known, labels)
        wrong = np.flatnonzero(known[np.minimum(indices, len(known) - 1)] != labels)
        if len(wrong):
            raise InvalidInputError(
                f"y holds the label {labels[wrong[0]]!r} for {names[i]!r}, which is not among"
                f" the classes {known.tolist()}."
            )
        values[labelled, i] = indices
        found.append(known)
    # One class is learned as the first of two.
    targets = [Target(name, max(2, len(known))) for name, known in zip(names, found, strict=True)]
    return ReadTargets(values, targets, found, one_dimensional)


def read_mixed_targets(y, n_rows) -> ReadTargets:
    """Read y of an encoder: numbers are regressed, text, categories and booleans classified."""
    names, one_dimensional = _names(y)
    parts = []
    for name, column in zip(names, class_columns(y), strict=True):
        # Back to what the values are: a table of mixed columns is an array of objects.
        series = pd.Series(column, name=name).infer_objects()
        is_number = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(
            series
        )
        read = read_numeric_targets if is_number else read_class_targets
        parts.append(read(series, n_rows))
    return ReadTargets(
        np.hstack([part.values for part in parts]),
        [part.targets[0] for part in parts],
        [part.classes[0] for part in parts],
        one_dimensional,
    )


def _names(y):
    """Return the names of the targets, and whether y is one-dimensional."""
    if y is None:
        raise InvalidInputError(
            "This estimator requires y to be passed, but the target y is None."
        )
    if isinstance(y, pd.DataFrame):
        names = [str(column) for column in y.columns]
        if len(set(names)) < len(names):
            raise InvalidInputError(f"Every column of y needs a name of its own; got {names}.")
        return names, False
    if isinstance(y, pd.Series):
        return [str(y.name) if y.name is not None else "y"], True
    shape = np.asarray(y).shape
    if len(shape) < 2:
        return ["y"], True
    return [f"y{i}" for i in range(shape[1])], False


def class_columns(y):
    """Return the columns of y as one-dimensional arrays that keep their types.

    A list that mixes text with NaN becomes an array of objects: as text, NaN would be the class
    "nan".
    """
    if isinstance(y, pd.DataFrame):
        return [y.iloc[:, i].to_numpy() for i in range(y.shape[1])]
    if isinstance(y, list | tuple) and any(isinstance(value, str) for value in _flat(y)):
        y = np.array(y, dtype=object)
    array = check_array(y, ensure_2d=False, dtype=None, ensure_all_finite=False, input_name="y")
    if array.ndim == 1:
        return [column_or_1d(array)]
    return list(array.T)


def _check_rows(values, n_rows):
    check_consistent_length(values, range(n_rows))


def _check_labelled(labelled, names):
    empty = [name for name, some in zip(names, labelled.any(axis=0), strict=True) if not some]
    if empty:
        raise InvalidInputError(
            f"y has no label at all (only NaN) for {', '.join(map(repr, empty))}; drop the"
            " column, or fit on rows that have some."
        )


def _flat(rows):
    return (value for row in rows for value in (row if isinstance(row, list | tuple) else [row]))
