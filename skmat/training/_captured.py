"""Training on a GPU whose steps are recorded once and replayed.

Networks of this size keep a GPU busy for a tenth of the time that it takes to tell it what to do:
a step is some 2,000 operations. Here all materials stand in the GPU's memory, every batch has the
same shape, and one step, from the drawing of rows to the update of weights, is recorded as a CUDA
graph and replayed. What is learned is the same as in the net's own loop, from other random
numbers: rows of a batch that are not there weigh nothing, and padded sites are not looked at.

A step that is to be recorded may not wait for the GPU, so that there is a version here of what
else has shapes that follow from the data: the encoder (``forward_padded``) and the losses.
"""

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.exceptions import DivergenceError
from skmat.nn import MASK_ID, MTEncoderNetwork, run_side_by_side
from skmat.objectives import (
    Imitation,
    LossWeighting,
    MaskedElements,
    Properties,
    TaskLosses,
)
from skmat.objectives._masked_elements import CORRUPTION_SCHEMES
from skmat.training._data import TrainingData
from skmat.training._freeze import freeze, set_training_mode
from skmat.training._model import MultiObjectiveModel
from skmat.training._optimizer import one_cycle, parameter_groups
from skmat.training._random import isolated_seed, spawn_seeds

__all__ = ["can_be_captured", "train_captured"]

_BETAS = (0.9, 0.999)
_EPS = 1e-8
_CLIP_NORM = 1.0
_WARM_UP = 3


def can_be_captured(model: MultiObjectiveModel, settings, valid_data) -> bool:
    """Tell whether steps of this training can be recorded."""
    return (
        torch.device(settings.device).type == "cuda"
        and isinstance(model.encoder, MTEncoderNetwork)
        and model.encoder.readout == "cpd"
        and all(type(each) in _LOSSES for each in model.objectives)
        and not any(getattr(each, "at_least_one", False) for each in model.objectives)
        and settings.loss_weighting in ("equal", "fixed", "uncertainty")
        and not settings.head_epochs
        and settings.ema is None
        and valid_data is None
    )


def train_captured(
    model: MultiObjectiveModel, settings, data: TrainingData, *, capture: bool = True
) -> list[dict]:
    """Train `model` in place; arguments as for ``train``.

    `capture` is for tests on machines without a GPU: the same steps, one by one.

    Returns
    -------
    list of dict
        One entry per epoch.
    """
    with isolated_seed(settings.seed, settings.device):
        return _CapturedTraining(model, settings, data).run(capture)


@dataclass
class _Batch:
    """A batch of one shape: padded materials, and rows that weigh nothing."""

    atomic_numbers: Tensor
    fractions: Tensor
    y: Tensor
    sample_weight: Tensor

    def head(self, n: int) -> "_Batch":
        return _Batch(
            self.atomic_numbers[:n], self.fractions[:n], self.y[:n], self.sample_weight[:n]
        )


