"""Checkpoints of a run, from which an interrupted run continues."""

import hashlib
import io
import json
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, is_dataclass
from typing import Any

import numpy as np
import torch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler

from skmat._utils.atomic import write_atomically
from skmat._utils.json_files import read_json
from skmat._utils.parameters import plain
from skmat._utils.paths import make_folder, read_path
from skmat._version import __version__
from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.training._divergence import is_finite
from skmat.training._random import random_state, set_random_state
from skmat.training._state_check import (
    StateFault,
    check_finished,
    check_history,
    check_keys,
    check_like,
    check_optimizer,
    with_defaults,
)

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["Resume", "CheckpointFolder", "describe_run", "differences", "saved_history"]

_FORMAT = 1
_RUN = "run.json"
_STATE = "training.state"
_STOPPING = ("misses_", "dynamic_threshold_", "best_model_weights_", "best_epoch_")
#: Entries of a schedule's state that change from step to step.
_CHANGING = {"last_epoch", "_last_lr", "_step_count", "_is_initial", "_get_lr_called_within_step"}
#: Entries that differ between the schedules of two stages.
_PER_STAGE = {"total_steps", "_schedule_phases"}
#: Entries that a saved schedule must have.
_REQUIRED = {"last_epoch", "_last_lr"}
_MAX_LISTED = 5

#: Entries of a run's description that follow from others. They are named only if no other differs.
_CONSEQUENCES = ("seed", "initial weights", "modules")


class CheckpointFolder:
    """The folder in which one run keeps its state.

    ``run.json`` describes the settings and the data. ``training.state`` holds a SHA-256, then the
    state after the last finished epoch. Reading the state cannot run code.

    Parameters
    ----------
    path : path-like
        The folder. It is created if needed.
    facts : dict, default=None
        Further entries of the run's description, as plain data.
    """

    def __init__(self, path, facts=None):
        self.path = read_path(path, "checkpoint_dir", InvalidInputError)
        self.facts = facts or {}

    def recorded_seed(self):
        """Return the ``random_state`` of the folder's run, None for an empty folder."""
        seed = self._read_run().get("random_state")
        if seed is not None and (type(seed) is not int or not 0 <= seed < 2**63):
            raise self._damaged()
        return seed

    @contextmanager
    def claimed(self, description) -> Iterator[None]:
        """Lock the folder for one run inside the block.

        Parameters
        ----------
        description : dict
            The run, as returned by `describe_run`.

        Raises
        ------
        PretrainedError
            If the folder holds another run, or if another process is using it.
        InvalidInputError
            If the path is a file.
        """
        make_folder(self.path, "checkpoint_dir")
        with self._locked():
            # Remove files of a write that was killed.
            for leftover in self.path.glob(f".{_STATE}.*"):
                leftover.unlink()
            self._check(description)
            yield

    def read(self) -> dict[str, Any] | None:
        """Return the state after the last finished epoch, None before the first."""
        try:
            content = (self.path / _STATE).read_bytes()
        except FileNotFoundError:
            return None
        size = hashlib.sha256().digest_size
        if hashlib.sha256(content[size:]).digest() != content[:size]:
            raise PretrainedError(
                f"{self.path / _STATE} was altered or cut short. Delete the folder to train from"
                " the start."
            )
        stream = io.BytesIO(content)
        stream.seek(size)
        with self.rejecting_state():
            # `weights_only` rejects files that would run code.
            state = torch.load(stream, map_location="cpu", weights_only=True)
            if not isinstance(state, dict) or not isinstance(state.get("finished"), bool):
                raise StateFault("it does not say whether the run has finished")
            return state

    @contextmanager
    def rejecting_state(self) -> Iterator[None]:
        """Report any error inside the block as a state that cannot be used.

        Raises
        ------
        PretrainedError
            Instead of the error.
        """
        try:
            yield
        # A file that was edited and hashed again can raise any error.
        except Exception as error:
            fault = "it is not the state of a training run"
            if isinstance(error, StateFault):
                fault = str(error)
            raise PretrainedError(
                f"{self.path / _STATE} cannot be resumed: {fault}. Delete the folder to train from"
                " the start, or use another checkpoint_dir."
            ) from error

    def write(self, state):
        """Replace the state in one atomic step."""
        stream = io.BytesIO()
        torch.save(state, stream)
        content = stream.getvalue()
        write_atomically(self.path / _STATE, hashlib.sha256(content).digest() + content)

    def _check(self, description):
        """Compare the run with the recorded one, or record it."""
        # Through JSON, which turns tuples into lists.
        run = json.loads(json.dumps({**self.facts, **description}, default=str))
        versions = {"skmat": __version__, "torch": str(torch.__version__)}
        known = self._read_run()
        if not known:
            if (self.path / _STATE).exists():
                raise PretrainedError(
                    f"{self.path} holds the state of a run, but no {_RUN} that describes the run."
                    " Delete the folder to train from the start."
                )
            content = {"format": _FORMAT, "versions": versions, **run}
            write_atomically(self.path / _RUN, (json.dumps(content, indent=1) + "\n").encode())
            return
        if known.pop("format", None) != _FORMAT:
            raise PretrainedError(
                f"{self.path} was written by a version of skmat whose runs skmat {__version__}"
                " cannot resume. Use another checkpoint_dir."
            )
        before = known.pop("versions", {})
        found = differences(known, run)
        if found:
            more = len(found) - _MAX_LISTED
            listed = "; ".join(found[:_MAX_LISTED]) + (f"; {more} more" if more > 0 else "")
            raise PretrainedError(
                f"{self.path} holds the checkpoint of another run: {listed}. Use another"
                " checkpoint_dir or what that run used, or delete the folder to train from the"
                " start."
            )
        if before != versions:
            changes = ", ".join(
                f"{name} {before.get(name)} (now {version})"
                for name, version in versions.items()
                if before.get(name) != version
            )
            warnings.warn(
                f"The run in {self.path} began with {changes}. Its result may differ from that of"
                " an uninterrupted run.",
                UserWarning,
                stacklevel=2,
            )

    def _read_run(self):
        try:
            run = read_json(self.path / _RUN)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (IsADirectoryError, ValueError) as error:
            raise self._damaged() from error
        if not isinstance(run, dict) or not isinstance(run.get("versions", {}), dict):
            raise self._damaged()
        return run

    def _damaged(self):
        return PretrainedError(
            f"{self.path / _RUN} is damaged. Delete the folder to train from the start."
        )

    @contextmanager
    def _locked(self):
        if fcntl is None:
            yield
            return
        path = self.path / ".lock"
        while True:
            with path.open("a") as file:
                try:
                    # The system releases the lock if the process dies.
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise PretrainedError(
                        f"Another process is training in {self.path}. Wait for it, or use another"
                        " checkpoint_dir."
                    ) from None
                except OSError:
                    # Some network file systems have no locks.
                    pass
                if not os.fstat(file.fileno()).st_nlink:
                    continue  # another process removed the file after it was opened here
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return


