"""Early stopping that is told apart from Ctrl-C."""

from skorch.callbacks import EarlyStopping

from skmat.exceptions import StopTraining

__all__ = ["Stopping"]


class Stopping(EarlyStopping):
    """skorch's callback, which raises ``StopTraining`` instead of KeyboardInterrupt."""

    def on_epoch_end(self, net, **kwargs):
        try:
            super().on_epoch_end(net, **kwargs)
        except KeyboardInterrupt:
            if self.misses_ < self.patience:
                raise
            raise StopTraining from None
