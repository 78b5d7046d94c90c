"""Which rows early stopping watches."""

import numpy as np

__all__ = ["keep_labels"]


def keep_labels(training, validation, groups, read, sample_weight, fraction):
    """Give back to training what has no label there.

    A column whose labels are all in validation gives back its groups, in the order of the rows,
    but for its share `fraction`. So does a class, and so do the labels that differ from a single
    number that training has. A column with labels in one group has none in validation.

    Parameters
    ----------
    training, validation : ndarray of int
        Row numbers, as ``split_by_group`` returns them.
    groups : ndarray of shape (n,)
        Equal for rows that stay together.
    read : ReadTargets
        The labels.
    sample_weight : ndarray of shape (n,)
        Weights of the rows; those of weight 0 teach nothing.
    fraction : float
        Share of the groups that goes to validation.

    Returns
    -------
    training, validation : ndarray of int
        Row numbers in ascending order.
    """
    is_held_back = np.zeros(len(groups), dtype=bool)
    is_held_back[validation] = True

    def give_back(rows):
        if not rows.any() or not is_held_back[rows].all():
            return
        theirs, first = np.unique(groups[rows], return_index=True)
        theirs = theirs[np.argsort(first)]
        n_stay = min(round(fraction * len(theirs)), len(theirs) - 1)
        is_held_back[np.isin(groups, theirs[: len(theirs) - n_stay])] = False

    for column, target in zip(read.values.T, read.targets, strict=True):
        known = (sample_weight > 0) & ~np.isnan(column)
        if target.n_classes:
            for each in np.unique(column[known]):
                give_back(known & (column == each))
            continue
        give_back(known)
        learned = column[known & ~is_held_back]
        if len(learned) and (learned == learned[0]).all():
            give_back(known & (column != learned[0]))
    if is_held_back.sum() == len(validation):
        return training, validation
    return np.flatnonzero(~is_held_back), np.flatnonzero(is_held_back)
