"""Properties of crystals learned together or alone by CGCNN (Sanyal et al. 2018).

Small crystals of the Materials Project are split 60/20/20 by composition. A fifth is tested on.
The others are divided anew with each seed: three to train on, one on which the weights of the
properties were chosen. Where labels are missing, further crystals have labels of cheaper
properties alone. Networks of these properties read them too. Labels of another version are further
tasks. ``multitask.toml`` lists the studies.
"""

import numpy as np
import pandas as pd
from runner import Study, grid, read_plan
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from skmat import CGCNNRegressor
from skmat.datasets import fetch_mp
from skmat.structure import StructureArrays

TOGETHER = "together"
#: eV; a smaller gap is a metal's.
METAL = 0.025
#: Version of the labels of further crystals.
FURTHER = "2020"


def load(settings):
    """Return crystals and labels by task (NaN where unknown), then those of further crystals."""
    targets, further, version = settings["targets"], settings["further"], settings["version"]
    data = fetch_mp(targets=targets, version=version)
    X, y = _drawn(data, settings["n"], settings, True, settings["draw"])
    if not further:
        return X, y, X[:0], y[:0]
    data = fetch_mp(targets=further, version=FURTHER)
    groups = StructureArrays.concatenate([X, data.data]).group_ids()
    is_new = ~np.isin(groups[len(X) :], groups[: len(X)])
    further_X, further_y = _drawn(data, settings["n_further"], settings, is_new)
    names = [name if version == FURTHER else f"{name} {FURTHER}" for name in further]
    # A column for each task.
    tables = [pd.DataFrame(y, columns=targets), pd.DataFrame(further_y, columns=names)]
    y = pd.concat(tables).to_numpy()
    return X, y[: len(X)], further_X, y[len(X) :]


def _drawn(data, n, settings, allowed, draw=0):
    kept = np.isfinite(data.target).all(axis=1) & allowed
    left = np.flatnonzero(kept & (data.data.n_atoms <= settings["max_atoms"]))
    for seed in range(draw + 1):
        rows = np.sort(np.random.default_rng(seed).choice(left, min(n, len(left)), replace=False))
        left = np.setdiff1d(left, rows)
    return data.data.take(rows), data.target[rows]


def split(groups, seed, test_seed):
    """Return the rows to train on and those to test on."""
    outer = GroupShuffleSplit(1, test_size=0.2, random_state=test_seed)
    rest, test = next(outer.split(groups, groups=groups))
    inner = GroupShuffleSplit(1, test_size=0.25, random_state=seed)
    training, _ = next(inner.split(rest, groups=groups[rest]))
    return rest[training], test


def measure(cell, settings, work):
    X, y, further_X, further_y = load(settings)
    targets, kind, seed = settings["targets"], cell["kind"], cell["seed"]
    training, test = split(X.group_ids(), seed, settings["test_seed"])
    rows = np.random.default_rng(seed).permutation(training)[: round(cell["fraction"] * len(X))]
    learned = range(y.shape[1]) if kind == TOGETHER else [targets.index(kind)]
    taken = np.flatnonzero(np.isfinite(further_y[:, learned]).any(axis=1))
    model = CGCNNRegressor(
        pretrained=None, preset=settings["preset"], batch_size=settings["batch_size"],
        max_epochs=settings["max_epochs"], n_task_layers=settings["task_layers"],
        random_state=seed, memory=str(work / "graphs"),
        **(settings["search"]["best"] if kind == TOGETHER else {}),
    ).fit(
        StructureArrays.concatenate([X.take(rows), further_X.take(taken)]),
        np.vstack([y[rows][:, learned], further_y[taken][:, learned]]),
    )  # fmt: skip
    predicted = model.predict(X.take(test)).reshape(len(test), -1)
    figures = {"n_training": len(rows) + len(taken)}
    for place, column in enumerate(learned[: len(targets)]):
        truth, guess = y[test, column], predicted[:, place]
        figures[f"{targets[column]} MAE"] = mean_absolute_error(truth, guess)
        if targets[column] == "e_form":
            figures["e_form Spearman"] = float(spearmanr(truth, guess).statistic)
        elif targets[column] == "gap":
            figures["metal ROC-AUC"] = roc_auc_score(truth < METAL, -guess)
    return figures


def facts(settings):
    known = load(settings)[1][:, : len(settings["targets"])]
    return {"correlation": np.corrcoef(known.T).round(3).tolist()}


def study(name, weights, alone, together, settings):
    """Return the study of an entry of ``multitask.toml``."""
    settings = PLAN["usual"] | settings | {"search": {"best": {"loss_weights": weights}}}
    cells = grid(seed=range(5), kind=[*settings["targets"], TOGETHER], fraction=alone)
    cells += grid(seed=range(5), kind=[TOGETHER], fraction=together)
    return Study(f"multitask/{name}", cells, measure, settings, facts=facts)


PLAN = read_plan("multitask")
STUDIES = [study(name, **plan) for name, plan in PLAN["studies"].items()]
