"""A candidate fitted to the folds: out-of-fold predictions, and the models that predict."""

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from joblib import delayed, effective_n_jobs, parallel_config
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from skmat._utils.parallel import make_parallel, results_of
from skmat._utils.parameters import plain
from skmat.auto._candidates import Candidate
from skmat.auto._clock import OutOfTimeError, StopAtDeadline, processes_without_interrupts
from skmat.estimators._predictor import EncoderPredictor
from skmat.exceptions import InvalidInputError
from skmat.structure import StructureArrays

__all__ = [
    "Trial",
    "fit_all_rows",
    "fit_trial",
    "fit_with_weights",
    "n_models_of_all_rows",
    "refit_share",
    "seeded_clone",
    "take_rows",
    "weight_arguments",
]

#: Networks of all rows, at least and at most.
_N_REFITTED = (2, 5)
#: Trees after each of which a forest compares its speed with the time that is left.
_N_TREES_AT_A_TIME = 10


@dataclass(eq=False)
class Trial:
    """A fitted candidate.

    Attributes
    ----------
    name : str
        Name in the leaderboard.
    candidate : Candidate
        What was fitted.
    learned : list of Learned
        The targets, as the models learn them.
    models : list of estimator
        One per fold, or those of all rows after ``fit_all_rows``.
    predictions : dict of int to ndarray
        Out-of-fold predictions of each target, of shape (n,) or (n, n_classes). NaN for rows that
        no fold holds out.
    seconds_fit, seconds_predict : float
        Seconds of all fits, and of predictions for the folds.
    """

    name: str
    candidate: Candidate
    learned: list
    models: list = field(default_factory=list)
    predictions: dict = field(default_factory=dict)
    seconds_fit: float = 0.0
    seconds_predict: float = 0.0

    def forget_training(self):
        """Drop what predictions do not need."""
        self.predictions = {}
        self.learned = [replace(each, values=each.values[:0]) for each in self.learned]

    def predict(self, table):
        """Return the mean prediction of the models, by target."""
        X, rows = table.read(self.candidate.reads), np.arange(len(table))
        outputs = [
            _predict(model, take_rows(X, rows) if self.candidate.may_write else X, self.learned)
            for model in self.models
        ]
        return {
            each.target: np.mean([output[place] for output in outputs], axis=0)
            for place, each in enumerate(self.learned)
        }

    def lowest(self, target):
        """Return the lowest label, if the model has a gate for it."""
        return next(each.lowest for each in self.learned if each.target == target)

    def predict_nothing(self):
        """Return predictions for no material, which models refuse."""
        return {each.target: _empty(0, each.width) for each in self.learned}


