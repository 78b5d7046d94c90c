"""Early stopping that nobody takes for Ctrl-C."""

from skorch.callbacks import EarlyStopping

__all__ = ["Stopping", "StoppedEarly"]


class StoppedEarly(KeyboardInterrupt):
    """The signal of ``Stopping``, of the kind that skorch's loop ends at."""


class Stopping(EarlyStopping):
    """skorch's callback, whose signal is one of its own."""

    def on_epoch_end(self, net, **kwargs):
        try:
            super().on_epoch_end(net, **kwargs)
        except KeyboardInterrupt:
            if self.misses_ < self.patience:
                raise
            raise StoppedEarly from None
