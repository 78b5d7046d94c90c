"""Early stopping that is told apart from Ctrl-C."""

from skorch.callbacks import EarlyStopping

__all__ = ["Stopping", "StoppedEarly"]


class StoppedEarly(KeyboardInterrupt):
    """Raised by ``Stopping``. skorch ends its loop at a KeyboardInterrupt."""


class Stopping(EarlyStopping):
    """skorch's callback, which raises ``StoppedEarly`` instead of KeyboardInterrupt."""

    def on_epoch_end(self, net, **kwargs):
        try:
            super().on_epoch_end(net, **kwargs)
        except KeyboardInterrupt:
            if self.misses_ < self.patience:
                raise
            raise StoppedEarly from None
