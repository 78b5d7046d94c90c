"""Small trainings, on one process or on several: ``several_processes.py FOLDER CASE ...``.

Each process writes its results of each case to ``FOLDER/CASE-RANK.json``.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
from common.materials import FORMULAS, many
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skmat import (
    ALIGNNRegressor,
    AutoRegressor,
    CGCNNEncoder,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostRegressor,
)
from skmat.exceptions import StopTraining
from skmat.nn import MTEncoderNetwork
from skmat.objectives import BarlowTwins, Distillation, MaskedElements, Properties

X = [f"{formula}H{n}" for n in range(1, 6) for formula in FORMULAS]
RANK = int(os.environ.get("RANK", "0"))
SETTINGS = {"preset": "tiny", "device": "cpu", "precision": "float32", "random_state": 0}


def labels(n=50, n_targets=3, missing=0.4):
    random = np.random.default_rng(0)
    y = random.normal(size=(n, n_targets))
    y[random.random(y.shape) < missing] = np.nan
    return y


def regressor(**parameters):
    settings = {"pretrained": None, "dropout": 0.0, "max_epochs": 2, "batch_size": 16, "lr": 1e-4}
    return MTEncoderRegressor(**{**SETTINGS, **settings, **parameters})


def encoder(objectives, **parameters):
    settings = {"dropout": 0.0, "max_epochs": 2, "batch_size": 16, "lr": 1e-4}
    return MTEncoder(**{**SETTINGS, **settings, "objectives": objectives, **parameters})


def missing_labels():
    model = regressor(loss_weighting="uncertainty", patience=2, validation_fraction=0.3)
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
        MaskedElements(share=0.2),
        BarlowTwins(width=32),
        Distillation(teacher, hidden=(8,)),
        Properties(),
    ]
    return encoder(objectives).fit(X, labels()), X


def graphs():
    structures = many(14)
    model = CGCNNRegressor(
        **SETTINGS, pretrained=None, max_epochs=2, batch_size=5, n_task_layers=1
    )
    return model.fit(structures, labels(14)), structures


def line_graphs():
    structures = many(8)
    model = ALIGNNRegressor(**SETTINGS, pretrained=None, max_epochs=1, batch_size=4)
    return model.fit(structures, labels(8)), structures


def crystal_twins():
    structures = many(14)
    objectives = ["crystal_twins", "masked_elements"]
    model = CGCNNEncoder(**SETTINGS, objectives=objectives, max_epochs=2, batch_size=5)
    return model.fit(structures), structures


EQUAL = (
    missing_labels, random_weights, few_rows, classes, roost, further, pretraining, graphs,
    line_graphs, crystal_twins,
)  # fmt: skip


class Act(Callback):
    """Call a function at the end of an epoch or of a batch, in one of the processes."""

    def __init__(self, function, *, rank, epoch, hook="on_epoch_end"):
        self.function, self.when, self.hook = function, (rank, epoch), hook

    def on_batch_end(self, net, **kwargs):
        self._act(net, "on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self._act(net, "on_epoch_end")

    def _act(self, net, hook):
        if hook == self.hook and (RANK, len(net.history)) == self.when:
            self.function()


class Shift(Callback):
    """Change the weights of one process."""

    def on_train_end(self, net, **kwargs):
        for parameter in net.module_.parameters():
            parameter.data += RANK


def throw(error):
    """Return a function that raises `error`."""

    def function():
        raise error

    return function


def checkpointed(folder, **parameters):
    return encoder("masked_elements", max_epochs=4, checkpoint_dir=folder, **parameters)


def interrupted(folder, rank=1, **parameters):
    """Run three of four epochs, of which two are kept, because a process is interrupted."""
    act = Act(throw(KeyboardInterrupt()), rank=rank, epoch=3)
    return told(checkpointed(folder, callbacks=[act], **parameters).fit, X)


def unbroken():
    return checkpointed(Path(FOLDER, "unbroken"), dropout=0.1).fit(X), X


def resumed():
    interrupted(Path(FOLDER, "resumed"), dropout=0.1)
    return checkpointed(Path(FOLDER, "resumed"), dropout=0.1).fit(X), X


def to_resume_alone():
    return interrupted(Path(FOLDER, "alone"))


def to_resume_together():
    """Continue a run that one process has begun."""
    return checkpointed(Path(FOLDER, "begun")).fit(X), X


def told(function, *args):
    """Return what a function raises, as text."""
    try:
        function(*args)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def failures():
    """Return what each process raises if something goes wrong on one of them."""
    y = labels()
    ours = y + RANK
    fault = Act(throw(ZeroDivisionError("a fault")), rank=1, epoch=1)
    in_batch = Act(throw(ZeroDivisionError("a fault")), rank=0, epoch=2, hook="on_batch_end")
    signalled = Act(lambda: os.kill(os.getpid(), signal.SIGINT), rank=1, epoch=2)
    stop = Act(throw(StopTraining()), rank=0, epoch=1)
    stopped = regressor(callbacks=[stop], max_epochs=3).fit(X, y)
    return {
        "callback": told(regressor(callbacks=[fault]).fit, X, y),
        "batch": told(regressor(callbacks=[in_batch]).fit, X, y),
        "data": told(regressor().fit, X, ours),
        "lr": told(regressor(lr=1e-3 * (1 + RANK)).fit, X, y),
        "signal": told(regressor(callbacks=[signalled], max_epochs=4).fit, X, y),
        "weights": told(regressor(callbacks=[Shift()]).fit, X, y),
        "folder": told(checkpointed(Path(FOLDER, "unbroken"), lr=0.1).fit, X),
        "time limit": told(AutoRegressor(preset=["trees"], time_limit=9).fit, X, y[:, 0]),
        "stopped": [row["epoch"] for row in stopped.history_],
        "handler": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    }


def unseeded():
    return regressor(random_state=None, n_estimators=2, verbose=1).fit(X, labels()), X


def searches():
    """Searches in one process, in workers of joblib, and in threads."""
    y = labels(missing=0.0)
    found = {}
    for n_jobs, backend in ((1, "loky"), (2, "loky"), (2, "threading")):
        search = GridSearchCV(
            regressor(max_epochs=1), {"lr": [1e-4, 1e-2]}, cv=2, n_jobs=n_jobs,
            scoring="neg_mean_absolute_error",
        )  # fmt: skip
        with parallel_config(backend=backend):
            search.fit(X, y)
        found[f"{n_jobs} {backend}"] = search.cv_results_["mean_test_score"].tolist()
    return found


def automatic():
    model = AutoRegressor(
        preset=["trees"], candidates=[("network", regressor(max_epochs=1))], cv=2, verbose=1
    )
    model.fit(X, labels(missing=0.0)[:, 0])
    return {"outputs": model.predict(X).tolist()}


def results(case):
    """Return losses and outputs of a fitted estimator, as plain data."""
    found = case()
    if not isinstance(found, tuple):
        return found
    model, materials = found
    outputs = model.predict if hasattr(model, "predict") else model.transform
    if hasattr(model, "predict_proba"):
        outputs = model.predict_proba
    history = [{k: v for k, v in row.items() if k != "dur"} for row in model.history_]
    return {"history": history, "outputs": np.asarray(outputs(materials), dtype=float).tolist()}


def unchanged(network, fractions):
    """Replace the noise on fractions, which differs between processes as dropout does."""
    return fractions


if __name__ == "__main__":
    FOLDER, *names = sys.argv[1:]
    MTEncoderNetwork._jittered = unchanged
    for name in names:
        path = Path(FOLDER, f"{name}-{RANK}.json")
        path.write_text(json.dumps(results(globals()[name])))
