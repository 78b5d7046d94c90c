"""What each element of a formula contributes to a prediction: Shapley values."""

import itertools
import math
import warnings

import numpy as np
import pandas as pd
from pymatgen.core import Element
from sklearn.base import is_classifier
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skmat.composition import read_compositions
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError, NoveltyWarning, shorten
from skmat.inputs import as_formulas, held
from skmat.inspection._materials import split_materials

__all__ = ["element_attributions"]

#: Formulas with more elements get sampled permutations.
_MOST_EXACT = 8
#: Rows of one call of the model.
_BATCH = 5_000


def element_attributions(
    model, X, *, baseline=None, target=None, n_permutations=200, random_state=None
):
    """Split predictions into contributions of the elements.

    The contributions are Shapley values (Shapley 1953; Lundberg and Lee 2017, section 2). They add
    up to the prediction minus the baseline. Two elements that the model treats alike get equal
    shares.

    An element is made absent by removing it from the formula: the fractions of the others are
    divided by their sum. "TiO2" without oxygen is "Ti". The value of a formula without elements is
    the baseline.

    Parameters
    ----------
    model : object
        Fitted estimator of formulas with ``predict``. Of a classifier, a probability of
        ``predict_proba`` is explained.
    X : array-like of length n
        Formulas, or a DataFrame with one column of formulas and further columns. Further columns
        keep their values.
    baseline : float or array-like, default=None
        What is predicted without knowing the elements: a number, or materials in the form of `X`
        whose mean prediction is the baseline, such as the training set. None takes `X`.
    target : int or str, default=None
        What is explained if there are several outputs: the position of a column of predictions, or
        its name in ``target_names_``. For a classifier, a class. None takes the only column, or
        the second of two classes.
    n_permutations : int, default=200
        Formulas with up to eight elements get exact values, from all subsets of the elements.
        Formulas with more get the mean over this many random orders of the elements, each order
        followed by its reverse.
    random_state : int, RandomState instance or None, default=None
        Seed of the orders.

    Returns
    -------
    result : Bunch
        - contributions : DataFrame of shape (n, n_elements), in the unit of the prediction.
          Columns are the elements of all formulas by atomic number. NaN for elements that a
          formula lacks. The index is that of `X`.
        - baseline : float.
        - predictions : ndarray of shape (n,).

    Raises
    ------
    InvalidInputError
        If `X` does not hold formulas, a baseline is missing for a single composition, or the model
        has several outputs and `target` is None.

    See Also
    --------
    ElementAttributionDisplay : Draws them.

    Notes
    -----
    A formula of `k` elements takes ``2**k - 1`` predictions. The subsets are other materials, such
    as pure elements, that are often unlike the training set. The values tell what the model does,
    not what causes a property. The warning about unlike materials is switched off.

    References
    ----------
    L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games 2, 307
    (1953).
    S. M. Lundberg and S.-I. Lee, "A unified approach to interpreting model predictions", NeurIPS
    2017.

    Examples
    --------
    >>> from skmat import AutoRegressor
    >>> from skmat.inspection import element_attributions
    >>> X = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl"]
    >>> gaps = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 10.8, 9.4]  # eV
    >>> model = AutoRegressor(preset=["svm"], cv=2, random_state=0).fit(X, gaps)
    >>> result = element_attributions(model, ["LiF"], baseline=X)
    >>> list(result.contributions)
    ['Li', 'F']
    >>> total = result.contributions.loc[0].sum()
    >>> bool(abs(total - (result.predictions[0] - result.baseline)) < 1e-5)
    True
    """
    check_is_fitted(model)
    if not (isinstance(n_permutations, int | np.integer) and n_permutations > 0):
        raise InvalidInputError(f"n_permutations={n_permutations!r} must be a positive integer.")
    materials = _Materials.read(X, "X")
    output = _Output(model, target)
    predictions = output.of(materials.given)
    baseline = _read_baseline(baseline, materials, predictions, output)
    generator = np.random.default_rng(random_state)
    plans = [_plan(count, int(n_permutations), generator) for count in materials.n_elements]
    worth = _worth_of_subsets(plans, materials, predictions, baseline, output)
    columns = np.unique(materials.numbers[materials.numbers > 0])
    values = np.full((len(materials), len(columns)), np.nan)
    for row, (plan, known) in enumerate(zip(plans, worth, strict=True)):
        count = materials.n_elements[row]
        places = np.searchsorted(columns, materials.numbers[row, :count])
        values[row, places] = plan.shapley(known)
    symbols = [Element.from_Z(int(number)).symbol for number in columns]
    return Bunch(
        contributions=pd.DataFrame(values, columns=symbols, index=materials.index),
        baseline=float(baseline),
        predictions=predictions,
    )


