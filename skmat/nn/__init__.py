"""Pure torch modules. Nothing here knows where data comes from or what an estimator is.

An encoder is a module with ``forward(batch, sites=False) -> Representation``, an attribute
``out_features`` and a method ``last_modules()`` (its last layer, for ``trainable="last"``); that
is all the other rooms ask of it.
"""

from skmat.nn._batch import MASK_ID, CompositionBatch
from skmat.nn._fractions import FractionEncoding
from skmat.nn._heads import build_mlp
from skmat.nn._mtencoder import MTENCODER_PRESETS, MTEncoderNetwork
from skmat.nn._representation import Representation

__all__ = [
    "MASK_ID",
    "MTENCODER_PRESETS",
    "CompositionBatch",
    "FractionEncoding",
    "MTEncoderNetwork",
    "Representation",
    "build_mlp",
]
