"""Moving average of the weights over training steps."""

from functools import partial

import torch
from skorch.callbacks import Callback
from torch.optim.swa_utils import AveragedModel

__all__ = ["WeightAveraging"]


class WeightAveraging(Callback):
    """Keep an exponential moving average of the weights, and use it for validation and prediction.

    The net holds the averaged weights during validation and after training. A callback that copies
    the best weights must follow this one.

    At step n the decay is the smaller of `decay` and (1 + n) / (10 + n), as in TensorFlow's
    ``ExponentialMovingAverage``. With a constant decay of 0.999, a few hundred steps would hardly
    change the initial weights.

    Parameters
    ----------
    decay : float
        Share of the old average that each step keeps, between 0 and 1.
    """

    def __init__(self, decay: float):
        self.decay = decay

    def on_train_begin(self, net, **kwargs):
        # Buffers are copied, not averaged: they are counters, or already averages.
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
        """Return the state that a resumed run needs."""
        return {"averaged": self.averaged_.state_dict(), "swapped": self.swapped_}

    def load_state_dict(self, state):
        """Load what ``state_dict`` returned."""
        self.averaged_.load_state_dict(state["averaged"])
        self.swapped_ = state["swapped"]

    def _swap(self, net, *, averaged):
        if self.swapped_ == averaged:
            return
        # Swapping storage is exact, and the optimizer keeps its parameter objects.
        pairs = zip(net.module_.parameters(), self.averaged_.module.parameters(), strict=True)
        for live, other in pairs:
            live.data, other.data = other.data, live.data
        self.swapped_ = averaged


@torch.no_grad()
def _average(decay, averages, weights, n_averaged):
    n = int(n_averaged)
    decay = min(decay, (1 + n) / (10 + n))
    torch._foreach_lerp_(averages, weights, 1.0 - decay)
