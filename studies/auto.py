"""What chooses and combines models itself, beside each model that it chose from.

One fit of ``AutoRegressor`` or ``AutoClassifier`` on an official fold scores the estimator and all
of its candidates. ``auto.toml`` says which on what for formulas, ``auto_structures.toml`` for
structures. A row of the results is one fit:

- ``scores``: those of a fold of ``run_matbench``,
- ``candidates``: by name, the test scores of the candidate alone, and its row in ``leaderboard_``,
- ``constant``: coverage and width of 90 % intervals of one width, from the same residuals,
- ``ece_before``: the calibration error of the mean of the candidates, which is not calibrated.
"""

import numpy as np
from cells import make_models
from runner import Study, grid, read_plan

from skmat.benchmark import MatbenchTask, score_predictions
from skmat.benchmark._calibration import (
    COVERAGE,
    expected_calibration_error,
    score_interval,
)
from skmat.benchmark._fit_fold import predict_rows, probabilities_of_true
from skmat.benchmark._measure import Stopwatch, peak_memory_mb, reset_peak_memory
from skmat.benchmark._parameters import seed_estimator
from skmat.benchmark._runner import package_versions
from skmat.exceptions import InvalidInputError

SEED = 0
#: Scores that are kept of each candidate.
KEPT = ("mae", "rmse", "roc_auc", "balanced_accuracy", "balanced_accuracy_at_half", "ece")


def measure(cell, settings, work):
    """Measure an estimator and its candidates on a fold."""
    described = settings["models"][cell["model"]]
    data = MatbenchTask(cell["task"], input=described.get("input", "formula"))
    training, test = data.folds[cell["fold"]]
    model = make_models(described)[data.info.kind]
    reset_peak_memory()
    watch = Stopwatch()
    fitted = seed_estimator(model, SEED).fit(data.X[training], data.y[training])
    seconds_fit = watch.lap()
    predicted = predict_rows(fitted, data.X[test])
    seconds_predict = watch.lap()
    candidates = fitted.predict_candidates(data.X[test])
    figures = {
        "n_train": len(training),
        "n_test": len(test),
        "seconds_fit": seconds_fit,
        # Of all that is scored: values or probabilities, labels and intervals.
        "seconds_predict": seconds_predict,
        "peak_memory_mb": peak_memory_mb(),
        "versions": ", ".join(" ".join(fact) for fact in package_versions().items()),
        "scores": plain(score_predictions(data.y[test], **predicted)),
        "candidates": measure_candidates(fitted, candidates, data, training, test),
    }
    if data.info.kind == "regression":
        interval = constant_interval(fitted, data.y[training], predicted["predictions"])
        if interval is not None:
            figures["constant"] = plain(score_interval(data.y[test], interval))
    else:
        before = mean_of_candidates(fitted, candidates, len(test))
        figures["ece_before"] = expected_calibration_error(data.y[test], before)
    return figures


def measure_candidates(fitted, candidates, data, training, test):
    """Return by name what the leaderboard says of a candidate, and its test scores."""
    found = {}
    for row in fitted.leaderboard_.to_dict("records"):
        found[row["candidate"]] = plain(
            {name: value for name, value in row.items() if name not in ("candidate", "target")}
        )
    for name, predictions in candidates.items():
        facts = found.setdefault(name, {})
        try:
            scores = score_candidate(fitted, predictions, data.y[test], data.y[training])
        except InvalidInputError as error:
            # One candidate that cannot be scored must not lose a long fit.
            facts["not_scored"] = str(error)
        else:
            facts["scores"] = plain({key: scores[key] for key in KEPT if key in scores})
    return found


def score_candidate(fitted, predictions, y, y_training):
    """Return the test scores of a candidate.

    A candidate has no decision rule of its own. It gets one that is right if its probabilities
    are: True above the fraction of True among the training rows, which gives the best balanced
    accuracy.
    """
    if y.dtype != bool:
        return score_predictions(y, np.reshape(predictions, len(y)).astype(np.float64))
    true = probabilities_of_true(predictions, fitted.classes_, len(y))
    return score_predictions(y, true, labels=true > y_training.mean())


def constant_interval(fitted, y, predictions):
    """Return 90 % intervals of one width around predictions, None without residuals.

    Half the width is the conformal quantile of the absolute out-of-fold residuals. Where no
    training label is below 0, the intervals end there, as those of the estimator do.
    """
    if not hasattr(fitted, "oof_predictions_"):
        return None
    residuals = np.abs(y - np.reshape(fitted.oof_predictions_, len(y)))
    residuals = np.sort(residuals[np.isfinite(residuals)])
    place = int(np.ceil((len(residuals) + 1) * COVERAGE))
    if place > len(residuals):
        return None
    half = residuals[place - 1]
    low, high = predictions - half, predictions + half
    if y.min() >= 0:
        low, high = np.maximum(low, 0), np.maximum(high, 0)
    return np.stack([low, high], axis=1)


def mean_of_candidates(fitted, candidates, n_rows):
    """Return the probabilities of True that the weights of the leaderboard give."""
    weights = fitted.leaderboard_.set_index("candidate")["weight"]
    used = [name for name in candidates if weights[name] > 0]
    each = [probabilities_of_true(candidates[name], fitted.classes_, n_rows) for name in used]
    return np.average(each, axis=0, weights=weights[used])


def plain(values):
    """Return values as JSON has them, None for NaN."""
    values = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in values.items()
    }
    return {name: None if value != value else value for name, value in values.items()}


def declared(name):
    """Return the study of a declaration."""
    plan = read_plan(name)
    cells = [cell for part in plan["parts"] for cell in grid(**part)]
    return Study(name, cells, measure, {"models": plan["models"]})


STUDIES = [declared("auto"), declared("auto_structures")]
