"""How much each column that a model reads changes its predictions."""

import numpy as np

from skmat.cli.held_out import take
from skmat.inspection._output import Output

__all__ = ["changes_by_shuffling"]

_MOST_ROWS = 300


def changes_by_shuffling(model, X, target, rows, seed):
    """Return how far predictions move when one column is shuffled among the rows.

    Parameters
    ----------
    model : estimator
        The final model.
    X : DataFrame
        Materials and further columns.
    target : str
        Target, or class of a classifier.
    rows : ndarray
        Rows to draw a sample of at most 300 from.
    seed : int
        Seed of the sample and of the shuffling.

    Returns
    -------
    changes : dict of str to float
        Mean absolute change for each column of `X`, in the unit of the prediction.
    n_rows : int
        Rows in the sample.
    """
    generator = np.random.default_rng(seed)
    sample = take(X, np.sort(generator.permutation(rows)[:_MOST_ROWS])).reset_index(drop=True)
    order = generator.permutation(len(sample))
    output = Output(model, target)
    before = output.of(sample)
    changes = {}
    for name in sample:
        shuffled = sample.copy()
        shuffled[name] = sample[name].iloc[order].reset_index(drop=True)
        changes[name] = float(np.abs(output.of(shuffled) - before).mean())
    return changes, len(sample)
