"""Training of one network."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from skorch.callbacks import Callback, EpochTimer, GradientNormClipping, LRScheduler

from skmat.nn import with_own_dropout
from skmat.objectives import LossWeighting
from skmat.training._averaging import WeightAveraging
from skmat.training._callbacks import UserCallbacks, heard_by
from skmat.training._cuda_graph import can_use_cuda_graph, train_cuda_graph
from skmat.training._data import BatchLoader, TrainingData
from skmat.training._divergence import check_result
from skmat.training._fork import import_for_training
from skmat.training._freeze import freeze
from skmat.training._group import is_first_process
from skmat.training._model import MultiObjectiveModel
from skmat.training._net import EncoderNet, history_rows
from skmat.training._optimizer import CLIP_NORM, one_cycle, parameter_groups
from skmat.training._processes import training_together
from skmat.training._progress import Progress
from skmat.training._random import own_generator, spawn_seeds
from skmat.training._resume import CheckpointFolder, Resume, describe_run
from skmat.training._spinning import SpinningThreads, threads_may_spin
from skmat.training._stopping import Stopping
from skmat.training._surroundings import own_surroundings
from skmat.training._threads import n_training_threads, training_threads
from skmat.training._unfreezing import GradualUnfreezing

__all__ = ["SCHEDULES", "TrainingSettings", "build_net", "train", "train_further", "untrained_net"]

SCHEDULES = ("one_cycle", "constant")


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained: parameters of the estimators, with "auto" resolved.

    `n_auxiliary` is the number of auxiliary tasks, the last ones. Early stopping ignores them.
    Batches of fewer than `threads_from` materials are computed by one thread of a CPU.
    """

    max_epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    schedule: str
    patience: int | None
    trainable: str
    loss_weighting: str
    task_weights: Sequence[float]
    device: str
    precision: str
    seed: int
    verbose: int
    encoder_lr_factor: float = 1.0
    layer_decay: float = 1.0
    freeze_epochs: Sequence[int] = ()
    ema_decay: float | None = None
    n_auxiliary: int = 0
    threads_from: int = 1


