"""Every estimator of the package, small enough to be fitted a thousand times."""

import numpy as np
from matminer.featurizers.composition import Stoichiometry
from matminer.featurizers.structure import DensityFeatures, SineCoulombMatrix
from sklearn.base import is_classifier

from skmat import (
    ALIGNNClassifier,
    ALIGNNEncoder,
    ALIGNNRegressor,
    CGCNNClassifier,
    CGCNNEncoder,
    CGCNNRegressor,
    MagpieFeaturizer,
    MatminerFeaturizer,
    MatminerStructureFeaturizer,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostClassifier,
    RoostEncoder,
    RoostRegressor,
    StructureEmbeddingLookup,
)
from skmat.structure import StructureArrays

_ROOST = {"preset": "tiny", "max_epochs": 20, "lr": 2e-3, "batch_size": 32}
_FAST = {**_ROOST, "dropout": 0.0}
_FINE_TUNED = {
    **_FAST,
    "max_epochs": 30,
    "lr": 4e-3,
    "encoder_lr_factor": 0.5,
    "layer_decay": 0.9,
    "ema_decay": 0.9,
    "auxiliary_objective": "masked_elements",
    "auxiliary_weight": 0.05,
}

#: Instances of each estimator that learns by gradient descent.
ENCODERS = [
    MTEncoder(**{**_FAST, "max_epochs": 2}),
    MTEncoderRegressor(**_FAST),
    MTEncoderClassifier(**_FAST),
    MTEncoderRegressor(**_FINE_TUNED),
    MTEncoderClassifier(**{**_FINE_TUNED, "max_epochs": 5, "lr": 6e-3}),
    RoostEncoder(**{**_ROOST, "max_epochs": 2}),
    RoostRegressor(**_ROOST),
    RoostClassifier(**_ROOST),
]

_CGCNN = {"preset": "tiny", "max_epochs": 20, "lr": 5e-3, "batch_size": 32}

_ALIGNN = {
    **{"preset": "tiny", "element_features": None},
    **{"max_epochs": 30, "lr": 1e-2, "batch_size": 16},
}

#: Those that read crystals.
CRYSTAL_ENCODERS = [
    CGCNNEncoder(**{**_CGCNN, "max_epochs": 2}),
    CGCNNRegressor(**{**_CGCNN, "max_epochs": 40}),
    CGCNNClassifier(**_CGCNN),
    ALIGNNEncoder(**{**_CGCNN, "max_epochs": 2}),
    ALIGNNRegressor(**_ALIGNN),
    ALIGNNClassifier(**_CGCNN),
    CGCNNRegressor(**{**_CGCNN, "max_epochs": 40}, n_task_layers=1),
]

#: Those that read crystals and learn nothing by gradient descent.
CRYSTAL_FEATURIZERS = [MatminerStructureFeaturizer(SineCoulombMatrix())]

#: Knows a crystal of each of the first ten elements, and nothing of other compositions.
TEACHER = StructureEmbeddingLookup(
    MatminerStructureFeaturizer(DensityFeatures(["density", "vpa"])),
    StructureArrays(
        np.stack([np.diag([4.0 + z, 5.0, 6.0]) for z in range(1, 11)]),
        n_atoms=np.ones(10, dtype=int),
        atomic_number=np.arange(1, 11),
        frac=np.zeros((10, 3)),
    ),
)

#: All that read compositions.
ESTIMATORS = [*ENCODERS, MagpieFeaturizer(), MatminerFeaturizer(Stoichiometry())]


def name_of(estimator):
    words = [type(estimator).__name__]
    if getattr(estimator, "auxiliary_objective", None) is not None:
        words.append("fine-tuned")
    if getattr(estimator, "n_task_layers", 0):
        words.append("with layers of the task's own")
    return " ".join(words)


def labels_for(estimator, n):
    """Return a y that `estimator` can learn from."""
    if is_classifier(estimator):
        return ["metal" if i % 3 else "insulator" for i in range(n)]
    return [float(i % 7) for i in range(n)]
