"""Gradual unfreezing: heads first, then the encoder from its last layer to its first."""

from collections.abc import Sequence
from itertools import accumulate

from skorch.callbacks import Callback

from skmat.training._freeze import freeze
from skmat.training._optimizer import one_cycle

__all__ = ["GradualUnfreezing"]


class GradualUnfreezing(Callback):
    """Freeze the encoder at first, then unfreeze it layer by layer from its end.

    Gradients of an untrained head would undo pretraining (Kumar et al. 2022, "Fine-tuning can
    distort pretrained features"). Unfreezing one layer at a time follows Howard and Ruder 2018,
    "Universal language model fine-tuning", section 3.3.

    Parameters
    ----------
    stages : sequence of int
        Epochs of each stage. The first stage trains the heads, the second also the last depth
        group of the encoder, the third the last two groups, and so on. The remaining epochs train
        all of `trainable`.
    trainable : str
        Part of the encoder that is trained at the end, as in `freeze`.
    lr : float
        Largest learning rate of the heads.
    max_epochs : int
        Number of epochs, more than those of all stages.
    steps_per_epoch : int
        Training steps per epoch.
    """

    def __init__(
        self,
        stages: Sequence[int],
        trainable: str,
        lr: float,
        max_epochs: int,
        steps_per_epoch: int,
    ):
        self.stages = stages
        self.trainable = trainable
        self.lr = lr
        self.max_epochs = max_epochs
        self.steps_per_epoch = steps_per_epoch

    # The stage depends only on the number of the epoch, so that a resumed run needs no state here.

    def on_epoch_begin(self, net, **kwargs):
        epoch = len(net.history)
        ends = [*accumulate(self.stages), self.max_epochs]
        stage = sum(epoch > end for end in ends[:-1])
        n_groups = stage if stage < len(self.stages) else None
        freeze(net.module_.encoder, self.trainable, n_groups)
        schedule = dict(net.callbacks_).get("schedule")
        if schedule is not None and stage and epoch == ends[stage - 1] + 1:
            # The last cycle ended at a rate near zero. Each stage has its own cycle.
            n_steps = (ends[stage] - ends[stage - 1]) * self.steps_per_epoch
            schedule.lr_scheduler_ = one_cycle(net.optimizer_, lr=self.lr, total_steps=n_steps + 1)

    def on_epoch_end(self, net, **kwargs):
        stop = dict(net.callbacks_).get("stop")
        if stop is not None and len(net.history) <= sum(self.stages):
            # Early stopping does not count epochs of the stages. It runs next and adds 1.
            stop.misses_ = -1
