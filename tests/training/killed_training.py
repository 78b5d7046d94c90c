"""A pretraining that can be told to kill itself."""

import os
import signal
import traceback

import numpy as np

from skmat import MTEncoder
from skmat.training import EncoderNet

_FORMULAS = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO", "SrTiO3", "CdTe", "Cu", "LiFePO4"]

N_EPOCHS = 5
N_STEPS = 6  # per epoch


def labels():
    random = np.random.default_rng(0)
    y = random.normal(size=(60, 2))
    y[random.random(y.shape) < 0.3] = np.nan
    return y


def fit(folder, objectives, **parameters):
    encoder = MTEncoder(
        preset="tiny",
        objectives=objectives,
        max_epochs=N_EPOCHS,
        loss_weighting="rlw-mtencoder",
        batch_size=10,
        random_state=3,
        device="cpu",
        precision="float32",
        checkpoint_dir=folder,
    )
    formulas = [f"{formula}H{n}" for n in range(1, 7) for formula in _FORMULAS]
    return encoder.set_params(**parameters).fit(formulas, labels())


def early_stopping():
    """Return parameters with which weights of an earlier epoch are the best for a while."""
    return {"patience": 4, "validation_fraction": 0.2, "lr": 0.02}


def _kill():
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_at_step(number):
    counted, train_step = [], EncoderNet.train_step

    def step(net, batch, **kwargs):
        result = train_step(net, batch, **kwargs)
        counted.append(None)
        if len(counted) == number:
            _kill()
        return result

    EncoderNet.train_step = step


def _kill_at_write(number):
    counted = []

    def fsync(file):
        counted.append(None)
        if len(counted) == number:
            os.ftruncate(file, os.fstat(file).st_size // 2)
            _kill()

    os.fsync = fsync


def die_in_training(folder, objectives, kill):
    """End this process within a training step ("step:11") or a write ("write:2").

    Of the file that is written then, half is on the disk.
    """
    try:
        kind, _, number = kill.partition(":")
        {"step": _kill_at_step, "write": _kill_at_write}[kind](int(number))
        extra = early_stopping() if objectives == "joint" else {}
        fit(folder, objectives, **extra)
    except BaseException:
        traceback.print_exc()
    os._exit(1)
