"""Structure embeddings by formula, as the teacher of multimodal learning."""

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

from skmat._utils.doc_links import DocLinkMixin
from skmat._utils.parameters import PlainParametersMixin
from skmat.datasets import fetch_mp
from skmat.datasets._mp_properties import LABEL_VERSIONS
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
    DocLinkMixin,
    BaseEstimator,
):
    """Look up formulas among known structures and return their embeddings.

    The embedding of a formula is the mean over its structures, or NaN without a known structure.
    Use it as the teacher of :class:`skmat.objectives.Distillation` for multimodal learning. An
    encoder of formulas then learns the embeddings of an encoder of structures (Huang, Magar and
    Barati Farimani, J. Chem. Inf. Model. 64, 627, 2024, with one structure per formula).

    Parameters
    ----------
    encoder : str, path-like or transformer, default="cgcnn-mp-multitask"
        Name or folder of the weights of an encoder of structures, or any transformer of
        structures. An unfitted one is cloned and fitted to the known structures. A fitted one or a
        :class:`sklearn.frozen.FrozenEstimator` is used unchanged.
    structures : "mp" or array-like of structures, default="mp"
        The known structures, in a form that :func:`skmat.structure.read_structures` takes. "mp"
        takes those of :func:`skmat.datasets.fetch_mp` with a formation energy or a gap. The
        encoder may refuse disordered structures.
    max_atoms : int, default=None
        Largest number of atoms per cell. Larger structures are left out. None keeps all.
    version : {"2018", "2020", "2024", "own"}, default="2020"
        Version of the labels of :func:`skmat.datasets.fetch_mp`, for "mp". Give "own" for a file
        that you built.
    data_home : str or path-like, default=None
        Folder of the data sets. None takes that of :func:`skmat.datasets.get_data_home`.
    on_invalid : {"raise", "nan"}, default="raise"
        How `transform` treats rows that are not compositions: raise an error that lists all of
        them, or return NaN for them. `fit` always raises.

    Attributes
    ----------
    compositions_ : CompositionArrays of length n_compositions
        Distinct compositions of the known structures.
    vectors_ : ndarray of shape (n_compositions, n_features), dtype float32
        Embeddings of the compositions.
    n_features_in_ : int
        1 for formulas, or the number of columns of a matrix of amounts.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from skmat import CGCNNEncoder, StructureEmbeddingLookup
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> salts = [
    ...     Structure(Lattice.cubic(a), ["Cs", "Cl"], sites) for a in (4.1, 4.2)
    ... ]
    >>> encoder = CGCNNEncoder(preset="tiny", max_epochs=1, random_state=0)
    >>> teacher = StructureEmbeddingLookup(encoder, salts).fit(["CsCl", "NaCl"])
    >>> import numpy as np
    >>> np.isnan(teacher.transform(["ClCs", "NaCl"])).all(axis=1)
    array([False,  True])
    """

    _parameter_constraints = {
        "encoder": "no_validation",
        "structures": "no_validation",
        "version": [StrOptions(set(LABEL_VERSIONS))],
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
        version="2020",
        data_home=None,
        on_invalid="raise",
    ):
        self.encoder = encoder
        self.structures = structures
        self.max_atoms = max_atoms
        self.version = version
        self.data_home = data_home
        self.on_invalid = on_invalid

    @property
    def _needs_no_rows(self):
        """Whether a clone that is fitted again, to any rows, gives the same embeddings."""
        return isinstance(self.encoder, str | os.PathLike) or is_fitted(self.encoder)

    def __sklearn_clone__(self):
        cloned = super().__sklearn_clone__()
        if not isinstance(self.encoder, str | os.PathLike | type) and is_fitted(self.encoder):
            # A clone keeps the fitted encoder, which holds the embeddings to look up.
            cloned.encoder = self.encoder
        return cloned

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # embeddings are always float32
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Encode the known structures.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            Formulas or amounts. Only their form matters.
        y : None
            Ignored.

        Returns
        -------
        self : StructureEmbeddingLookup

        Raises
        ------
        InvalidInputError
            If no structures remain, or `encoder` is a class.
        InvalidStructureError
            If some structures cannot be read.
        PretrainedError
            If the weights of `encoder` do not exist.
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
        """Return the embeddings of formulas.

        Parameters
        ----------
        X : array-like of shape (n_samples,) or (n_samples, n_elements)
            Formulas or amounts, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32
            Embeddings. NaN for rows without a known structure.

        Raises
        ------
        InvalidCompositionError
            If rows are not compositions, with ``on_invalid="raise"``.
        """
        check_is_fitted(self)
        read = self._read_X(X, reset=False, on_invalid=self.on_invalid, allow_empty=True)
        rows = read.match(self.compositions_)
        vectors = np.full((len(rows), self.vectors_.shape[1]), np.nan, dtype=np.float32)
        vectors[rows >= 0] = self.vectors_[rows[rows >= 0]]
        return vectors

    def describe(self):
        """Return the description for a model card, with folders reduced to their name."""
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
                    f"structures is {self.structures!r}. It must be 'mp' or structures."
                )
            crystals = fetch_mp(
                targets=["e_form", "gap"], version=self.version, data_home=self.data_home
            ).data
        else:
            crystals, _ = read_structures(as_structures(self.structures), disorder="average")
        if self.max_atoms is not None:
            crystals = crystals.take(crystals.n_atoms <= self._plain("max_atoms"))
        if not len(crystals):
            raise InvalidInputError(
                "No structures are left to look up. Pass structures, or a larger max_atoms."
            )
        return crystals

    def _fitted_encoder(self, crystals):
        encoder = self.encoder
        if isinstance(encoder, str | os.PathLike):
            family = choose_family(pretrained=encoder, input="structure")
            return family.encoder.from_pretrained(encoder)
        if isinstance(encoder, type):
            raise InvalidInputError(
                f"encoder is the class {encoder.__name__}. Give an object, such as"
                f" {encoder.__name__}()."
            )
        return encoder if is_fitted(encoder) else clone(encoder).fit(crystals)
