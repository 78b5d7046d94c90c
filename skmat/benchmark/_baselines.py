"""Baseline models, by name."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import InvalidInputError
from skmat.featurizers import MagpieFeaturizer

__all__ = ["BASELINES", "make_baseline"]

#: Trees of the forest on the public leaderboard.
_N_TREES = 500
#: Standard deviations. Cross-validated on training rows of four tasks, the mean error relative to
#: predicting the median is 0.75 without clipping, 0.62 with it and 0.66 with clipped quantiles.
_CLIP_AT = 5.0


def make_baseline(name):
    """Return the estimators of a baseline, for :func:`run_matbench`.

    Settings not listed here are the defaults of scikit-learn and skmat. Only the clipping was
    tuned, by cross-validation on training rows.

    Parameters
    ----------
    name : {"dummy", "magpie-forest", "magpie-boosting", "magpie-mlp", "mtencoder"}
        - "dummy" predicts the mean of the training labels, or draws classes at their frequencies.
          The public leaderboard has the same entry.
        - "magpie-forest" is a random forest of 500 trees on the 132 Magpie features.
        - "magpie-boosting" is histogram gradient boosting on these features.
        - "magpie-mlp" is a perceptron with layers of 256 and 128 units. It scales the features and
          clips them at 5 standard deviations. It stops early on a tenth of the training rows.
        - "mtencoder" is :class:`skmat.MTEncoderRegressor` and :class:`skmat.MTEncoderClassifier`
          without pretraining. A fold trains for 150,000 materials, within 3 to 100 epochs. All
          tasks together take hours on two cores.

    Returns
    -------
    dict of str to estimator
        Keys are "regression" and "classification", or task names.

    Raises
    ------
    InvalidInputError
        If the name is unknown.
    """
    if name not in BASELINES:
        raise InvalidInputError(f"Unknown baseline {name!r}. Choose one of {list(BASELINES)}.")
    return BASELINES[name]()


def _dummy():
    return {
        "regression": DummyRegressor(strategy="mean"),
        "classification": DummyClassifier(strategy="stratified"),
    }


def _magpie_forest():
    return {
        "regression": make_pipeline(MagpieFeaturizer(), RandomForestRegressor(_N_TREES)),
        "classification": make_pipeline(MagpieFeaturizer(), RandomForestClassifier(_N_TREES)),
    }


def _magpie_boosting():
    return {
        "regression": make_pipeline(MagpieFeaturizer(), HistGradientBoostingRegressor()),
        "classification": make_pipeline(MagpieFeaturizer(), HistGradientBoostingClassifier()),
    }


def _magpie_mlp():
    settings = {"hidden_layer_sizes": (256, 128), "early_stopping": True}
    # Some features are equal for nearly all materials. After scaling, the few other values are
    # hundreds of deviations away and dominate the mean error of a fold.
    clip = FunctionTransformer(np.clip, kw_args={"a_min": -_CLIP_AT, "a_max": _CLIP_AT})
    regressor = make_pipeline(
        MagpieFeaturizer(),
        StandardScaler(),
        clip,
        # Targets range from 0.01 to 1,000.
        TransformedTargetRegressor(MLPRegressor(**settings), transformer=StandardScaler()),
    )
    classifier = make_pipeline(
        MagpieFeaturizer(), StandardScaler(), clip, MLPClassifier(**settings)
    )
    return {"regression": regressor, "classification": classifier}


def _mtencoder():
    from skmat.estimators import MTEncoderClassifier, MTEncoderRegressor  # imports torch

    return {
        name: (MTEncoderRegressor if info.kind == "regression" else MTEncoderClassifier)(
            pretrained=None, max_epochs=_epochs(info.n_samples)
        )
        for name, info in MATBENCH_TASKS.items()
    }


def _epochs(n_samples):
    return int(np.clip(150_000 // (0.8 * n_samples), 3, 100))


BASELINES = {
    "dummy": _dummy,
    "magpie-forest": _magpie_forest,
    "magpie-boosting": _magpie_boosting,
    "magpie-mlp": _magpie_mlp,
    "mtencoder": _mtencoder,
}
