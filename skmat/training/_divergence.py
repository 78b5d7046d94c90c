"""Detection of trainings that diverge."""

import numpy as np
import torch

from skmat.exceptions import DivergenceError
from skmat.training._data import BatchLoader, TrainingData
from skmat.training._device import autocast
from skmat.training._model import MultiObjectiveModel

__all__ = ["check_result", "diverged", "is_finite"]

#: Number of materials that a trained network is checked on.
_N_CHECKED = 64

#: Larger values of weight_decay are named as a possible cause. With lr=1, a step would subtract
#: more than the weight itself.
_MAX_DECAY = 1.0


def is_finite(model: torch.nn.Module) -> bool:
    """Tell whether all weights are finite. This waits for the GPU once."""
    tensors = [each for each in model.state_dict().values() if each.is_floating_point()]
    return not tensors or bool(torch.stack([each.isfinite().all() for each in tensors]).all())


def check_result(model: MultiObjectiveModel, data: TrainingData, settings) -> None:
    """Raise an error if the trained network returns infinity or NaN.

    The history holds the loss before each step, so that it cannot show a bad last step.

    Parameters
    ----------
    model : MultiObjectiveModel
        The trained network. It is put into evaluation mode.
    data : TrainingData
        Training data. A few materials are used for the check.
    settings : TrainingSettings
        Settings of the training.

    Raises
    ------
    DivergenceError
        If weights, embeddings or losses are infinite or NaN.
    """
    if not is_finite(model):
        raise _diverged_at_last("weights are infinite or NaN", settings)
    model.eval()
    # The materials with the most labels, at most one batch of them.
    n_checked = min(_N_CHECKED, settings.batch_size, len(data))
    checked = data.take(np.isnan(data.y).sum(axis=1).argsort(kind="stable")[:n_checked])
    with torch.inference_mode(), autocast(settings.device, "float32"):
        for batch, _ in BatchLoader(checked, n_checked, model.objectives, generator=None):
            batch = batch.to(settings.device)
            outputs = model(batch).sums, model.encoder(batch.materials).material
            if not all(output.isfinite().all() for output in outputs):
                raise _diverged_at_last("the network returns infinity or NaN", settings)


def _diverged_at_last(fault, settings):
    return diverged(
        f"After the last step of the training, {fault}",
        lr=settings.lr,
        weight_decay=settings.weight_decay,
        precision=settings.precision,
    )


def diverged(fault: str, *, lr: float, weight_decay: float, precision: str) -> DivergenceError:
    """Return an error that states `fault` and what to change."""
    remedies = [f"use a smaller lr (now {lr:g})"]
    if weight_decay > _MAX_DECAY:
        remedies.append(f"a smaller weight_decay (now {weight_decay:g})")
    if precision != "float32":
        remedies.append("precision='float32'")
    advice = ", or ".join(remedies)
    return DivergenceError(
        f"{fault}: {advice}. If that does not help, look for labels, sample_weight or loss_weights"
        " that are many orders of magnitude larger than the others. The estimator was restored to"
        " its state before this call."
    )
