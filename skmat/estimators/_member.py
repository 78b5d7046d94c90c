"""One trained network of an estimator."""

import copy
from dataclasses import dataclass, field, replace

import torch

from skmat.estimators._scaling import TargetScaling
from skmat.training import EncoderNet, MultiObjectiveModel, TrainingSettings

__all__ = ["Member"]


@dataclass
class Member:
    """A network with what belongs to it alone.

    Attributes
    ----------
    net : EncoderNet
        The skorch net.
    scaling : TargetScaling
        Standardisation of the targets, fitted on this member's training rows.
    history : list of dict
        One entry per epoch.
    seed : int
        Where its randomness comes from.
    steps : TrainingSettings or None
        What the steps of `net` follow, if it was built for ``partial_fit``.
    """

    net: EncoderNet
    scaling: TargetScaling
    seed: int
    history: list = field(default_factory=list)
    steps: TrainingSettings | None = None

    @property
    def model(self) -> MultiObjectiveModel:
        return self.net.module_

    def without_training(self) -> "Member":
        """Return a member with the same network, which keeps nothing of its training."""
        if getattr(self.net, "optimizer_", None) is None:
            return self
        return replace(self, net=self.net.without_training(), steps=None)

    def __getstate__(self):
        state = self.__dict__.copy()
        state["net"] = _on_cpu(self.net)
        return state


def _on_cpu(net: EncoderNet) -> EncoderNet:
    """Return `net`, or a copy of it on the CPU; the live network stays where it is."""
    if torch.device(net.device).type == "cpu":
        return net
    net = copy.deepcopy(net)
    net.module_.to("cpu")
    if getattr(net, "optimizer_", None) is not None:
        # Between two calls of partial_fit the net still holds what it trains with.
        net.criterion_.to("cpu")
        for state in net.optimizer_.state.values():
            state.update({key: value.to("cpu") for key, value in state.items()})
    net.device = "cpu"
    return net
