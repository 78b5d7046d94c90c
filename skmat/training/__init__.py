"""The training loop: a skorch net fed from arrays in memory.

This room owns batches, device, precision, schedules, seeds, early stopping and progress. Losses
come from ``objectives``, networks from ``nn``. Nothing here imports scikit-learn.
"""

from skmat.training._callbacks import check_callbacks
from skmat.training._data import TrainingData
from skmat.training._device import DEVICES, PRECISIONS, resolve_device, resolve_precision
from skmat.training._fit import (
    SCHEDULES,
    TrainingSettings,
    build_net,
    train,
    train_further,
    untrained_net,
)
from skmat.training._group import (
    are_several_processes,
    check_same_arrays,
    is_first_process,
    of_first_process,
)
from skmat.training._model import MultiObjectiveModel
from skmat.training._net import EncoderNet, history_rows
from skmat.training._predict import mean_losses, run_encoder, run_heads
from skmat.training._random import isolated_seed, spawn_seeds
from skmat.training._resume import CheckpointFolder
from skmat.training._snapshot import Snapshot
from skmat.training._split import keep_labels, split_by_group
from skmat.training._surroundings import own_surroundings

__all__ = [
    "DEVICES",
    "EncoderNet",
    "MultiObjectiveModel",
    "PRECISIONS",
    "CheckpointFolder",
    "SCHEDULES",
    "Snapshot",
    "TrainingData",
    "TrainingSettings",
    "are_several_processes",
    "build_net",
    "check_callbacks",
    "check_same_arrays",
    "history_rows",
    "is_first_process",
    "isolated_seed",
    "keep_labels",
    "mean_losses",
    "of_first_process",
    "own_surroundings",
    "resolve_device",
    "resolve_precision",
    "run_encoder",
    "run_heads",
    "spawn_seeds",
    "split_by_group",
    "train",
    "train_further",
    "untrained_net",
]
