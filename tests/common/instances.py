"""Every estimator of the package, small enough to be fitted a thousand times."""

import numpy as np
from common.auto import logistic, ridge
from matminer.featurizers.composition import Stoichiometry
from matminer.featurizers.structure import DensityFeatures, SineCoulombMatrix
from sklearn.base import is_classifier

from skmat import (
    AutoClassifier,
    AutoRegressor,
    CGCNNRegressor,
    MagpieFeaturizer,
    MatminerFeaturizer,
    MatminerStructureFeaturizer,
    MTEncoderClassifier,
    MTEncoderRegressor,
    StructureEmbeddingLookup,
)
from skmat.estimators import FAMILIES
from skmat.featurizers import FractionFeaturizer
from skmat.structure import StructureArrays

#: What a new family is tested with.
_FAST = {"preset": "tiny", "max_epochs": 20, "lr": 5e-3, "batch_size": 32}

#: What some learn better with, by family or class.
_BETTER = {
    "mtencoder": {"lr": 2e-3, "dropout": 0.0},
    "roost": {"lr": 2e-3},
    # After 20, its score is close to the limit of scikit-learn's check, which some CPUs miss.
    "MTEncoderRegressor": {"max_epochs": 60},
    "CGCNNRegressor": {"max_epochs": 40},
    "ALIGNNRegressor": dict(element_features=None, max_epochs=30, lr=1e-2, batch_size=16),
}

_FINE_TUNED = {
    **_FAST,
    **_BETTER["mtencoder"],
    "max_epochs": 60,
    "lr": 4e-3,
    "encoder_lr_factor": 0.5,
    "layer_decay": 0.9,
    "ema_decay": 0.9,
    "auxiliary_objective": "masked_elements",
    "auxiliary_weight": 0.05,
}


def _instances(kind_of_input):
    """Return one instance of each estimator of the families with this input."""
    return [
        cls(
            **_FAST
            | _BETTER.get(name, {})
            | _BETTER.get(cls.__name__, {})
            | ({"max_epochs": 2} if kind == "encoder" else {})
        )
        for name, family in FAMILIES.items()
        if family.input == kind_of_input
        for kind, cls in family.estimators().items()
    ]


#: Instances of each estimator of compositions that learns by gradient descent.
ENCODERS = [
    *_instances("formula"),
    MTEncoderRegressor(**_FINE_TUNED),
    MTEncoderClassifier(**{**_FINE_TUNED, "max_epochs": 5, "lr": 6e-3}),
]

#: Those that read structures.
CRYSTAL_ENCODERS = [
    *_instances("structure"),
    CGCNNRegressor(**{**_FAST, "max_epochs": 40}, n_task_layers=1),
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
ESTIMATORS = [
    *ENCODERS,
    MagpieFeaturizer(),
    FractionFeaturizer(),
    MatminerFeaturizer(Stoichiometry()),
]

#: Those that choose among others.
AUTOS = [
    AutoRegressor(preset=[], candidates=[("ridge", ridge())], cv=2),
    AutoClassifier(preset=[], candidates=[("logistic", logistic(10.0))], cv=2),
]


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