class _CapturedTraining:
    def __init__(self, model, settings, data):
        self.model, self.settings = model, settings
        self.device = device = torch.device(settings.device)
        freeze(model.encoder, settings.trainable)
        model.to(device).train()
        set_training_mode(model.encoder)
        weighting_seed, _ = spawn_seeds(settings.seed, 2)
        self.criterion = LossWeighting(
            settings.loss_weighting, settings.task_weights, model.task_scales, weighting_seed,
            n_auxiliary=settings.n_auxiliary,
        ).to(device)  # fmt: skip
        self.n = len(data)
        self.n_steps = -(-self.n // settings.batch_size)
        self.batch_size = -(-self.n // self.n_steps)
        everything = data.make_batch(data.materials, np.arange(self.n))
        # One row more, which is no material.
        self.arrays = [
            F.pad(everything.atomic_numbers, (0, 0, 0, 1)).to(torch.uint8).to(device),
            F.pad(everything.fractions, (0, 0, 0, 1)).to(device),
            F.pad(torch.from_numpy(data.sample_weight), (0, 1)).to(device),
        ]
        lessons = data.lessons or (None,) * len(model.objectives)
        self.lessons = [
            _with_empty_row(data.y if lesson is None else lesson, device) for lesson in lessons
        ]
        self.losses = [
            _LOSSES[type(objective)](objective, model.heads[objective.name], device)
            for objective in model.objectives
        ]
        self._set_up_optimizer()
        n_tasks = len(model.task_names)
        self.order = torch.zeros((self.n_steps, self.batch_size), dtype=torch.long, device=device)
        self.place = torch.zeros(1, dtype=torch.long, device=device)
        self.totals = [torch.zeros(n_tasks, device=device) for _ in range(3)]

    def run(self, capture):
        replay = self._record() if capture else self._step
        history = []
        for epoch in range(1, self.settings.max_epochs + 1):
            start = time.perf_counter()
            self._shuffle()
            for total in self.totals:
                total.zero_()
            for _ in range(self.n_steps):
                replay()
            history.append(self._describe(epoch, start))
        self.model.eval().requires_grad_(True)
        for parameter in self.model.parameters():
            parameter.grad = None
        return history

    def _record(self):
        """Return what repeats one step; the steps that it takes to record it are undone."""
        self._shuffle()
        changed = [*self.parameters, *self.first, *self.second, self.step, self.place]
        before = [tensor.detach().clone() for tensor in changed]

        def restore():
            with torch.no_grad():
                for tensor, value in zip(changed, before, strict=True):
                    tensor.copy_(value)

        stream = torch.cuda.Stream(self.device)
        stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                self._step()
        torch.cuda.current_stream(self.device).wait_stream(stream)
        restore()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        restore()
        return graph.replay

    def _step(self):
        rows = self.order.index_select(0, self.place).view(-1)
        numbers, fractions, weights = (array.index_select(0, rows) for array in self.arrays)
        parts, whole = [], None
        with torch.autocast(
            self.device.type,
            dtype=torch.bfloat16,
            enabled=self.settings.precision == "bf16",
            cache_enabled=False,
        ):
            for losses, lesson in zip(self.losses, self.lessons, strict=True):
                batch = _Batch(numbers.long(), fractions, lesson.index_select(0, rows), weights)
                if losses.corrupts:
                    parts.append(losses(self.model.encoder, batch))
                    continue
                if whole is None:
                    whole, _ = self.model.encoder.forward_padded(
                        batch.atomic_numbers, batch.fractions
                    )
                parts.append(losses(whole, batch))
        task_losses = TaskLosses.concatenate(parts)
        loss = self.criterion(task_losses)
        gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        with torch.no_grad():
            self._update(gradients)
            self.totals[0] += task_losses.sums
            self.totals[1] += task_losses.counts
            self.totals[2] += self.criterion.last_weights
            self.place += 1

    def _shuffle(self):
        """Cut a new order into batches that differ by one material at most."""
        permutation = torch.randperm(self.n, device=self.device)
        n_larger = self.n % self.n_steps
        size = self.n // self.n_steps
        split = n_larger * (size + 1)
        self.order.fill_(self.n)
        if n_larger:
            self.order[:n_larger] = permutation[:split].view(n_larger, size + 1)
        self.order[n_larger:, :size] = permutation[split:].view(-1, size)
        self.place.zero_()

    def _set_up_optimizer(self):
        """Prepare AdamW; what is recorded repeats numbers, so that rates stand in a table."""
        settings = self.settings
        groups = parameter_groups(
            self.model, self.criterion, lr=settings.lr, weight_decay=settings.weight_decay,
            encoder_lr_factor=settings.encoder_lr_factor, layer_decay=settings.layer_decay,
        )  # fmt: skip
        self.parameters = [each for group in groups for each in group["params"]]
        self.slices, start = [], 0
        for group in groups:
            stop = start + len(group["params"])
            self.slices.append((slice(start, stop), group["lr_scale"], group["weight_decay"]))
            start = stop
        self.first = [torch.zeros_like(each) for each in self.parameters]
        self.second = [torch.zeros_like(each) for each in self.parameters]
        self.step = torch.zeros(1, dtype=torch.long, device=self.device)
        rates = _rates(settings, settings.max_epochs * self.n_steps + 1)
        self.rates = rates[:, 0]
        counts = np.arange(1, len(rates) + 1)
        # lr over the bias of the first moment, lr, beta, 1 - beta, 1 over the root of the second.
        table = np.stack(
            [
                rates[:, 0] / (1 - rates[:, 1] ** counts),
                rates[:, 0],
                rates[:, 1],
                1 - rates[:, 1],
                1 / np.sqrt(1 - _BETAS[1] ** counts),
            ],
            axis=1,
        )
        self.table = torch.from_numpy(table.astype(np.float32)).to(self.device)

    def _update(self, gradients):
        """Clip, and update as AdamW does."""
        gradients = [
            torch.zeros_like(parameter) if gradient is None else gradient
            for parameter, gradient in zip(self.parameters, gradients, strict=True)
        ]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        torch._foreach_mul_(gradients, (_CLIP_NORM / (norm + 1e-6)).clamp(max=1.0))
        rate, decay, beta, rest, unbiased = self.table.index_select(0, self.step).view(-1).unbind()
        torch._foreach_mul_(self.first, beta)
        torch._foreach_add_(self.first, torch._foreach_mul(gradients, rest))
        torch._foreach_mul_(self.second, _BETAS[1])
        torch._foreach_addcmul_(self.second, gradients, gradients, value=1 - _BETAS[1])
        roots = torch._foreach_sqrt(self.second)
        torch._foreach_mul_(roots, unbiased)
        torch._foreach_add_(roots, _EPS)
        moves = torch._foreach_div(self.first, roots)
        for place, scale, weight_decay in self.slices:
            parameters, updates = self.parameters[place], list(moves[place])
            if weight_decay:
                torch._foreach_mul_(parameters, 1 - decay * (scale * weight_decay))
            torch._foreach_mul_(updates, -rate * scale)
            torch._foreach_add_(parameters, updates)
        self.step += 1

    def _describe(self, epoch, start):
        """Return the epoch's row of the history; waits for the GPU."""
        losses = TaskLosses(self.totals[0].cpu(), self.totals[1].cpu())
        in_all = losses.sums.sum().item()
        if not math.isfinite(in_all):
            raise DivergenceError(
                f"The training loss is {in_all} in epoch {epoch}; use a smaller lr,"
                " or precision='float32'."
            )
        names = self.model.task_names
        row: dict[str, Any] = {"epoch": epoch, "train_batch_count": self.n_steps}
        row["train_loss"] = self.criterion.watched(TaskLosses(*self.totals[:2])).item()
        for name, mean in zip(names, (losses.sums / losses.counts).tolist(), strict=True):
            row[f"train_loss_{name}"] = mean
        for name, weight in zip(names, (self.totals[2] / self.n_steps).tolist(), strict=True):
            row[f"weight_{name}"] = weight
        row["lr"] = float(self.rates[epoch * self.n_steps])
        return row | {"dur": time.perf_counter() - start}


def _with_empty_row(values, device):
    return F.pad(torch.from_numpy(np.ascontiguousarray(values)), (0, 0, 0, 1), value=np.nan).to(
        device
    )


def _rates(settings, n_steps):
    """Return rate and beta of each step, ndarray of shape (n_steps, 2)."""
    if settings.schedule != "one_cycle":
        return np.tile([settings.lr, _BETAS[0]], (n_steps, 1))
    group = {"params": [torch.zeros(1)], "lr": settings.lr, "lr_scale": 1.0}
    optimizer = torch.optim.AdamW([group], betas=_BETAS)
    schedule = one_cycle(optimizer, lr=settings.lr, total_steps=n_steps)
    optimizer.step()
    rates = []
    for step in range(n_steps):
        if step:
            schedule.step()
        state = optimizer.param_groups[0]
        rates.append((state["lr"], state["betas"][0]))
    return np.array(rates)


class _PropertyLosses:
    corrupts = False

    def __init__(self, objective, heads, device):
        kinds: dict[int, list[int]] = {}
        for i, head in enumerate(heads):
            kinds.setdefault(head.n_classes, []).append(i)
        self.kinds = [
            (torch.tensor(places, device=device), [heads[i] for i in places])
            for places in kinds.values()
        ]

    def __call__(self, material, batch) -> TaskLosses:
        known = ~torch.isnan(batch.y)
        weights = batch.sample_weight.unsqueeze(1) * known
        labels = torch.where(known, batch.y, 0.0)
        sums = weights.new_zeros(known.shape[1])
        for columns, heads in self.kinds:
            outputs = run_side_by_side([head.mlp for head in heads], material).float()
            picked = labels.index_select(1, columns).T.flatten()
            losses = heads[0].loss(outputs.flatten(0, 1), picked).view(len(heads), -1).T
            losses = losses * weights.index_select(1, columns)
            sums = sums.index_copy(0, columns, losses.sum(dim=0))
        return TaskLosses(sums, weights.sum(dim=0))


class _MaskedElementLosses:
    corrupts = True

    def __init__(self, objective, heads, device):
        self.objective, self.heads = objective, heads

    def __call__(self, encoder, batch) -> TaskLosses:
        objective = self.objective
        n_shown = max(1, round(objective.share * len(batch.atomic_numbers)))
        batch = batch.head(n_shown)
        original = batch.atomic_numbers
        order = torch.rand(original.shape, device=original.device)
        order = torch.where(original > 0, order, -1.0)
        # The last of a material stays visible.
        chosen = (order >= 0) & (order < objective.ratio)
        chosen &= order != order.amax(dim=1, keepdim=True)
        hide, replace = CORRUPTION_SCHEMES[objective.scheme]
        chance = torch.rand(original.shape, device=original.device)
        others = torch.randint(1, MAX_ATOMIC_NUMBER + 1, original.shape, device=original.device)
        corrupted = torch.where(chosen & (chance < hide), MASK_ID, original)
        swapped = chosen & (chance >= hide) & (chance < hide + replace)
        corrupted = torch.where(swapped, others, corrupted)
        _, sites = encoder.forward_padded(corrupted, batch.fractions, sites=True)
        logits = self.heads(sites).float()
        elements = (original - 1).clamp(min=0)
        losses = F.cross_entropy(logits.flatten(0, 1), elements.flatten(), reduction="none")
        weights = chosen * batch.sample_weight.unsqueeze(1)
        return TaskLosses((losses.view_as(weights) * weights).sum()[None], weights.sum()[None])


class _ImitationLosses:
    corrupts = False

    def __init__(self, objective, heads, device):
        self.objective, self.heads = objective, heads

    def __call__(self, material, batch) -> TaskLosses:
        # Nothing in it has a shape that follows from the data.
        return self.objective.losses(
            self.heads, [_Whole(material)], [], None, batch.y, batch.sample_weight
        )


@dataclass
class _Whole:
    material: Tensor


_LOSSES: dict[type, Any] = {
    Properties: _PropertyLosses,
    MaskedElements: _MaskedElementLosses,
    Imitation: _ImitationLosses,
}
