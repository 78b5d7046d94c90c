"""Training on a GPU by a CUDA graph: one step is captured, then replayed.

A step is about 2,000 operations. For networks of this size, launching them takes longer than
computing them. A CUDA graph launches all of them at once. It covers one whole step, from the
choice of rows to the update of the weights. All materials are in the GPU's memory, and all batches
have the same shape. Losses are those of the skorch net's own loop. Only the random numbers differ.
Rows that fill up a batch have weight 0, and padded sites are masked.

A captured step must not wait for the GPU, and its shapes must not depend on the data. Encoders
therefore have ``forward_padded``, and ``_padded_losses.py`` holds the loss of masked elements.
"""

import math
import time
from contextlib import ExitStack, nullcontext
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from skmat.exceptions import StopTraining
from skmat.nn import Representation, current_generator, with_own_dropout
from skmat.objectives import Distillation, LossWeighting, MaskedElements, Properties, TaskLosses
from skmat.training._callbacks import UserCallbacks
from skmat.training._data import TrainingData
from skmat.training._divergence import diverged, is_finite
from skmat.training._freeze import freeze, set_training_mode
from skmat.training._model import MultiObjectiveModel
from skmat.training._net import EncoderNet
from skmat.training._optimizer import CLIP_NORM, one_cycle, parameter_groups
from skmat.training._padded_losses import PaddedBatch, masked_element_losses
from skmat.training._progress import Progress
from skmat.training._random import (
    own_generator,
    random_state,
    set_random_state,
    spawn_seeds,
)
from skmat.training._resume import CheckpointFolder, describe_run, saved_history
from skmat.training._state_check import (
    StateFault,
    check_finished,
    check_history,
    check_keys,
    check_like,
)

__all__ = ["can_use_cuda_graph", "train_cuda_graph"]

_BETAS = (0.9, 0.999)
_EPS = 1e-8
_WARM_UP = 3

#: All batches are as wide as the material with the most elements. This is the largest ratio of its
#: number of elements to the mean.
_MAX_PADDING = 5


def can_use_cuda_graph(
    model: MultiObjectiveModel,
    settings,
    data,
    valid_data,
    callbacks: UserCallbacks | None = None,
) -> bool:
    """Tell whether steps of this training can be captured. Arguments are those of ``train``."""
    return (
        torch.device(settings.device).type == "cuda"
        and hasattr(model.encoder, "forward_padded")
        and data.materials.n_sites.max() <= _MAX_PADDING * data.materials.n_sites.mean()
        and all(_has_static_shapes(objective) for objective in model.objectives)
        and settings.loss_weighting in ("equal", "uncertainty")
        and not settings.freeze_epochs
        and settings.ema_decay is None
        and valid_data is None
        # A captured step computes gradients without Python.
        and not (callbacks and callbacks.want("on_grad_computed"))
    )


def _has_static_shapes(objective):
    # A subclass may override any method.
    if type(objective) is MaskedElements:
        return not objective.at_least_one
    if type(objective) is Properties:
        return not objective.n_task_layers
    return type(objective) is Distillation


def train_cuda_graph(
    model: MultiObjectiveModel,
    settings,
    data: TrainingData,
    run_folder: CheckpointFolder | None = None,
    callbacks: UserCallbacks | None = None,
    *,
    capture: bool = True,
) -> list[dict]:
    """Train `model` in place. Arguments are those of ``train``.

    ``capture=False`` runs the same steps one by one, for tests on machines without a GPU.

    Returns
    -------
    list of dict
        One entry per epoch.
    """
    with ExitStack() as held:
        state = None
        if run_folder is not None:
            description = describe_run(model, settings, data, None) | {"steps": "recorded"}
            held.enter_context(run_folder.claimed(description))
            state = run_folder.read()
            if state is not None and state["finished"]:
                with run_folder.rejecting_state():
                    check_finished(state, model.state_dict(), settings.max_epochs)
                    model.load_state_dict(state["module"])
                return state["history"]
        held.enter_context(own_generator(settings.seed, settings.device))
        training = _CUDAGraphTraining(model, settings, data, run_folder, callbacks)
        return training.run(capture, state)