class _Materials:
    """Formulas, with further columns or without."""

    def __init__(self, given, compositions, frame, name):
        self.given = given
        self.numbers = compositions.atomic_numbers
        self.fractions = compositions.fractions
        self.n_elements = compositions.n_elements
        self.frame = frame
        self.name = name
        self.index = pd.RangeIndex(len(compositions))
        if hasattr(given, "index") and hasattr(given, "iloc"):
            self.index = given.index
        self.n_compositions = len(np.unique(compositions.keys(), axis=0))

    @classmethod
    def read(cls, X, what):
        given = held(X)
        column, extra = split_materials(given)
        formulas = as_formulas(column)
        if formulas is None:
            raise InvalidInputError(
                f"{what} holds amounts, but formulas are needed to leave out elements. Pass text"
                " such as 'TiO2', to a model that was fitted to formulas."
            )
        frame = None if extra is None else as_pandas(given)
        name = None if extra is None else column.columns[0]
        return cls(given, read_compositions(formulas), frame, name)

    def __len__(self):
        return len(self.numbers)

    def subset(self, row, mask):
        """Return the formula of the elements in the bits of `mask`."""
        chosen = [place for place in range(self.n_elements[row]) if mask >> place & 1]
        fractions = self.fractions[row, chosen] / self.fractions[row, chosen].sum()
        return "".join(
            f"{Element.from_Z(int(self.numbers[row, place])).symbol}{fraction:.12f}"
            for place, fraction in zip(chosen, fractions, strict=True)
        )

    def with_formulas(self, rows, formulas):
        """Return X with other formulas in these rows."""
        if self.frame is None:
            return formulas
        frame = self.frame.iloc[rows].reset_index(drop=True)
        frame[self.name] = pd.Series(formulas, dtype=object)
        return frame


