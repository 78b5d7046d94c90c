"""Atomic fractions of the elements as features."""

import numpy as np
from pymatgen.core import Element
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skmat._utils.doc_links import DocLinkMixin
from skmat.composition import MAX_ATOMIC_NUMBER, CompositionArrays
from skmat.inputs import CompositionInputMixin

__all__ = ["FractionFeaturizer", "dense_fractions"]


class FractionFeaturizer(CompositionInputMixin, TransformerMixin, DocLinkMixin, BaseEstimator):
    """Describe compositions by the atomic fraction of each element.

    Use it where the elements of all materials are alike, as in alloys or doped compounds. Models
    on fractions know nothing about elements that they were not trained on.

    Parameters
    ----------
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
    MagpieFeaturizer : Statistics of element properties.

    Examples
    --------
    >>> from skmat.featurizers import FractionFeaturizer
    >>> featurizer = FractionFeaturizer().fit(["TiO2"])
    >>> featurizer.transform(["TiO2"])[0, [7, 21]].round(2)
    array([0.67, 0.33])
    """

    _parameter_constraints = {"on_invalid": [StrOptions({"raise", "nan"})]}

    def __init__(self, *, on_invalid="raise"):
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
        self : FractionFeaturizer

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
        ndarray of shape (n_samples, 118), dtype float64
            Atomic fractions, dimensionless, by atomic number. Each row sums to 1. Invalid rows
            are NaN with ``on_invalid="nan"``.

        Raises
        ------
        InvalidCompositionError
            If rows cannot be read as compositions and ``on_invalid="raise"``.
        """
        check_is_fitted(self)
        compositions = self._read_X(X, reset=False, on_invalid=self.on_invalid, allow_empty=True)
        fractions = dense_fractions(compositions)
        fractions[compositions.n_elements == 0] = np.nan
        return fractions

    def get_feature_names_out(self, input_features=None):
        """Return the symbols of the elements.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Checked against the names seen in `fit`.

        Returns
        -------
        ndarray of shape (118,), dtype object
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        numbers = range(1, MAX_ATOMIC_NUMBER + 1)
        return np.array([Element.from_Z(z).symbol for z in numbers], dtype=object)


def dense_fractions(compositions: CompositionArrays):
    """Return the fractions as a matrix of shape (n, 118), with zeros for empty rows."""
    n_rows, width = compositions.atomic_numbers.shape
    fractions = np.zeros((n_rows, MAX_ATOMIC_NUMBER + 1))
    rows = np.repeat(np.arange(n_rows), width)
    # Padding has atomic number 0, in a column that is dropped.
    fractions[rows, compositions.atomic_numbers.reshape(-1)] = compositions.fractions.reshape(-1)
    return fractions[:, 1:]
