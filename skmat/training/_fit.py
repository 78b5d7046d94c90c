"""Fit one network."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from skorch.callbacks import Callback, EarlyStopping, EpochTimer, GradientNormClipping, LRScheduler
from torch.optim.lr_scheduler import OneCycleLR

from skmat.objectives import LossWeighting
from skmat.training._data import BatchLoader, TrainingData
from skmat.training._freeze import freeze
from skmat.training._model import MultiObjectiveModel
from skmat.training._net import EncoderNet, history_rows
from skmat.training._progress import Progress
from skmat.training._random import isolated_seed, spawn_seeds

__all__ = ["SCHEDULES", "TrainingSettings", "build_net", "train", "untrained_net"]

SCHEDULES = ("one_cycle", "constant")

_CLIP_NORM = 1.0


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; the estimators' parameters of the same names, resolved."""

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
    freeze(model.encoder, settings.trainable)
    callbacks: list[tuple[str, Callback]] = [
        ("timer", EpochTimer()),
        ("clip", GradientNormClipping(_CLIP_NORM)),
    ]
    if settings.schedule == "one_cycle":
        n_steps = settings.max_epochs * -(-n_training // settings.batch_size)
        # One more, where the rate is next to nothing: it is set after the last batch, not for it.
        schedule = LRScheduler(
            policy=OneCycleLR, step_every="batch", max_lr=settings.lr, total_steps=n_steps + 1
        )
        callbacks.append(("schedule", schedule))
    if valid_data is not None and settings.patience is not None:
        # A relative threshold would take a slightly worse loss for a better one below 0.
        stop = EarlyStopping(
            patience=settings.patience,
            threshold=0.0,
            load_best=True,
            sink=_silent,
        )
        callbacks.append(("stop", stop))
    if settings.verbose:
        callbacks.append(("progress", Progress()))
    net = EncoderNet(
        module=model,
        criterion=LossWeighting(
            settings.loss_weighting, settings.task_weights, model.task_scales, weighting_seed
        ),
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=settings.weight_decay,
        optimizer__fused=True,
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
    net.initialize()
    # The live objects are module_ and criterion_; a second reference would be pickled with them.
    net.module, net.criterion = MultiObjectiveModel, LossWeighting
    return net


def train(
    model: MultiObjectiveModel,
    settings: TrainingSettings,
    training_data: TrainingData,
    valid_data: TrainingData | None,
) -> tuple[EncoderNet, list[dict]]:
    """Train `model` and keep its best weights.

    Returns
    -------
    net : EncoderNet
        Trimmed to what prediction needs.
    history : list of dict
        One entry per epoch.
    """
    net = build_net(model, settings, len(training_data), valid_data)
    with isolated_seed(settings.seed, settings.device):
        net.partial_fit(training_data)
    history = history_rows(net.history)
    if len(history) < settings.max_epochs and not _stopped_early(net):
        # skorch takes Ctrl-C for a wish to stop here; scikit-learn's networks do, and say so.
        warnings.warn(
            f"Training was interrupted after {len(history)} of {settings.max_epochs} epochs.",
            UserWarning,
            stacklevel=2,
        )
    return _trimmed(net), history


def _stopped_early(net: EncoderNet) -> bool:
    return any(
        isinstance(callback, EarlyStopping) and callback.misses_ >= callback.patience
        for _, callback in net.callbacks_
    )


def untrained_net(model: MultiObjectiveModel, device: str) -> EncoderNet:
    """Put a net around a model that is only to predict."""
    weighting = LossWeighting("equal", (), (), seed=0)
    net = EncoderNet(module=model, criterion=weighting, device=device).initialize()
    return _trimmed(net)


def _trimmed(net: EncoderNet) -> EncoderNet:
    """Keep of `net` what prediction needs; parameters are all free again."""
    net.valid_data = None
    net.module = MultiObjectiveModel
    net.trim_for_prediction()
    net.module_.requires_grad_(True).eval()
    return net


def _silent(*args, **kwargs):
    """Take EarlyStopping's messages; picklable, unlike a lambda."""
