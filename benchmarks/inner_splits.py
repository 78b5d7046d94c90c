"""Splits inside the training rows of fold 0 of small Matbench tasks, where settings are chosen.

The test rows of the fold are never read. The figure of a regression is the mean absolute error
over that of predicting the training median, and of a classification (1 - ROC-AUC) / 0.5: for
both, 0 is perfect and 1 is no better than knowing nothing.
"""

import json

import numpy as np
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from skmat import MTEncoderClassifier, MTEncoderRegressor
from skmat.benchmark import MatbenchTask
from skmat.composition import read_compositions

#: From the smallest to the largest.
TASKS = ("steels", "jdft2d", "phonons", "expt_gap", "dielectric", "expt_is_metal", "glass")
N_SPLITS = 3


def load(name, split, max_rows=None):
    """Return X and y of the inner training rows, then of the inner validation rows.

    Four fifths of the compositions are trained on. `max_rows` draws that many rows first.
    """
    task = MatbenchTask(name)
    rows = task.folds[0][0]
    if max_rows is not None and len(rows) > max_rows:
        rows = np.random.default_rng(0).choice(rows, max_rows, replace=False)
    X, y = task.X[rows], task.y[rows]
    groups = read_compositions(X).group_ids()
    splitter = GroupShuffleSplit(N_SPLITS, test_size=0.2, random_state=0)
    training, validation = list(splitter.split(X, groups=groups))[split]
    return X[training], y[training], X[validation], y[validation]


def figure(y_training, y_validation, predicted):
    """Return the figure; of a classification, `predicted` are the probabilities of True."""
    if y_training.dtype == bool:
        return float((1.0 - roc_auc_score(y_validation, predicted)) / 0.5)
    error = mean_absolute_error(y_validation, predicted)
    return float(error / np.abs(np.median(y_training) - y_validation).mean())


def predict(model, X):
    """Return what `figure` judges."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)[:, list(model.classes_).index(True)]
    return model.predict(X)


def measure(settings, task, split, *, max_rows=None, n_training=None):
    """Train a network with `settings` and return its figure.

    `n_training` takes the first of the training rows and judges by the same validation rows.
    """
    X, y, X_validation, y_validation = load(task, split, max_rows)
    make = MTEncoderClassifier if y.dtype == bool else MTEncoderRegressor
    model = make(random_state=split, **settings).fit(X[:n_training], y[:n_training])
    return figure(y, y_validation, predict(model, X_validation))


def read_results(path, encoder, setup):
    """Return all results, and those of `encoder`, which were all obtained with `setup`."""
    everything = json.loads(path.read_text()) if path.exists() else {}
    ours = everything.setdefault(encoder, {"setup": setup, "figures": {}})
    # Through JSON, as what was read came.
    if ours["setup"] != json.loads(json.dumps(setup)):
        raise SystemExit(
            f"{path} holds results of this encoder with other settings ({ours['setup']}, now"
            f" {setup}). Move the file away, or name another by --results."
        )
    return everything, ours["figures"]


def summarise(figures, names, keys, reference):
    """Print the mean figure of each candidate, and how it differs from `reference`'s."""
    reference = figures.get(reference, {})
    print(f"{'':32s} {'mean':>7s} {'change':>8s} {'error':>7s}  fits")
    for name in names:
        row = figures.get(name, {})
        shared = [key for key in keys if key in row and key in reference]
        if not shared:
            continue
        values = np.array([row[key] for key in shared])
        changes = values - [reference[key] for key in shared]
        error = changes.std(ddof=1) / len(shared) ** 0.5 if len(shared) > 1 else np.nan
        print(
            f"{name:32s} {values.mean():7.4f} {changes.mean():+8.4f} {error:7.4f}  {len(shared)}"
        )
