"""Training on several processes, as ``torchrun`` starts them.

All processes draw the same batches, masks and weights of tasks. Each computes on its share of the
rows. Losses are sums over the rows, so their sums over the processes are those of the whole batch,
and so are the counts that they are divided by. Gradients are added up too. A step is therefore the
step of one process, except for rounding and dropout.

torch's ``DistributedDataParallel`` does not fit. It averages gradients of losses that each process
has divided by its own count, and it needs a gradient of every parameter from each process.

Processes stay in step by an ``exchange``, once per step and at the end of each part of a training.
It tells all of them if one has failed, was interrupted, or is stopped by a callback.
"""

import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from skorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from skmat.exceptions import InvalidInputError, SkmatError, StopTraining
from skmat.nn import BatchNorm1d, current_processes, sharing_batches
from skmat.objectives import TaskLosses
from skmat.training._group import are_several_processes, in_touch, of_first_process
from skmat.training._random import reseed
from skmat.training._resume import CheckpointFolder, differences

__all__ = [
    "TrainingProcesses",
    "announced",
    "of_all_processes",
    "print_failure",
    "training_together",
]

#: What a process tells the others in an exchange.
_GOING_ON, _FINISHED, _STOPPED, _INTERRUPTED, _FAILED = range(5)

#: Largest difference between the weights of two processes, relative to the largest weight.
_TOLERANCE = 1e-3

_MAX_LISTED = 5


@contextmanager
def training_together(model: nn.Module, device: str) -> Iterator["TrainingProcesses | None"]:
    """Train one network on all processes inside the block.

    Parameters
    ----------
    model : MultiObjectiveModel
        The network, the same on each process.
    device : str
        Device of this process.

    Yields
    ------
    TrainingProcesses or None
        None if this process trains alone.

    Raises
    ------
    SkmatError
        If another process fails inside the block.
    KeyboardInterrupt
        If one of the processes gets Ctrl-C.
    InvalidInputError
        If the network cannot be trained on several processes.
    """
    if not are_several_processes():
        yield None
        return
    n_tasks = len(model.task_names)  # type: ignore[arg-type]
    processes = TrainingProcesses(device, n_tasks)
    with processes.deferring_interrupts(), processes.announcing(_FAILED):
        _check_can_share(model, device)
        yield processes


def print_failure(error: Exception) -> None:
    """Print an error of this process.

    If networks that add up in their middle fail on one process, torch may abort all before the
    error is raised.
    """
    if current_processes() is not None:
        text = f"process {dist.get_rank()}: {type(error).__name__}: {error}"
        print(text, file=sys.stderr, flush=True)


@contextmanager
def announced() -> Iterator[None]:
    """Tell the other processes of this thread's training how its epochs end."""
    processes: Any = current_processes()
    if processes is None:
        yield
        return
    with processes.announcing(_STOPPED):
        yield


def of_all_processes(losses: TaskLosses) -> TaskLosses:
    """Add up losses over all processes of this thread's training.

    The gradient is that of the rows of this process.
    """
    processes: Any = current_processes()
    if processes is None:
        return losses
    n_tasks = len(losses.sums)
    whole = processes.exchange(_GOING_ON, torch.cat([losses.sums, losses.counts]).detach())
    return TaskLosses(_WithValue.apply(losses.sums, whole[:n_tasks]), whole[n_tasks:])


