"""Errors and intervals on materials unlike those that were learned.

A split leaves materials out: all with an element, or the fifth with the largest labels. These are
"outside". Up to 1,000 of the others are learned, and up to 300 more, of other compositions, are
"inside".

``matex`` has the splits of nine properties by Segal et al. (2025). It reads them from the folder
``matex`` of the data sets: a file ``PROPERTY.csv.gz`` with columns formula, target and split
(train, eval or ood) for each, made from the files of their repository, learningmatter-mit/matex.
Compositions that were learned are not tested.

A row of the results is a model on one split. ``inside`` and ``outside`` hold its scores:

- ``mae``, ``bias`` (mean of prediction minus label), and ``constant``, the MAE of the median of
  the learned labels,
- ``recall``: of the 30 % with the largest labels, the fraction that is among the 30 % with the
  largest predictions,
- for estimators with intervals: coverage and width of those of 90 %, negative log-likelihood and
  area of miscalibration of normal distributions, and the mean novelty.

``found`` asks whether materials outside are ranked above those inside: of as many materials with
the largest predictions as there are outside, the fraction that is outside. ``novelty_rank`` is
Spearman's correlation of novelty and absolute error inside and outside. ``candidates`` has the
errors of each candidate of an Auto estimator alone.
"""

from functools import partial

import numpy as np
import pandas as pd
from auto import plain
from cells import UNSEEN, make_models
from runner import Study, grid
from scipy.stats import norm, spearmanr
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline, make_union

from skmat import FractionFeaturizer, MagpieFeaturizer
from skmat.benchmark import MatbenchTask
from skmat.benchmark._calibration import COVERAGE, score_interval
from skmat.benchmark._parameters import seed_estimator
from skmat.benchmark._runner import package_versions
from skmat.datasets import (
    fetch_aflow,
    fetch_jarvis,
    fetch_matbench,
    fetch_mp,
    fetch_mp_compositions,
    fetch_oqmd,
    get_data_home,
)
from skmat.inputs import compositions_of
from skmat.model_selection import LeaveOneElementOut, TargetExtrapolationSplit

N_LEARNED, N_INSIDE, N_OUTSIDE = 1_000, 300, 500
#: The property of AFLOW: the Debye temperature in K.
AFLOW = "ael_debye_temperature"
#: Splits of a task that all models have. H, F and O are known to be hard, Si and Cu are not.
SPLITS = {
    "expt_gap": ("H", "F", "O", "Si", "Cu", "value"),
    "log_kvrh": ("H", "F", "O", "Si", "Cu", "value"),
    "phonons": ("H", "F", "O", "Si", "Cu", "value"),
    "aflow": ("H", "F", "O", "Si", "Cu", "value"),
    "steels": ("N", "Ti", "value"),
}
#: Each element of at least so many materials, for models that take a moment.
EVERY, FEWEST = "every element", 50
MODELS = {
    "ridge": {"recipe": "ridge"},
    "trees": {"trees": "Magpie"},
    "trees, fractions": {"trees": "Magpie and fractions"},
    "scratch": {"pretrained": None},
    "pretrained": {"pretrained": "mtencoder-multi"},
    "auto-fast": {"auto": "fast", "decision": "accuracy", "keep_candidates": True},
}
CHEAP = ("ridge", "trees", "trees, fractions")
MATEX = (
    "aflow_Egap",
    "aflow_bulk_modulus_vrh",
    "aflow_debye_temperature",
    "aflow_shear_modulus_vrh",
    "aflow_thermal_conductivity_300K",
    "aflow_thermal_expansion_300K",
    "mp_bulk_modulus",
    "mp_elastic_anisotropy",
    "mp_shear_modulus",
)
SEED = 0
#: The least standard deviation of a prediction, in those of the learned labels.
LEAST_STD = 1e-3


def make_model(description):
    if "trees" not in description:
        return make_models(description)["regression"]
    features = [MagpieFeaturizer()]
    if description["trees"] != "Magpie":
        features.append(FractionFeaturizer())
    # The trees of Auto estimators.
    trees = ExtraTreesRegressor(200, max_features=0.33, min_samples_leaf=2)
    return make_pipeline(make_union(*features), trees)


def load(task):
    """Return materials and labels."""
    if task == "aflow":
        return fetch_aflow(targets=AFLOW, return_X_y=True)
    data = MatbenchTask(task)
    return data.X, data.y


def splits(X, y, split):
    """Return what is left out, and the rows learned, inside and outside, of each split."""
    if split == "value":
        pairs = [("value", *next(TargetExtrapolationSplit(0.2).split(X, y)))]
    else:
        splitter = LeaveOneElementOut(min_test_size=FEWEST if split == EVERY else 1)
        names = splitter.left_out(X)
        pairs = [(name, *pair) for name, pair in zip(names, splitter.split(X), strict=True)]
        pairs = [pair for pair in pairs if split in (EVERY, pair[0])]
        if not pairs:
            raise ValueError(f"No material has {split}.")
    groups = compositions_of(X).group_ids()
    found = []
    for name, rest, outside in pairs:
        generator = np.random.default_rng(SEED)
        outside = generator.permutation(outside)[:N_OUTSIDE]
        rest = rest[~np.isin(groups[rest], groups[outside])]
        inner = GroupShuffleSplit(1, test_size=0.2, random_state=SEED)
        learned, inside = next(inner.split(rest, groups=groups[rest]))
        learned = generator.permutation(rest[learned])[:N_LEARNED]
        found.append((name, learned, generator.permutation(rest[inside])[:N_INSIDE], outside))
    return found


