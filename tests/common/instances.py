"""Every estimator of the package, small enough to be fitted a thousand times."""

from matminer.featurizers.composition import Stoichiometry

from skmat import (
    MagpieFeaturizer,
    MatminerFeaturizer,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
)

_FAST = {"preset": "tiny", "max_epochs": 20, "lr": 2e-3, "dropout": 0.0, "batch_size": 32}

#: One instance of each estimator that learns by gradient descent.
ENCODERS = [
    MTEncoder(**{**_FAST, "max_epochs": 2}),
    MTEncoderRegressor(**_FAST),
    MTEncoderClassifier(**_FAST),
]

#: All of them.
ESTIMATORS = [*ENCODERS, MagpieFeaturizer(), MatminerFeaturizer(Stoichiometry())]


def name_of(estimator):
    return type(estimator).__name__


def labels_for(estimator, n):
    """Return a y that `estimator` can learn from."""
    if isinstance(estimator, MTEncoderClassifier):
        return ["metal" if i % 3 else "insulator" for i in range(n)]
    return [float(i % 7) for i in range(n)]