class TrainingProcesses:
    """The processes of one training.

    Parameters
    ----------
    device : str
        Device of the tensors.
    n_tasks : int
        Number of tasks, the same for all.
    """

    def __init__(self, device: str, n_tasks: int):
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.device = device
        self.n_values = 2 * n_tasks
        self.is_interrupted = False
        #: Whether all processes know that a callback stops the training.
        self.is_stopped = False
        #: The error that ends the training, once all processes know of it.
        self.ended_by: BaseException | None = None

    def share(self, n: int, subsets: Sequence[Tensor] = ()) -> tuple[np.ndarray, float]:
        """Return which rows of a batch of `n` this process has, and a factor of their weights.

        Networks need at least one material. If a process would have no row, or none of one of the
        `subsets`, all have all rows, and each counts for a part.
        """
        rows = np.arange(n)
        shares = np.array_split(rows, self.size)
        needed = [rows, *(subset.numpy() for subset in subsets)]
        if all(np.isin(each, share).any() for each in needed for share in shares):
            return shares[self.rank], 1.0
        return rows, 1 / self.size

    def add_up(self, values: Tensor) -> Tensor:
        """Replace `values` by their sum over all processes, in place, and return them."""
        with self._in_touch():
            dist.all_reduce(values)
        return values

    def exchange(
        self, code: int, values: Tensor | None = None, error: BaseException | None = None
    ) -> Tensor:
        """Tell the others how this process is, and return the sum of `values` over all.

        Parameters
        ----------
        code : int
            How this process is.
        values : Tensor of shape (n_values,), default=None
            Losses of a batch. None is zeros.
        error : BaseException, default=None
            The error that the caller is about to raise. Nothing else is raised then.

        Raises
        ------
        StopTraining, KeyboardInterrupt, SkmatError
            If another process is stopped, is interrupted, has failed, or is out of step.
        """
        if error is None and self.ended_by is not None:
            raise self.ended_by
        if error is None and self.is_interrupted:
            code, self.is_interrupted = _INTERRUPTED, False
        sent = torch.zeros(_FAILED + self.n_values, device=self.device, dtype=torch.float32)
        if code != _GOING_ON:
            sent[code - 1] = 1
        if values is not None:
            sent[_FAILED:] = values
        self.add_up(sent)
        found = self._judged([int(n) for n in sent[:_FAILED].tolist()], error)
        if found is not None and error is None:
            raise found
        return sent[_FAILED:]

    @contextmanager
    def announcing(self, code_of_stop: int) -> Iterator[None]:
        """Tell the others how the block ends.

        `code_of_stop` is what a StopTraining of the block means.
        """
        try:
            yield
        except BaseException as error:
            is_stop = isinstance(error, StopTraining)
            code = _INTERRUPTED if isinstance(error, KeyboardInterrupt) else _FAILED
            code = code_of_stop if is_stop else code
            are_told = self.ended_by is not None or (code == _STOPPED and self.is_stopped)
            if not are_told:
                # If they cannot be told, the error at hand is the cause.
                with suppress(SkmatError):
                    self.exchange(code, error=error)
            raise
        self.exchange(_FINISHED)

    @contextmanager
    def deferring_interrupts(self) -> Iterator[None]:
        """Let Ctrl-C wait for the next exchange, where all processes are interrupted together."""

        def handle(number, frame):
            self.is_interrupted = True

        before = signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            # None is a handler that was not set by Python.
            signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
        if self.is_interrupted:
            raise KeyboardInterrupt

    @contextmanager
    def sharing(self, net: Any, seed: int) -> Iterator[None]:
        """Let `net` train on shares of its batches, and draw other dropout on each process."""
        # The first process draws the random numbers that it would draw alone.
        if self.rank:
            net.callbacks_.insert(0, ("own_dropout", _OwnDropout(seed, self.rank)))
        with sharing_batches(self):
            yield

    def backward(self, loss: Tensor, parameters: Iterable[nn.Parameter]) -> None:
        """Compute the gradient of `loss`, the loss of the whole batch, on all processes.

        A parameter has no gradient if it has none on any process.
        """
        failure = None
        try:
            # Each process has the whole loss, so that each counts for a part.
            (loss / self.size).backward()
        except Exception as error:
            print_failure(error)
            failure = error
        learned = [each for each in parameters if each.requires_grad]
        known = [each.grad is not None for each in learned]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in learned]
        last = torch.tensor([*known, failure is not None], device=self.device, dtype=torch.float32)
        sums = self.add_up(torch.cat([*(each.flatten() for each in gradients), last]))
        *numbers, n_failed = sums[-len(last) :].tolist()
        if failure is not None:
            raise failure
        if n_failed:
            self.exchange(_GOING_ON)  # raises, because the other process tells its failure
        parts = sums[: -len(last)].split([each.numel() for each in learned])
        for parameter, part, number in zip(learned, parts, numbers, strict=True):
            parameter.grad = part.view_as(parameter) if number else None

    def check_same(self, description: dict[str, Any]) -> None:
        """Raise an error unless all processes train the same.

        Parameters
        ----------
        description : dict
            The training, as returned by `describe_run`.

        Raises
        ------
        InvalidInputError
            If another process has other data or settings.
        """
        own = json.loads(json.dumps(description, default=str))
        found = differences(self.of_first(lambda: own), own)
        if found:
            raise InvalidInputError(
                f"Process {self.rank} does not train the same as process 0:"
                f" {'; '.join(found[:_MAX_LISTED])}. Run the same script with the same data on all"
                " processes, and set random_state where rows are drawn. To train another network"
                " in each process, run `del os.environ['WORLD_SIZE']` before the first fit."
            )
        self.exchange(_GOING_ON)

    def keep_same(self, model: nn.Module) -> None:
        """Give `model` the weights of the first process.

        Raises
        ------
        SkmatError
            If they differ by more than rounding.
        """
        self.exchange(_GOING_ON)
        tensors = [each for each in model.state_dict().values() if each.is_floating_point()]
        own = torch.cat([each.detach().flatten() for each in tensors])
        first = own.clone()
        with self._in_touch():
            dist.broadcast(first, src=0)
        difference = (own - first).abs().max()
        if difference > _TOLERANCE * first.abs().max():
            raise SkmatError(
                f"The weights of process {self.rank} differ from those of process 0 by up to"
                f" {difference.item():.3g}. Callbacks that change weights or gradients must do the"
                " same on all processes."
            )
        with torch.no_grad():
            for tensor, part in zip(
                tensors, first.split([each.numel() for each in tensors]), strict=True
            ):
                tensor.copy_(part.view_as(tensor))

    def of_first(self, function: Callable[[], Any]) -> Any:
        """Call `function` on the first process, and return its result on all."""
        value = function() if self.rank == 0 else None
        self.exchange(_GOING_ON)
        with self._in_touch():
            return of_first_process(value)

    def folder(self, folder: CheckpointFolder) -> "_FolderOfFirst":
        """Return `folder` as all processes use it: only the first reads and writes it."""
        return _FolderOfFirst(folder, self)

    def _judged(self, numbers, error) -> BaseException | None:
        """Return what this process must raise, for the number of processes by code from 1."""
        n_finished, n_stopped, n_interrupted, n_failed = numbers
        found: BaseException | None = None
        if n_failed:
            found = SkmatError(self._failures(error))
        elif n_interrupted:
            found = KeyboardInterrupt()
        elif n_stopped:
            self.is_stopped = True
            return StopTraining()
        elif 0 < n_finished < self.size:
            found = SkmatError(
                "The processes are out of step: some have finished their training, others have"
                " not. Callbacks must end it on all processes, or raise StopTraining."
            )
        self.ended_by = found
        return found

    def _failures(self, error):
        text = f"{type(error).__name__}: {error}" if error is not None else None
        texts = [None] * self.size
        with self._in_touch():
            dist.all_gather_object(texts, text)
        failed = [f"process {rank}: {each}" for rank, each in enumerate(texts) if each]
        return f"The training failed on {'; '.join(failed)}"

    @contextmanager
    def _in_touch(self):
        try:
            with in_touch():
                yield
        except SkmatError as error:
            self.ended_by = error
            raise


