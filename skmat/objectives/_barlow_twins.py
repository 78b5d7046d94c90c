"""Barlow Twins: embeddings that agree between two views and are not redundant."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from skmat.exceptions import InvalidInputError
from skmat.nn import MASK_ID, build_mlp, current_processes, gather_rows
from skmat.objectives._base import Objective, TaskLosses, View, check_hidden, check_scale
from skmat.objectives._sites import choose_exactly

__all__ = ["BarlowTwins"]

#: The unmasked view, encoded once for all objectives.
_UNMASKED = View(None)


@dataclass(frozen=True)
class BarlowTwins(Objective):
    """Self-supervised learning from two views of each formula (Zbontar et al. 2021).

    A view masks some elements. Fractions stay visible. One projector reads the vectors of both
    views. The loss draws the correlations between their columns, over the batch, towards the
    identity matrix: a column should agree between the views, and differ from all other columns.
    Masks are drawn anew for each batch. Huang, Magar and Barati Farimani pretrained Roost in this
    way (J. Chem. Inf. Model. 64, 627, 2024).

    In structures, atoms are masked, and edges may be removed. The objective "crystal_twins" is
    ``BarlowTwins(masked="both", edge_ratio=0.1)`` (R. Magar, Y. Wang and A. Barati Farimani, npj
    Comput. Mater. 8, 231, 2022).

    Parameters
    ----------
    ratio : float, default=0.1
        Share of the elements of a formula that a view masks. Their number is rounded down, but is
        at least one, also for a formula of one element.
    masked : {"second", "both"}, default="second"
        Which views are masked. An unmasked view shows the whole formula. It is encoded once for
        all objectives, so that it takes less time.
    hidden : tuple of int, default=()
        Widths of the hidden layers of the projector.
    width : int, default=1024
        Number of columns of the projector's output.
    edge_ratio : float, default=0.0
        Probability that a view removes an edge of a structure. Formulas have no edges.
    off_diagonal : float, default=0.0051
        Weight of the correlations between different columns.
    scale : float or "auto", default="auto"
        Constant factor of the loss. "auto" is `1 / width`. The loss of uncorrelated columns is
        then 1, about as large as an L1 loss on standardised targets.
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
            raise InvalidInputError(f"masked must be 'second' or 'both', not {self.masked!r}.")
        if not 0 < self.ratio <= 1:
            raise InvalidInputError(f"ratio must be above 0 and at most 1, not {self.ratio!r}.")
        if not 0 <= self.edge_ratio < 1:
            raise InvalidInputError(
                f"edge_ratio must be at least 0 and below 1, not {self.edge_ratio!r}."
            )
        if self.width < 2:
            raise InvalidInputError(f"width must be at least 2, not {self.width!r}.")
        check_hidden(self.hidden)
        check_scale(self.scale, "auto")

    def task_names(self, targets):
        return [self.name]

    def task_scales(self, targets):
        return [1 / self.width if self.scale == "auto" else float(self.scale)]

    def build_heads(self, encoder, targets):
        return build_mlp(encoder.out_features, self.hidden, self.width)

    def views(self, batch, generator):
        first = self._masked(batch, generator) if self.masked == "both" else _UNMASKED
        return [first, self._masked(batch, generator)]

    def _masked(self, batch, generator):
        n_sites = batch.site_materials.bincount(minlength=batch.n_materials)
        n_hidden = (self.ratio * n_sites.float() + 1e-6).floor().clamp_min(1)
        selected = choose_exactly(batch, n_hidden, generator)
        numbers = torch.where(selected, MASK_ID, batch.atomic_numbers)
        masked = batch.with_atomic_numbers(numbers)
        if self.edge_ratio:
            if not hasattr(masked, "without_edges"):
                raise InvalidInputError(
                    "edge_ratio of BarlowTwins must be 0 for formulas: formulas have no edges."
                )
            chance = torch.rand(len(masked.senders), generator=generator, dtype=torch.float32)
            left_out = chance < self.edge_ratio
            masked = masked.without_edges(left_out)
        return View(masked, selected)

    def losses(self, heads, representations, views, batch, y, sample_weight):
        first, second = (heads(each.material).float() for each in representations)
        first, second, sample_weight = _of_all_processes(first, second, sample_weight)
        total = sample_weight.sum()
        # A correlation over one material is undefined.
        known = (sample_weight > 0).sum() > 1
        # Half precision is too coarse for sums over a batch and 1,000 columns.
        with torch.autocast(first.device.type, enabled=False):
            weights = (sample_weight / total.clamp_min(1e-12)).unsqueeze(1)
            first, second = (_standardised(part, weights) for part in (first, second))
            correlation = (weights * first).T @ second
            agreement = correlation.diagonal()
            redundancy = correlation.square().sum() - agreement.square().sum()
            loss = (1 - agreement).square().sum() + self.off_diagonal * redundancy
        # Each process computes the same loss, and counts it as its share.
        processes = current_processes()
        total = total * known / (1 if processes is None else processes.size)
        return TaskLosses((loss * total)[None], total[None])


def _of_all_processes(first, second, sample_weight):
    """Return vectors and weights of the whole batch, of which this process has a share."""
    if current_processes() is None:
        return first, second, sample_weight
    widths = [first.shape[1], second.shape[1], 1]
    rows = gather_rows(torch.cat([first, second, sample_weight.unsqueeze(1)], dim=1))
    first, second, weights = rows.split(widths, dim=1)
    return first, second, weights.squeeze(1)


def _standardised(columns, weights):
    """Scale columns to mean 0 and variance 1 over the weighted rows of the batch."""
    centred = columns - (weights * columns).sum(dim=0)
    variance = (weights * centred.square()).sum(dim=0)
    return centred * torch.rsqrt(variance + 1e-5)