class Resume(Callback):
    """Load the state before training, and write it after every epoch.

    It must be the last callback, so that the others have finished the epoch. Other callbacks that
    have a state need ``state_dict()`` and ``load_state_dict(state)``, with tensors and plain data.

    Parameters
    ----------
    folder : CheckpointFolder
        Folder of the state.
    """

    def __init__(self, folder: CheckpointFolder):
        self.folder = folder

    def on_train_begin(self, net, **kwargs):
        state = self.folder.read()
        if state is not None:
            with self.folder.rejecting_state():
                _restore(net, state)
            net.n_resumed_epochs_ = len(net.history)

    def on_epoch_end(self, net, **kwargs):
        # Weights that are not finite must not replace a state that can be resumed.
        if is_finite(net.module_):
            self.folder.write(_state_of(net))

    def write_result(self, net):
        """Write the result of a finished run."""
        history = saved_history(net.history)
        if history:  # a callback may have ended the training before
            state = {"module": net.module_.state_dict(), "history": history}
            self.folder.write({"finished": True, **state})

    def read_result(self, net) -> bool:
        """Load the result if the run has finished. Return whether it has."""
        state = self.folder.read()
        if state is None or not state["finished"]:
            return False
        with self.folder.rejecting_state():
            check_finished(state, net.module_.state_dict(), net.max_epochs)
            net.module_.load_state_dict(state["module"])
            net.history.extend(state["history"])
        return True


def describe_run(model, settings, training_data, valid_data) -> dict[str, Any]:
    """Return all that the result of a run depends on, as plain data and hashes of arrays.

    Parameters
    ----------
    model : MultiObjectiveModel
        The model before training.
    settings : TrainingSettings
        Settings of the training.
    training_data : TrainingData
        Training data.
    valid_data : TrainingData or None
        Validation data.
    """
    described = asdict(settings)
    described.pop("verbose")
    weights = (tensor for _, tensor in sorted(model.state_dict().items()))
    return {
        **described,
        "device": torch.device(settings.device).type,
        "objectives": {each.name: each.describe() for each in model.objectives},
        "targets": {target.name: asdict(target) for target in model.targets},
        "network": getattr(model.encoder, "config", {}),
        "training data": _describe_data(training_data),
        "validation data": {} if valid_data is None else _describe_data(valid_data),
        "initial weights": _hash(tensor.detach().cpu().numpy() for tensor in weights),
        # For settings that "network" does not hold, such as dropout.
        "modules": [line.strip() for line in repr(model).splitlines()],
    }


def saved_history(history) -> list[dict]:
    """Return the finished epochs, without what the user's callbacks recorded but numbers."""
    rows = [{key: plain(value) for key, value in row.items()} for row in history]
    return [
        {key: value for key, value in row.items() if isinstance(value, int | float) or value == []}
        for row in rows
        if "train_loss" in row
    ]


def _describe_data(data):
    # Without further columns, as in the files of older versions.
    extra = {} if data.extra is None else {"further columns": _hash([data.extra])}
    return {
        "rows": len(data),
        "materials": _hash(_arrays(data.materials)),
        "labels": _hash([data.y]),
        "teacher_targets": _hash(
            features for features in data.teacher_targets if features is not None
        ),
        "sample weights": _hash([data.sample_weight]),
        **extra,
    }


