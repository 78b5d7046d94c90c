"""Any composition featurizer of matminer as a scikit-learn transformer."""

from sklearn.base import _fit_context

from skmat.composition import read_amounts, read_compositions, to_pymatgen
from skmat.composition._read import expand_columns
from skmat.featurizers._matminer_base import MatminerTransformer
from skmat.inputs import CompositionInputMixin, held

__all__ = ["MatminerFeaturizer"]


class MatminerFeaturizer(CompositionInputMixin, MatminerTransformer):
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
    MatminerStructureFeaturizer : The same for featurizers of crystals.

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

    _materials = "compositions"
    _room = "composition"
    _remedies = {"structure": "wrap it in skmat.MatminerStructureFeaturizer, which reads crystals"}

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
        return self._fit(X, y)

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
        return self._transform(X)

    def _read_items(self, X, *, reset, on_invalid):
        """Return pymatgen Compositions, the row of each, and the number of rows."""
        X = held(X)
        values = self._validate_formulas(X, reset=reset)
        if values is not None:
            arrays = read_compositions(values, on_invalid=on_invalid)
        else:
            amounts, numbers = self._validate_amounts(X, reset=reset)
            arrays = read_amounts(
                amounts, atomic_numbers=numbers, on_invalid=on_invalid, allow_empty=True
            )
            values = _as_mappings(amounts, numbers or range(1, amounts.shape[1] + 1))
        rows = arrays.n_elements.nonzero()[0].tolist()
        return [to_pymatgen(values[row]) for row in rows], rows, len(values)

    def _keys(self, items):
        return [tuple(composition.items()) for composition in items]


def _as_mappings(amounts, columns):
    """Return per row a dict of atomic numbers and amounts."""
    amounts, numbers = expand_columns(amounts, columns)
    mappings = []
    for row in amounts.tolist():
        mapping: dict[int, float] = {}
        for number, amount in zip(numbers, row, strict=True):
            mapping[number] = mapping.get(number, 0.0) + amount
        mappings.append(mapping)
    return mappings