class _CUDAGraphTraining:
    """One training. It has the attributes of a net that ``Progress`` reads."""

    def __init__(self, model, settings, data, run_folder, callbacks=None):
        self.module_, self.settings, self.data = model, settings, data
        self.run_folder = run_folder
        self.max_epochs, self.n_resumed_epochs_ = settings.max_epochs, 0
        self.history: list[dict] = []
        self.is_stopped = False
        self.device = device = torch.device(settings.device)
        freeze(model.encoder, settings.trainable)
        with_own_dropout(model).to(device).train()
        set_training_mode(model.encoder)
        self.criterion = LossWeighting(
            settings.loss_weighting, settings.task_weights, model.task_scales,
            spawn_seeds(settings.seed, 2)[0], n_auxiliary=settings.n_auxiliary,
        ).to(device)  # fmt: skip
        self.callbacks = _GraphCallbacks(self, callbacks) if callbacks else None
        self.n = len(data)
        self.n_steps = -(-self.n // settings.batch_size)
        everything = data.make_batch(data.materials, np.arange(self.n))
        # The last row is empty. It fills up batches.
        self.arrays = PaddedBatch(
            F.pad(everything.atomic_numbers, (0, 0, 0, 1)).to(torch.uint8).to(device),
            F.pad(everything.fractions, (0, 0, 0, 1)).to(device),
            F.pad(torch.from_numpy(data.sample_weight), (0, 1)).to(device),
        )
        y = _with_empty_row(data.y).to(device)
        teacher_targets = data.teacher_targets or (None,) * len(model.objectives)
        self.teacher_targets = [
            y if features is None else _with_empty_row(features).to(device)
            for features in teacher_targets
        ]
        self.extra = None
        if data.extra is not None:
            self.extra = _with_empty_row(data.extra, 0.0).to(device)
        self._set_up_optimizer()
        n_per_batch = -(-self.n // self.n_steps)
        self.order = torch.zeros((self.n_steps, n_per_batch), dtype=torch.long, device=device)
        self.place = torch.zeros(1, dtype=torch.long, device=device)
        self.totals = [_zeros(len(model.task_names), device) for _ in range(3)]
        self.last_loss = _zeros((), device)

    def run(self, capture, state):
        with torch.cuda.device(self.device) if capture else nullcontext():
            self._run(capture, state)
        self.module_.eval().requires_grad_(True)
        return self.history

    def _run(self, capture, state):
        replay = self._capture() if capture else self._step
        if state is not None:
            with self.run_folder.rejecting_state():
                self._load(state)
        progress = Progress() if self.settings.verbose else None
        if progress:
            progress.on_train_begin(self)
        if self.callbacks:
            self.callbacks.train_begins()
        try:
            self._run_epochs(replay, progress)
        except StopTraining:
            self._stop()
        finally:
            if progress:
                progress.on_train_end(self)
        if self.callbacks:
            self.callbacks.train_ends()

    def _run_epochs(self, replay, progress):
        while len(self.history) < self.max_epochs:
            self.history.append({})  # as in a net, the row of the epoch exists while it runs
            try:
                if progress:
                    progress.on_epoch_begin(self, self.data)
                if self.callbacks:
                    self.callbacks.epoch_begins()
                self.history[-1] = self._run_epoch(replay)
            except BaseException:
                self.history.pop()
                raise
            if progress:
                progress.on_batch_end(self, (self.data,), training=True)
                progress.on_epoch_end(self, self.data)
            if self.callbacks:
                self.history[-1] = self.callbacks.epoch_ends(self.history[-1])
            if self.run_folder is not None and is_finite(self.module_):
                # Weights that are not finite must not replace a state that can be resumed.
                self.run_folder.write(self._state())

    def _stop(self):
        """End the training here: a callback has asked for it."""
        self.is_stopped = True
        if self.run_folder is not None and self.history and is_finite(self.module_):
            self.run_folder.write(self._state())

    def _run_epoch(self, replay):
        start = time.perf_counter()
        self._shuffle()
        for total in self.totals:
            total.zero_()
        for _ in range(self.n_steps):
            if self.callbacks:
                self.callbacks.batch_begins()
            replay()
            if self.callbacks:
                self.callbacks.batch_ends(self.last_loss)
        return self._describe() | {"dur": time.perf_counter() - start}

    def _capture(self):
        """Return a function that replays one step. Steps run for the capture are undone."""
        self._shuffle()
        changed = self._tensors()
        before = [tensor.detach().clone() for tensor in changed]
        stream, graph = torch.cuda.Stream(self.device), torch.cuda.CUDAGraph()
        stream.wait_stream(torch.cuda.current_stream(self.device))
        try:
            with torch.cuda.stream(stream):
                for _ in range(_WARM_UP):
                    self._step()
                    # Undo each step, because an epoch may have fewer steps than the warm-up.
                    _copy(before, changed)
            torch.cuda.current_stream(self.device).wait_stream(stream)
            # "thread_local" lets other threads predict during the capture.
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                self._step()
        except RuntimeError as error:
            error.add_note(
                "The error occurred while a training step was captured as a CUDA graph."
                " device='cpu' trains without one."
            )
            raise
        finally:
            _copy(before, changed)
        return graph.replay

    def _tensors(self):
        """Return the tensors that a step changes and the next step reads."""
        return [*self.parameters, *self.first, *self.second, self.n_done, self.place]

    def _step(self):
        rows = self.order.index_select(0, self.place).view(-1)
        batch = PaddedBatch(*(array.index_select(0, rows) for array in self.arrays))
        batch = batch._replace(atomic_numbers=batch.atomic_numbers.long())
        with torch.autocast(
            self.device.type,
            dtype=torch.bfloat16,
            enabled=self.settings.precision == "bf16",
            cache_enabled=False,  # cached casts would not be captured
        ):
            task_losses = self._losses(batch, rows)
        loss = self.criterion(task_losses)
        gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        weights = self.criterion.last_weights
        assert weights is not None  # for mypy: the call above sets them
        with torch.no_grad():
            self._update(gradients)
            for total, each in zip(self.totals, (*task_losses, weights), strict=True):
                total += each
            self.last_loss.copy_(loss)
            self.place += 1

    def _losses(self, batch, rows) -> TaskLosses:
        model, parts, whole = self.module_, [], None
        for objective, features in zip(model.objectives, self.teacher_targets, strict=True):
            heads = model.heads[objective.name]
            if isinstance(objective, MaskedElements):
                parts.append(masked_element_losses(objective, heads, model.encoder, batch))
                continue
            if whole is None:
                material, _ = model.encoder.forward_padded(batch.atomic_numbers, batch.fractions)
                extra = None if self.extra is None else self.extra.index_select(0, rows)
                whole = Representation(material, extra=extra)
            y = features.index_select(0, rows)
            parts.append(objective.losses(heads, [whole], [], None, y, batch.sample_weight))
        return TaskLosses.concatenate(parts)

    def _shuffle(self):
        """Draw a new order, and cut it into batches whose sizes differ by at most one."""
        generator = current_generator(self.device)
        permutation = torch.randperm(self.n, generator=generator, device=self.device)
        size, n_larger = divmod(self.n, self.n_steps)
        split = n_larger * (size + 1)
        self.order.fill_(self.n)
        if n_larger:
            self.order[:n_larger] = permutation[:split].view(n_larger, size + 1)
        self.order[n_larger:, :size] = permutation[split:].view(-1, size)
        self.place.zero_()

    def _set_up_optimizer(self):
        """Prepare AdamW. Rates come from a table, because a graph replays constants."""
        settings = self.settings
        groups = parameter_groups(
            self.module_, self.criterion, lr=settings.lr, weight_decay=settings.weight_decay,
            encoder_lr_factor=settings.encoder_lr_factor, layer_decay=settings.layer_decay,
        )  # fmt: skip
        self.parameters = [each for group in groups for each in group["params"]]
        self.groups, start = [], 0
        for group in groups:
            stop = start + len(group["params"])
            self.groups.append((slice(start, stop), group["lr_scale"], group["weight_decay"]))
            start = stop
        self.first = [torch.zeros_like(each) for each in self.parameters]
        self.second = [torch.zeros_like(each) for each in self.parameters]
        self.n_done = torch.zeros(1, dtype=torch.long, device=self.device)
        rates, betas = _rates(settings, self.max_epochs * self.n_steps + 1)
        self.rates = rates
        counts = np.arange(1, len(rates) + 1)
        corrections = 1 - betas**counts, np.sqrt(1 - _BETAS[1] ** counts)
        table = np.stack(
            [rates / corrections[0], rates, betas, 1 - betas, 1 / corrections[1]], axis=1
        )
        self.table = torch.from_numpy(table.astype(np.float32)).to(self.device)

    def _update(self, gradients):
        """Clip the gradients and take a step of AdamW."""
        gradients = [
            torch.zeros_like(parameter) if gradient is None else gradient
            for parameter, gradient in zip(self.parameters, gradients, strict=True)
        ]
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        torch._foreach_mul_(gradients, (CLIP_NORM / (norm + 1e-6)).clamp(max=1.0))
        now = self.table.index_select(0, self.n_done).view(-1)
        corrected_rate, rate, beta, rest, unbiased = now.unbind()
        torch._foreach_mul_(self.first, beta)
        torch._foreach_add_(self.first, torch._foreach_mul(gradients, rest))
        torch._foreach_mul_(self.second, _BETAS[1])
        torch._foreach_addcmul_(self.second, gradients, gradients, value=1 - _BETAS[1])
        roots = torch._foreach_sqrt(self.second)
        torch._foreach_mul_(roots, unbiased)
        torch._foreach_add_(roots, _EPS)
        moves = torch._foreach_div(self.first, roots)
        for place, scale, weight_decay in self.groups:
            parameters, updates = self.parameters[place], list(moves[place])
            if weight_decay:
                torch._foreach_mul_(parameters, 1 - rate * (scale * weight_decay))
            torch._foreach_mul_(updates, -corrected_rate * scale)
            torch._foreach_add_(parameters, updates)
        self.n_done += 1

    def _describe(self):
        """Return the epoch's row of the history. This waits for the GPU."""
        losses = TaskLosses(*self.totals[:2])
        epoch = len(self.history)
        total, in_all = self.criterion.watched(losses).item(), losses.sums.sum().item()
        if not math.isfinite(in_all):
            raise diverged(
                f"The training loss is {in_all} in epoch {epoch}",
                lr=self.settings.lr,
                weight_decay=self.settings.weight_decay,
                precision=self.settings.precision,
            )
        row: dict[str, Any] = {"epoch": epoch, "train_batch_count": self.n_steps}
        row["train_loss"] = total
        names = self.module_.task_names
        for name, mean in zip(names, (losses.sums / losses.counts).tolist(), strict=True):
            row[f"train_loss_{name}"] = mean
        for name, weight in zip(names, (self.totals[2] / self.n_steps).tolist(), strict=True):
            row[f"weight_{name}"] = weight
        return row | {"lr": float(self.rates[epoch * self.n_steps])}

    def _state(self):
        """Return the state that the remaining epochs depend on."""
        finished = self.is_stopped or len(self.history) == self.max_epochs
        state = {"finished": finished, "module": self.module_.state_dict()}
        state["history"] = saved_history(self.history)
        if not finished:
            state["tensors"] = [tensor.detach() for tensor in self._tensors()]
            state["random"] = random_state(self.settings.device)
        return state

    def _load(self, state):
        own = self._state()
        check_keys(state, set(own), "the state")
        for part in ("module", "tensors", "random"):
            check_like(state[part], own[part], part)
        check_history(state["history"], self.max_epochs)
        *_, n_done, _device_and_precision = state["tensors"]
        if int(n_done) != len(state["history"]) * self.n_steps:
            raise StateFault(
                f"it has {int(n_done)} steps, which do not match {len(state['history'])} epochs"
            )
        self.module_.load_state_dict(state["module"])
        _copy(state["tensors"], self._tensors())
        set_random_state(state["random"], self.settings.device)
        self.history.extend(state["history"])
        self.n_resumed_epochs_ = len(self.history)


class _GraphCallbacks:
    """Tell the user's callbacks what happens, with a net that has no optimizer.

    A batch is on the GPU only, and Python does not wait for its step. Callbacks therefore get no
    `batch`, and a `loss` that the next step overwrites.
    """

    def __init__(self, training, callbacks):
        self.callbacks, self.data = callbacks, training.data
        self.training = training
        self.net = EncoderNet(
            module=training.module_,
            criterion=training.criterion,
            lr=training.settings.lr,
            max_epochs=training.max_epochs,
            batch_size=training.settings.batch_size,
            train_split=None,
            verbose=0,
            device=training.settings.device,
            precision=training.settings.precision,
        ).initialize()
        self.net.optimizer_ = None

    def train_begins(self):
        self.net.history.extend(dict(row) for row in self.training.history)
        self.net.n_resumed_epochs_ = self.training.n_resumed_epochs_
        self.callbacks.hear("on_train_begin", self.net, X=self.data, y=None)

    def train_ends(self):
        self.callbacks.hear("on_train_end", self.net, X=self.data, y=None)

    def epoch_begins(self):
        self.net.history.new_epoch()
        self.net.history.record("epoch", len(self.net.history))
        self._hear_epoch("on_epoch_begin")

    def epoch_ends(self, row):
        """Return the row of the history, with what the callbacks have recorded."""
        own = self.net.history[-1]
        own.update(row, batches=[])
        self._hear_epoch("on_epoch_end")
        return {key: value for key, value in own.items() if key != "batches"}

    def batch_begins(self):
        self.net.history.new_batch()
        self.callbacks.hear("on_batch_begin", self.net, batch=None, training=True)

    def batch_ends(self, loss):
        self.callbacks.hear("on_batch_end", self.net, batch=None, training=True, loss=loss)

    def _hear_epoch(self, hook):
        self.callbacks.hear(hook, self.net, dataset_train=self.data, dataset_valid=None)


def _with_empty_row(values, fill=np.nan):
    return F.pad(torch.from_numpy(np.ascontiguousarray(values)), (0, 0, 0, 1), value=fill)


def _zeros(shape, device):
    return torch.zeros(shape, dtype=torch.float32, device=device)


def _copy(sources, targets):
    with torch.no_grad():
        for source, target in zip(sources, targets, strict=True):
            target.copy_(source)


def _rates(settings, n_steps):
    """Return the learning rate and beta1 of each step, two ndarrays of shape (n_steps,)."""
    if settings.schedule != "one_cycle":
        return np.full(n_steps, settings.lr), np.full(n_steps, _BETAS[0])
    group = {"params": [torch.zeros(1)], "lr": settings.lr, "lr_scale": 1.0}
    optimizer = torch.optim.AdamW([group], betas=_BETAS)
    schedule = one_cycle(optimizer, lr=settings.lr, total_steps=n_steps)
    optimizer.step()
    found = []
    for step in range(n_steps):
        if step:
            schedule.step()
        state = optimizer.param_groups[0]
        found.append((state["lr"], state["betas"][0]))
    rates, betas = np.array(found).T
    return rates, betas
