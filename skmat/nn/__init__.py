"""Pure torch modules, independent of data sources and estimators.

All encoders derive from :class:`Encoder`, the interface that the other rooms use.
"""

from skmat.nn._alignn import ALIGNN_PRESETS, ALIGNNNetwork
from skmat.nn._batch import MASK_ID, CompositionBatch
from skmat.nn._batch_norm import BatchNorm1d as BatchNorm1d
from skmat.nn._cgcnn import CGCNN_PRESETS, CGCNNNetwork
from skmat.nn._crystal_batch import CrystalBatch
from skmat.nn._encoder import Encoder, Representation
from skmat.nn._fractions import FractionEncoding
from skmat.nn._heads import build_mlp
from skmat.nn._heads import run_side_by_side as run_side_by_side
from skmat.nn._mtencoder import MTENCODER_PRESETS, MTEncoderNetwork
from skmat.nn._processes import Processes as Processes
from skmat.nn._processes import current_processes as current_processes
from skmat.nn._processes import gather_rows as gather_rows
from skmat.nn._processes import sharing_batches as sharing_batches
from skmat.nn._random import Dropout, randn_like
from skmat.nn._random import current_generator as current_generator
from skmat.nn._random import drawing_from as drawing_from
from skmat.nn._random import with_own_dropout as with_own_dropout
from skmat.nn._roost import ROOST_PRESETS, RoostNetwork

__all__ = [
    "ALIGNN_PRESETS",
    "CGCNN_PRESETS",
    "MASK_ID",
    "MTENCODER_PRESETS",
    "ROOST_PRESETS",
    "ALIGNNNetwork",
    "CGCNNNetwork",
    "CompositionBatch",
    "CrystalBatch",
    "Dropout",
    "Encoder",
    "FractionEncoding",
    "MTEncoderNetwork",
    "Representation",
    "RoostNetwork",
    "build_mlp",
    "randn_like",
]
