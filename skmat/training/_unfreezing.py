"""New heads learn before the encoder does, and its last layers before the first."""

from collections.abc import Sequence
from itertools import accumulate

from skorch.callbacks import Callback

from skmat.training._freeze import freeze
from skmat.training._optimizer import one_cycle

__all__ = ["GradualUnfreezing"]


class GradualUnfreezing(Callback):
    """Keep the encoder frozen at first, then free it from its end.

    The gradients of a head that knows nothing yet would only undo what the encoder was pretrained
    on (Kumar et al. 2022, "Fine-tuning can distort pretrained features"); to free one layer at a
    time is from Howard and Ruder 2018, "Universal language model fine-tuning", section 3.3.

    Parameters
    ----------
    stages : sequence of int
        Epochs in which the heads alone learn, then the heads and the last depth group of the
        encoder, then the last two, and so on. What is freed in the epochs that remain is
        `trainable`.
    trainable : str
        What learns in the end, as `freeze` takes it; nothing else learns earlier.
    lr : float
        Largest learning rate, of the heads.
    max_epochs : int
        Epochs in all, more than those of the stages.
    steps_per_epoch : int
        Training steps of an epoch.
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

    # What is done follows from the number of the epoch alone: there is no state to go wrong.

    def on_epoch_begin(self, net, **kwargs):
        epoch = len(net.history)
        ends = [*accumulate(self.stages), self.max_epochs]
        stage = sum(epoch > end for end in ends[:-1])
        n_groups = stage if stage < len(self.stages) else None
        freeze(net.module_.encoder, self.trainable, n_groups)
        schedule = dict(net.callbacks_).get("schedule")
        if schedule is not None and stage and epoch == ends[stage - 1] + 1:
            # The cycle before has brought all to rest; this one is for what is free now.
            n_steps = (ends[stage] - ends[stage - 1]) * self.steps_per_epoch
            schedule.lr_scheduler_ = one_cycle(net.optimizer_, lr=self.lr, total_steps=n_steps + 1)

    def on_epoch_end(self, net, **kwargs):
        stop = dict(net.callbacks_).get("stop")
        if stop is not None and len(net.history) <= sum(self.stages):
            # It adds this epoch after us, to 0: heads at rest are no reason to stop.
            stop.misses_ = -1
