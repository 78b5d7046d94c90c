"""Splitters that test on chemistry that the training rows do not have."""

import inspect
from abc import abstractmethod

import numpy as np
from pymatgen.core import Element
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

from skmat._utils.parameters import plain
from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.exceptions import InvalidInputError
from skmat.inputs import compositions_of

__all__ = [
    "LeaveOneChemicalSystemOut",
    "LeaveOneElementOut",
    "LeaveOneNumberOfElementsOut",
    "LeaveOnePeriodicTableGroupOut",
    "LeaveOnePeriodicTableRowOut",
]

#: Parameters of all splitters of this file, for their docstrings.
_PARAMETERS = """\
Parameters
----------
n_splits : int, default=None
    Number of splits. The labels are dealt out to them at random, and each split tests on the
    materials of all of its labels. None makes a split for each label.
min_test_size, max_test_size : int or float, default=1 and 1.0
    A label is left out only if at least and at most so many materials have it, as a number (int)
    or a fraction (float). Other labels stay in all training sets, and a label that all materials
    have does too.
random_state : int, RandomState instance or None, default=None
    Seed that deals out the labels, for `n_splits`.

References
----------
M. D. Witman, P. Schindler, Digital Discovery 4, 625 (2025), section 2 (MatFold).
"""


class _LeaveOneLabelOut(BaseCrossValidator):
    """Leave out the materials of one label after another. A material may have several labels."""

    #: What the labels are, for errors.
    _kind: str

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__doc__:  # python -OO has none
            before, heading, example = inspect.cleandoc(cls.__doc__).partition("Examples\n----")
            cls.__doc__ = f"{before}{_PARAMETERS}\n{heading}{example}\n"

    def __init__(self, n_splits=None, *, min_test_size=1, max_test_size=1.0, random_state=None):
        self.n_splits = plain(n_splits)
        self.min_test_size = plain(min_test_size)
        self.max_test_size = plain(max_test_size)
        self.random_state = plain(random_state)

    def split(self, X, y=None, groups=None):
        """Generate training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Formulas, amounts or structures, or a DataFrame with one column of them.
        y, groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Rows.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If a material cannot be read.
        InvalidInputError
            If no label can be left out, or a parameter is wrong.
        """
        n_rows, parts = self._parts(X)
        for _, test in parts:
            yield np.setdiff1d(np.arange(n_rows), test), test

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of splits.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Materials, as for ``split``. Not needed if `n_splits` is given.
        y, groups : object
            Ignored.

        Returns
        -------
        int
        """
        if self.n_splits is not None:
            return self.n_splits
        if X is None:
            raise InvalidInputError("X must be given: the number of splits depends on it.")
        return len(self._parts(X)[1])

    def left_out(self, X):
        """Return what each split leaves out, in the order of ``split``.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Materials, as for ``split``.

        Returns
        -------
        list of str
            Labels. If a split has several, they are joined by commas.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError, InvalidInputError
            As ``split`` does, and if `random_state` is not an integer but labels are dealt out.
        """
        if self.n_splits is not None and not isinstance(self.random_state, int):
            raise InvalidInputError(
                f"random_state={self.random_state!r} deals out the labels anew at each call, so"
                " left_out cannot tell what split leaves out. Give an integer."
            )
        return [name for name, _ in self._parts(X)[1]]

    def _parts(self, X):
        """Return the number of materials, and the name and test rows of each split."""
        compositions = compositions_of(X)
        n_rows = len(compositions)
        least, most = self._size("min_test_size", n_rows), self._size("max_test_size", n_rows)
        labels = [
            (name, rows)
            for name, rows in self._rows_by_label(compositions).items()
            if least <= len(rows) <= most and len(rows) < n_rows
        ]
        if self.n_splits is None:
            if not labels:
                raise InvalidInputError(
                    f"No {self._kind} can be left out of {n_rows} materials with min_test_size="
                    f"{self.min_test_size} and max_test_size={self.max_test_size}, or all have the"
                    " same."
                )
            return n_rows, labels
        self._check_n_splits(len(labels))
        order = check_random_state(self.random_state).permutation(len(labels))
        parts = []
        for chosen in np.array_split(order, self.n_splits):
            names, rows = zip(*(labels[i] for i in np.sort(chosen)), strict=True)
            parts.append((", ".join(names), np.unique(np.concatenate(rows))))
        if any(len(rows) == n_rows for _, rows in parts):
            raise InvalidInputError(
                f"A split would test on all {n_rows} materials: each has one of its labels."
                " Give a larger n_splits, or a smaller max_test_size."
            )
        return n_rows, parts

    def _size(self, name, n_rows):
        value = getattr(self, name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        if isinstance(value, float) and 0 < value <= 1:
            return value * n_rows
        raise InvalidInputError(
            f"{name}={value!r} must be a number of materials from 1 (int), or a fraction above 0"
            " and up to 1 (float)."
        )

    def _check_n_splits(self, n_labels):
        n_splits = self.n_splits
        if not isinstance(n_splits, int) or isinstance(n_splits, bool) or n_splits < 2:
            raise InvalidInputError(f"n_splits={n_splits!r} must be an integer from 2, or None.")
        if n_splits > n_labels:
            raise InvalidInputError(
                f"n_splits={n_splits} is more than the {n_labels} labels ({self._kind}) that can"
                " be left out. Give a smaller number, or None."
            )

    @abstractmethod
    def _rows_by_label(self, compositions):
        """Return the rows that have each label, in ascending order, by the name of the label."""


class LeaveOneElementOut(_LeaveOneLabelOut):
    """Test on the materials that contain an element, and train on those that do not.

    Each split leaves out one element, in the order of atomic numbers. A material is in the test
    set of each of its elements.

    Examples
    --------
    >>> from skmat.model_selection import LeaveOneElementOut
    >>> formulas = ["NaCl", "KCl", "NaBr", "Fe2O3"]
    >>> splitter = LeaveOneElementOut(min_test_size=2)
    >>> splitter.left_out(formulas)
    ['Na', 'Cl']
    >>> [test.tolist() for train, test in splitter.split(formulas)]
    [[0, 2], [0, 1]]
    """

    _kind = "element"

    def _rows_by_label(self, compositions):
        return _by_element(compositions, lambda number: Element.from_Z(number).symbol)


class LeaveOnePeriodicTableRowOut(_LeaveOneLabelOut):
    """Test on the materials that contain elements of a row of the periodic table.

    Lanthanides are of row 6, and actinides of row 7. A material is in the test set of each of its
    rows.

    Examples
    --------
    >>> from skmat.model_selection import LeaveOnePeriodicTableRowOut
    >>> LeaveOnePeriodicTableRowOut().left_out(["NaCl", "KCl", "NaBr"])
    ['4']
    """

    _kind = "row of the periodic table"

    def _rows_by_label(self, compositions):
        return _by_element(compositions, lambda number: str(Element.from_Z(number).row))


class LeaveOnePeriodicTableGroupOut(_LeaveOneLabelOut):
    """Test on the materials that contain elements of a group of the periodic table.

    Lanthanides and actinides are of group 3. A material is in the test set of each of its
    groups.

    Examples
    --------
    >>> from skmat.model_selection import LeaveOnePeriodicTableGroupOut
    >>> LeaveOnePeriodicTableGroupOut().left_out(["NaCl", "MgO", "CaO"])
    ['1', '2', '16', '17']
    """

    _kind = "group of the periodic table"

    def _rows_by_label(self, compositions):
        return _by_element(compositions, lambda number: str(Element.from_Z(number).group))


class LeaveOneChemicalSystemOut(_LeaveOneLabelOut):
    """Test on the materials of a chemical system, such as Fe-O.

    Subsystems are not left out with it: Fe is in the training set when Fe-O is tested. Most tables
    hold many systems, so give `n_splits`.

    Examples
    --------
    >>> from skmat.model_selection import LeaveOneChemicalSystemOut
    >>> formulas = ["FeO", "Fe2O3", "NaCl", "Fe"]
    >>> splitter = LeaveOneChemicalSystemOut()
    >>> splitter.left_out(formulas)
    ['Cl-Na', 'Fe', 'Fe-O']
    >>> [test.tolist() for train, test in splitter.split(formulas)]
    [[2], [3], [0, 1]]
    """

    _kind = "chemical system"

    def _rows_by_label(self, compositions):
        systems, place = np.unique(compositions.atomic_numbers, axis=0, return_inverse=True)
        found = {}
        for i, rows in enumerate(_rows_of(np.arange(len(place)), place.ravel(), len(systems))):
            symbols = [Element.from_Z(int(number)).symbol for number in systems[i] if number]
            found["-".join(sorted(symbols))] = rows
        return dict(sorted(found.items()))


class LeaveOneNumberOfElementsOut(_LeaveOneLabelOut):
    """Test on the materials of a number of elements: elements, binaries, ternaries, ...

    Examples
    --------
    >>> from skmat.model_selection import LeaveOneNumberOfElementsOut
    >>> formulas = ["Fe", "NaCl", "Fe2O3", "LiFePO4"]
    >>> splitter = LeaveOneNumberOfElementsOut()
    >>> splitter.left_out(formulas)
    ['1', '2', '4']
    >>> [test.tolist() for train, test in splitter.split(formulas)]
    [[0], [1, 2], [3]]
    """

    _kind = "number of elements"

    def _rows_by_label(self, compositions):
        numbers = compositions.n_elements
        return {str(n): np.flatnonzero(numbers == n) for n in np.unique(numbers)}


def _by_element(compositions, name):
    """Return the rows of each label of elements. `name` returns the label of an atomic number."""
    rows, columns = np.nonzero(compositions.atomic_numbers)
    numbers = compositions.atomic_numbers[rows, columns].astype(int)
    found: dict[str, list] = {}
    for number, held in enumerate(_rows_of(rows, numbers, MAX_ATOMIC_NUMBER + 1)):
        if len(held):
            found.setdefault(name(number), []).append(held)
    labels = {label: np.unique(np.concatenate(parts)) for label, parts in found.items()}
    if all(label.isdigit() for label in labels):
        labels = dict(sorted(labels.items(), key=lambda each: int(each[0])))
    return labels


def _rows_of(rows, labels, n_labels):
    """Return the rows of each label from 0 to `n_labels` - 1, in ascending order."""
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=n_labels))[:-1]
    return np.split(rows[order], ends)
