"""New heads learn before the encoder does."""

from skorch.callbacks import Callback

from skmat.training._freeze import freeze
from skmat.training._optimizer import one_cycle

__all__ = ["HeadFirst"]


class HeadFirst(Callback):
    """Keep the encoder frozen for the first epochs, then let it learn with the heads.

    The gradients of a head that knows nothing yet would only undo what the encoder was pretrained
    on (Kumar et al. 2022, "Fine-tuning can distort pretrained features").

    Parameters
    ----------
    head_epochs : int
        Epochs in which the heads alone learn.
    trainable : str
        What learns afterwards, as `freeze` takes it.
    lr : float
        Largest learning rate, of the heads.
    n_steps : int
        Training steps that come after the first epochs.
    """

    def __init__(self, head_epochs: int, trainable: str, lr: float, n_steps: int):
        self.head_epochs = head_epochs
        self.trainable = trainable
        self.lr = lr
        self.n_steps = n_steps

    # What is done follows from the number of the epoch alone: there is no state to go wrong.

    def on_epoch_begin(self, net, **kwargs):
        epoch = len(net.history)
        freeze(net.module_.encoder, "head" if epoch <= self.head_epochs else self.trainable)
        schedule = dict(net.callbacks_).get("schedule")
        if schedule is not None and epoch == self.head_epochs + 1:
            # The first cycle has brought the heads to rest; the second is for everything.
            schedule.lr_scheduler_ = one_cycle(
                net.optimizer_, lr=self.lr, total_steps=self.n_steps + 1
            )

    def on_epoch_end(self, net, **kwargs):
        stop = dict(net.callbacks_).get("stop")
        if stop is not None and len(net.history) <= self.head_epochs:
            # It adds this epoch after us, to 0: heads at rest are no reason to stop.
            stop.misses_ = -1
