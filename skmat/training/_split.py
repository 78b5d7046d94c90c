"""Training rows, and the rows that early stopping watches."""

import numpy as np

__all__ = ["keep_labels", "split_by_group"]


def split_by_group(groups, fraction, generator):
    """Split rows so that each group is either in training or in validation.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Group of each row.
    fraction : float
        Share of the groups that goes to validation. The number of groups is rounded.
    generator : numpy.random.Generator
        Draws the groups.

    Returns
    -------
    training, validation : ndarray of int
        Row numbers in ascending order. `validation` is empty if the share rounds to zero.
    """
    labels = np.unique(groups)
    n_validation = min(round(fraction * len(labels)), len(labels) - 1)
    chosen = generator.permutation(len(labels))[:n_validation]
    in_validation = np.isin(groups, labels[chosen])
    return np.flatnonzero(~in_validation), np.flatnonzero(in_validation)


def keep_labels(training, validation, groups, targets, sample_weight, fraction):
    """Move groups from validation to training until training has labels of each target.

    If all labels of a target are in validation, all groups but a share `fraction` of them return
    to training, in the order of the rows. The same holds for all rows of a class. It also holds
    for numbers that differ, if training would have only one value. A target with labels in one
    group has all of them in training.

    Parameters
    ----------
    training, validation : ndarray of int
        Row numbers, as returned by ``split_by_group``.
    groups : ndarray of shape (n,)
        Group of each row. Rows of one group stay together.
    targets : TargetData
        The labels.
    sample_weight : ndarray of shape (n,)
        Weights of the rows. Labels in rows of weight 0 do not count.
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
        affected, first = np.unique(groups[rows], return_index=True)
        affected = affected[np.argsort(first)]
        n_stay = min(round(fraction * len(affected)), len(affected) - 1)
        is_held_back[np.isin(groups, affected[: len(affected) - n_stay])] = False

    for column, target in zip(targets.values.T, targets.targets, strict=True):
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
