"""The models that everything is compared with, by name."""

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

#: As many as the forest of the public leaderboard has.
_N_TREES = 500
#: Deviations. Cross-validated on training rows of four tasks, relative to predicting the median:
#: mean error .75 without it, .62 with it, .66 with clipped quantiles instead of deviations.
_CLIP_AT = 5.0


def make_baseline(name):
    """Return the estimators of a baseline, for :func:`run_matbench`.

    Settings are scikit-learn's and skmat's defaults but for what is stated here. The clipping was
    chosen by cross-validation on training rows; nothing else was tuned.

    Parameters
    ----------
    name : {"dummy", "magpie-forest", "magpie-boosting", "magpie-mlp", "mtencoder"}
        "dummy" predicts the mean of the training labels, or draws classes at their frequencies,
        as the entry of that name on the public leaderboard does.
        "magpie-forest", "magpie-boosting" and "magpie-mlp" put the 132 Magpie features before a
        random forest of 500 trees, a histogram gradient boosting, or, scaled and clipped at 5
        deviations, a perceptron with layers of 256 and 128 units that stops early on a tenth of
        the training rows.
        "mtencoder" is :class:`skmat.MTEncoderRegressor` and :class:`skmat.MTEncoderClassifier`
        without pretraining. The number of epochs falls with the size of the task, which keeps a
        run of all tasks to hours of two cores: the default of 100, or as many as read 150,000
        materials per fold, but 3 at least.

    Returns
    -------
    dict of str to estimator
        By "regression" and "classification", or by task where they differ.

    Raises
    ------
    InvalidInputError
        If there is no baseline of that name.
    """
    if name not in BASELINES:
        raise InvalidInputError(f"There is no baseline {name!r}; there are {list(BASELINES)}.")
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
    # Some features are the same for nearly all materials: scaled, the others stand hundreds of
    # deviations out, and what the perceptron makes of them spoils the mean error of a fold.
    clip = FunctionTransformer(np.clip, kw_args={"a_min": -_CLIP_AT, "a_max": _CLIP_AT})
    regressor = make_pipeline(
        MagpieFeaturizer(),
        StandardScaler(),
        clip,
        # Targets span from hundredths to thousands.
        TransformedTargetRegressor(MLPRegressor(**settings), transformer=StandardScaler()),
    )
    classifier = make_pipeline(
        MagpieFeaturizer(), StandardScaler(), clip, MLPClassifier(**settings)
    )
    return {"regression": regressor, "classification": classifier}


def _mtencoder():
    from skmat.estimators import MTEncoderClassifier, MTEncoderRegressor  # takes torch

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
