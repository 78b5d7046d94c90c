"""Any composition featurizer of matminer as a scikit-learn transformer."""

from sklearn.base import _fit_context

from skmat.composition import read_amounts, read_compositions, to_pymatgen
from skmat.composition._read import expand_columns
from skmat.featurizers._matminer_base import MatminerTransformer
from skmat.inputs import CompositionInputMixin, held

__all__ = ["MatminerFeaturizer"]


class MatminerFeaturizer(CompositionInputMixin, MatminerTransformer):
    """Wrap a composition featurizer of matminer.

    Formulas become pymatgen Compositions with unchanged amounts, sorted by atomic number.
    Compositions and dicts keep their oxidation states, which some featurizers need. Each distinct
    composition is featurized once. A row on which the featurizer fails raises an error, while
    matminer's own `transform` returns NaN.

    Parameters
    ----------
    featurizer : matminer.featurizers.base.BaseFeaturizer
        An instance that reads one composition, such as ``Stoichiometry()``,
        ``ElementProperty.from_preset("magpie")`` or a ``MultipleFeaturizer`` of several. All its
        features must be numbers. `fit` copies it.
    n_jobs : int or None, default=None
        Number of joblib workers. None means 1, unless ``joblib.parallel_config`` sets another
        number. -1 means one per CPU.
    on_invalid : {"raise", "nan"}, default="raise"
        What `transform` does with rows that cannot be read as compositions, or on which the
        featurizer fails. "raise" raises an error that lists them. "nan" returns NaN for them.
        `fit` always raises.

    Attributes
    ----------
    featurizer_ : matminer.featurizers.base.BaseFeaturizer
        The fitted copy of `featurizer`.
    n_features_in_ : int
        1 for formulas, or the number of columns of a matrix of amounts.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names seen in `fit`, if `X` was a DataFrame with text names.

    See Also
    --------
    MagpieFeaturizer : The Magpie features, computed for all rows at once.
    MatminerStructureFeaturizer : The same for structure featurizers.

    References
    ----------
    .. [1] L. Ward et al., "Matminer: An open source toolkit for materials data mining",
       Computational Materials Science 152 (2018) 60-69.

    Examples
    --------
    >>> from matminer.featurizers.composition import Stoichiometry
    >>> from skmat.featurizers import MatminerFeaturizer
    >>> featurizer = MatminerFeaturizer(Stoichiometry(p_list=[0, 2])).fit(
    ...     ["TiO2", "NaCl"]
    ... )
    >>> featurizer.transform(["TiO2", "NaCl"]).round(3)
    array([[2.   , 0.745],
           [2.   , 0.707]])
    >>> featurizer.get_feature_names_out()
    array(['0-norm', '2-norm'], dtype=object)
    """

    _materials = "compositions"
    _room = "composition"
    _remedies = {"structure": "Wrap it in skmat.MatminerStructureFeaturizer."}

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Fit a copy of the featurizer.

        Most featurizers learn nothing.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            Formulas (strings, pymatgen Compositions or dicts), or a matrix of amounts.
        y : array-like of shape (n_samples,), default=None
            Passed to the featurizer's own `fit`, without the rows of a matrix that hold no amount.

        Returns
        -------
        self : MatminerFeaturizer

        Raises
        ------
        InvalidCompositionError
            If rows cannot be read as compositions. The error lists all of them.
        InvalidInputError
            If the featurizer does not read compositions.
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
            The featurizer's features, in its own units. With ``on_invalid="nan"``, rows that are
            invalid or on which it fails are NaN.

        Raises
        ------
        InvalidCompositionError
            If rows cannot be read as compositions and ``on_invalid="raise"``.
        FeaturizationError
            If the featurizer fails on rows and ``on_invalid="raise"``. The error lists all of
            them with the featurizer's messages.
        InvalidInputError
            If a feature is not a number.

        Warns
        -----
        EmptyCompositionWarning
            If a row of a matrix of amounts is all zeros and ``on_invalid="raise"``. Its features
            are NaN.
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
    """Return one dict of atomic numbers and amounts per row."""
    amounts, numbers = expand_columns(amounts, columns)
    mappings = []
    for row in amounts.tolist():
        mapping: dict[int, float] = {}
        for number, amount in zip(numbers, row, strict=True):
            mapping[number] = mapping.get(number, 0.0) + amount
        mappings.append(mapping)
    return mappings
