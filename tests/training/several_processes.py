"""Small trainings, on one process or on several: ``several_processes.py FOLDER CASE ...``.

Each process writes its results of each case to ``FOLDER/CASE-RANK.json``.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
from common.materials import FORMULAS, many

from skmat import (
    CGCNNEncoder,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostRegressor,
)
from skmat.nn import MTEncoderNetwork
from skmat.objectives import BarlowTwins, Distillation, MaskedElements, Properties

X = [f"{formula}H{n}" for n in range(1, 6) for formula in FORMULAS]
SETTINGS = {"preset": "tiny", "device": "cpu", "precision": "float32", "random_state": 0}


def labels(n=len(X), n_targets=3, missing=0.4):
    random = np.random.default_rng(0)
    y = random.normal(size=(n, n_targets))
    y[random.random(y.shape) < missing] = np.nan
    return y


def regressor(**parameters):
    settings = {"pretrained": None, "dropout": 0.0, "max_epochs": 2, "batch_size": 16}
    return MTEncoderRegressor(**{**SETTINGS, **settings, **parameters})


def encoder(objectives, **parameters):
    settings = {"dropout": 0.0, "max_epochs": 2, "batch_size": 16}
    return MTEncoder(**{**SETTINGS, **settings, "objectives": objectives, **parameters})


def missing_labels():
    model = regressor(loss_weighting="uncertainty", patience=2, validation_fraction=0.3, lr=0.01)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, len(X))
    return model.fit(X, labels(), sample_weight=weights), X


def random_weights():
    return regressor(loss_weighting="rlw-mtencoder", ema_decay=0.9).fit(X, labels()), X


def few_rows():
    """Every batch has one row, fewer than there are processes."""
    return regressor(batch_size=1).fit(X[:6], labels(6, 1, 0.0).ravel()), X


def classes():
    model = MTEncoderClassifier(
        **SETTINGS, pretrained=None, dropout=0.0, max_epochs=2, batch_size=16
    )
    return model.fit(X, [len(formula) % 3 for formula in X]), X


def roost():
    model = RoostRegressor(**SETTINGS, pretrained=None, max_epochs=2, batch_size=16)
    return model.fit(X, labels()), X


def further():
    model = regressor()
    for _ in range(3):
        model.partial_fit(X, labels())
    return model, X


def pretraining():
    teacher = np.random.default_rng(2).normal(size=(len(X), 4))
    teacher[::3, 1] = np.nan
    objectives = [
        MaskedElements(share=0.5),
        BarlowTwins(width=32),
        Distillation(teacher, hidden=(8,)),
        Properties(),
    ]
    return encoder(objectives).fit(X, labels()), X


def graphs():
    structures = many(14)
    model = CGCNNRegressor(**SETTINGS, pretrained=None, max_epochs=2, batch_size=5)
    return model.fit(structures, labels(14)), structures


def crystal_twins():
    structures = many(14)
    objectives = ["crystal_twins", "masked_elements"]
    model = CGCNNEncoder(**SETTINGS, objectives=objectives, max_epochs=2, batch_size=5)
    return model.fit(structures), structures


EQUAL = (
    missing_labels, random_weights, few_rows, classes, roost, further, pretraining, graphs,
    crystal_twins,
)  # fmt: skip


def results(case):
    """Return losses and outputs of a fitted estimator, as plain data."""
    model, materials = case()
    outputs = model.predict if hasattr(model, "predict") else model.transform
    if hasattr(model, "predict_proba"):
        outputs = model.predict_proba
    history = [{k: v for k, v in row.items() if k != "dur"} for row in model.history_]
    return {"history": history, "outputs": np.asarray(outputs(materials), dtype=float).tolist()}


def without_noise(monkeypatch=None):
    """Switch off the noise on fractions, which differs between processes as dropout does."""

    def unchanged(network, fractions):
        return fractions

    if monkeypatch is None:
        MTEncoderNetwork._jittered = unchanged
    else:
        monkeypatch.setattr(MTEncoderNetwork, "_jittered", unchanged)


if __name__ == "__main__":
    folder, *names = sys.argv[1:]
    without_noise()
    for name in names:
        path = Path(folder, f"{name}-{os.environ['RANK']}.json")
        path.write_text(json.dumps(results(globals()[name])))
