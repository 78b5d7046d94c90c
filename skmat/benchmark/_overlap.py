"""How much of a benchmark a pretraining corpus has seen."""

import numpy as np
import pandas as pd

from skmat.benchmark._materials import as_compositions
from skmat.benchmark._task import MatbenchTask
from skmat.composition import CompositionArrays

__all__ = ["overlap_report"]


def overlap_report(corpus, task, *, data_home=None):
    """Report how much of a task's test materials a pretraining corpus holds.

    A corpus of formulas without labels gives nothing away of a target, but one with labels of
    the same or a related property may. Each row counts materials in two notions of having been
    seen: the corpus holds the same composition, or any composition of the same elements.

    Parameters
    ----------
    corpus : array-like of formulas or CompositionArrays
        Compositions that an encoder was pretrained on. "Ti2O4" counts as "TiO2": atomic
        fractions are compared, at 1e-6.
    task : str, MatbenchTask, array-like of formulas or CompositionArrays
        Name of a Matbench task, such as "steels"; a task; or the materials of any other data
        set, which have no folds.
    data_home : str or path-like, default=None
        Folder of the data sets, where `task` is a name; see
        :func:`skmat.datasets.fetch_matbench`.

    Returns
    -------
    DataFrame
        One row per test fold and a last row "all" for the whole task (only that one without
        folds), indexed by the fold, with the columns:

        n_test : int
            Number of test materials. Polymorphs count each, as they do in the scores.
        n_same_composition, n_same_elements : int
            Number of those whose composition, or set of elements, is in the corpus. The first
            are among the second.
        same_composition, same_elements : float
            The same as fractions of `n_test`.

    Raises
    ------
    InvalidInputError
        If there is no such task, if the corpus or the task holds no material, or if a formula
        cannot be read.
    DatasetNotFoundError
        If the data of the task are not in `data_home` and cannot be downloaded.

    See Also
    --------
    dataset_distance : How far apart two data sets are.

    Examples
    --------
    >>> from skmat.benchmark import overlap_report
    >>> report = overlap_report(["TiO2", "Fe2O3", "NaCl"], ["Ti2O4", "FeO", "GaAs", "KCl"])
    >>> report.loc["all", ["n_test", "same_composition", "same_elements"]]
    n_test              4.00
    same_composition    0.25
    same_elements       0.50
    Name: all, dtype: float64
    """
    if isinstance(task, str):
        task = MatbenchTask(task, data_home=data_home)
    has_folds = hasattr(task, "folds")
    corpus = as_compositions(corpus, "The corpus")
    materials = as_compositions(task.X if has_folds else task, "The task")
    same_composition = materials.isin(corpus)
    same_elements = _only_elements(materials).isin(_only_elements(corpus))
    parts = [test for _, test in task.folds] if has_folds else []
    folds = [*range(len(parts)), "all"]
    parts.append(np.arange(len(materials)))
    return pd.DataFrame(
        {
            "n_test": len(test),
            "n_same_composition": np.count_nonzero(same_composition[test]),
            "n_same_elements": np.count_nonzero(same_elements[test]),
            "same_composition": same_composition[test].mean(),
            "same_elements": same_elements[test].mean(),
        }
        for test in parts
    ).set_index(pd.Index(folds, name="fold"))


def _only_elements(materials):
    """Give all elements of a material equal shares, so that only their set is compared."""
    present = materials.atomic_numbers > 0
    shares = present / np.maximum(materials.n_elements, 1)[:, None]
    return CompositionArrays(materials.atomic_numbers, shares)