@own_surroundings()
def build_net(
    model: MultiObjectiveModel,
    settings: TrainingSettings,
    n_training: int,
    valid_data: TrainingData | None = None,
) -> EncoderNet:
    """Put a skorch net around `model`, ready for ``fit`` or ``partial_fit``.

    Parameters
    ----------
    model : MultiObjectiveModel
        Trained in place.
    settings : TrainingSettings
        Settings of the training.
    n_training : int
        Number of training rows. The length of the schedule depends on it.
    valid_data : TrainingData or None
        Validation data for early stopping. None trains all epochs.
    """
    weighting_seed, batch_seed = spawn_seeds(settings.seed, 2)
    with_own_dropout(model)
    freeze(model.encoder, settings.trainable)
    callbacks: list[tuple[str, Callback]] = [
        ("timer", EpochTimer()),
        ("clip", GradientNormClipping(CLIP_NORM)),
    ]
    steps_per_epoch = -(-n_training // settings.batch_size)
    if settings.schedule == "one_cycle":
        n_steps = [*settings.freeze_epochs, settings.max_epochs][0] * steps_per_epoch
        # skorch also sets a rate after the last batch. The schedule needs one more step for it.
        schedule = LRScheduler(
            policy=one_cycle, step_every="batch", lr=settings.lr, total_steps=n_steps + 1
        )
        callbacks.append(("schedule", schedule))
    if settings.freeze_epochs:
        unfreezing = GradualUnfreezing(
            *(settings.freeze_epochs, settings.trainable, settings.lr),
            *(settings.max_epochs, steps_per_epoch),
        )
        callbacks.append(("unfreezing", unfreezing))
    if settings.ema_decay is not None:
        callbacks.append(("average", WeightAveraging(settings.ema_decay)))
    if settings.verbose and is_first_process():
        # Before early stopping, which ends the epoch for all later callbacks.
        callbacks.append(("progress", Progress()))
    if settings.device == "cpu" and threads_may_spin(
        n_training_threads(settings.batch_size, settings.threads_from)
    ):
        callbacks.append(("spinning", SpinningThreads()))
    if valid_data is not None and settings.patience is not None:
        # Losses can be negative, where a relative threshold would accept a worse loss.
        stop = Stopping(
            patience=settings.patience,
            threshold=0.0,
            load_best=True,
            sink=_silent,
        )
        callbacks.append(("stop", stop))
    net = EncoderNet(
        module=model,
        criterion=LossWeighting(
            settings.loss_weighting,
            settings.task_weights,
            model.task_scales,
            weighting_seed,
            n_auxiliary=settings.n_auxiliary,
        ),
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        parameter_groups=partial(
            parameter_groups,
            lr=settings.lr,
            weight_decay=settings.weight_decay,
            encoder_lr_factor=settings.encoder_lr_factor,
            layer_decay=settings.layer_decay,
        ),
        lr=settings.lr,
        max_epochs=settings.max_epochs,
        batch_size=settings.batch_size,
        iterator_train=partial(
            BatchLoader,
            objectives=model.objectives,
            generator=torch.Generator().manual_seed(batch_seed),
        ),
        iterator_valid=partial(BatchLoader, objectives=model.objectives, generator=None),
        train_split=None,
        callbacks=callbacks,
        verbose=0,
        device=settings.device,
        precision=settings.precision,
        valid_data=valid_data,
    )
    import_for_training()
    net.initialize()
    # The trained objects are module_ and criterion_. Others would be pickled in addition.
    net.module, net.criterion = MultiObjectiveModel, LossWeighting
    return net


@own_surroundings()
def train(
    model: MultiObjectiveModel,
    settings: TrainingSettings,
    training_data: TrainingData,
    valid_data: TrainingData | None,
    run_folder: CheckpointFolder | None = None,
    callbacks: Any = None,
) -> tuple[EncoderNet, list[dict]]:
    """Train `model` and keep its best weights.

    Parameters
    ----------
    model : MultiObjectiveModel
        Trained in place.
    settings : TrainingSettings
        Settings of the training.
    training_data : TrainingData
        Training data.
    valid_data : TrainingData or None
        Validation data for early stopping.
    run_folder : CheckpointFolder, default=None
        Folder that keeps the state after every epoch. Training continues from a state in it. The
        result of a finished run is loaded.
    callbacks : sequence, default=None
        The user's callbacks. Copies of them hear this training.

    Returns
    -------
    net : EncoderNet
        A net that can only predict.
    history : list of dict
        One entry per epoch.

    Raises
    ------
    DivergenceError
        If the training diverged.
    KeyboardInterrupt
        After Ctrl-C. `run_folder` keeps the finished epochs.
    SkmatError
        If several processes train together, and another one fails.
    """
    copies = UserCallbacks(callbacks)
    with training_together(model, settings.device) as processes:
        data = (training_data, valid_data)
        if processes is None and can_use_cuda_graph(model, settings, *data, copies):
            history = train_cuda_graph(model, settings, training_data, run_folder, copies)
            check_result(model, training_data, settings)
            return untrained_net(model, settings.device), history
        return _train_net(model, settings, *data, run_folder, copies, processes)


def _train_net(model, settings, training_data, valid_data, run_folder, copies, processes):
    with ExitStack() as held:
        resume = None
        if run_folder is not None or processes is not None:
            description = describe_run(model, settings, training_data, valid_data)
        if processes is not None:
            processes.check_same(description)
        if run_folder is not None:
            if processes is not None:
                run_folder = processes.folder(run_folder)
            held.enter_context(run_folder.claimed(description))
            resume = Resume(run_folder)
        net = build_net(model, settings, len(training_data), valid_data)
        if resume is not None:
            if resume.read_result(net):
                check_result(model, training_data, settings)
                history = history_rows(net.history)
                return _trimmed(net), history
            net.callbacks_.append(("resume", resume))
        _train(net, training_data, settings, copies, processes)
        if resume is not None:
            resume.write_result(net)
    history = history_rows(net.history)
    return _trimmed(net), history


@own_surroundings()
def train_further(
    net: EncoderNet, data: TrainingData, settings: TrainingSettings, callbacks: Any = None
) -> None:
    """Train a net of `build_net`. Arguments and errors are those of `train`."""
    with training_together(net.module_, settings.device) as processes:
        if processes is not None:
            processes.check_same(describe_run(net.module_, settings, data, None))
        _train(net, data, settings, UserCallbacks(callbacks), processes)


def _train(net, data, settings, copies, processes) -> None:
    n_threads = n_training_threads(settings.batch_size, settings.threads_from)
    with ExitStack() as held:
        held.enter_context(heard_by(copies, net))
        held.enter_context(own_generator(settings.seed, settings.device))
        held.enter_context(training_threads(settings.device, n_threads))
        if processes is not None:
            held.enter_context(processes.sharing(net, settings.seed))
        net.partial_fit(data)
    if processes is not None:
        processes.keep_same(net.module_)
    check_result(net.module_, data, settings)


@own_surroundings()
def untrained_net(model: MultiObjectiveModel, device: str) -> EncoderNet:
    """Return a net that predicts with `model`, without training."""
    weighting = LossWeighting("equal", (), (), seed=0)
    net = EncoderNet(module=model, criterion=weighting, device=device).initialize()
    return _trimmed(net)


def _trimmed(net: EncoderNet) -> EncoderNet:
    """Remove what prediction does not need from `net`, and unfreeze all parameters."""
    net.valid_data = net.parameter_groups = None
    net.module = MultiObjectiveModel
    net.trim_for_prediction()
    net.module_.requires_grad_(True).eval()
    return net


def _silent(*args, **kwargs):
    """Discard the messages of EarlyStopping. A lambda could not be pickled."""
