"""Magpie features of a composition."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skmat._utils.doc_links import DocLinkMixin
from skmat.composition import element_table
from skmat.composition._element_tables import MAGPIE_PROPERTIES
from skmat.featurizers._ionic import OTHER_FEATURES, other_features
from skmat.inputs import CompositionInputMixin

__all__ = ["MagpieFeaturizer"]

#: In matminer's order: the columns of each property follow it.
_STATISTICS = ("minimum", "maximum", "range", "mean", "avg_dev", "mode")

#: Numbers per chunk (rows x elements x properties): 2 MiB fit into a CPU's cache.
_CHUNK_SIZE = 2**18


class MagpieFeaturizer(CompositionInputMixin, TransformerMixin, DocLinkMixin, BaseEstimator):
    """Describe compositions by statistics of the properties of their elements.

    For each of 22 elemental properties `p` (atomic number, melting temperature, electronegativity,
    numbers of valence electrons, ...) and the atomic fractions `x`, compute in this order:

    - minimum, maximum and range over the elements, ignoring their fractions
    - mean, the sum of ``x * p``
    - avg_dev, the sum of ``x * |p - mean|``
    - mode, the property of the most abundant element (the smallest value of a tie)

    The features equal matminer's ``ElementProperty.from_preset("magpie")``, but are computed for
    all rows at once. A property missing for an element is replaced by the mean over the others.

    Parameters
    ----------
    features : {"elemental", "all"}, default="elemental"
        "elemental" gives these 132 features. "all" adds the 13 others of Ward et al. (2016), as
        in matminer:

        - norms of the fractions for p = 0, 2, 3, 5, 7 and 10
        - mean numbers of s, p, d and f valence electrons
        - whether one common oxidation state per element gives a neutral compound
        - largest and mean ionic character of the pairs of elements
    on_invalid : {"raise", "nan"}, default="raise"
        What `transform` does with rows that cannot be read as compositions. "raise" raises an
        error that lists them. "nan" returns NaN for them. `fit` always raises.

    Attributes
    ----------
    n_features_in_ : int
        1 for formulas, or the number of columns of a matrix of amounts.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names seen in `fit`, if `X` was a DataFrame with text names.

    See Also
    --------
    MatminerFeaturizer : Any other composition featurizer of matminer as a transformer.

    Notes
    -----
    `fit` learns nothing. Units are those of the properties: K for the melting temperature, pm for
    the covalent radius, Å³/atom for the ground-state volume, eV for the gap, Bohr magnetons per
    atom for the magnetic moment. All others are dimensionless.

    References
    ----------
    .. [1] L. Ward, A. Agrawal, A. Choudhary, C. Wolverton, "A general-purpose machine learning
       framework for predicting properties of inorganic materials", npj Computational Materials 2
       (2016) 16028.

    Examples
    --------
    >>> from skmat.featurizers import MagpieFeaturizer
    >>> featurizer = MagpieFeaturizer().fit(["TiO2", "Fe2O3"])
    >>> featurizer.transform(["TiO2", "Fe2O3", "NaCl"]).shape
    (3, 132)
    >>> featurizer.get_feature_names_out()[3]
    'MagpieData mean Number'
    """

    _parameter_constraints = {
        "features": [StrOptions({"elemental", "all"})],
        "on_invalid": [StrOptions({"raise", "nan"})],
    }

    def __init__(self, *, features="elemental", on_invalid="raise"):
        self.features = features
        self.on_invalid = on_invalid

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check `X`. Nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            Formulas (strings, pymatgen Compositions or dicts), or a matrix of amounts.
        y : None
            Ignored.

        Returns
        -------
        self : MagpieFeaturizer

        Raises
        ------
        InvalidCompositionError
            If rows cannot be read as compositions. The error lists all of them.
        """
        self._read_X(X, reset=True, allow_empty=True)
        return self

    def transform(self, X):
        """Compute the features.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, 132) or (n_samples, 145), dtype float64
            The six statistics of the first property, then of the second, and so on. Invalid rows
            are NaN with ``on_invalid="nan"``.

        Raises
        ------
        InvalidCompositionError
            If rows cannot be read as compositions and ``on_invalid="raise"``.

        Warns
        -----
        EmptyCompositionWarning
            If a row of a matrix of amounts is all zeros and ``on_invalid="raise"``. Its features
            are NaN.
        """
        check_is_fitted(self)
        compositions = self._read_X(X, reset=False, on_invalid=self.on_invalid, allow_empty=True)
        n_rows, width = compositions.atomic_numbers.shape
        features = np.full((n_rows, len(self._names())), np.nan)
        n_elemental = len(MAGPIE_PROPERTIES) * len(_STATISTICS)
        readable = np.flatnonzero(compositions.n_elements)
        rows_per_chunk = max(1, _CHUNK_SIZE // (len(MAGPIE_PROPERTIES) * max(1, width)))
        for start in range(0, len(readable), rows_per_chunk):
            rows = readable[start : start + rows_per_chunk]
            taken = compositions.take(rows)
            features[rows, :n_elemental] = _statistics(taken).reshape(len(rows), -1)
            if self.features == "all":
                features[rows, n_elemental:] = other_features(taken)
        return features

    def get_feature_names_out(self, input_features=None):
        """Return matminer's labels of the features, such as "MagpieData mean Number".

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Checked against the names seen in `fit`.

        Returns
        -------
        ndarray of shape (132,) or (145,), dtype object
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.array(self._names(), dtype=object)

    def _names(self):
        elemental = [
            f"MagpieData {statistic} {name}"
            for name in MAGPIE_PROPERTIES
            for statistic in _STATISTICS
        ]
        return elemental if self.features == "elemental" else [*elemental, *OTHER_FEATURES]


def _statistics(compositions):
    """Return the statistics, ndarray of shape (n, 22, 6), of non-empty compositions."""
    numbers = compositions.atomic_numbers
    fractions = compositions.fractions[:, :, None]
    # Replace padding by the row's first element at fraction 0: the statistics stay the same.
    values = element_table("magpie")[np.where(numbers, numbers, numbers[:, :1]) - 1]
    minimum, maximum = values.min(axis=1), values.max(axis=1)
    mean = (fractions * values).sum(axis=1)
    avg_dev = (fractions * np.abs(values - mean[:, None])).sum(axis=1)
    most_abundant = np.isclose(fractions, fractions.max(axis=1, keepdims=True))
    mode = np.where(most_abundant, values, np.inf).min(axis=1)
    return np.stack([minimum, maximum, maximum - minimum, mean, avg_dev, mode], axis=-1)
