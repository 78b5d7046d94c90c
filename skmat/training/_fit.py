"""Fit one network."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import torch
from skorch.callbacks import Callback, EpochTimer, GradientNormClipping, LRScheduler

from skmat.nn import with_own_dropout
from skmat.objectives import LossWeighting
from skmat.training._averaging import WeightAveraging
from skmat.training._cuda_graph import can_be_captured, train_cuda_graph
from skmat.training._data import BatchLoader, TrainingData
from skmat.training._divergence import check_result
from skmat.training._fork import import_for_training
from skmat.training._freeze import freeze
from skmat.training._model import MultiObjectiveModel
from skmat.training._net import EncoderNet, history_rows
from skmat.training._optimizer import CLIP_NORM, one_cycle, parameter_groups
from skmat.training._progress import Progress
from skmat.training._random import own_generator, spawn_seeds
from skmat.training._resume import CheckpointFolder, Resume, describe_run
from skmat.training._stopping import Stopping
from skmat.training._surroundings import own_surroundings
from skmat.training._unfreezing import GradualUnfreezing

__all__ = ["SCHEDULES", "TrainingSettings", "build_net", "train", "train_further", "untrained_net"]

SCHEDULES = ("one_cycle", "constant")


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; the estimators' parameters of the same names, resolved.

    `n_auxiliary` is the number of tasks, the last ones, that help to train and are not judged by.
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
        How.
    n_training : int
        Number of training rows, from which the schedule knows its length.
    valid_data : TrainingData or None
        What early stopping watches; None trains to the last epoch.
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
        # One more, where the rate is next to nothing: it is set after the last batch, not for it.
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
    if settings.verbose:
        # Before the one that may stop here, which no later callback would hear of.
        callbacks.append(("progress", Progress()))
    if valid_data is not None and settings.patience is not None:
        # A relative threshold would take a slightly worse loss for a better one below 0.
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
    # The live objects are module_ and criterion_; a second reference would be pickled with them.
    net.module, net.criterion = MultiObjectiveModel, LossWeighting
    return net


@own_surroundings()
def train(
    model: MultiObjectiveModel,
    settings: TrainingSettings,
    training_data: TrainingData,
    valid_data: TrainingData | None,
    run_folder: CheckpointFolder | None = None,
) -> tuple[EncoderNet, list[dict]]:
    """Train `model` and keep its best weights.

    Parameters
    ----------
    model : MultiObjectiveModel
        Trained in place.
    settings : TrainingSettings
        How.
    training_data : TrainingData
        What on.
    valid_data : TrainingData or None
        What early stopping watches.
    run_folder : CheckpointFolder, default=None
        Where the state is kept after every epoch. The training goes on from the state that is
        there; if it had come to its end, the result is loaded.

    Returns
    -------
    net : EncoderNet
        Trimmed to what prediction needs.
    history : list of dict
        One entry per epoch.

    Raises
    ------
    DivergenceError
        If the training diverged, in its last step too.
    KeyboardInterrupt
        After Ctrl-C; `run_folder` keeps the epochs that were finished.
    """
    if can_be_captured(model, settings, training_data, valid_data):
        history = train_cuda_graph(model, settings, training_data, run_folder)
        check_result(model, training_data, settings)
        return untrained_net(model, settings.device), history
    with ExitStack() as held:
        resume = None
        if run_folder is not None:
            description = describe_run(model, settings, training_data, valid_data)
            held.enter_context(run_folder.claimed(description))
            resume = Resume(run_folder)
        net = build_net(model, settings, len(training_data), valid_data)
        if resume is not None:
            if resume.read_result(net):
                check_result(model, training_data, settings)
                history = history_rows(net.history)
                return _trimmed(net), history
            net.callbacks_.append(("resume", resume))
        train_further(net, training_data, settings)
        if resume is not None:
            resume.write_result(net)
    history = history_rows(net.history)
    return _trimmed(net), history


@own_surroundings()
def train_further(net: EncoderNet, data: TrainingData, settings: TrainingSettings) -> None:
    """Train a net of `build_net`; arguments, and what is raised, as for `train`."""
    with own_generator(settings.seed, settings.device):
        net.partial_fit(data)
    check_result(net.module_, data, settings)


@own_surroundings()
def untrained_net(model: MultiObjectiveModel, device: str) -> EncoderNet:
    """Put a net around a model that is only to predict."""
    weighting = LossWeighting("equal", (), (), seed=0)
    net = EncoderNet(module=model, criterion=weighting, device=device).initialize()
    return _trimmed(net)


def _trimmed(net: EncoderNet) -> EncoderNet:
    """Keep of `net` what prediction needs; parameters are all free again."""
    net.valid_data = net.parameter_groups = None
    net.module = MultiObjectiveModel
    net.trim_for_prediction()
    net.module_.requires_grad_(True).eval()
    return net


def _silent(*args, **kwargs):
    """Take EarlyStopping's messages; picklable, unlike a lambda."""
