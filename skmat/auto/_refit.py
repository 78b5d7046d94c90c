"""One candidate alone, fitted to all rows."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.validation import _num_samples

from skmat._utils.parameters import draw_seed
from skmat.auto._candidates import make_candidates
from skmat.auto._learned import LOG, LOG_ABOVE, exp_of, log_of
from skmat.auto._materials import feature_pipeline
from skmat.auto._trial import fit_with_weights, seeded_clone, take_rows
from skmat.exceptions import InvalidInputError
from skmat.featurizers import StructureToComposition
from skmat.inputs import as_structures, held, read_weights

__all__ = ["refit_candidate"]


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
    InvalidStructureError
        If structures of X cannot be read as in ``fit``. The error lists all of them.
    """
    if auto.material_column_ is not None:
        raise InvalidInputError(
            "refit_candidate does not support X with further columns. Fit an estimator of your own"
            " to them."
        )
    candidates = make_candidates(
        auto.preset,
        auto.candidates,
        input=auto.input_,
        is_classifier=auto._is_classifier,
        n_targets=auto.n_outputs_,
        n_rows=1,
        device=auto.device,
        disorder=auto.disorder,
    )
    by_name = {each.name: each for each in candidates}
    plain = name.removesuffix(LOG)
    if plain not in by_name:
        raise InvalidInputError(
            f"{name!r} is not a candidate that can be fitted alone. Use one of {sorted(by_name)},"
            f" or one of these with {LOG!r} appended."
        )
    if plain != name and name not in auto._forms:
        raise InvalidInputError(
            f"The fit tried no logarithms, so that {name!r} is not one of its candidates."
        )
    candidate = by_name[plain]
    if auto.n_outputs_ > 1 and not candidate.is_joint:
        raise InvalidInputError(
            f"The candidate {name!r} learns one target. Fit AutoRegressor or AutoClassifier to one"
            " column of y."
        )
    model = seeded_clone(candidate.model, draw_seed(auto.random_state))
    X = held(X)
    if auto.input_ == "structure":
        auto._parse(as_structures(X), "raise")
    weights = read_weights(sample_weight, _num_samples(X))
    form = auto._forms.get(name, {"log_units": [None], "gates": [False]})
    if any(form["gates"]):
        model.set_params(zero_inflated=form["gates"])
    if not candidate.is_network or any(form["log_units"]):
        rows, y = _labelled(auto, name, y, weights)
        X, weights = take_rows(X, rows), weights[rows]
    if not auto._is_classifier:
        model = _with_transform(model, form["log_units"], y, is_network=candidate.is_network)
    if not isinstance(candidate.reads, str):
        features = feature_pipeline(candidate.reads, auto.input_, auto.device, auto.disorder)
        model = Pipeline([("features", features), ("model", model)])
    elif auto.input_ == "structure" and candidate.reads == "formula":
        model = make_pipeline(StructureToComposition(disorder=auto.disorder), model)
    return fit_with_weights(model, X, y, weights)


def _labelled(auto, name, y, weights):
    """Return the rows with labels and a weight, and their labels."""
    targets = auto._read_targets(y, len(weights))
    missing = np.isnan(targets.values)
    if auto.n_outputs_ > 1 and missing.any():
        raise InvalidInputError(
            f"The candidate {name!r} learns logarithms, so that labels of several targets must not"
            f" be missing. Row {int(np.flatnonzero(missing.any(axis=1))[0])} has a missing label."
            " Leave out such rows, or fit AutoRegressor to each column of y."
        )
    rows = np.flatnonzero(~missing[:, 0] & (weights > 0))
    labels = targets.values[rows] if auto.n_outputs_ > 1 else targets.values[rows, 0]
    return rows, (targets.classes[0][labels.astype(int)] if auto._is_classifier else labels)


def _with_transform(model, log_units, y, *, is_network):
    """Return a regressor that learns what the candidate learned: standardised, or logarithms."""
    steps = [] if is_network else [("scale", StandardScaler())]
    if any(log_units):
        units = np.array([unit or np.nan for unit in log_units])
        ceilings = log_of(np.max(y, axis=0), units) + LOG_ABOVE
        log = FunctionTransformer(
            _logs_of,
            _exps_of,
            kw_args={"units": units},
            inv_kw_args={"units": units, "ceilings": ceilings},
        )
        steps.insert(0, ("log", log))
    return TransformedTargetRegressor(model, transformer=Pipeline(steps)) if steps else model


def _logs_of(values, units):
    """Return the logarithms of columns that have a unit."""
    units = np.asarray(units)
    return np.where(np.isnan(units), values, log_of(values, units))


def _exps_of(values, units, ceilings=np.inf):
    units, logs = np.asarray(units), np.minimum(values, ceilings)
    return np.where(np.isnan(units), values, exp_of(logs, units))
