"""Models by description, and the measures that several studies share."""

from dataclasses import replace
from functools import partial

import numpy as np
from runner import MatbenchStudy, grid
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skmat import (
    AutoClassifier,
    AutoRegressor,
    FractionFeaturizer,
    MagpieFeaturizer,
    MTEncoderClassifier,
    MTEncoderRegressor,
    make_frozen_pipeline,
)
from skmat.benchmark import MatbenchTask, make_baseline, run_matbench
from skmat.benchmark._parameters import seed_estimator
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.estimators import FAMILIES, choose_family

#: Tasks under 5,000 rows, from the smallest to the largest.
SMALL = ("steels", "jdft2d", "phonons", "expt_gap", "dielectric", "expt_is_metal", "glass")
#: Their compositions, and those of three larger tasks, no encoder of formulas in the package saw.
UNSEEN = (*SMALL, "log_gvrh", "log_kvrh", "perovskites")
FOLDS = (0, 1, 2, 3, 4)


def make_models(model):
    """Return estimators by kind of task.

    A model is {"baseline": name}, {"auto": preset, "decision": rule, ...} for what chooses and
    combines models itself, {"encoders": names by family, "decision": rule, ...} for the same with
    encoders of choice, {"recipe": name, ...} for one of ``RECIPES``, or {"pretrained": weights,
    ...} for a network; the rest are settings. "family" is read off the weights, "input" is
    "structure" if it reads structures.
    """
    settings = {key: value for key, value in model.items() if key != "input"}
    if "encoders" in settings:
        return make_unseen(**settings)
    if "auto" in settings:
        preset, decision = settings.pop("auto"), settings.pop("decision")
        return {
            "regression": AutoRegressor(preset=preset, **settings),
            "classification": AutoClassifier(preset=preset, decision=decision, **settings),
        }
    if "baseline" in settings:
        return make_baseline(settings["baseline"])
    if "recipe" in settings:
        recipe, part = RECIPES[settings["recipe"]], settings.get("part")
        made = {task: recipe(task) for task in ("regression", "classification")}
        return {task: dict(each.estimators)[part] if part else each for task, each in made.items()}
    family = choose_family(settings.pop("family", None), settings["pretrained"])
    makers = {"regression": family.regressor, "classification": family.classifier}
    return {task: make(**settings) for task, make in makers.items()}


def make_unseen(encoders, decision, **settings):
    """Return Auto estimators whose networks and embeddings come from encoders by family.

    The encoders that ``preset="medium"`` takes have learned labels of the largest tasks.
    """
    made = {}
    for task, make, cheap in (
        ("regression", AutoRegressor, ["boosting-l1", "trees", "boosting", "trees-fractions"]),
        ("classification", partial(AutoClassifier, decision=decision), ["boosting", "trees"]),
    ):
        is_classifier = task == "classification"
        features = [MagpieFeaturizer(features="all"), FractionFeaturizer()]
        vectors = FAMILIES["mtencoder"].encoder(pretrained=encoders["mtencoder"])
        trees = ExtraTreesClassifier if is_classifier else ExtraTreesRegressor
        # As Auto sets them for 85,000 rows.
        trees = trees(100, max_features="sqrt" if is_classifier else 0.33, min_samples_leaf=4)
        added = [("trees-vectors", make_pipeline(make_union(*features, vectors), trees))]
        for name, weights in encoders.items():
            family = FAMILIES[name]
            network = family.classifier if is_classifier else family.regressor
            added.append((name, network(pretrained=weights)))
        made[task] = make(preset=cheap, candidates=added, **settings)
    return made


def make_voting(task):
    """Return the average of a fine-tuned network, a frozen encoder and trees."""
    is_classifier = task == "classification"
    network = MTEncoderClassifier() if is_classifier else MTEncoderRegressor()
    trees = ExtraTreesClassifier(300) if is_classifier else ExtraTreesRegressor(300)
    estimators = [
        ("fine_tuned", network),
        ("frozen", make_frozen_pipeline(task)),
        ("trees", make_pipeline(MagpieFeaturizer(), trees)),
    ]
    if is_classifier:
        return VotingClassifier(estimators, voting="soft")
    return VotingRegressor(estimators)


def make_ridge(task):
    """Return a linear model of Magpie features."""
    # Some features are equal for nearly all materials. The few others would be far off.
    clip = FunctionTransformer(np.clip, kw_args={"a_min": -5, "a_max": 5})
    model = RidgeCV(np.logspace(-3, 5, 17)) if task == "regression" else LogisticRegression(C=0.1)
    return make_pipeline(MagpieFeaturizer(), StandardScaler(), clip, model)


#: Combinations of models, by the name in declarations.
RECIPES = {"frozen": make_frozen_pipeline, "voting": make_voting, "ridge": make_ridge}


def matbench_fold(cell, settings, work):
    """Measure a model on an official fold."""
    name, task, fold = cell.values()
    model = settings["models"][name]
    source = model.get("input", "formula")
    results = run_matbench(make_models(model), [task], folds=[fold], input=source, name=name)
    return [replace(fold, predictions={}) for fold in results.folds]


def matbench_study(name, models, parts, measure=matbench_fold, **options):
    """Return a study of models by name; each part of it has names, tasks and folds."""
    cells = [cell for part in parts for cell in grid(**part)]
    return MatbenchStudy(name, cells, measure, {"models": models}, **options)


def n_training(task):
    """Return the least number of training rows of a fold."""
    return 4 * MATBENCH_TASKS[f"matbench_{task}"].n_samples // 5


def sample_loss(cell, settings, work):
    """Measure a model on a fold, after "size" of its training rows: MAE, or 1 - ROC-AUC."""
    data = MatbenchTask(cell["task"])
    training, test = data.folds[cell["fold"]]
    # Smaller samples are parts of larger ones.
    rows = np.random.default_rng(cell["fold"]).permutation(training)[: cell["size"]]
    model = make_models(settings["models"][cell["model"]])[data.info.kind]
    fitted = seed_estimator(model, cell["fold"]).fit(data.X[rows], data.y[rows])
    X, y = data.X[test], data.y[test]
    if y.dtype != bool:
        return {"loss": float(mean_absolute_error(y, fitted.predict(X)))}
    scores = fitted.predict_proba(X)[:, list(fitted.classes_).index(True)]
    return {"loss": float(1 - roc_auc_score(y, scores))}
