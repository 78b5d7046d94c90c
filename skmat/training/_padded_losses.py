"""Losses on padded materials, by operations whose shapes do not follow from the data.

For steps that are recorded; see ``_cuda_graph.py``.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.nn import MASK_ID, current_generator
from skmat.objectives import CORRUPTION_SCHEMES, TaskLosses

__all__ = ["PaddedBatch", "corrupt", "masked_element_losses"]


class PaddedBatch(NamedTuple):
    """What all objectives share of a batch: padded materials; rows without one weigh nothing."""

    atomic_numbers: Tensor
    fractions: Tensor
    sample_weight: Tensor


def masked_element_losses(objective, heads, encoder, batch) -> TaskLosses:
    """Hide elements as ``MaskedElements`` does, and return its loss.

    Of the first materials of the batch, whose order is random, as many as it says.
    """
    n_shown = max(1, round(objective.share * len(batch.atomic_numbers)))
    original, fractions, sample_weight = (array[:n_shown] for array in batch)
    corrupted, chosen = corrupt(objective, original)
    _, sites = encoder.forward_padded(corrupted, fractions, sites=True)
    logits = heads(sites).float().flatten(0, 1)
    elements = (original - 1).clamp(min=0).flatten()
    losses = F.cross_entropy(logits, elements, reduction="none").view(original.shape)
    weights = chosen * sample_weight.unsqueeze(1)
    return TaskLosses((losses * weights).sum()[None], weights.sum()[None])


def corrupt(objective, original):
    """Return atomic numbers with hidden ones among them, and which sites were chosen."""
    order = _uniform(original)
    order = torch.where(original > 0, order, -1.0)
    # The last of a material stays visible.
    chosen = (order >= 0) & (order < objective.ratio) & (order != order.amax(dim=1, keepdim=True))
    hide, replace = CORRUPTION_SCHEMES[objective.scheme]
    chance = _uniform(original)
    others = torch.randint(
        1,
        MAX_ATOMIC_NUMBER + 1,
        original.shape,
        generator=current_generator(original.device),
        device=original.device,
    )
    corrupted = torch.where(chosen & (chance < hide), MASK_ID, original)
    swapped = chosen & (chance >= hide) & (chance < hide + replace)
    return torch.where(swapped, others, corrupted), chosen


def _uniform(like):
    """Return variates between 0 and 1, float32, in the shape of `like`."""
    generator, device = current_generator(like.device), like.device
    return torch.rand(like.shape, generator=generator, dtype=torch.float32, device=device)
