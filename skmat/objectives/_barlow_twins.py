"""Barlow Twins: two views of a material should agree, and the parts of a vector should not."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from skmat.exceptions import InvalidInputError
from skmat.nn import MASK_ID, build_mlp
from skmat.objectives._base import Objective, TaskLosses, View, check_hidden, check_scale
from skmat.objectives._sites import choose_lowest

__all__ = ["BarlowTwins"]

#: What every view is that is not masked, encoded once for all objectives.
_WHOLE = View(None)


@dataclass(frozen=True)
class BarlowTwins(Objective):
    """Self-supervised learning from two views of each formula (Zbontar et al. 2021).

    A view hides some elements; fractions stay visible. The vectors of both views go through one
    projector, and the correlations between the columns of one and those of the other, taken over
    the batch, are drawn towards the identity: a column should be the same for both views, and tell
    what no other column tells. Masks are drawn anew for every batch of every epoch. This is the
    self-supervised strategy of Huang, Magar and Barati Farimani for Roost (J. Chem. Inf. Model.
    64, 627, 2024). Of crystals, atoms are hidden as elements are here, and edges may be left out:
    the objective "crystal_twins" is ``BarlowTwins(masked="both", edge_ratio=0.1)`` (R. Magar, Y.
    Wang and A. Barati Farimani, npj Comput. Mater. 8, 231, 2022).

    Parameters
    ----------
    ratio : float, default=0.1
        Share of the elements of a formula that a masked view hides, rounded down, but one at
        least: the only one of a unary compound.
    masked : {"second", "both"}, default="second"
        Which views are masked. A view that is not shows the whole formula, and takes no time of
        its own beside other objectives that look at it.
    hidden : tuple of int, default=()
        Widths of the hidden layers of the projector.
    width : int, default=1024
        Columns that the projector returns.
    edge_ratio : float, default=0.0
        Probability that a masked view leaves out an edge of a crystal; formulas have none.
    off_diagonal : float, default=0.0051
        Weight of the correlations between different columns.
    scale : float or "auto", default="auto"
        Constant factor of the loss; "auto" is `1 / width`, which makes the loss of columns that
        know nothing of each other 1, the amplitude of an L1 loss on standardised targets.
    """

    ratio: float = 0.1
    masked: str = "second"
    hidden: tuple[int, ...] = ()
    width: int = 1024
    edge_ratio: float = 0.0
    off_diagonal: float = 0.0051
    scale: float | str = "auto"

    name: ClassVar[str] = "barlow_twins"

    def __post_init__(self):
        if self.masked not in ("second", "both"):
            raise InvalidInputError(f"masked must be 'second' or 'both'; got {self.masked!r}.")
        if not 0 < self.ratio <= 1:
            raise InvalidInputError(f"ratio must be above 0 and at most 1; got {self.ratio!r}.")
        if not 0 <= self.edge_ratio < 1:
            raise InvalidInputError(
                f"edge_ratio must be 0 at least and below 1; got {self.edge_ratio!r}."
            )
        if self.width < 2:
            raise InvalidInputError(f"width must be 2 at least; got {self.width!r}.")
        check_hidden(self.hidden)
        check_scale(self.scale, "auto")

    def task_names(self, targets):
        return [self.name]

    def task_scales(self, targets):
        return [1 / self.width if self.scale == "auto" else float(self.scale)]

    def build_heads(self, encoder, targets):
        return build_mlp(encoder.out_features, self.hidden, self.width)

    def views(self, batch, generator):
        first = self._masked(batch, generator) if self.masked == "both" else _WHOLE
        return [first, self._masked(batch, generator)]

    def _masked(self, batch, generator):
        n_sites = batch.site_materials.bincount(minlength=batch.n_materials)
        n_hidden = (self.ratio * n_sites.float() + 1e-6).floor().clamp_min(1)
        selected = choose_lowest(batch, n_hidden, generator)
        numbers = torch.where(selected, MASK_ID, batch.atomic_numbers)
        masked = batch.with_atomic_numbers(numbers)
        if self.edge_ratio:
            if not hasattr(masked, "without_edges"):
                raise InvalidInputError(
                    "BarlowTwins has an edge_ratio, but formulas have no edges; leave it at 0."
                )
            chance = torch.rand(len(masked.senders), generator=generator, dtype=torch.float32)
            left_out = chance < self.edge_ratio
            masked = masked.without_edges(left_out)
        return View(masked, selected)

    def losses(self, heads, representations, views, batch, y, sample_weight):
        first, second = (heads(each.material) for each in representations)
        total = sample_weight.sum()
        # The correlation over a single material says nothing.
        known = (sample_weight > 0).sum() > 1
        # Sums over a batch and a thousand columns: half precision would lose them.
        with torch.autocast(first.device.type, enabled=False):
            weights = (sample_weight / total.clamp_min(1e-12)).unsqueeze(1)
            first, second = (_standardised(part.float(), weights) for part in (first, second))
            correlation = (weights * first).T @ second
            agreement = correlation.diagonal()
            redundancy = correlation.square().sum() - agreement.square().sum()
            loss = (1 - agreement).square().sum() + self.off_diagonal * redundancy
        return TaskLosses((loss * total * known)[None], (total * known)[None])


def _standardised(columns, weights):
    """Give the columns mean 0 and variance 1 over the weighted rows of this batch."""
    centred = columns - (weights * columns).sum(dim=0)
    variance = (weights * centred.square()).sum(dim=0)
    return centred * torch.rsqrt(variance + 1e-5)
