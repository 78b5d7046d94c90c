"""Random choices among the sites of each material of a batch."""

import torch
from torch import Tensor

from skmat.nn import MASK_ID

__all__ = ["choose_at_random", "choose_exactly"]


def choose_at_random(batch, ratio, generator, *, at_least_one=False) -> Tensor:
    """Choose each site with probability `ratio`, but never all sites of a material.

    Sites of several elements are never chosen. With `at_least_one`, materials of two or more sites
    have at least one chosen site.

    Returns
    -------
    Tensor of the shape of ``batch.site_mask``, bool
    """
    materials = batch.site_materials
    order = torch.rand(len(materials), generator=generator, dtype=torch.float32)
    # Sites of several elements come last in their material and exceed any ratio.
    order[batch.atomic_numbers[batch.site_mask] > MASK_ID] = 2.0
    chosen = order < ratio
    if at_least_one:
        chosen |= order == _extreme(order, batch, "amin")[materials]
    chosen &= order != _extreme(order, batch, "amax")[materials]
    return _as_site_mask(chosen, batch)


def choose_exactly(batch, n_chosen, generator) -> Tensor:
    """Choose `n_chosen` sites of each material at random. `n_chosen` has a number per material.

    Returns
    -------
    Tensor of the shape of ``batch.site_mask``, bool
    """
    materials = batch.site_materials
    order = torch.rand(len(materials), generator=generator, dtype=torch.float64)
    by_material = (materials + 0.5 * order).argsort()
    counts = materials.bincount(minlength=batch.n_materials)
    starts = counts.cumsum(0) - counts
    ranks = torch.empty_like(materials)
    ranks[by_material] = torch.arange(len(materials)) - starts[materials[by_material]]
    return _as_site_mask(ranks < n_chosen[materials], batch)


def _extreme(order, batch, reduce):
    return order.new_zeros(batch.n_materials).scatter_reduce(
        0, batch.site_materials, order, reduce, include_self=False
    )


def _as_site_mask(chosen, batch):
    mask = batch.site_mask
    selected = torch.zeros_like(mask)
    selected[mask] = chosen
    return selected
