"""The skorch net."""

import math
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from skorch.history import History

from skmat.exceptions import StopTraining
from skmat.nn import current_processes
from skmat.training._device import autocast
from skmat.training._divergence import diverged
from skmat.training._freeze import set_training_mode
from skmat.training._processes import announced, of_all_processes, print_failure
from skmat.training._surroundings import own_surroundings

__all__ = ["EncoderNet", "EpochLosses", "history_rows"]


class EncoderNet(NeuralNet):
    """A skorch net whose module returns the losses of all tasks. Its criterion weights them.

    Parameters
    ----------
    *args, **kwargs
        Parameters of ``skorch.NeuralNet``.
    precision : {"float32", "bf16"}
        Number format of the forward passes.
    valid_data : TrainingData or None
        Validation data. They are split off before the net is built, because targets are
        standardised on the training rows only.
    parameter_groups : callable or None
        `parameter_groups(module, criterion)` returns the groups of the optimizer. They depend on
        the type of each layer, which skorch's patterns of names cannot express. None is for nets
        that are not trained.
    """

    def __init__(
        self, *args, precision="float32", valid_data=None, parameter_groups=None, **kwargs
    ):
        super().__init__(*args, **kwargs)
        self.precision = precision
        self.valid_data = valid_data
        self.parameter_groups = parameter_groups

    #: Epochs finished before the run was interrupted and resumed. See ``Resume``.
    n_resumed_epochs_ = 0

    #: The exception of Ctrl-C during training.
    interrupt_: KeyboardInterrupt | None = None

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        epochs = self.max_epochs - self.n_resumed_epochs_ if epochs is None else epochs
        try:
            with announced():
                return super().fit_loop(X, y, epochs=epochs, **fit_params)
        except StopTraining:
            raise
        except KeyboardInterrupt as interrupt:
            self.interrupt_ = interrupt
            raise

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train. Ctrl-C raises KeyboardInterrupt, where skorch would end training silently."""
        self.interrupt_ = None
        super().partial_fit(X, y, classes, **fit_params)
        interrupt, self.interrupt_ = self.interrupt_, None
        if interrupt is not None:
            raise interrupt
        return self

    def without_training(self) -> "EncoderNet":
        """Return a net with the same module that can only predict. This net is not changed."""
        net = object.__new__(type(self))
        left_out = [*self._optimizers, *self._criteria]
        state = net.__dict__
        state.update(self.__dict__)
        state.update({f"{name}_": None for name in left_out} | dict.fromkeys(left_out))
        state.update(
            callbacks=[],
            callbacks_=[],
            history_=History(),
            iterator_train=None,
            parameter_groups=None,
            valid_data=None,
            module=type(self.module_),
            _trimmed_for_prediction=True,
        )
        return net

    def __setstate__(self, state):
        # Tensors must be trainable, even if the file is read under inference_mode.
        with own_surroundings():
            super().__setstate__(state)

    def get_default_callbacks(self):
        return [("epoch_losses", EpochLosses())]

    def get_dataset(self, X, y=None):
        return X

    def get_split_datasets(self, X, y=None, **fit_params):
        return X, self.valid_data

    def initialize_optimizer(self, triggered_directly=None):
        if self.parameter_groups is None:
            return super().initialize_optimizer(triggered_directly)
        groups = self.parameter_groups(self.module_, self.criterion_)
        self.optimizer_ = self.optimizer(groups, **self.get_params_for("optimizer"))
        return self

    def infer(self, x, **fit_params):
        with autocast(self.device, self.precision):
            try:
                losses = self.module_(x.to(self.device))
            except Exception as error:
                print_failure(error)
                raise
            return of_all_processes(losses)

    def train_step_single(self, batch, **fit_params):
        processes: Any = current_processes()
        if processes is None:
            return super().train_step_single(batch, **fit_params)
        self._set_training(True)
        losses = self.infer(batch[0])
        loss = self.get_loss(losses, batch[1], training=True)
        processes.backward(loss, [each for _, each in self.get_all_learnable_params()])
        return {"loss": loss, "y_pred": losses}

    def get_loss(self, y_pred, y_true, X=None, training=False):
        return self.criterion_(y_pred) if training else self.criterion_.watched(y_pred)

    def _set_training(self, training=True):
        super()._set_training(training)
        if training:
            set_training_mode(self.module_.encoder)


class EpochLosses(Callback):
    """Record the loss, the loss of each task and the weight of each task per epoch.

    Sums over the batches are divided once at the end. The mean of a task with few labels is
    therefore exact, however its labels are spread over the batches.
    """

    def on_epoch_begin(self, net, **kwargs):
        self.totals_ = {}
        self.weights_ = []

    def on_batch_end(self, net, training=None, y_pred=None, **kwargs):
        losses = type(y_pred)(*(tensor.detach() for tensor in y_pred))
        known = self.totals_.get(training)
        if known is not None:
            losses = type(losses)(*(a + b for a, b in zip(known, losses, strict=True)))
        self.totals_[training] = losses
        if training:
            self.weights_.append(net.criterion_.last_weights)

    def on_epoch_end(self, net, **kwargs):
        names = net.module_.task_names
        for training, losses in sorted(self.totals_.items(), reverse=True):
            prefix = "train" if training else "valid"
            total = net.criterion_.watched(losses).item()
            # `total` cannot show divergence: it is also NaN if only auxiliary tasks have labels.
            in_all = losses.sums.sum().item()
            if training and not math.isfinite(in_all):
                raise diverged(
                    f"The training loss is {in_all} in epoch {len(net.history)}",
                    lr=net.lr,
                    weight_decay=max(g["weight_decay"] for g in net.optimizer_.param_groups),
                    precision=net.precision,
                )
            net.history.record(f"{prefix}_loss", total)
            # 0 / 0 is NaN: without labels the loss of a task is unknown.
            for name, mean in zip(names, (losses.sums / losses.counts).tolist(), strict=True):
                net.history.record(f"{prefix}_loss_{name}", mean)
        weights = torch.stack(self.weights_).mean(dim=0).tolist()
        for name, weight in zip(names, weights, strict=True):
            net.history.record(f"weight_{name}", weight)
        net.history.record("lr", net.optimizer_.param_groups[0]["lr"])
        # Rows of single batches would make a pickle larger than the model.
        net.history[-1]["batches"] = []

    def on_train_end(self, net, **kwargs):
        self.totals_, self.weights_ = {}, []


def history_rows(history: History) -> list[dict]:
    """Return the finished epochs as plain dicts."""
    return [
        {key: value for key, value in row.items() if key != "batches"}
        for row in history
        if "train_loss" in row
    ]
