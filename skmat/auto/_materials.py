"""What candidates read: the materials of a call, and their features, each computed once."""

import functools

import numpy as np
import pandas as pd
from pymatgen.core import Element
from sklearn.pipeline import FeatureUnion, make_pipeline

from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.estimators import CGCNNEncoder, MTEncoder
from skmat.featurizers import (
    FractionFeaturizer,
    MagpieFeaturizer,
    StructureToComposition,
    dense_fractions,
)

__all__ = ["EMBEDDING", "MaterialTable", "feature_pipeline", "feature_width"]

#: Encoders whose vectors are features, by the input.
_ENCODERS = {
    "formula": (MTEncoder, "mtencoder-multimodal"),
    "structure": (CGCNNEncoder, "cgcnn-mp-multitask"),
}
#: Feature that measures the distance between materials, by the input.
EMBEDDING = {"formula": "vectors", "structure": "structure_vectors"}
_INPUTS = {name: input for input, name in EMBEDDING.items()}
#: Symbols of the elements, by their atomic number.
_SYMBOLS = ["", *(Element.from_Z(number).symbol for number in range(1, MAX_ATOMIC_NUMBER + 1))]
#: Numbers of the other features.
_WIDTHS = {"fractions": MAX_ATOMIC_NUMBER, "magpie": 145}


class MaterialTable:
    """Materials of one call.

    Parameters
    ----------
    given : sequence
        Materials as the user gave them, row by row.
    compositions : CompositionArrays
        Their compositions.
    structures : StructureArrays or None
        Their structures.
    columns : DataFrame or None
        Further numeric columns.
    odd : dict of str to ndarray of bool
        Rows whose further columns are unlike those of the training set, by what is odd.
    device : str
        Device of the encoders.
    """

    def __init__(
        self, given, compositions, structures=None, columns=None, odd=None, device="auto"
    ):
        self.given = given
        self.compositions = compositions
        self.structures = structures
        self.columns = columns
        self.odd = odd or {}
        self.device = device
        self._known = {}

    def __len__(self):
        return len(self.compositions)

    def read(self, reads):
        """Return what a candidate reads.

        Parameters
        ----------
        reads : tuple of str or {"formula", "structure", "materials"}
            Names of features, or the input of an estimator that reads materials. "materials" is
            what the user gave.

        Returns
        -------
        ndarray of shape (n, n_features), DataFrame, StructureArrays or list
            Rows can be taken by :func:`take_rows`.
        """
        if reads == "materials":
            return self.given
        if isinstance(reads, str):
            return self._for_network(reads)
        key = tuple(reads)
        if key not in self._known:
            parts = [self.feature(name) for name in key]
            self._known[key] = parts[0] if len(parts) == 1 else np.hstack(parts)
        return self._known[key]

    def feature(self, name):
        """Return the features of that name, ndarray of shape (n, n_features)."""
        if name not in self._known:
            # scikit-learn may be set to return data frames.
            self._known[name] = np.asarray(self._compute(name))
        return self._known[name]

    def _compute(self, name):
        amounts = self._amounts()
        if name == "fractions":
            return amounts
        if name == "magpie":
            return MagpieFeaturizer(features="all").fit(amounts).transform(amounts)
        if name == "columns":
            return self.columns.to_numpy(dtype=np.float64)
        if name == EMBEDDING["formula"]:
            return _loaded("formula", self.device).transform(amounts)
        return _loaded("structure", self.device).transform(self.structures)

    def _formulas(self):
        """Return the materials as networks of formulas read them in a column."""
        if self.structures is None:
            return list(self.given)
        numbers = self.compositions.atomic_numbers.tolist()
        fractions = self.compositions.fractions.tolist()
        return [
            {_SYMBOLS[number]: share for number, share in zip(*row, strict=True) if number}
            for row in zip(numbers, fractions, strict=True)
        ]

    def _amounts(self):
        """Return the compositions as a matrix, which all that read formulas take."""
        if "amounts" not in self._known:
            self._known["amounts"] = dense_fractions(self.compositions)
        return self._known["amounts"]

    def _for_network(self, reads):
        if self.columns is None:
            return self._amounts() if reads == "formula" else self.structures
        materials = self._formulas() if reads == "formula" else list(self.structures)
        # Names that the user gave could be those of elements.
        names = [f"column {place}" for place in range(self.columns.shape[1])]
        frame = self.columns.reset_index(drop=True).set_axis(names, axis=1)
        frame.insert(0, "material", pd.Series(materials, dtype=object))
        return frame


def feature_width(names, device="auto"):
    """Return the number of features of several names together."""
    return sum(
        _WIDTHS[name] if name in _WIDTHS else _loaded(_INPUTS[name], device).n_features_out_
        for name in names
    )


def feature_pipeline(names, input, device="auto", disorder="average"):
    """Return transformers that compute features from materials, as one step of a pipeline."""
    makers = {
        "fractions": FractionFeaturizer,
        "magpie": lambda: MagpieFeaturizer(features="all"),
        EMBEDDING["formula"]: lambda: _encoder("formula", device, disorder),
        EMBEDDING["structure"]: lambda: _encoder("structure", device, disorder),
    }
    steps = []
    for name in names:
        step = makers[name]()
        if input == "structure" and name != EMBEDDING["structure"]:
            step = make_pipeline(StructureToComposition(disorder=disorder), step)
        steps.append((name, step))
    return FeatureUnion(steps)


@functools.cache
def _loaded(input, device):
    """Return an encoder with the shipped weights, read once per process and device."""
    # A model of another machine may name a device that this one lacks: `fit` would refuse it.
    # Structures of a table are read: Auto has refused disordered ones, or averages them.
    encoder = _encoder(input, "cpu", disorder="average")
    if input == "formula":
        encoder.fit(np.eye(1, MAX_ATOMIC_NUMBER))  # reads matrices of this width
    else:
        loaded = type(encoder).from_pretrained(encoder.pretrained)
        encoder = loaded.set_params(disorder=encoder.disorder)
    return encoder.set_params(device=device)


def _encoder(input, device, disorder):
    """Return an encoder whose ``fit`` loads the shipped weights."""
    cls, name = _ENCODERS[input]
    if input == "formula":
        return cls(pretrained=name, device=device)
    return cls(pretrained=name, device=device, disorder=disorder)
