"""A task of Matbench: materials, labels and official folds."""

from functools import cached_property

from skmat.benchmark._folds import official_folds
from skmat.datasets import fetch_matbench
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, resolve_task_name

__all__ = ["MatbenchTask"]


class MatbenchTask:
    """A task of Matbench v0.1 with its official folds.

    The data are loaded on first use.

    Parameters
    ----------
    name : str
        "matbench_steels", or "steels" for short.
    input : {"formula", "structure"}, default="formula"
        Content of `X`: formulas, or the official structures. Nine tasks have structures.
    data_home : str or path-like, default=None
        Folder of the data sets, as in :func:`skmat.datasets.fetch_matbench`.
    download_if_missing : bool, default=True
        Download the data if they are not in `data_home`.

    Attributes
    ----------
    name : str
        Official name.
    info : MatbenchTaskInfo
        Size, kind, unit and name of the target.
    X : ndarray of shape (n,), dtype object, or StructureArrays
        Formulas, or structures.
    y : ndarray of shape (n,), dtype float64 or bool
        Labels in ``info.unit``.
    ids : ndarray of shape (n,), dtype object
        Official ids, such as "mb-steels-001".
    folds : list of 5 tuple (ndarray, ndarray)
        Positions of the training and test rows of each official fold. They can be passed as
        ``cv=`` to scikit-learn.

    Raises
    ------
    InvalidInputError
        If the name is unknown. Reading `folds` raises if they differ from the official ones.

    Examples
    --------
    >>> from skmat.benchmark import MatbenchTask
    >>> MatbenchTask("steels").info.unit
    'MPa'
    """

    def __init__(self, name, *, input="formula", data_home=None, download_if_missing=True):
        self.info = MATBENCH_TASKS[resolve_task_name(name)]
        self.input = input
        self.data_home = data_home
        self.download_if_missing = download_if_missing

    def __repr__(self):
        return f"MatbenchTask({self.name!r})"

    @property
    def name(self):
        return self.info.name

    @property
    def X(self):
        return self._data.data

    @property
    def y(self):
        return self._data.target

    @property
    def ids(self):
        return self._data.ids

    @cached_property
    def folds(self):
        return official_folds(self.info, self.ids, self.y)

    @cached_property
    def _data(self):
        return fetch_matbench(
            self.name,
            input=self.input,
            data_home=self.data_home,
            download_if_missing=self.download_if_missing,
        )
