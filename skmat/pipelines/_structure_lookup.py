"""What an encoder of crystals knows, asked for by formula: the teacher of multimodal learning."""

import os
from numbers import Integral

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
    clone,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skmat._utils.parameters import PlainParametersMixin
from skmat.datasets import fetch_mp
from skmat.estimators import choose_family
from skmat.exceptions import InvalidInputError
from skmat.inputs import CompositionInputMixin, as_structures, is_fitted
from skmat.structure import StructureArrays, read_structures

__all__ = ["StructureEmbeddingLookup"]


class StructureEmbeddingLookup(
    PlainParametersMixin,
    CompositionInputMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Look up formulas among known crystals and return an encoder's vectors of these.

    A formula of several crystals has the mean of their vectors, one of no known crystal NaN. As
    the teacher of :class:`skmat.objectives.Distillation` this makes multimodal learning: an
    encoder of formulas learns what an encoder of crystals sees (Huang, Magar and Barati Farimani,
    J. Chem. Inf. Model. 64, 627, 2024, where one crystal stood for each formula).

    Parameters
    ----------
    encoder : str, path-like or transformer, default="cgcnn-mp-multitask"
        Name or folder of the weights of a crystal encoder, or any transformer of crystals. One
        that is not fitted is cloned, and fitted to the known crystals; one that is fitted, or a
        :class:`sklearn.frozen.FrozenEstimator`, is used as it is.
    structures : "mp" or array-like of crystals, default="mp"
        The known crystals: those of :func:`skmat.datasets.fetch_mp` with a formation energy or a
        gap, or what :func:`skmat.structure.read_structures` takes. Disordered ones are passed on
        to the encoder, which may refuse them.
    max_atoms : int, default=None
        Crystals with more atoms per cell are left out; None keeps all.
    data_home : str or path-like, default=None
        Folder of the data sets; None as :func:`skmat.datasets.get_data_home` says.
    on_invalid : {"raise", "nan"}, default="raise"
        What `transform` does with a row that is no composition: raise an error that lists all of
        them, or return NaN for these. `fit` always raises.

    Attributes
    ----------
    compositions_ : CompositionArrays of length n_compositions
        The compositions of the known crystals, each once.
    vectors_ : ndarray of shape (n_compositions, n_features), dtype float32
        Their vectors.
    n_features_in_ : int
        1 for formulas, or the number of columns of a matrix of amounts.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from skmat import CGCNNEncoder, StructureEmbeddingLookup
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> salts = [Structure(Lattice.cubic(a), ["Cs", "Cl"], sites) for a in (4.1, 4.2)]
    >>> encoder = CGCNNEncoder(preset="tiny", max_epochs=1, random_state=0)
    >>> teacher = StructureEmbeddingLookup(encoder, salts).fit(["CsCl", "NaCl"])
    >>> import numpy as np
    >>> np.isnan(teacher.transform(["ClCs", "NaCl"])).all(axis=1)
    array([False,  True])
    """

    #: ``fit`` looks at nothing but the form of X: a clone that is fitted again teaches the same.
    _needs_no_rows = True

    _parameter_constraints = {
        "encoder": "no_validation",
        "structures": "no_validation",
        "max_atoms": [Interval(Integral, 1, None, closed="left"), None],
        "data_home": [str, os.PathLike, None],
        "on_invalid": [StrOptions({"raise", "nan"})],
    }

    def __init__(
        self,
        encoder="cgcnn-mp-multitask",
        structures="mp",
        *,
        max_atoms=None,
        data_home=None,
        on_invalid="raise",
    ):
        self.encoder = encoder
        self.structures = structures
        self.max_atoms = max_atoms
        self.data_home = data_home
        self.on_invalid = on_invalid

    def __sklearn_clone__(self):
        cloned = super().__sklearn_clone__()
        if not isinstance(self.encoder, str | os.PathLike | type) and is_fitted(self.encoder):
            # What a fitted encoder knows is what is asked for, not a part to be reset.
            cloned.encoder = self.encoder
        return cloned

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # vectors are float32, whatever X is
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Encode the known crystals.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            Formulas or amounts; only their form is looked at.
        y : None
            Ignored.

        Returns
        -------
        self : StructureEmbeddingLookup

        Raises
        ------
        InvalidInputError
            If there are no crystals, or `encoder` is a class.
        InvalidStructureError
            If some of the crystals cannot be read.
        PretrainedError
            If there are no such weights.
        """
        self._read_X(X, reset=True, allow_empty=True)
        crystals = self._known()
        vectors = np.asarray(self._fitted_encoder(crystals).transform(crystals))
        compositions = crystals.compositions()
        _, first, groups = np.unique(
            compositions.group_ids(), return_index=True, return_inverse=True
        )
        sums = np.zeros((len(first), vectors.shape[1]))
        np.add.at(sums, groups, vectors)
        self.compositions_ = compositions.take(first)
        self.vectors_ = (sums / np.bincount(groups)[:, None]).astype(np.float32)
        return self

    def transform(self, X):
        """Return the vectors.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32
            NaN in the rows of which no crystal is known.

        Raises
        ------
        InvalidCompositionError
            If rows are no compositions, with ``on_invalid="raise"``.
        """
        check_is_fitted(self)
        read = self._read_X(X, reset=False, on_invalid=self.on_invalid, allow_empty=True)
        rows = read.match(self.compositions_)
        vectors = np.full((len(rows), self.vectors_.shape[1]), np.nan, dtype=np.float32)
        vectors[rows >= 0] = self.vectors_[rows[rows >= 0]]
        return vectors

    def describe(self):
        """Return what a model card says of it: no folder, but its name."""
        encoder = self.encoder
        named = isinstance(encoder, str | os.PathLike)
        shown = os.path.basename(encoder) if named else repr(encoder)
        return f"StructureEmbeddingLookup(encoder={shown}, max_atoms={self.max_atoms})"

    @property
    def _n_features_out(self):
        return self.vectors_.shape[1]

    def _known(self) -> StructureArrays:
        if isinstance(self.structures, str):
            if self.structures != "mp":
                raise InvalidInputError(
                    f"structures is {self.structures!r}; it must be 'mp', or crystals."
                )
            crystals = fetch_mp(targets=["e_form", "gap"], data_home=self.data_home).data
        else:
            crystals, _ = read_structures(as_structures(self.structures), disorder="average")
        if self.max_atoms is not None:
            crystals = crystals.take(crystals.n_atoms <= self._plain("max_atoms"))
        if not len(crystals):
            raise InvalidInputError(
                "There are no crystals to look up; pass structures, or a larger max_atoms."
            )
        return crystals

    def _fitted_encoder(self, crystals):
        encoder = self.encoder
        if isinstance(encoder, str | os.PathLike):
            family = choose_family(pretrained=encoder, input="structure")
            return family.encoder.from_pretrained(encoder)
        if isinstance(encoder, type):
            raise InvalidInputError(
                f"encoder is the class {encoder.__name__}; give an object, such as"
                f" {encoder.__name__}()."
            )
        return encoder if is_fitted(encoder) else clone(encoder).fit(crystals)