def measure(cell, settings, work):
    """Measure a model on each split of a cell."""
    X, y = load(cell["task"])
    model = settings["models"][cell["model"]]
    return [
        {"left_out": name, **scores(model, X, y, learned, inside, outside)}
        for name, learned, inside, outside in splits(X, y, cell["split"])
    ]


def read_matex(task):
    """Return the table of a property of Segal et al."""
    path = get_data_home() / "matex" / f"{task}.csv.gz"
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def measure_matex(cell, settings, work):
    table = read_matex(cell["task"])
    X, y = table["formula"].to_numpy(dtype=object), table["target"].to_numpy()
    groups = compositions_of(X).group_ids()
    parts = [np.flatnonzero(table["split"] == name) for name in ("train", "eval", "ood")]
    generator = np.random.default_rng(SEED)
    for place in (1, 2):
        rows = generator.permutation(parts[place])
        parts[place] = rows[~np.isin(groups[rows], groups[parts[0]])]
    return scores(settings["models"][cell["model"]], X, y, *parts)


def scores(description, X, y, learned, inside, outside):
    """Fit a model, and return its scores inside and outside."""
    model = seed_estimator(make_model(description), SEED).fit(X[learned], y[learned])
    is_auto = hasattr(model, "prepare")
    parts = {"inside": inside, "outside": outside}
    predicted, errors, novelty, figures = [], [], [], {"n_learned": len(learned)}
    for name, rows in parts.items():
        materials = model.prepare(X[rows]) if is_auto else X[rows]
        values = model.predict(materials)
        predicted.append(values)
        errors.append(np.abs(values - y[rows]))
        found = {
            "n": len(rows),
            "mae": errors[-1].mean(),
            "bias": np.mean(values - y[rows]),
            "constant": np.abs(np.median(y[learned]) - y[rows]).mean(),
            "recall": recall(y[rows], values),
        }
        if is_auto:
            novelty.append(model.novelty(materials))
            std = model.predict(materials, return_std=True)[1]
            interval = np.stack(model.predict_interval(materials, coverage=COVERAGE), axis=1)
            found |= score_interval(y[rows], interval)
            found |= score_std(y[rows], values, std, y[learned].std())
            found["novelty"] = novelty[-1].mean()
            candidates = model.predict_candidates(materials)
            found["candidates"] = {
                each: np.abs(of_one - y[rows]).mean() for each, of_one in candidates.items()
            }
        figures[name] = plain(found)
    figures["found"] = found_outside(*predicted)
    if is_auto:
        rank = spearmanr(np.concatenate(novelty), np.concatenate(errors)).statistic
        figures["novelty_rank"] = float(rank)
    figures["versions"] = ", ".join(" ".join(fact) for fact in package_versions().items())
    return figures


def recall(y, predicted, share=0.3):
    """Return the fraction of the largest labels that the largest predictions find."""
    n = max(1, round(share * len(y)))
    best, chosen = (set(np.argsort(-values, kind="stable")[:n]) for values in (y, predicted))
    return len(best & chosen) / n


def found_outside(inside, outside):
    """Return the fraction of the largest predictions that are outside."""
    predicted = np.concatenate([inside, outside])
    # Equal predictions are in random order.
    order = np.random.default_rng(SEED).permutation(len(predicted))
    order = order[np.argsort(-predicted[order], kind="stable")][: len(outside)]
    return float((order >= len(inside)).mean())


def score_std(y, predicted, std, unit):
    """Return the negative log-likelihood, of labels over `unit`, and the miscalibration area."""
    std = np.maximum(std, LEAST_STD * unit)
    z = np.abs(y - predicted) / std
    levels = np.linspace(0, 1, 101)
    held = (z[:, None] <= norm.ppf((1 + levels) / 2)).mean(axis=0)
    return {
        "nll": np.mean(z**2 / 2 + np.log(std / unit) + np.log(2 * np.pi) / 2),
        "miscalibration": np.trapezoid(np.abs(held - levels), levels),
    }


def facts(settings):
    """Return the fraction of materials of whose composition pretraining has learned labels.

    It has learned none of the compositions of the other tasks.
    """
    kept_out = np.concatenate([fetch_matbench(task).data for task in UNSEEN])
    tables = (fetch_oqmd, fetch_mp_compositions, fetch_jarvis, partial(fetch_mp, input="formula"))
    learned = [compositions_of(fetch(exclude=kept_out).data) for fetch in tables]
    materials = {"aflow": load("aflow")[0]}
    materials |= {task: read_matex(task)["formula"].to_numpy(dtype=object) for task in MATEX}
    seen = {}
    for task, formulas in materials.items():
        compositions = compositions_of(formulas)
        seen[task] = float(np.any([compositions.isin(each) for each in learned], axis=0).mean())
    return {"seen": seen}


CELLS = [
    cell for task, names in SPLITS.items() for cell in grid(task=[task], split=names, model=MODELS)
]
CELLS += grid(task=[task for task in SPLITS if task != "steels"], split=[EVERY], model=CHEAP)
#: Networks are left out: they take hours.
ON_ALL_ROWS = {name: MODELS[name] for name in (*CHEAP, "auto-fast")}
STUDIES = [
    Study("extrapolation", CELLS, measure, {"models": MODELS}, facts=facts),
    Study(
        "extrapolation/matex",
        grid(task=MATEX, model=ON_ALL_ROWS),
        measure_matex,
        {"models": ON_ALL_ROWS},
    ),
]
