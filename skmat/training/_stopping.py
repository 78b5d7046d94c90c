"""Early stopping that is told apart from Ctrl-C."""

import math

from skorch.callbacks import EarlyStopping

from skmat.exceptions import InvalidInputError, StopTraining
from skmat.training._divergence import is_finite

__all__ = ["Stopping"]


class Stopping(EarlyStopping):
    """skorch's callback, which raises ``StopTraining`` instead of KeyboardInterrupt.

    A validation loss that is NaN is an error, because no epoch could be the best one.
    """

    def on_epoch_end(self, net, **kwargs):
        # Weights that are not finite have an error of their own.
        if math.isnan(net.history[-1, "valid_loss"]) and is_finite(net.module_):
            raise InvalidInputError(
                f"patience={self.patience} cannot judge an epoch: the rows that are held back have"
                " no loss of a task that early stopping watches. Use a larger validation_fraction,"
                " or patience=None to train on all rows."
            )
        try:
            super().on_epoch_end(net, **kwargs)
        except KeyboardInterrupt:
            if self.misses_ < self.patience:
                raise
            raise StopTraining from None
