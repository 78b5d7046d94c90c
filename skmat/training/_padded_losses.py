"""Losses on padded materials, in operations whose shapes do not depend on the data.

Steps of a CUDA graph need this. See ``_cuda_graph.py``.
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
    """Padded materials and their weights. Empty rows have weight 0."""

    atomic_numbers: Tensor
    fractions: Tensor
    sample_weight: Tensor


def masked_element_losses(objective, heads, encoder, batch) -> TaskLosses:
    """Corrupt elements as ``MaskedElements`` does, and return its loss.

    The first materials of the batch are used, up to ``objective.share``. Their order is random.
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
    """Return the corrupted atomic numbers, and the mask of the chosen sites."""
    order = _uniform(original)
    order = torch.where(original > 0, order, -1.0)
    # The site with the largest number of each material stays visible.
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
    """Return uniform random numbers from 0 to 1, float32, in the shape of `like`."""
    generator, device = current_generator(like.device), like.device
    return torch.rand(like.shape, generator=generator, dtype=torch.float32, device=device)
