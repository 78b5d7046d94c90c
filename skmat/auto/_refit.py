"""One candidate alone, fitted to all rows."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.validation import _num_samples

from skmat.auto._candidates import make_candidates
from skmat.auto._materials import feature_pipeline
from skmat.auto._trial import seeded_clone, weight_arguments
from skmat.exceptions import InvalidInputError
from skmat.inputs import read_weights

__all__ = ["refit_candidate"]

_LOG = ", log"


def refit_candidate(auto, name, X, y, sample_weight):
    """Return a candidate of a fitted Auto estimator, fitted to X and y.

    Parameters
    ----------
    auto : AutoEstimator
        Fitted estimator.
    name : str
        Name in the leaderboard.
    X, y, sample_weight : array-like
        As in ``fit``.

    Returns
    -------
    estimator

    Raises
    ------
    InvalidInputError
        If no candidate has that name, or it cannot be fitted alone.
    """
    if auto.material_column_ is not None:
        raise InvalidInputError(
            "refit_candidate does not support X with further columns. Fit an estimator of your own"
            " to them."
        )
    plain = name.removesuffix(_LOG)
    candidates = make_candidates(
        auto.preset,
        auto.candidates,
        input=auto.input_,
        is_classifier=auto._is_classifier,
        n_targets=auto.n_outputs_,
        n_rows=1,
        has_columns=False,
        device=auto.device,
    )
    by_name = {each.name: each for each in candidates}
    if plain not in by_name:
        raise InvalidInputError(
            f"{name!r} is not a candidate that can be fitted alone. Use one of {sorted(by_name)},"
            f" or one of these with {_LOG!r} appended."
        )
    candidate = by_name[plain]
    if auto.n_outputs_ > 1 and not candidate.is_network:
        raise InvalidInputError(
            f"The candidate {name!r} learns one target. Fit AutoRegressor or AutoClassifier to one"
            " column of y."
        )
    model = seeded_clone(candidate.model, auto._draw_seed())
    is_log = name.endswith(_LOG)
    if is_log or not (auto._is_classifier or candidate.is_network):
        if is_log:
            scale = Pipeline(
                [("log", FunctionTransformer(np.log, np.exp)), ("scale", StandardScaler())]
            )
        else:
            scale = StandardScaler()
        model = TransformedTargetRegressor(model, transformer=scale)
    if not isinstance(candidate.reads, str):
        features = feature_pipeline(candidate.reads, auto.input_)
        model = Pipeline([("features", features), ("model", model)])
    weights = read_weights(sample_weight, _num_samples(y))
    return model.fit(X, y, **weight_arguments(model, weights))