def _arrays(materials):
    if not is_dataclass(materials):
        raise TypeError(f"{type(materials).__name__} must be a dataclass of arrays")
    return (getattr(materials, field.name) for field in fields(materials))


def _hash(arrays):
    digest = hashlib.sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype} {array.shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def differences(before, now) -> list[str]:
    """Return the differences between two descriptions, as text."""
    parts = {
        key: list(_compare(key, before.get(key), now.get(key)))
        for key in dict.fromkeys([*now, *before])
    }
    causes = [text for key, texts in parts.items() if key not in _CONSEQUENCES for text in texts]
    return causes or [text for texts in parts.values() for text in texts]


def _compare(name, before, now) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*now, *before]):
            yield from _compare(f"{name}, {key}", before.get(key), now.get(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (old, new) in enumerate(zip(before, now, strict=True)):
            yield from _compare(f"{name} [{index}]", old, new)
    elif before != now:
        hashed = all(isinstance(each, str) and len(each) == 64 for each in (before, now))
        yield f"{name} differ" if hashed else f"{name} was {_short(before)}, is {_short(now)}"


def _short(value, width=60):
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def _state_of(net) -> dict[str, Any]:
    """Return the state that the remaining epochs depend on."""
    return {
        "finished": False,
        "module": net.module_.state_dict(),
        "criterion": net.criterion_.state_dict(),
        "weighting generator": net.criterion_.generator.get_state(),
        "batch generator": net.iterator_train.keywords["generator"].get_state(),
        "optimizer": net.optimizer_.state_dict(),
        "callbacks": {
            name: state
            for name, callback in net.callbacks_
            if (state := _callback_state(callback)) is not None
        },
        "random": random_state(net.device),
        "history": saved_history(net.history),
    }


def _restore(net, state):
    own = _state_of(net)
    check_keys(state, set(own), "the state")
    for part in ("module", "criterion", "weighting generator", "batch generator", "random"):
        check_like(state[part], own[part], part)
    check_history(state["history"], net.max_epochs)
    check_keys(state["callbacks"], set(own["callbacks"]), "callbacks")
    optimizer = check_optimizer(state["optimizer"], net.optimizer_)
    net.module_.load_state_dict(state["module"])
    net.criterion_.load_state_dict(state["criterion"])
    net.criterion_.generator.set_state(state["weighting generator"])
    net.iterator_train.keywords["generator"].set_state(state["batch generator"])
    # The schedule sets learning rates when it is created, so the optimizer is loaded after it.
    net.optimizer_.load_state_dict(optimizer)
    is_staged = "unfreezing" in dict(net.callbacks_)
    for name, callback in net.callbacks_:
        if name in own["callbacks"]:
            _load_callback_state(
                callback, own["callbacks"][name], state["callbacks"][name], own, is_staged
            )
    set_random_state(state["random"], net.device)
    net.history.extend(state["history"])


def _callback_state(callback):
    if isinstance(callback, LRScheduler):
        return callback.lr_scheduler_.state_dict()
    if isinstance(callback, EarlyStopping):
        return {name: getattr(callback, name) for name in _STOPPING}
    return callback.state_dict() if hasattr(callback, "state_dict") else None


def _load_callback_state(callback, own, state, whole, is_staged):
    """Check the state of a callback against that of a new run, and load it.

    Parameters
    ----------
    callback : Callback
        The callback of the new run.
    own : dict
        Its state before the first epoch.
    state : dict
        The state to load.
    whole : dict
        The state of the new run, which `own` is part of.
    is_staged : bool
        Whether layers are unfrozen in stages, each with its own schedule.
    """
    name = type(callback).__name__
    if isinstance(callback, LRScheduler):
        schedule = with_defaults(state, own, name)
        missing = _REQUIRED - set(state)
        if missing:
            raise StateFault(f"{name} lacks {sorted(missing)}")
        check_like(schedule, own, name)
        fixed = set(own) - _CHANGING - (_PER_STAGE if is_staged else set())
        changed = sorted(key for key in fixed if schedule[key] != own[key])
        if changed:
            raise StateFault(f"{name} belongs to another run: {changed[0]} differs")
        if not 0 <= schedule["last_epoch"] <= schedule.get("total_steps", math.inf):
            raise StateFault(f"{name} is at step {schedule['last_epoch']}")
        callback.lr_scheduler_.load_state_dict(schedule)
    elif isinstance(callback, EarlyStopping):
        check_keys(state, set(_STOPPING), name)
        best = state["best_model_weights_"]
        if best is not None:
            check_like(best, whole["module"], f"{name}, best weights")
        for key in ("misses_", "best_epoch_", "dynamic_threshold_"):
            check_like(state[key], 0, f"{name}, {key}")
        for key, value in state.items():
            setattr(callback, key, value)
    else:
        check_like(state, own, name)
        callback.load_state_dict(state)
