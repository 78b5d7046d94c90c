"""Masked element modelling: predict masked elements of a formula from the others."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional as F

from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.exceptions import InvalidInputError
from skmat.nn import MASK_ID, build_mlp
from skmat.objectives._base import Objective, TaskLosses, View, check_hidden, check_scale
from skmat.objectives._sites import choose_at_random

__all__ = ["CORRUPTION_SCHEMES", "MaskedElements"]

#: Shares of the selected elements that become [MASK] and a random element. Others stay unchanged.
CORRUPTION_SCHEMES = {"mtencoder": (1 / 3, 1 / 3), "bert": (0.8, 0.1)}


@dataclass(frozen=True)
class MaskedElements(Objective):
    """Self-supervised learning from formulas alone (MTEncoder, Prein et al. 2023, section 2).

    Each element of a formula is selected with probability `ratio`. Selected elements are
    corrupted, and the network predicts the originals. Fractions stay visible. At least one element
    of each formula stays visible, so that a formula of one element has no loss. Masks are drawn
    anew for each batch. In structures, atoms are selected, except those on sites of several
    elements.

    Parameters
    ----------
    ratio : float, default=0.3
        Probability that an element is selected.
    scheme : {"mtencoder", "bert"}, default="mtencoder"
        Corruption of the selected elements. "mtencoder" masks 1/3, replaces 1/3 by a random
        element and keeps 1/3. "bert" masks 80 %, replaces 10 % and keeps 10 %.
    at_least_one : bool, default=False
        Whether at least one element is selected in each formula of two or more elements.
    hidden : tuple of int, default=()
        Widths of the hidden layers of the head.
    share : float, default=1.0
        Share of the materials of each batch that are corrupted, drawn anew for each batch. Use a
        smaller share to save time if other objectives encode the same materials uncorrupted.
    scale : float or "auto", default="auto"
        Constant factor of the loss. "auto" is `1 / log(118)`. The loss of a random guess is then
        1, about as large as an L1 loss on standardised targets.
    """

    ratio: float = 0.3
    scheme: str = "mtencoder"
    at_least_one: bool = False
    hidden: tuple[int, ...] = ()
    share: float = 1.0
    scale: float | str = "auto"

    name: ClassVar[str] = "masked_elements"
    needs_sites: ClassVar[bool] = True

    def __post_init__(self):
        if self.scheme not in CORRUPTION_SCHEMES:
            raise InvalidInputError(
                f"Unknown scheme {self.scheme!r}. Choose one of {list(CORRUPTION_SCHEMES)}."
            )
        if not 0 < self.ratio <= 1:
            raise InvalidInputError(f"ratio must be above 0 and at most 1, not {self.ratio!r}.")
        if not 0 < self.share <= 1:
            raise InvalidInputError(f"share must be above 0 and at most 1, not {self.share!r}.")
        check_hidden(self.hidden)
        check_scale(self.scale, "auto")

    def task_names(self, targets):
        return [self.name]

    def task_scales(self, targets):
        return [1 / math.log(MAX_ATOMIC_NUMBER) if self.scale == "auto" else float(self.scale)]

    def build_heads(self, encoder, targets):
        return build_mlp(encoder.out_features, self.hidden, MAX_ATOMIC_NUMBER)

    def views(self, batch, generator):
        rows = None
        if self.share < 1:
            n_shown = max(1, round(self.share * batch.n_materials))
            rows = torch.randperm(batch.n_materials, generator=generator)[:n_shown]
            batch = batch.take(rows)
        original = batch.atomic_numbers
        selected = choose_at_random(batch, self.ratio, generator, at_least_one=self.at_least_one)
        hide, replace = CORRUPTION_SCHEMES[self.scheme]
        chance = torch.rand(original.shape, generator=generator, dtype=torch.float32)
        random_elements = torch.randint(
            1, MAX_ATOMIC_NUMBER + 1, original.shape, generator=generator
        )
        corrupted = torch.where(selected & (chance < hide), MASK_ID, original)
        swapped = selected & (chance >= hide) & (chance < hide + replace)
        corrupted = torch.where(swapped, random_elements, corrupted)
        return [View(batch.with_atomic_numbers(corrupted), selected, rows)]

    def losses(self, heads, representations, views, batch, y, sample_weight):
        (view,) = views
        if view.rows is not None:
            batch, sample_weight = batch.take(view.rows), sample_weight[view.rows]
        mask = batch.site_mask
        chosen = view.selected[mask]
        logits = heads(representations[0].sites[chosen]).float()
        elements = batch.atomic_numbers[mask][chosen] - 1
        weights = sample_weight[batch.site_materials][chosen]
        losses = F.cross_entropy(logits, elements, reduction="none")
        return TaskLosses((losses * weights).sum()[None], weights.sum()[None])
