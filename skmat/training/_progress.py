"""Progress of training, on a terminal or in a log."""

import sys
import time

from skorch.callbacks import Callback

from skmat._utils.bars import tqdm

__all__ = ["Progress"]


class Progress(Callback):
    """Show losses, speed and time left.

    A terminal or notebook shows a bar. A log has one line per epoch. The speed includes validation
    and counts each training material once per epoch.
    """

    # The bar is created in the first epoch, because `on_train_begin` runs before a run is resumed.

    def on_train_begin(self, net, **kwargs):
        self.bar_, self.begun_ = None, False

    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        if not self.begun_:
            self.begun_, self.start_ = True, time.monotonic()
            self.n_resumed_ = net.n_resumed_epochs_
            if sys.stderr.isatty() or "ipykernel" in sys.modules:
                self.bar_ = tqdm(
                    total=net.max_epochs * len(dataset_train),
                    initial=self.n_resumed_ * len(dataset_train),
                    unit=" materials",
                    unit_scale=True,
                    dynamic_ncols=True,
                )
        if self.bar_ is not None:
            # The history already has a row for this epoch.
            done = len(net.history) - 1
            self.bar_.set_description(f"epoch {done + 1}/{net.max_epochs}", refresh=False)

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if self.bar_ is not None and training:
            self.bar_.update(len(batch[0]))

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        row = net.history[-1]
        tasks = net.module_.task_names
        if self.bar_ is not None:
            # Without the losses of tasks: there may be dozens.
            self.bar_.set_postfix_str(", ".join(_losses(row, ())), refresh=False)
            return
        done = len(net.history)
        seconds = time.monotonic() - self.start_
        per_epoch = seconds / (done - self.n_resumed_)
        parts = [
            f"epoch {done}/{net.max_epochs}",
            *_losses(row, tasks),
            f"{len(dataset_train) / max(per_epoch, 1e-9):,.0f} materials/s",
            f"{_clock(per_epoch * (net.max_epochs - done))} left",
        ]
        print(*parts, sep="  ", file=sys.stderr, flush=True)

    def on_train_end(self, net, **kwargs):
        if self.bar_ is not None:
            self.bar_.close()
        self.bar_ = None


def _losses(row, tasks):
    """Return texts such as "train 0.512 (gap 0.4, masked_elements 0.6)"."""
    for kind in ("train", "valid"):
        if f"{kind}_loss" in row:
            text = f"{kind} {row[f'{kind}_loss']:.4g}"
            if len(tasks) > 1:
                parts = ", ".join(f"{name} {row[f'{kind}_loss_{name}']:.4g}" for name in tasks)
                text += f" ({parts})"
            yield text


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