def fit_trial(trial, table, folds, sample_weight, *, seed, n_jobs=None, deadline=None):
    """Fit a trial to all folds and fill in its fields.

    Parameters
    ----------
    trial : Trial
        What to fit.
    table : MaterialTable
        All rows.
    folds : list of (ndarray, ndarray)
        Training and held-out rows.
    sample_weight : ndarray of shape (n,)
        Weights of the rows.
    seed : int
        Seed of the first fold.
    n_jobs : int, default=None
        Folds at a time.
    deadline : Deadline, default=None
        When to stop.

    Returns
    -------
    Trial

    Raises
    ------
    OutOfTimeError
        If the deadline will pass before all folds are fitted.
    """
    X = table.read(trial.candidate.reads)
    n_rows, n_at_a_time = len(table), effective_n_jobs(plain(n_jobs))
    share = refit_share(trial.candidate, folds, n_rows, n_at_a_time)
    n_rounds = -(-len(folds) // n_at_a_time)
    jobs = (
        delayed(_fit_fold)(
            trial.candidate,
            trial.learned,
            X,
            training,
            held_out,
            sample_weight,
            seed + index,
            deadline,
            n_rounds - index // n_at_a_time + share,
        )
        for index, (training, held_out) in enumerate(folds)
    )
    sums = [_empty(n_rows, each.width) for each in trial.learned]
    counts = [np.zeros(n_rows) for _ in trial.learned]
    start = time.perf_counter()
    with _workers(trial.candidate, n_at_a_time) as parallel:
        with processes_without_interrupts():
            running = results_of(parallel, jobs)
        for index, (model, outputs, seconds) in enumerate(running):
            _, held_out = folds[index]
            for total, count, output in zip(sums, counts, outputs, strict=True):
                # A fold without a label of a target predicts NaN, another repeat may not.
                known = ~np.isnan(output).reshape(len(output), -1).any(axis=1)
                total[held_out[known]] += output[known]
                count[held_out[known]] += 1
            if model is not None:
                trial.models.append(model)
            trial.seconds_fit += seconds[0]
            trial.seconds_predict += seconds[1]
            if deadline is not None and index + 1 < len(folds):
                n_begun = index // n_at_a_time + 1
                per_round = (time.perf_counter() - start) / n_begun
                if per_round * (n_rounds - n_begun) > deadline.left():
                    running.close()
                    raise OutOfTimeError
    with np.errstate(invalid="ignore", divide="ignore"):
        for total, count, each in zip(sums, counts, trial.learned, strict=True):
            mean = total / (count if total.ndim == 1 else count[:, None])
            trial.predictions[each.target] = mean
    return trial


def n_models_of_all_rows(trial, folds):
    """Return how many models of all rows predict in the place of those of the folds, or 0.

    Two networks of all rows are better than the mean of five folds. Trees of all rows are better
    too, and smaller. For all others the mean of the folds is better.
    """
    if not trial.models or len(folds) == 1:
        return 1
    least, most = _N_REFITTED
    return min(max(least, len(folds) // 3), most) if trial.candidate.is_network else 0


def refit_share(candidate, folds, n_rows, n_at_a_time):
    """Return the time of a fit to all rows, as a share of that to a fold. 0 if there is none."""
    if candidate.refit is None:
        return 0.0
    n_trees = candidate.model.n_estimators
    n_refitted = candidate.refit.get("n_estimators", n_trees)
    return n_refitted / n_trees * n_rows / len(folds[0][0]) / n_at_a_time


@contextmanager
def _workers(candidate, n_jobs):
    """Yield what runs `n_jobs` folds at a time, in processes or in threads."""
    if not candidate.runs_in_threads:
        yield make_parallel(n_jobs)
        return
    # Threads neither copy the features nor import anything again. Each gets one core.
    limit = None if n_jobs == 1 else 1
    with threadpool_limits(limit):
        yield make_parallel(n_jobs, prefer="threads")


def fit_all_rows(trial, table, sample_weight, seed, *, n_models=1, n_jobs=None, deadline=None):
    """Fit models to all rows, in the place of the models of the folds.

    Parameters
    ----------
    trial : Trial
        What to fit. Its models are replaced if all fits succeed.
    table : MaterialTable
        All rows.
    sample_weight : ndarray of shape (n,)
        Weights of the rows.
    seed : int
        Seed of the first model.
    n_models : int, default=1
        Number of models, whose predictions are averaged.
    n_jobs : int, default=None
        Models at a time.
    deadline : Deadline, default=None
        When networks raise OutOfTimeError. A forest is always fitted.
    """
    start = time.perf_counter()
    X, rows = table.read(trial.candidate.reads), np.arange(len(table))
    candidate = trial.candidate
    if candidate.refit is not None:
        # Of trees, all cores grow one forest.
        model = clone(candidate.model).set_params(n_jobs=plain(n_jobs), **candidate.refit)
        candidate = replace(candidate, model=model)
    jobs = (
        delayed(_fit_model)(
            candidate, trial.learned, X, rows, sample_weight, seed + index, deadline
        )
        for index in range(n_models)
    )
    with processes_without_interrupts():
        running = make_parallel(plain(n_jobs) if n_models > 1 else 1)(jobs)
    models = list(running)
    for model in models:
        if candidate.refit is not None and "n_jobs" in model.get_params():
            model.set_params(n_jobs=None)
    trial.models = models
    trial.seconds_fit += time.perf_counter() - start


def seeded_clone(model, seed):
    """Return a clone. Seeds that are None become `seed`."""
    model = clone(model)
    unseeded = {
        name: seed
        for name, value in model.get_params(deep=True).items()
        if name.rsplit("__", 1)[-1] == "random_state" and value is None
    }
    return model.set_params(**unseeded)


def take_rows(X, rows):
    """Return rows of what a candidate reads."""
    if isinstance(X, StructureArrays):
        return X.take(rows)
    if isinstance(X, pd.DataFrame | pd.Series):
        return X.iloc[rows]
    if isinstance(X, list):
        return [X[row] for row in rows]
    return X[rows]


def _fit_fold(candidate, learned, X, training, held_out, sample_weight, seed, deadline, n_left):
    """Return the model of a fold, its predictions, and the seconds of both.

    `n_left` fits of this length follow one after another, with this one.

    None is returned for the model of a candidate that is refitted: trees would fill the memory.
    """
    start = time.perf_counter()
    model = _fit_model(candidate, learned, X, training, sample_weight, seed, deadline, n_left)
    middle = time.perf_counter()
    if model is None:
        outputs = [_empty(len(held_out), each.width) * np.nan for each in learned]
    else:
        outputs = _predict(model, take_rows(X, held_out), learned)
        for output in outputs:
            _check_finite(output)
    seconds = (middle - start, time.perf_counter() - middle)
    return model if candidate.refit is None else None, outputs, seconds


def _fit_model(candidate, learned, X, rows, sample_weight, seed, deadline=None, n_left=1):
    """Return a fitted model, or None if `rows` have no label."""
    y = np.stack([each.values for each in learned], axis=1)
    rows = rows[~np.isnan(y[rows]).all(axis=1) & (sample_weight[rows] > 0)]
    if not len(rows):
        return None
    labels = y[rows] if len(learned) > 1 else y[rows, 0]
    is_classifier = learned[0].n_classes > 0
    if is_classifier and len(learned) == 1:
        labels = labels.astype(int)
    if is_classifier and len(learned) == 1 and len(np.unique(labels)) == 1:
        model = DummyClassifier(strategy="prior")
    else:
        model = seeded_clone(candidate.model, seed)
    has_gate = [each.lowest is not None for each in learned]
    if any(has_gate):
        model.set_params(zero_inflated=has_gate)
    training = take_rows(X, rows), labels, sample_weight[rows]
    if deadline is not None and isinstance(model, EncoderPredictor):
        callbacks = model.callbacks
        model.set_params(callbacks=[*(callbacks or ()), StopAtDeadline(deadline)])
        return fit_with_weights(model, *training).set_params(callbacks=callbacks)
    if deadline is not None and candidate.refit is not None and hasattr(model, "warm_start"):
        return _grow(model, training, deadline, n_left)
    with threadpool_limits(1 if len(rows) < candidate.threads_from else None, "openmp"):
        return fit_with_weights(model, *training)


def _grow(forest, training, deadline, n_left):
    """Fit one of our forests in steps, which gives the trees of one fit.

    OutOfTimeError is raised as soon as `n_left` such fits would take too long.
    """
    start, n_trees = time.perf_counter(), forest.n_estimators
    forest.set_params(warm_start=True)
    for n_grown in [*range(_N_TREES_AT_A_TIME, n_trees, _N_TREES_AT_A_TIME), n_trees]:
        fit_with_weights(forest.set_params(n_estimators=n_grown), *training)
        per_tree = (time.perf_counter() - start) / n_grown
        if per_tree * (n_trees * n_left - n_grown) > deadline.left():
            raise OutOfTimeError
    return forest.set_params(warm_start=False)


def fit_with_weights(model, X, y, weights):
    """Fit a model, with the weights if it takes them, and return it."""
    # Pipelines get the weights by the name of a step, also where the caller routes metadata.
    with config_context(enable_metadata_routing=False):
        return model.fit(X, y, **weight_arguments(model, weights))


def weight_arguments(model, weights):
    """Return the weights as the argument that the model takes, if it takes them."""
    name = None if (weights == weights[:1]).all() else _name_of_weights(model)
    return {} if name is None else {name: weights}


def _name_of_weights(model):
    """Return the argument of ``fit`` that takes weights, or None."""
    if isinstance(model, Pipeline):
        step, last = model.steps[-1]
        name = _name_of_weights(last)
        return None if name is None else f"{step}__{name}"
    if isinstance(model, TransformedTargetRegressor):
        return None if model.regressor is None else _name_of_weights(model.regressor)
    return "sample_weight" if has_fit_parameter(model, "sample_weight") else None


def _predict(model, X, learned):
    """Return the predictions of each target in its unit, or the probabilities of its classes."""
    # Threads of joblib add up the trees of a forest in any order, and the last bits differ. The
    # backend of Dask takes no notice of n_jobs=1.
    with parallel_config("loky", n_jobs=1):
        return _predict_targets(model, X, learned)


def _predict_targets(model, X, learned):
    if any(each.lowest is not None for each in learned):
        return _mixtures(model, X, learned)
    if not learned[0].n_classes:
        values = np.asarray(model.predict(X), dtype=np.float64)
        values = _checked_shape(values, len(X), len(learned))
        return [each.undo(values[:, place]) for place, each in enumerate(learned)]
    if len(learned) == 1:
        return [_probabilities(model, X, model.classes_, learned[0].n_classes)]
    given = model.predict_proba(X)
    return [
        _spread(given[place], model.classes_[place], each.n_classes)
        for place, each in enumerate(learned)
    ]


def _mixtures(model, X, learned):
    """Return probabilities and values of targets with a gate, and values of others."""
    probability, value = (part.reshape(len(X), -1) for part in model.predict_mixture(X))
    return [
        each.undo(value[:, place])
        if each.lowest is None
        else np.stack([probability[:, place], each.undo(value[:, place])], axis=1)
        for place, each in enumerate(learned)
    ]


def _probabilities(model, X, classes, n_classes):
    if hasattr(model, "predict_proba"):
        return _spread(np.asarray(model.predict_proba(X)), classes, n_classes)
    labels = _checked_shape(np.asarray(model.predict(X)), len(X), 1)[:, 0].astype(int)
    return np.eye(n_classes)[labels]


def _spread(given, classes, n_classes):
    """Return probabilities with a column for classes that the fold did not have."""
    classes = np.asarray(classes).astype(int)
    columns = np.zeros((len(given), n_classes))
    columns[:, classes] = _checked_shape(given, len(given), len(classes))
    return columns


def _checked_shape(values, n_rows, n_columns):
    """Return `values` with two dimensions. One column may come without the second one."""
    shape = (n_rows, n_columns)
    if values.shape != shape and not (n_columns == 1 and values.shape == (n_rows,)):
        raise InvalidInputError(
            f"It predicts an array of shape {values.shape}, but {shape} is needed."
        )
    return values.reshape(shape)


def _check_finite(output):
    wrong = np.flatnonzero(~np.isfinite(output.reshape(len(output), -1)).all(axis=1))
    if len(wrong):
        raise InvalidInputError(
            f"It predicts {output[wrong[0]]} for a held-out material. Predictions must be finite."
        )


def _empty(n_rows, width):
    return np.zeros((n_rows, width)) if width else np.zeros(n_rows)
