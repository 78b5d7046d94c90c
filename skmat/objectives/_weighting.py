"""Weighted sums of the losses of several tasks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skmat.exceptions import InvalidInputError
from skmat.objectives._base import TaskLosses

__all__ = ["LOSS_WEIGHTINGS", "LossWeighting"]


def _rlw_normal(n_tasks, generator):
    return torch.randn(n_tasks, generator=generator, dtype=torch.float32).softmax(dim=0)


def _rlw_uniform(n_tasks, generator):
    return torch.rand(n_tasks, generator=generator, dtype=torch.float32).softmax(dim=0)


def _rlw_dirichlet(n_tasks, generator):
    # Normalised exponential variates are a flat Dirichlet. torch's Dirichlet takes no generator.
    return (
        -torch.log1p(-torch.rand(n_tasks, generator=generator, dtype=torch.float32))
    ).clamp_min(1e-12)


def _rlw_bernoulli(n_tasks, generator):
    while True:
        active = (torch.rand(n_tasks, generator=generator, dtype=torch.float32) < 0.5).float()
        if active.any():
            return active


def _rlw_one_hot(n_tasks, generator):
    weights = torch.zeros(n_tasks, dtype=torch.float32)
    weights[torch.randint(n_tasks, (1,), generator=generator)] = 1.0
    return weights


def _rlw_mtencoder(n_tasks, generator):
    active = _rlw_bernoulli(n_tasks, generator).bool()
    scores = torch.randn(n_tasks, generator=generator, dtype=torch.float32)
    return scores.masked_fill(~active, float("-inf")).softmax(dim=0)


_SAMPLERS = {
    "rlw-normal": _rlw_normal,
    "rlw-uniform": _rlw_uniform,
    "rlw-dirichlet": _rlw_dirichlet,
    "rlw-bernoulli": _rlw_bernoulli,
    "rlw-one-hot": _rlw_one_hot,
    "rlw-mtencoder": _rlw_mtencoder,
}

#: Names of all weightings.
LOSS_WEIGHTINGS = ("equal", "uncertainty", *_SAMPLERS)


class LossWeighting(nn.Module):
    """Combine the losses of several tasks into one scalar.

    Weights have mean 1 over the tasks for every scheme, so that a learning rate has the same
    effect. Those of "uncertainty" start at mean 1 and are then learned.

    Parameters
    ----------
    scheme : str
        - "equal": all tasks have the same weight.
        - "uncertainty": each task has a learned `s` and the loss `exp(-s) loss + s` (Kendall et
          al. 2018).
        - "rlw-normal", "rlw-uniform": the softmax of normal or uniform variates.
        - "rlw-dirichlet": a flat Dirichlet distribution.
        - "rlw-bernoulli": 0 or 1 per task with equal probability, drawn again if all are 0.
        - "rlw-one-hot": one task at a time (the first "constrained Bernoulli" of LibMTL).
        - "rlw-mtencoder": tasks chosen as in "rlw-bernoulli", then the softmax of normal variates
          over these tasks (the "constrained Bernoulli" of MTEncoder).

        Schemes "rlw-..." draw weights anew at each step (random loss weighting, Lin et al. 2022).
    task_weights : sequence of float
        The user's weights, one per task. They multiply the weights of the scheme.
    task_scales : sequence of float
        Constants of the objectives that bring losses to about 1. They are not normalised.
    seed : int
        Seed of random weights.
    n_auxiliary : int, default=0
        Number of auxiliary tasks, the last ones. Validation ignores them.
    """

    task_weights: Tensor
    task_scales: Tensor

    def __init__(
        self,
        scheme: str,
        task_weights: Sequence[float],
        task_scales: Sequence[float],
        seed: int,
        n_auxiliary: int = 0,
    ):
        super().__init__()
        if scheme not in LOSS_WEIGHTINGS:
            raise InvalidInputError(
                f"Unknown loss weighting {scheme!r}. Choose one of {list(LOSS_WEIGHTINGS)}."
            )
        self.scheme = scheme
        self.n_auxiliary = n_auxiliary
        weights = torch.tensor(task_weights, dtype=torch.float32)
        self.register_buffer("task_weights", weights / weights.mean())
        self.register_buffer("task_scales", torch.tensor(task_scales, dtype=torch.float32))
        self.log_variances = nn.Parameter(
            torch.zeros(len(weights), dtype=torch.float32), requires_grad=scheme == "uncertainty"
        )
        self.generator = torch.Generator().manual_seed(seed)
        #: Weights of the last step, for the history.
        self.last_weights: Tensor | None = None

    def forward(self, losses: TaskLosses) -> Tensor:
        """Return the weighted mean of the tasks' mean losses, a scalar Tensor."""
        weights = self.task_weights
        if self.scheme in _SAMPLERS:
            drawn = _SAMPLERS[self.scheme](len(weights), self.generator).to(weights)
            # Not normalised again, so that the mean over many steps keeps the user's ratios.
            weights = weights * drawn / drawn.mean()
        means = losses.means * self.task_scales
        if self.scheme == "uncertainty":
            self.last_weights = (-self.log_variances).detach().exp() * weights
            present = losses.counts > 0
            terms = (-self.log_variances).exp() * means + self.log_variances
            return (weights * terms * present).mean()
        self.last_weights = weights
        return (weights * means).mean()

    def watched(self, losses: TaskLosses) -> Tensor:
        """Return the validation loss: the mean over the tasks by the user's weights only.

        Auxiliary tasks and tasks without labels are ignored. If no other is left, the loss is NaN.
        """
        weights = self.task_weights * (losses.counts > 0)
        if self.n_auxiliary:
            weights[-self.n_auxiliary :] = 0.0
        return (weights * losses.means * self.task_scales).sum() / weights.sum()
