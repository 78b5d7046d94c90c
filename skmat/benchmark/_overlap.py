"""Overlap of a pretraining corpus with a benchmark."""

import numpy as np
import pandas as pd

from skmat.benchmark._materials import as_compositions
from skmat.benchmark._task import MatbenchTask
from skmat.composition import CompositionArrays

__all__ = ["overlap_report"]


def overlap_report(corpus, task, *, data_home=None):
    """Report how many of a task's test materials a pretraining corpus contains.

    A corpus without labels reveals nothing about a target. A corpus with labels of the same or a
    related property may. The report counts test materials in two ways: the corpus contains the
    same composition, or a composition of the same elements.

    Parameters
    ----------
    corpus : array-like of formulas, CompositionArrays or StructureArrays
        Compositions of the pretraining data. "Ti2O4" equals "TiO2", because atomic fractions are
        compared (tolerance 1e-6).
    task : str, MatbenchTask, array-like of formulas, CompositionArrays or StructureArrays
        Name of a Matbench task, such as "steels", a task, or the materials of another data set.
    data_home : str or path-like, default=None
        Folder of the data sets, if `task` is a name. See :func:`skmat.datasets.fetch_matbench`.

    Returns
    -------
    DataFrame
        One row per test fold and a last row "all" for the whole task. Other data sets have only
        the last row. The index is the fold. Columns:

        n_test : int
            Number of test materials. Each polymorph counts, as in the scores.
        n_same_composition, n_same_elements : int
            Number of test materials whose composition, or set of elements, is in the corpus. The
            second includes the first.
        same_composition, same_elements : float
            These numbers as fractions of `n_test`.

    Raises
    ------
    InvalidInputError
        If the task is unknown, the corpus or the task is empty, or a formula cannot be read.
    DatasetNotFoundError
        If the data of the task are not in `data_home` and cannot be downloaded.

    See Also
    --------
    dataset_distance : How far apart two data sets are.

    Examples
    --------
    >>> from skmat.benchmark import overlap_report
    >>> report = overlap_report(
    ...     ["TiO2", "Fe2O3", "NaCl"], ["Ti2O4", "FeO", "GaAs", "KCl"]
    ... )
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
    """Give all elements of a material equal fractions, to compare only their sets."""
    present = materials.atomic_numbers > 0
    shares = present / np.maximum(materials.n_elements, 1)[:, None]
    return CompositionArrays(materials.atomic_numbers, shares)
