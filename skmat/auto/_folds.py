"""Splits of the training rows that keep compositions together."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold
from sklearn.model_selection import check_cv as check_splitter
from sklearn.utils import _safe_indexing

from skmat.exceptions import InvalidInputError, shorten

__all__ = ["draw_groups", "join_groups", "make_folds"]

#: Rows above which one part is held out in place of folds.
HOLD_OUT_ABOVE = 20_000
#: Rows of a part, relative to parts of equal size, above which it is too large.
UNEVEN = 1.5
#: Most rows that are held out.
_MOST_HELD_OUT = 10_000


def join_groups(*labels):
    """Return groups of rows that are connected by any of several labels.

    Parameters
    ----------
    *labels : ndarray of shape (n,)
        Labels of the rows. Rows with an equal label are in one group.

    Returns
    -------
    ndarray of shape (n,), int
    """
    coded = [np.unique(each, return_inverse=True)[1].reshape(-1) for each in labels]
    groups = coded[0]
    while True:
        before = groups
        for each in coded:
            # The least number of the rows that share a label.
            least = np.full(each.max(initial=-1) + 1, len(each))
            np.minimum.at(least, each, groups)
            groups = least[each]
        if (groups == before).all():
            return np.unique(groups, return_inverse=True)[1].reshape(-1)


def make_folds(
    cv, groups, *, n_folds, n_repeats, rows=None, classes=None, seed=0, materials=None, labels=None
):
    """Return training and test rows.

    Parameters
    ----------
    cv : "auto", int or splitter
        "auto" takes `n_folds` folds, `n_repeats` times, or one hold-out part above 20,000 rows.
    groups : ndarray of shape (n,), int
        Rows of one group are never in both parts.
    n_folds, n_repeats : int
        What "auto" takes.
    rows : ndarray of int, default=None
        Rows to split. A splitter splits all rows, and the others are taken out: it may know rows
        by their numbers. None takes all rows.
    classes : ndarray of shape (n,), default=None
        Classes whose frequencies are alike in all folds.
    seed : int, default=0
        Seed of the splits.
    materials, labels : array-like of shape (n, ...), default=None
        X and y for a splitter. None passes the numbers of the rows, and the classes.

    Returns
    -------
    list of (ndarray, ndarray)
        Row numbers.

    Raises
    ------
    InvalidInputError
        If `cv` is less than 2, or a splitter leaves nothing to train on.
    """
    rows = np.arange(len(groups)) if rows is None else rows
    of_rows = groups[rows]
    n_groups = len(np.unique(of_rows))
    if isinstance(cv, str):
        if len(rows) > HOLD_OUT_ABOVE:
            is_test = draw_groups(of_rows, min(len(rows) // 10, _MOST_HELD_OUT), seed)
            return [(rows[~is_test], rows[is_test])]
        splits = []
        for repeat in range(n_repeats):
            splits += _grouped(min(n_folds, n_groups), groups, rows, classes, seed + repeat)
        return splits
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        if int(cv) < 2:
            raise InvalidInputError(f"cv={cv} must be at least 2 folds.")
        return _grouped(min(int(cv), n_groups), groups, rows, classes, seed)
    splits = []
    everything = np.arange(len(groups))
    materials = everything if materials is None else materials
    if labels is None:
        labels = everything.astype(float) if classes is None else classes
    for training, test in _splits_of(check_splitter(cv), materials, labels, groups, rows):
        training, test = everything[training], everything[test]
        # The splitter need not know the groups.
        training = training[~np.isin(groups[training], groups[test])]
        training, test = training[np.isin(training, rows)], test[np.isin(test, rows)]
        if not len(test):
            continue
        if not len(training):
            raise InvalidInputError(
                f"cv={shorten(cv)} leaves no rows to train on, once compositions of the test rows"
                " are taken out. Use a number of folds, which keeps compositions together."
            )
        splits.append((training, test))
    if not splits:
        raise InvalidInputError(
            f"cv={shorten(cv)} holds out no row with a label. Use a number of folds."
        )
    return splits


def _splits_of(splitter, materials, labels, groups, rows):
    """Return the splits of all rows, or of `rows` alone if the splitter needs labels of all."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The groups parameter is ignored")
        try:
            return list(splitter.split(materials, labels, groups))
        except ValueError:
            if len(rows) == len(groups):
                raise
            part = _safe_indexing(materials, rows), labels[rows], groups[rows]
            return [(rows[training], rows[test]) for training, test in splitter.split(*part)]


def draw_groups(groups, n_rows, seed):
    """Return the mask of whole groups that are drawn at random, together at most `n_rows` rows.

    If all groups are larger, the smallest is drawn.
    """
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    is_drawn, left = np.zeros(len(sizes), dtype=bool), n_rows
    for group in order:
        if sizes[group] <= left:
            is_drawn[group] = True
            left -= sizes[group]
        if not left:
            break
    if not is_drawn.any():
        is_drawn[sizes.argmin()] = True
    return is_drawn[inverse]


def _grouped(n_folds, groups, rows, classes, seed):
    groups = groups[rows]
    if classes is not None and np.bincount(classes[rows]).max() >= n_folds:
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            # Classes with fewer members than folds are no fault of the caller.
            warnings.filterwarnings("ignore", message="The least populated class")
            splits = list(splitter.split(rows, classes[rows], groups))
        # It puts large groups together, and leaves folds empty.
        splits = [(training, test) for training, test in splits if len(training) and len(test)]
    else:
        splits = []
    if len(splits) < 2:
        splitter = GroupKFold(n_folds, shuffle=True, random_state=seed)
        splits = list(splitter.split(rows, groups=groups))
        if max(len(test) for _, test in splits) > UNEVEN * len(rows) / n_folds:
            # With shuffling, parts are equal in groups. Without, they are as equal in rows as the
            # groups allow.
            splits = list(GroupKFold(n_folds).split(rows, groups=groups))
    return [(rows[training], rows[test]) for training, test in splits]
