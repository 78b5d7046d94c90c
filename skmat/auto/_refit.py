"""One candidate alone, fitted to all rows."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.validation import _num_samples

from skmat._utils.parameters import draw_seed
from skmat.auto._candidates import make_candidates
from skmat.auto._learned import exp_of, log_of
from skmat.auto._materials import feature_pipeline
from skmat.auto._trial import fit_with_weights, seeded_clone
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
    model = seeded_clone(candidate.model, draw_seed(auto.random_state))
    if not auto._is_classifier:
        model = _with_transform(model, auto._shapes[0], name, is_network=candidate.is_network)
    if not isinstance(candidate.reads, str):
        features = feature_pipeline(candidate.reads, auto.input_)
        model = Pipeline([("features", features), ("model", model)])
    weights = read_weights(sample_weight, _num_samples(y))
    return fit_with_weights(model, X, y, weights)


def _with_transform(model, shape, name, *, is_network):
    """Return a regressor that learns what the candidate learned: standardised, or logarithms."""
    steps = [] if is_network else [("scale", StandardScaler())]
    if name.endswith(_LOG):
        if shape.log_unit is None:
            raise InvalidInputError(
                f"The fit tried no logarithms, so that {name!r} is not one of its candidates."
            )
        unit = {"unit": shape.log_unit}
        log = FunctionTransformer(log_of, exp_of, kw_args=unit, inv_kw_args=unit)
        steps.insert(0, ("log", log))
    return TransformedTargetRegressor(model, transformer=Pipeline(steps)) if steps else model
