"""Any composition featurizer of matminer as a scikit-learn transformer."""

import copy
from numbers import Integral

import numpy as np
from joblib import effective_n_jobs
from matminer.featurizers.base import BaseFeaturizer
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skmat.base import CompositionInputMixin
from skmat.composition import read_amounts, read_compositions, to_pymatgen
from skmat.exceptions import FeaturizationError, InvalidInputError

__all__ = ["MatminerFeaturizer"]

#: Rooms of ``matminer.featurizers`` whose classes read something else than a composition.
_OTHER_INPUT = ("bandstructure", "conversions", "dos", "function", "site", "structure")

#: Tasks per worker: rows differ in cost, so that an equal share each would leave workers idle.
_TASKS_PER_JOB = 4


class MatminerFeaturizer(CompositionInputMixin, TransformerMixin, BaseEstimator):
    """Wrap a composition featurizer of matminer.

    Formulas become pymatgen Compositions with their amounts as given, ordered by atomic number;
    Compositions and dicts keep their oxidation states, which some featurizers need. Each distinct
    composition is featurized once. A row that the featurizer fails on is an error here, where
    matminer's own `transform` returns NaN.

    Parameters
    ----------
    featurizer : matminer.featurizers.base.BaseFeaturizer
        An instance that reads one composition, such as ``Stoichiometry()``,
        ``ElementProperty.from_preset("magpie")`` or a ``MultipleFeaturizer`` of several. All its
        features must be numbers. It is copied in `fit`, never changed.
    n_jobs : int or None, default=None
        Number of joblib workers that share the distinct compositions; None is 1 unless a
        ``joblib.parallel_config`` says otherwise, -1 is one per CPU.
    on_invalid : {"raise", "nan"}, default="raise"
        What `transform` does with a row that is no composition or that the featurizer fails on:
        raise an error that lists all of them, or return NaN for these. `fit` always raises.

    Attributes
    ----------
    featurizer_ : matminer.featurizers.base.BaseFeaturizer
        The fitted copy of `featurizer`.
    n_features_in_ : int
        1 for formulas, or the number of columns of a matrix of amounts.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if `X` was a DataFrame with names that are all text.

    See Also
    --------
    MagpieFeaturizer : The Magpie features, computed for all rows at once.

    References
    ----------
    .. [1] L. Ward et al., "Matminer: An open source toolkit for materials data mining",
       Computational Materials Science 152 (2018) 60-69.

    Examples
    --------
    >>> from matminer.featurizers.composition import Stoichiometry
    >>> from skmat.featurizers import MatminerFeaturizer
    >>> featurizer = MatminerFeaturizer(Stoichiometry(p_list=[0, 2])).fit(["TiO2", "NaCl"])
    >>> featurizer.transform(["TiO2", "NaCl"]).round(3)
    array([[2.   , 0.745],
           [2.   , 0.707]])
    >>> featurizer.get_feature_names_out()
    array(['0-norm', '2-norm'], dtype=object)
    """

    _parameter_constraints = {
        "featurizer": [BaseFeaturizer],
        "n_jobs": [Integral, None],
        "on_invalid": [StrOptions({"raise", "nan"})],
    }

    def __init__(self, featurizer, *, n_jobs=None, on_invalid="raise"):
        self.featurizer = featurizer
        self.n_jobs = n_jobs
        self.on_invalid = on_invalid

    def __sklearn_clone__(self):
        # scikit-learn would rebuild the featurizer through its constructor. That warns for
        # presets and loses what is no parameter, such as the fitted model of a
        # StackedFeaturizer; so the featurizer is copied as it is.
        shell = copy.copy(self)
        shell.featurizer = None
        cloned = super(MatminerFeaturizer, shell).__sklearn_clone__()
        cloned.featurizer = copy.deepcopy(self.featurizer)
        return cloned

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Fit a copy of the featurizer, for those that learn something from data.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            Formulas (strings, pymatgen Compositions or dicts), or a matrix of amounts.
        y : array-like of shape (n_samples,), default=None
            Handed to the featurizer's own `fit`.

        Returns
        -------
        self : MatminerFeaturizer

        Raises
        ------
        InvalidCompositionError
            If a row is no composition; the error lists all of them.
        InvalidInputError
            If the featurizer reads something else than compositions.
        """
        _check_reads_compositions(self.featurizer)
        compositions = self._read_pymatgen(X, reset=True)
        featurizer = copy.deepcopy(self.featurizer)
        featurizer.fit([one for one in compositions if one is not None], y)
        self.featurizer_ = featurizer
        return self

    def transform(self, X):
        """Featurize compositions.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), dtype float64
            The featurizer's features, in its own units; NaN in the rows that are no composition
            or that it fails on, with ``on_invalid="nan"``.

        Raises
        ------
        InvalidCompositionError
            If a row is no composition, with ``on_invalid="raise"``.
        FeaturizationError
            If the featurizer fails on a row, with ``on_invalid="raise"``; the error lists all of
            them with the featurizer's own messages.
        InvalidInputError
            If a feature is not a number.

        Warns
        -----
        EmptyCompositionWarning
            If a row of a matrix of amounts is all zeros, with ``on_invalid="raise"``; its
            features are NaN.
        """
        check_is_fitted(self)
        compositions = self._read_pymatgen(X, reset=False, on_invalid=self.on_invalid)
        distinct, positions = _deduplicate(compositions)
        outcomes = self._featurize(distinct)
        if self.on_invalid == "raise":
            _raise_failures(compositions, positions, outcomes)
        labels = self.featurizer_.feature_labels()
        # The last row is for the compositions at position -1: those that cannot be read.
        features = np.full((len(distinct) + 1, len(labels)), np.nan)
        for position, outcome in enumerate(outcomes):
            if not isinstance(outcome, str):
                features[position] = self._as_numbers(outcome, labels, distinct[position])
        return features[positions]

    def get_feature_names_out(self, input_features=None):
        """Return the featurizer's own labels of its features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Only checked against the names seen in `fit`.

        Returns
        -------
        ndarray of shape (n_features_out,), dtype object
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.array(self.featurizer_.feature_labels(), dtype=object)

    def _read_pymatgen(self, X, *, reset, on_invalid="raise"):
        """Return `X` as a list of pymatgen Compositions, None for a row that is none."""
        values = self._validate_formulas(X, reset=reset)
        if values is not None:
            arrays = read_compositions(values, on_invalid=on_invalid)
        else:
            amounts, numbers = self._validate_amounts(X, reset=reset)
            arrays = read_amounts(
                amounts, atomic_numbers=numbers, on_invalid=on_invalid, allow_empty=True
            )
            numbers = numbers or range(1, amounts.shape[1] + 1)
            values = [dict(zip(numbers, row, strict=True)) for row in amounts.tolist()]
        return [
            to_pymatgen(value) if readable else None
            for value, readable in zip(values, arrays.n_elements, strict=True)
        ]

    def _featurize(self, compositions):
        """Return the features of each composition, or a message where the featurizer fails."""
        n_tasks = _TASKS_PER_JOB * effective_n_jobs(self.n_jobs)
        batch_size = max(1, -(-len(compositions) // n_tasks))
        batches = Parallel(n_jobs=self.n_jobs)(
            delayed(_featurize_batch)(self.featurizer_, compositions[start : start + batch_size])
            for start in range(0, len(compositions), batch_size)
        )
        return [outcome for batch in batches for outcome in batch]

    def _as_numbers(self, features, labels, composition):
        if len(features) != len(labels):
            raise InvalidInputError(
                f"{type(self.featurizer_).__name__} gives {len(features)} features for"
                f" {composition.formula}, but it has {len(labels)} feature labels."
            )
        numbers = [_as_number(feature) for feature in features]
        wrong = [
            f"{label!r} ({feature!r})"
            for label, feature, number in zip(labels, features, numbers, strict=True)
            if number is None
        ]
        if wrong:
            raise InvalidInputError(
                f"{type(self.featurizer_).__name__} gives features that are not numbers, for"
                f" {composition.formula}: {', '.join(wrong)}. Wrap a featurizer whose features"
                " are all numbers, or call this one's `featurize_dataframe` and encode them."
            )
        return numbers


def _check_reads_compositions(featurizer):
    for part in getattr(featurizer, "featurizers", [featurizer]):
        for cls in type(part).__mro__:
            package, _, room = cls.__module__.partition("matminer.featurizers.")
            if not package and room.split(".")[0] in _OTHER_INPUT:
                raise InvalidInputError(
                    f"{type(part).__name__} (from {cls.__module__}) does not featurize"
                    " compositions; pass a featurizer of matminer.featurizers.composition."
                )


def _deduplicate(compositions):
    """Return the distinct compositions, and the position of each row's among them (None: -1)."""
    known: dict[tuple, int] = {}
    distinct: list = []
    positions: list[int] = []
    for composition in compositions:
        if composition is None:
            positions.append(-1)
            continue
        key = tuple(composition.items())
        if key not in known:
            known[key] = len(distinct)
            distinct.append(composition)
        positions.append(known[key])
    return distinct, positions


def _raise_failures(compositions, positions, outcomes):
    problems = [
        (row, compositions[row].formula, outcomes[position])
        for row, position in enumerate(positions)
        if position >= 0 and isinstance(outcomes[position], str)
    ]
    if problems:
        raise FeaturizationError(problems, len(compositions))


def _featurize_batch(featurizer, compositions):
    outcomes: list[list | str] = []
    for composition in compositions:
        try:
            outcomes.append(list(featurizer.featurize(composition)))
        # Featurizers raise whatever their insides raise: KeyError, IndexError, ValueError, ...
        except Exception as error:
            outcomes.append(f"{type(error).__name__}: {error}")
    return outcomes


def _as_number(feature):
    if feature is None or isinstance(feature, str):
        return None
    try:
        return np.asarray(feature, dtype=np.float64).item()
    except (TypeError, ValueError):
        return None
