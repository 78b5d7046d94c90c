"""What elements and sites contribute to a prediction: Shapley values."""

import itertools
import math

import numpy as np
import pandas as pd
from pymatgen.core import Element
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skmat.composition import read_compositions
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.inputs import are_structures, as_formulas, held, split_materials
from skmat.inspection._output import Output
from skmat.inspection._structure_parts import StructureParts, averaging

__all__ = ["element_attributions", "site_attributions"]

#: Materials with more parts get sampled permutations.
_MOST_EXACT = 8
#: Rows of one call of the model.
_BATCH = 5_000
#: Materials that the baseline of a row with further columns is a mean over.
_MOST_BASELINE = 100


def element_attributions(
    model, X, *, baseline=None, target=None, n_permutations=200, random_state=None
):
    """Split predictions into contributions of the elements.

    The contributions are Shapley values (Shapley 1953; Lundberg and Lee 2017, section 2). They add
    up to the prediction minus the baseline. Two elements that the model treats alike get equal
    shares.

    In a formula, an element is made absent by removing it: the fractions of the others are divided
    by their sum. "TiO2" without oxygen is "Ti". The value of a formula without elements is the
    baseline.

    If `X` has further columns, the baseline of a row is the mean prediction for the baseline
    materials with the further columns of this row. So the effect of a temperature is in the
    baseline, not in the elements.

    In a structure, an element is made absent by putting average atoms at its sites. An average
    atom is a disordered site with the mean composition of the baseline materials. The geometry
    stays. The value of a structure of average atoms is its baseline.

    Parameters
    ----------
    model : object
        Fitted estimator of formulas or structures with ``predict``. Of a classifier, a probability
        of ``predict_proba`` is explained. A model of structures must be able to read
        disordered ones: if it has a parameter `disorder`, that counts as "average" here.
    X : array-like of length n
        Formulas, pymatgen Structures or StructureArrays, or a DataFrame with one column of them
        and further columns. Further columns keep their values.
    baseline : float or array-like, default=None
        What is predicted without knowing the elements: a number, or materials in the form of `X`
        whose mean prediction is the baseline, such as the training set. None takes `X`. For
        structures, the materials that average atoms are made of. For formulas with further
        columns, only the formulas of the materials are used. If there are more than 100, 100 are
        drawn. A number leaves the effect of the further columns with the elements.
    target : int or str, default=None
        What is explained if there are several outputs: the position of a column of predictions, or
        its name in ``target_names_``. For a classifier, a class. None takes the only column, or
        the second of two classes.
    n_permutations : int, default=200
        Materials with up to eight elements get exact values, from all subsets of the elements.
        Materials with more get the mean over this many random orders of the elements, each order
        followed by its reverse.
    random_state : int, RandomState instance or None, default=None
        Seed of the orders, and of the materials that are drawn for the baseline.

    Returns
    -------
    result : Bunch
        - contributions : DataFrame of shape (n, n_elements), in the unit of the prediction.
          Columns are the elements of all materials by atomic number. NaN for elements that a
          material lacks. The index is that of `X`.
        - baseline : float. For structures, and for formulas with further columns unless
          `baseline` is a number, ndarray of shape (n,).
        - predictions : ndarray of shape (n,).

    Raises
    ------
    InvalidInputError
        If `X` holds neither formulas nor ordered structures, a baseline is missing for a single
        composition, the model has several outputs and `target` is None, or the model cannot read
        disordered structures.

    See Also
    --------
    ElementAttributionDisplay : Draws them.
    site_attributions : Contributions of the sites of structures.

    Notes
    -----
    A material of `k` elements takes up to ``2**k`` predictions. With further columns, the baseline
    takes up to 100 more for each row whose further columns differ.

    The subsets are other materials, such as pure elements, that are often unlike the training set.
    The values tell what the model does, not what causes a property. The warning about unlike
    materials is switched off.

    Networks of structures average the vectors of the elements of an average atom. Features such as
    Magpie's see a compound of dozens of elements instead, which no material of the training set is
    like. Then the baseline can be far from all labels.

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
    given = held(X)
    if are_structures(split_materials(given)[0]):
        materials = StructureParts(given, baseline, by="element")
        shares, baseline, predictions = _shares(
            averaging(model), materials, None, target, n_permutations, random_state
        )
    else:
        if getattr(model, "input_", None) == "structure":
            raise InvalidInputError(
                "The model reads structures. Pass pymatgen Structures, such as"
                " [Structure.from_file(path), ...], not paths or formulas."
            )
        materials = _Formulas.read(given, "X")
        is_number = _is_number(baseline)
        shares, baseline, predictions = _shares(
            model, materials, baseline, target, n_permutations, random_state
        )
        if materials.frame is None or is_number:
            baseline = float(baseline[0])
    columns = np.unique(materials.numbers[materials.numbers > 0])
    values = np.full((len(materials), len(columns)), np.nan)
    for row, share in enumerate(shares):
        places = np.searchsorted(columns, materials.numbers[row, : len(share)])
        values[row, places] = share
    symbols = [Element.from_Z(int(number)).symbol for number in columns]
    return Bunch(
        contributions=pd.DataFrame(values, columns=symbols, index=materials.index),
        baseline=baseline,
        predictions=predictions,
    )


def site_attributions(
    model, X, *, baseline=None, target=None, n_permutations=200, random_state=None
):
    """Split predictions for structures into contributions of the sites.

    The contributions are Shapley values, as in :func:`element_attributions`. A site is made absent
    by an average atom, which keeps the geometry. Sites that the symmetry of the structure makes
    equal are absent together, and share their value equally.

    Parameters
    ----------
    model : object
        Fitted estimator of structures, as in :func:`element_attributions`.
    X : array-like of length n
        pymatgen Structures or StructureArrays, or a DataFrame with one column of them and further
        columns.
    baseline : array-like, default=None
        Structures whose elements average atoms are made of, such as the training set. None takes
        `X`.
    target : int or str, default=None
        As in :func:`element_attributions`.
    n_permutations : int, default=200
        Structures with up to eight groups of equal sites get exact values. Structures with more
        get the mean over this many random orders of the groups.
    random_state : int, RandomState instance or None, default=None
        Seed of the orders.

    Returns
    -------
    result : Bunch
        - contributions : DataFrame with one row per site: "material" (position in `X`), "site"
          (position in the structure), "element" and "contribution", in the unit of the prediction.
        - baseline : ndarray of shape (n,). Predictions for the structures of average atoms.
        - predictions : ndarray of shape (n,).

    Raises
    ------
    InvalidInputError
        If `X` does not hold ordered structures, a baseline is missing for a single composition,
        the model has several outputs and `target` is None, or the model cannot read disordered
        structures.

    See Also
    --------
    element_attributions : Contributions of the elements.

    Notes
    -----
    Symmetry is found by spglib, with pymatgen's tolerance of 0.01 Å. Structures of average atoms
    are unlike the training set. The values tell what the model does, not what causes a property.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from skmat import CGCNNRegressor
    >>> from skmat.inspection import site_attributions
    >>> X = [
    ...     Structure.from_spacegroup(
    ...         "Fm-3m", Lattice.cubic(a), pair, [[0, 0, 0], [0.5] * 3]
    ...     )
    ...     for a, pair in [
    ...         (5.64, ["Na", "Cl"]),
    ...         (6.29, ["K", "Cl"]),
    ...         (4.03, ["Li", "F"]),
    ...     ]
    ... ]
    >>> model = CGCNNRegressor(
    ...     preset="tiny", pretrained=None, max_epochs=1, random_state=0
    ... )
    >>> result = site_attributions(model.fit(X, [8.5, 8.4, 13.6]), X)
    >>> result.contributions["element"].tolist()[:8]
    ['Na', 'Na', 'Na', 'Na', 'Cl', 'Cl', 'Cl', 'Cl']
    >>> totals = result.contributions.groupby("material")["contribution"].sum()
    >>> bool((abs(totals - (result.predictions - result.baseline)) < 1e-5).all())
    True
    """
    check_is_fitted(model)
    given = held(X)
    if not are_structures(split_materials(given)[0]):
        raise InvalidInputError(
            "Sites need pymatgen Structures or StructureArrays. For formulas, use"
            " element_attributions."
        )
    materials = StructureParts(given, baseline, by="site")
    shares, baseline, predictions = _shares(
        averaging(model), materials, None, target, n_permutations, random_state
    )
    structures = materials.structures
    values = []
    for row, share in enumerate(shares):
        parts = materials.sites(row)
        values.append((share / np.bincount(parts))[parts])
    contributions = pd.DataFrame(
        {
            "material": np.repeat(np.arange(len(structures)), structures.n_atoms),
            "site": np.concatenate([np.arange(count) for count in structures.n_atoms]),
            "element": [Element.from_Z(int(number)).symbol for number in structures.atomic_number],
            "contribution": np.concatenate(values),
        }
    )
    return Bunch(contributions=contributions, baseline=baseline, predictions=predictions)


def _shares(model, materials, baseline, target, n_permutations, random_state):
    """Return the Shapley values of the parts of each material, baselines and predictions."""
    if not (isinstance(n_permutations, int | np.integer) and n_permutations > 0):
        raise InvalidInputError(f"n_permutations={n_permutations!r} must be a positive integer.")
    output = Output(model, target)
    predictions = output.of(materials.given)
    generator = np.random.default_rng(random_state)
    if isinstance(materials, _Formulas):
        baseline = _read_baseline(baseline, materials, predictions, output, generator)
    plans = [_plan(count, int(n_permutations), generator) for count in materials.n_parts]
    try:
        worth = _worth_of_subsets(plans, materials, predictions, baseline, output)
    except InvalidStructureError as error:
        raise InvalidInputError(
            "The model cannot read average atoms, which are disordered sites. Fit it with"
            " disorder='average'."
        ) from error
    shares = [plan.shapley(known) for plan, known in zip(plans, worth, strict=True)]
    return shares, np.array([known[0] for known in worth]), predictions


class _Formulas:
    """Formulas, with further columns or without."""

    def __init__(self, given, formulas, frame, name):
        compositions = read_compositions(formulas)
        self.given = given
        self.formulas = list(formulas)
        self.numbers = compositions.atomic_numbers
        self.fractions = compositions.fractions
        self.n_parts = compositions.n_elements
        self.frame = frame
        self.name = name
        self.index = pd.RangeIndex(len(compositions))
        if hasattr(given, "index") and hasattr(given, "iloc"):
            self.index = given.index
        self.n_compositions = len(np.unique(compositions.keys(), axis=0))

    @classmethod
    def read(cls, given, what):
        column, extra = split_materials(given)
        formulas = as_formulas(column)
        if formulas is None:
            raise InvalidInputError(
                f"{what} holds amounts, but formulas are needed to leave out elements. Pass text"
                " such as 'TiO2', to a model that was fitted to formulas. Or pass pymatgen"
                " Structures, to a model that was fitted to structures."
            )
        frame = None if extra is None else as_pandas(given)
        name = None if extra is None else column.columns[0]
        return cls(given, formulas, frame, name)

    def __len__(self):
        return len(self.numbers)

    def subset(self, row, mask):
        """Return the formula of the elements in the bits of `mask`."""
        chosen = [place for place in range(self.n_parts[row]) if mask >> place & 1]
        fractions = self.fractions[row, chosen] / self.fractions[row, chosen].sum()
        return "".join(
            f"{Element.from_Z(int(self.numbers[row, place])).symbol}{fraction:.12f}"
            for place, fraction in zip(chosen, fractions, strict=True)
        )

    def with_subsets(self, rows, formulas):
        """Return X with other formulas in these rows."""
        if self.frame is None:
            return formulas
        frame = self.frame.iloc[rows].reset_index(drop=True)
        frame[self.name] = pd.Series(formulas, dtype=object)
        return frame


def _is_number(baseline):
    return baseline is not None and np.ndim(baseline) == 0 and not isinstance(baseline, str)


def _read_baseline(baseline, materials, predictions, output, generator):
    """Return the baseline of each row, ndarray of shape (n,)."""
    if _is_number(baseline):
        if not np.isfinite(baseline):
            raise InvalidInputError(f"baseline={baseline!r} must be a finite number.")
        return np.full(len(materials), float(baseline))
    if baseline is None and materials.n_compositions == 1:
        raise InvalidInputError(
            "X holds one composition, whose contributions to its own mean are zero. Pass a"
            " baseline, such as the training set or its mean label."
        )
    others = materials if baseline is None else _Formulas.read(held(baseline), "baseline")
    if not others.formulas:
        raise InvalidInputError("baseline holds no materials. Pass some, or a number.")
    if materials.frame is not None:
        return _means_with_columns(others.formulas, materials, output, generator)
    if baseline is not None:
        predictions = output.of(others.given)
    return np.full(len(materials), predictions.mean())


def _means_with_columns(formulas, materials, output, generator):
    """Return the mean prediction for formulas with the further columns of each row."""
    if len(formulas) > _MOST_BASELINE:
        chosen = generator.choice(len(formulas), _MOST_BASELINE, replace=False)
        formulas = [formulas[place] for place in np.sort(chosen)]
    extra = materials.frame.drop(columns=materials.name)
    codes = [pd.factorize(extra[name], use_na_sentinel=False)[0] for name in extra]
    _, rows, group = np.unique(
        np.column_stack(codes), axis=0, return_index=True, return_inverse=True
    )
    means: list[float] = []
    n_at_once = max(1, _BATCH // len(formulas))
    for start in range(0, len(rows), n_at_once):
        part = rows[start : start + n_at_once]
        X = materials.with_subsets(np.repeat(part, len(formulas)), formulas * len(part))
        means += output.of(X).reshape(len(part), -1).mean(axis=1).tolist()
    return np.array(means)[group.ravel()]


def _worth_of_subsets(plans, materials, predictions, baseline, output):
    """Return {mask: prediction} for each row. Equal subsets are predicted once.

    The baseline of a row is the value of mask 0. None predicts it.
    """
    worth: list[dict] = []
    wanted: dict = {}
    keys = []
    for row, plan in enumerate(plans):
        full = (1 << int(materials.n_parts[row])) - 1
        # The prediction itself, not that of a formula that is spelled in another way.
        worth.append({full: predictions[row]})
        if baseline is not None:
            worth[row][0] = baseline[row]
        for mask in {0, *plan.masks} - set(worth[row]):
            subset = materials.subset(row, mask)
            key = subset if materials.frame is None else (subset, row)
            wanted.setdefault(key, (row, subset))
            keys.append((row, mask, key))
    rows = [row for row, _ in wanted.values()]
    subsets = [subset for _, subset in wanted.values()]
    found: list[float] = []
    for start in range(0, len(rows), _BATCH):
        part = slice(start, start + _BATCH)
        found += output.of(materials.with_subsets(rows[part], subsets[part])).tolist()
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
