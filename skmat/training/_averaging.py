"""Averages of the weights over the steps of a training."""

from functools import partial

import torch
from skorch.callbacks import Callback
from torch.optim.swa_utils import AveragedModel

__all__ = ["WeightAveraging"]


class WeightAveraging(Callback):
    """Keep an exponential moving average of the weights, to be validated and kept at the end.

    The net holds the averaged weights from the first batch of validation to the next epoch, and
    once training has ended; a callback that copies the best weights must come after this one.

    At step n the decay is the smaller of `decay` and (1 + n) / (10 + n), as TensorFlow's
    ``ExponentialMovingAverage`` has it: with a constant one of 0.999, a training of a few hundred
    steps would end with little but its first weights.

    Parameters
    ----------
    decay : float
        Share of the average that stays at each step, between 0 and 1.
    """

    def __init__(self, decay: float):
        self.decay = decay

    def on_train_begin(self, net, **kwargs):
        # Buffers are copied, not averaged: they are counters, or averages themselves.
        self.averaged_ = AveragedModel(net.module_, multi_avg_fn=partial(_average, self.decay))
        self.swapped_ = False

    def on_epoch_begin(self, net, **kwargs):
        self._swap(net, averaged=False)

    def on_batch_begin(self, net, training=None, **kwargs):
        if not training:
            self._swap(net, averaged=True)

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            self.averaged_.update_parameters(net.module_)

    def on_train_end(self, net, **kwargs):
        if self.averaged_.n_averaged > 0:
            self._swap(net, averaged=True)
        del self.averaged_

    def state_dict(self):
        """Return what a resumed training needs, as torch's parts do."""
        return {"averaged": self.averaged_.state_dict(), "swapped": self.swapped_}

    def load_state_dict(self, state):
        """Take what ``state_dict`` returned."""
        self.averaged_.load_state_dict(state["averaged"])
        self.swapped_ = state["swapped"]

    def _swap(self, net, *, averaged):
        if self.swapped_ == averaged:
            return
        # Storage changes hands, so that no bit is lost, and the optimizer's parameters stay.
        pairs = zip(net.module_.parameters(), self.averaged_.module.parameters(), strict=True)
        for live, other in pairs:
            live.data, other.data = other.data, live.data
        self.swapped_ = averaged


@torch.no_grad()
def _average(decay, averages, weights, n_averaged):
    n = int(n_averaged)
    decay = min(decay, (1 + n) / (10 + n))
    torch._foreach_lerp_(averages, weights, 1.0 - decay)