class _Output:
    """The number of a prediction that is explained."""

    def __init__(self, model, target):
        self.model = model
        self.target = target

    def of(self, X):
        """Return one number per material."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoveltyWarning)
            if is_classifier(self.model):
                values = self._of_classes(self.model.predict_proba(X))
            else:
                values = self._of_numbers(np.asarray(self.model.predict(X), dtype=np.float64))
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            material = X.iloc[bad[0]].tolist() if hasattr(X, "iloc") else X[bad[0]]
            raise InvalidInputError(
                f"The model predicts {values[bad[0]]} for {shorten(material)}, so nothing can be"
                " added up. Use a model that predicts a number for every subset of the elements."
            )
        return values

    def _of_numbers(self, values):
        columns = values.reshape(len(values), -1)
        names = list(getattr(self.model, "target_names_", []))
        names = names if len(names) == columns.shape[1] else []
        if self.target is None and columns.shape[1] == 1:
            return columns[:, 0]
        if self.target in names:
            return columns[:, names.index(self.target)]
        is_place = isinstance(self.target, int | np.integer)
        if is_place and 0 <= self.target < columns.shape[1]:
            return columns[:, self.target]
        raise InvalidInputError(
            f"target={self.target!r} is not one of the {columns.shape[1]} columns of predictions."
            f" Give a position{f' or one of {names}' if names else ''}."
        )

    def _of_classes(self, values):
        is_list = isinstance(values, list)
        if is_list and len(values) > 1:
            raise InvalidInputError(
                "The classifier predicts several targets. Fit one classifier for each target that"
                " you want to explain."
            )
        classes = self.model.classes_
        if is_list:  # y had one column, in two dimensions
            (values,), (classes,) = values, classes
        classes = np.asarray(classes).tolist()
        if self.target is None and len(classes) == 2:
            return values[:, 1]
        if self.target in classes:
            return values[:, classes.index(self.target)]
        raise InvalidInputError(f"target={self.target!r} is not one of the classes {classes}.")


def _read_baseline(baseline, materials, predictions, output):
    if baseline is None:
        if materials.n_compositions == 1:
            raise InvalidInputError(
                "X holds one composition, whose contributions to its own mean are zero. Pass a"
                " baseline, such as the training set or its mean label."
            )
        return predictions.mean()
    if np.ndim(baseline) == 0 and not isinstance(baseline, str):
        if not np.isfinite(baseline):
            raise InvalidInputError(f"baseline={baseline!r} must be a finite number.")
        return float(baseline)
    return output.of(_Materials.read(baseline, "baseline").given).mean()


def _worth_of_subsets(plans, materials, predictions, baseline, output):
    """Return {mask: prediction} for each row. Equal subsets are predicted once."""
    worth: list[dict] = []
    wanted: dict = {}
    keys = []
    for row, plan in enumerate(plans):
        full = (1 << int(materials.n_elements[row])) - 1
        # The prediction itself, not that of a formula that is spelled in another way.
        worth.append({0: baseline, full: predictions[row]})
        for mask in plan.masks:
            if mask in worth[row]:
                continue
            formula = materials.subset(row, mask)
            key = formula if materials.frame is None else (formula, row)
            wanted.setdefault(key, (row, formula))
            keys.append((row, mask, key))
    rows = [row for row, _ in wanted.values()]
    formulas = [formula for _, formula in wanted.values()]
    found: list[float] = []
    for start in range(0, len(rows), _BATCH):
        part = slice(start, start + _BATCH)
        found += output.of(materials.with_formulas(rows[part], formulas[part])).tolist()
    by_key = dict(zip(wanted, found, strict=True))
    for row, mask, key in keys:
        worth[row][mask] = by_key[key]
    return worth


def _plan(n_elements, n_permutations, generator):
    if n_elements <= _MOST_EXACT:
        return _AllSubsets(int(n_elements))
    orders = [generator.permutation(n_elements) for _ in range(-(-n_permutations // 2))]
    return _Orders([order for each in orders for order in (each, each[::-1])][:n_permutations])


class _AllSubsets:
    """Exact Shapley values, from every subset of the elements."""

    def __init__(self, n_elements):
        self.n_elements = n_elements
        self.masks = range(1 << n_elements)

    def shapley(self, worth):
        """Return the value of each element, ndarray of shape (n_elements,)."""
        n = self.n_elements
        values = np.zeros(n)
        for place in range(n):
            others = [each for each in range(n) if each != place]
            for size in range(n):
                weight = 1 / (n * math.comb(n - 1, size))
                for members in itertools.combinations(others, size):
                    mask = sum(1 << each for each in members)
                    values[place] += weight * (worth[mask | 1 << place] - worth[mask])
        return values


class _Orders:
    """Shapley values as means over orders in which elements are added."""

    def __init__(self, orders):
        self.orders = orders
        self.masks = sorted({mask for order in orders for mask in _prefixes(order)})

    def shapley(self, worth):
        """Return the value of each element, ndarray of shape (n_elements,)."""
        values = np.zeros(len(self.orders[0]))
        for order in self.orders:
            steps = [worth[mask] for mask in _prefixes(order)]
            values[order] += np.diff([worth[0], *steps])
        return values / len(self.orders)


def _prefixes(order):
    """Return the masks of the first element, the first two, and so on."""
    return list(itertools.accumulate((1 << int(place) for place in order), lambda a, b: a | b))
