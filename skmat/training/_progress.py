"""Progress on the terminal."""

from skorch.callbacks import Callback
from tqdm.auto import tqdm

__all__ = ["Progress"]


class Progress(Callback):
    """A bar over the epochs, with the losses and the speed."""

    def on_train_begin(self, net, **kwargs):
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch", desc="fit")

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        row = net.history[-1]
        shown = {"train": f"{row['train_loss']:.4f}"}
        if "valid_loss" in row:
            shown["valid"] = f"{row['valid_loss']:.4f}"
        if row.get("dur"):
            shown["materials/s"] = f"{len(dataset_train) / row['dur']:.0f}"
        self.bar_.set_postfix(shown, refresh=False)
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        self.bar_.close()
        del self.bar_
