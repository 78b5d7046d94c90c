"""Values of "auto" and of task weights, from parameters and data."""

import numpy as np

from skmat._utils.units import ROUNDING, in_own_unit
from skmat.exceptions import InvalidInputError, shorten

__all__ = ["in_float32", "n_epochs", "n_per_batch", "pure_error_share", "resolve_task_weights"]

#: ``max_epochs="auto"``: epochs, limits of the rows read in all epochs, limits of the epochs.
#: Chosen by validation within training folds of Matbench.
_EPOCHS = 60
_ROWS = (30_000, 300_000)
_EPOCHS_LIMITS = (10, 120)
#: Limits of rows and epochs if the share of pure error is `_NOISY` or more. More epochs would only
#: memorise noise. Chosen on a part of the training rows of matbench_perovskites.
_NOISY, _ROWS_IF_NOISY, _EPOCHS_IF_NOISY = 0.3, 10_000, 5

#: Largest weight of a task without rescaling. The smallest is its inverse.
_LARGEST_WEIGHT = 1e30


def n_epochs(max_epochs, n_training, factor=1, pure_error=0.0):
    """Return the number of epochs.

    Parameters
    ----------
    max_epochs : int or "auto"
        The parameter of the estimator.
    n_training : int
        Number of training rows.
    factor : int, default=1
        Factor of "auto".
    pure_error : float, default=0.0
        Result of :func:`pure_error_share`.
    """
    if max_epochs != "auto":
        return max_epochs
    fewest, most = (rows // n_training for rows in _ROWS)
    epochs = int(np.clip(np.clip(_EPOCHS, fewest, most), *_EPOCHS_LIMITS))
    if pure_error >= _NOISY:
        epochs = min(epochs, max(_ROWS_IF_NOISY // n_training, _EPOCHS_IF_NOISY))
    return factor * epochs


def pure_error_share(groups, values):
    """Return how much rows with equal inputs contradict each other.

    Parameters
    ----------
    groups : ndarray of shape (n,), int
        Group of each row. Rows of one group are equal inputs of the network.
    values : ndarray of shape (n, n_targets)
        Labels. A missing label is NaN.

    Returns
    -------
    float
        Share of the rows in groups of two or more, times the variance within groups divided by
        the whole variance. It is the mean over the targets.
    """
    shares = []
    for column in values.T:
        known = ~np.isnan(column)
        labels, group = in_own_unit(column[known])[0], groups[known]
        if not len(labels) or labels.std() <= ROUNDING * np.abs(labels.mean()):
            continue
        counts = np.bincount(group)
        repeated = counts[group] > 1
        means = np.bincount(group, labels) / np.maximum(counts, 1)
        freedom = repeated.sum() - (counts > 1).sum()
        within = ((labels - means[group]) ** 2)[repeated].sum() / max(freedom, 1)
        shares.append(repeated.mean() * within / labels.var())
    return float(np.mean(shares)) if shares else 0.0


def n_per_batch(batch_size, n_training, most=512):
    """Return the number of materials per step, at most `most` for "auto"."""
    if batch_size != "auto":
        return int(batch_size)
    return int(np.clip(2 ** round(np.log2(max(n_training, 1)) - 4), 16, most))


def resolve_task_weights(loss_weights, task_names, targets):
    """Return the weight of every task, in the order of `task_names`.

    `targets` holds the labels. A task without a column in `targets` learns from every row. A task
    without labels counts as one of one label, because later calls may have some.
    """
    if loss_weights is None:
        return [1.0] * len(task_names)
    if isinstance(loss_weights, str):
        n_labels = dict(zip(targets.names, (~np.isnan(targets.values)).sum(axis=0), strict=True))
        weights = [max(n_labels.get(name, len(targets.values)), 1) ** 0.5 for name in task_names]
    elif isinstance(loss_weights, dict):
        unknown = [name for name in loss_weights if name not in task_names]
        if unknown:
            raise InvalidInputError(
                f"loss_weights names the tasks {unknown}, but the tasks are {task_names}."
            )
        weights = [loss_weights.get(name, 1.0) for name in task_names]
    else:
        weights = list(loss_weights)
    if len(weights) != len(task_names):
        raise InvalidInputError(
            f"loss_weights has {len(weights)} entries for {len(task_names)} tasks ({task_names})."
        )
    weights = [_as_weight(name, each) for name, each in zip(task_names, weights, strict=True)]
    if not any(weights):
        raise InvalidInputError(
            f"loss_weights must be finite, non-negative and not all zero, but are {weights}."
        )
    return in_float32(weights)


def in_float32(weights):
    """Return weights with the same ratios, in a range whose sums do not overflow float32."""
    largest = max(weights)
    if 1 / _LARGEST_WEIGHT <= largest <= _LARGEST_WEIGHT:
        return weights
    return in_own_unit(np.array(weights))[0].tolist()


def _as_weight(name, weight):
    try:
        number = float(weight)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not 0 <= number < np.inf:
        raise InvalidInputError(
            f"loss_weights must be finite and non-negative, but that of {name!r} is"
            f" {shorten(weight)}. Use a number. A task that is missing in a dict has weight 1."
        )
    return number
