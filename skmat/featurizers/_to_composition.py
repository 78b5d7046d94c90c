"""Convert structures to formulas."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skmat._utils.doc_links import DocLinkMixin
from skmat.exceptions import InvalidStructureError
from skmat.inputs import StructureInputMixin
from skmat.structure._overlaps import parse_without_overlaps

__all__ = ["StructureToComposition"]


class StructureToComposition(StructureInputMixin, TransformerMixin, DocLinkMixin, BaseEstimator):
    """Convert structures to formulas.

    Put it before a composition estimator in a pipeline, to use that estimator on structures.

    Parameters
    ----------
    disorder : {"raise", "average"}, default="average"
        What to do with structures that have sites of several elements or of partial occupancy.
        "average" counts occupancies: "Li0.5CoO2". "raise" treats them as rows that cannot be read.
    on_invalid : {"raise", "nan"}, default="raise"
        What `transform` does with rows that cannot be read as structures, or have overlapping
        atoms. "raise" raises an error that lists them. "nan" returns None for them. `fit` always
        raises.

    Attributes
    ----------
    n_features_in_ : int
        1.
    feature_names_in_ : ndarray of shape (1,)
        Name of the column seen in `fit`, if `X` was a DataFrame.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmat import MagpieFeaturizer, StructureToComposition
    >>> salt = Structure(
    ...     Lattice.cubic(3.5), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ... )
    >>> StructureToComposition().fit_transform([salt])
    array([['CsCl']], dtype=object)
    >>> make_pipeline(StructureToComposition(), MagpieFeaturizer()).fit_transform(
    ...     [salt]
    ... ).shape
    (1, 132)
    """

    _parameter_constraints = {
        "disorder": [StrOptions({"raise", "average"})],
        "on_invalid": [StrOptions({"raise", "nan"})],
    }

    def __init__(self, *, disorder="average", on_invalid="raise"):
        self.disorder = disorder
        self.on_invalid = on_invalid

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check `X`. Nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_samples,)
            Structures, in any form that :func:`skmat.structure.read_structures` takes.
        y : None
            Ignored.

        Returns
        -------
        self : StructureToComposition

        Raises
        ------
        InvalidStructureError
            If rows cannot be read as structures, or have overlapping atoms. The error lists all
            of them.
        """
        _, problems, n_rows = self._parse(X, reset=True)
        if problems:
            raise InvalidStructureError(problems, n_rows)
        return self

    def transform(self, X):
        """Return the formulas.

        Parameters
        ----------
        X : array-like of shape (n_samples,)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, 1), dtype object
            Reduced formulas. Invalid rows are None with ``on_invalid="nan"``.

        Raises
        ------
        InvalidStructureError
            If rows cannot be read as structures, or have overlapping atoms, and
            ``on_invalid="raise"``.
        """
        check_is_fitted(self)
        structures, problems, n_rows = self._parse(X, reset=False)
        if problems and self.on_invalid == "raise":
            raise InvalidStructureError(problems, n_rows)
        formulas = np.full((n_rows, 1), None, dtype=object)
        formulas[np.setdiff1d(np.arange(n_rows), [row for row, _, _ in problems]), 0] = (
            structures.formulas()
        )
        return formulas

    def _parse(self, X, *, reset):
        # An atom that is listed twice would count twice.
        return parse_without_overlaps(self._validate_rows(X, reset=reset), self.disorder)

    def get_feature_names_out(self, input_features=None):
        """Return the name of the column, "formula".

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Checked against the names seen in `fit`.

        Returns
        -------
        ndarray of shape (1,), dtype object
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.array(["formula"], dtype=object)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
