"""Trainings that run into infinity."""

import numpy as np
import torch

from skmat.exceptions import DivergenceError
from skmat.training._data import BatchLoader, TrainingData
from skmat.training._device import autocast
from skmat.training._model import MultiObjectiveModel

__all__ = ["check_result", "diverged", "is_finite"]

#: Materials that a network is tried on when its training ends.
_N_TRIED = 64

#: Larger ones are named as a cause: at an lr of 1 they would take away more than there is.
_MOST_DECAY = 1.0


def is_finite(model: torch.nn.Module) -> bool:
    """Tell whether all weights are finite numbers; waits for a GPU once."""
    tensors = [each for each in model.state_dict().values() if each.is_floating_point()]
    return not tensors or bool(torch.stack([each.isfinite().all() for each in tensors]).all())


def check_result(model: MultiObjectiveModel, data: TrainingData, settings) -> None:
    """Raise if a training has made a network that predicts no numbers.

    Losses that are recorded are those before a step, so that they do not tell of the last one.

    Parameters
    ----------
    model : MultiObjectiveModel
        As it is when training ends; put into evaluation mode.
    data : TrainingData
        What it was trained on; a few of its materials are tried.
    settings : TrainingSettings
        How it was trained.

    Raises
    ------
    DivergenceError
        If weights, or losses in prediction, are infinite or NaN.
    """
    if not is_finite(model):
        raise _diverged_at_last("weights are no numbers", settings)
    model.eval()
    # Those with the most labels, and no more than fit into memory.
    n_tried = min(_N_TRIED, settings.batch_size, len(data))
    tried = data.take(np.isnan(data.y).sum(axis=1).argsort(kind="stable")[:n_tried])
    with torch.inference_mode(), autocast(settings.device, "float32"):
        for batch, _ in BatchLoader(tried, n_tried, model.objectives, generator=None):
            batch = batch.to(settings.device)
            outputs = model(batch).sums, model.encoder(batch.materials).material
            if not all(output.isfinite().all() for output in outputs):
                raise _diverged_at_last("the network returns no numbers", settings)


def _diverged_at_last(said, settings):
    return diverged(
        f"After the last step of the training, {said}",
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        precision=settings.precision,
    )


def diverged(said: str, *, lr: float, weight_decay: float, precision: str) -> DivergenceError:
    """Return the error of a training that diverged, which says `said` and what to change."""
    remedies = [f"use a smaller lr (now {lr:g})"]
    if weight_decay > _MOST_DECAY:
        remedies.append(f"a smaller weight_decay (now {weight_decay:g})")
    if precision != "float32":
        remedies.append("precision='float32'")
    advice = ", or ".join(remedies)
    return DivergenceError(
        f"{said}: {advice}. If that does not help, look for labels, sample_weight or loss_weights"
        " that are many orders of magnitude larger than the others. The estimator is as it was"
        " before this call."
    )
