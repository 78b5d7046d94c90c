"""Models by description, and the measures that several studies share."""

from dataclasses import replace

import numpy as np
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

import skmat
from skmat.benchmark import MatbenchTask, make_baseline, run_matbench
from skmat.benchmark._parameters import seed_estimator
from skmat.composition import read_compositions
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.estimators import choose_family

#: Tasks under 5,000 rows, from the smallest to the largest.
SMALL = ("steels", "jdft2d", "phonons", "expt_gap", "dielectric", "expt_is_metal", "glass")
#: Their compositions, and those of three larger tasks, no encoder of formulas in the package saw.
UNSEEN = (*SMALL, "log_gvrh", "log_kvrh", "perovskites")
FOLDS = (0, 1, 2, 3, 4)
#: Validation splits inside the training rows of fold 0.
SPLITS = (0, 1, 2)


def make_models(model):
    """Return estimators by kind of task.

    A model is {"baseline": name}, {"recipe": name, ...} for a pipeline of skmat, or {"pretrained":
    weights, ...} for a network; the rest are settings. "family" is read off the weights.
    """
    settings = dict(model)
    if "baseline" in settings:
        return make_baseline(settings["baseline"])
    if "recipe" in settings:
        recipe, part = settings.pop("recipe"), settings.pop("part", None)
        made = {
            "regression": getattr(skmat, f"make_{recipe}_regressor")(**settings),
            "classification": getattr(skmat, f"make_{recipe}_classifier")(**settings),
        }
        return {kind: dict(each.estimators)[part] for kind, each in made.items()} if part else made
    family = choose_family(settings.pop("family", None), settings["pretrained"])
    return {
        "regression": family.regressor(**settings),
        "classification": family.classifier(**settings),
    }


def input_of(model):
    """Return what a model reads: "formula" or "structure"."""
    if "baseline" in model or "recipe" in model:
        return "formula"
    return choose_family(model.get("family"), model["pretrained"]).input


def matbench_fold(cell, settings, work):
    """Measure a model on an official fold."""
    model = settings["models"][cell["model"]]
    results = run_matbench(
        make_models(model), [cell["task"]], folds=[cell["fold"]], input=input_of(model),
        name=cell["model"],
    )  # fmt: skip
    return [replace(fold, predictions={}) for fold in results.folds]


def n_training(task):
    """Return the least number of training rows of a fold."""
    return 4 * MATBENCH_TASKS[f"matbench_{task}"].n_samples // 5


def sample_loss(cell, settings, work):
    """Measure a model on a fold, after "size" of its training rows."""
    model = settings["models"][cell["model"]]
    data = MatbenchTask(cell["task"], input=input_of(model))
    training, test = data.folds[cell["fold"]]
    # Smaller samples are parts of larger ones.
    rows = np.random.default_rng(cell["fold"]).permutation(training)[: cell["size"]]
    fitted = _fit(model, data.info.kind, cell["fold"], data.X[rows], data.y[rows])
    return {"loss": _loss(fitted, data.X[test], data.y[test])}


def validation_error(model, task, split, max_rows=None):
    """Return the error on a validation split inside the training rows of fold 0.

    It is relative to that of the training median, or of chance: 1 is no better. A fifth of the
    compositions of at most `max_rows` rows, drawn first, are validated on.
    """
    data = MatbenchTask(task)
    rows = data.folds[0][0]
    if max_rows is not None and len(rows) > max_rows:
        rows = np.random.default_rng(0).choice(rows, max_rows, replace=False)
    X, y = data.X[rows], data.y[rows]
    splitter = GroupShuffleSplit(len(SPLITS), test_size=0.2, random_state=0)
    parts = list(splitter.split(X, groups=read_compositions(X).group_ids()))
    training, validation = parts[split]
    fitted = _fit(model, data.info.kind, split, X[training], y[training])
    of_nothing = 0.5
    if data.info.kind == "regression":
        of_nothing = np.abs(np.median(y[training]) - y[validation]).mean()
    return float(_loss(fitted, X[validation], y[validation]) / of_nothing)


def _fit(model, kind, seed, X, y):
    return seed_estimator(make_models(model)[kind], seed).fit(X, y)


def _loss(fitted, X, y):
    """Return the mean absolute error, or of classes 1 - ROC-AUC."""
    if y.dtype == bool:
        scores = fitted.predict_proba(X)[:, list(fitted.classes_).index(True)]
        return float(1 - roc_auc_score(y, scores))
    return float(mean_absolute_error(y, fitted.predict(X)))
