"""One trained network of an estimator."""

import copy
import threading
from dataclasses import dataclass, field, replace

import torch

from skmat.estimators._scaling import TargetScaling
from skmat.training import EncoderNet, MultiObjectiveModel, TrainingSettings

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

    def move_to(self, device: str) -> None:
        """Move the network to a device, if it is on another."""
        with _MOVING:
            if self.net.device != device:
                _move(self.net, device)

    def __getstate__(self):
        state = self.__dict__.copy()
        if torch.device(self.net.device).type != "cpu":
            state["net"] = copy.deepcopy(self.net)
            _move(state["net"], "cpu")
        return state


#: Threads that predict with one network move it once.
_MOVING = threading.Lock()


def _move(net: EncoderNet, device: str) -> None:
    net.module_.to(device)
    if getattr(net, "optimizer_", None) is not None:
        # After partial_fit, the net still holds its optimizer.
        net.criterion_.to(device)
        for state in net.optimizer_.state.values():
            state.update({key: value.to(device) for key, value in state.items()})
    net.device = device
