"""One trained network of an estimator."""

import copy
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field, replace

import torch

from skmat.estimators._scaling import TargetScaling
from skmat.training import (
    EncoderNet,
    MultiObjectiveModel,
    TrainingSettings,
    own_surroundings,
)

__all__ = ["FittedModel"]


@dataclass
class FittedModel:
    """A trained network with its scaling, seed and history.

    Attributes
    ----------
    net : EncoderNet
        The skorch net.
    scaling : TargetScaling
        Standardisation of the targets, fitted on the training rows of this network.
    seed : int
        Seed of the training run.
    history : list of dict
        One entry per epoch.
    classes : list of (ndarray or None)
        Class labels of each target; None for numbers.
    teachers : list of (FittedTeacher or None)
        Teacher of each objective.
    optimizer_settings : TrainingSettings or None
        Settings that the optimizer of `net` was built with, after ``partial_fit``.
    extra_scaling : TargetScaling or None
        Standardisation of further columns of X. None without such columns.
    """

    net: EncoderNet
    scaling: TargetScaling
    seed: int
    history: list = field(default_factory=list)
    classes: list = field(default_factory=list)
    teachers: list = field(default_factory=list)
    optimizer_settings: TrainingSettings | None = None
    extra_scaling: TargetScaling | None = None

    @property
    def model(self) -> MultiObjectiveModel:
        return self.net.module_

    def without_training(self) -> "FittedModel":
        """Return a copy that can only predict."""
        if getattr(self.net, "optimizer_", None) is None:
            return self
        return replace(self, net=self.net.without_training(), optimizer_settings=None)

    def units(self) -> bytes:
        """Return what gives outputs their meaning: scales of y and of columns, and classes."""
        scalings = [each for each in (self.scaling, self.extra_scaling) if each is not None]
        numbers = [part.tobytes() for each in scalings for part in (each.mean, each.scale)]
        labels = [repr(each.tolist()).encode() for each in self.classes if each is not None]
        return b"".join([*numbers, *labels])

    def move_to(self, device: str) -> None:
        """Move the network to a device, if it is on another. ``partial_fit`` then begins anew."""
        if self.net.device == device:
            return
        with _MOVING:
            known = self.net.device
            try:
                _move(self.net, device)
            except BaseException:
                # Such as without memory on the GPU.
                with suppress(RuntimeError):
                    _move(self.net, known)
                raise
            self.optimizer_settings = None

    def __getstate__(self):
        with _MOVING:
            state = self.__dict__.copy()
            if torch.device(self.net.device).type != "cpu":
                state["net"] = net = copy.deepcopy(self.net)
                _move(net, "cpu")
                if getattr(net, "optimizer_", None) is not None:
                    # After partial_fit, the net still holds its optimizer.
                    net.criterion_.to("cpu")
                    for each in net.optimizer_.state.values():
                        each.update({key: value.to("cpu") for key, value in each.items()})
        return state


#: A network is moved by one thread, while no other one copies it.
_MOVING = threading.RLock()


def _after_fork_in_child():
    global _MOVING  # a thread that the child does not have may hold it
    _MOVING = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)


@own_surroundings()
def _move(net: EncoderNet, device: str) -> None:
    net.module_.to(device)
    net.device = device