class _FolderOfFirst:
    """A folder of checkpoints of which all processes know what the first one reads."""

    def __init__(self, folder: CheckpointFolder, processes: TrainingProcesses):
        self.own, self.processes = folder, processes
        self.rejecting_state = folder.rejecting_state

    @contextmanager
    def claimed(self, description):
        with ExitStack() as held:
            if self.processes.rank == 0:
                held.enter_context(self.own.claimed(description))
            self.processes.exchange(_GOING_ON)
            yield

    def read(self):
        return self.processes.of_first(self.own.read)

    def write(self, state):
        if self.processes.rank == 0:
            self.own.write(state)


class _OwnDropout(Callback):
    """Seed dropout by the number of the process and of the epoch.

    A resumed run needs no state of it, also with another number of processes.
    """

    def __init__(self, seed: int, rank: int):
        self.seed, self.rank = seed, rank

    def on_epoch_begin(self, net, **kwargs):
        entropy = np.random.SeedSequence([self.seed, self.rank, len(net.history)])
        reseed(int(entropy.generate_state(1)[0]), net.device)


class _WithValue(torch.autograd.Function):
    """Values with another number, and the gradient of the first one.

    The whole loss is divided by the number of processes before its gradient is computed.
    """

    @staticmethod
    def forward(ctx, values, whole):
        return whole.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * dist.get_world_size(), None


def _check_can_share(model, device):
    if torch.device(device).type == "mps":
        raise InvalidInputError(
            f"device={device!r} cannot train on several processes. Use device='cpu' or 'cuda', or"
            " train on one process."
        )
    for name, part in model.named_modules():
        if isinstance(part, _BatchNorm) and not isinstance(part, BatchNorm1d):
            raise InvalidInputError(
                f"{name} is torch's {type(part).__name__}, whose statistics would be those of the"
                " rows of one process. Use skmat.nn.BatchNorm1d, or train on one process."
            )
