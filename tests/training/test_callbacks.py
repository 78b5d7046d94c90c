"""The user's callbacks, in both training loops."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EarlyStopping, MlflowLogger, TensorBoard

from skmat.exceptions import InvalidInputError, StopTraining
from skmat.training import CheckpointFolder, check_callbacks, train, train_further
from skmat.training._callbacks import UserCallbacks
from skmat.training._cuda_graph import can_use_cuda_graph, train_cuda_graph
from skmat.training._fit import build_net


class Listener(Callback):
    """Write down what is heard."""

    def __init__(self):
        self.heard = []

    def on_train_begin(self, net, **what):
        self.own_ = 0
        self.heard.append(("train begins", len(net.history)))

    def on_epoch_begin(self, net, **what):
        self.heard.append(("epoch begins", net.history[-1]["epoch"]))

    def on_batch_end(self, net, training, loss, **what):
        self.own_ += 1
        assert torch.isfinite(loss)
        self.heard.append(("batch", training))

    def on_epoch_end(self, net, **what):
        row = net.history[-1]
        net.history.record("mine", 10 * row["epoch"])
        self.heard.append(("epoch ends", row["train_loss"]))

    def on_train_end(self, net, **what):
        self.heard.append(("train ends", self.own_))


class Aborted(Exception):
    pass


class RaiseAt(Callback):
    """Raise an exception in a batch."""

    def __init__(self, n_batches, exception):
        self.n_batches = n_batches
        self.exception = exception

    def on_train_begin(self, net, **what):
        self.left_ = self.n_batches

    def on_batch_end(self, net, **what):
        self.left_ -= 1
        if not self.left_:
            raise self.exception


class Gradients(Callback):
    def on_grad_computed(self, net, named_parameters, **what):
        pass


@pytest.fixture(params=["one by one", "recorded"])
def loop(request, monkeypatch):
    """Train by each of the two loops. Without a GPU, recorded steps run one by one."""
    if request.param == "recorded":
        monkeypatch.setattr("skmat.training._fit.can_use_cuda_graph", lambda *_: True)
        recorded = partial(train_cuda_graph, capture=False)
        monkeypatch.setattr("skmat.training._fit.train_cuda_graph", recorded)
    return request.param


def weights(model):
    return [tensor.clone() for tensor in model.state_dict().values()]


def assert_equal(first, second):
    assert all(map(torch.equal, first, second))


def test_what_callbacks_hear(loop, make_model, make_settings, make_data):
    listener = Listener()
    # 20 rows in batches of 8 are three steps.
    settings = make_settings(max_epochs=2)
    _, history = train(make_model(), settings, make_data(20), None, callbacks=[listener])
    assert listener.heard == [
        ("train begins", 0),
        ("epoch begins", 1),
        *[("batch", True)] * 3,
        ("epoch ends", history[0]["train_loss"]),
        ("epoch begins", 2),
        *[("batch", True)] * 3,
        ("epoch ends", history[1]["train_loss"]),
        ("train ends", 6),
    ]
    assert [row["mine"] for row in history] == [10, 20]


def test_validation_is_heard_too(make_model, make_settings, make_data):
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, **what):
            seen.append(net.history[-1]["valid_loss"])

    settings = make_settings(max_epochs=9, patience=1, lr=0.3, schedule="constant")
    _, history = train(
        make_model(), settings, make_data(20), make_data(9, seed=1), callbacks=[Watch()]
    )
    # Also the epoch at which early stopping ends the training.
    assert seen == [row["valid_loss"] for row in history]
    assert len(seen) < 9


def test_the_end_is_heard_with_the_best_weights(make_model, make_settings, make_data):
    kept = []

    class Keep(Callback):
        def on_train_end(self, net, **what):
            kept.extend(weights(net.module_))

    settings = make_settings(max_epochs=9, patience=1, lr=0.3, schedule="constant")
    model = make_model()
    train(model, settings, make_data(20), make_data(9, seed=1), callbacks=[Keep()])
    assert_equal(kept, weights(model))


def test_callbacks_do_not_change_what_is_learned(loop, make_model, make_settings, make_data):
    with_them, without = make_model(), make_model()
    train(with_them, make_settings(), make_data(20), None, callbacks=[Listener()])
    train(without, make_settings(), make_data(20), None)
    assert_equal(weights(with_them), weights(without))


def test_the_very_exception_aborts_the_training(loop, make_model, make_settings, make_data):
    exception = Aborted("time is up")
    with pytest.raises(Aborted) as caught:
        train(make_model(), make_settings(), make_data(20), None,
              callbacks=[RaiseAt(4, exception)])  # fmt: skip
    assert caught.value is exception


@pytest.mark.parametrize(("n_batches", "n_epochs"), [(2, 0), (4, 1), (6, 1), (7, 2)])
def test_stop_training_keeps_the_network(
    loop, make_model, make_settings, make_data, n_batches, n_epochs
):
    model, before, listener = make_model(), weights(make_model()), Listener()
    stop = RaiseAt(n_batches, StopTraining())
    net, history = train(model, make_settings(), make_data(20), None, callbacks=[listener, stop])
    assert len(history) == n_epochs
    assert net.module_ is model
    assert not all(map(torch.equal, before, weights(model)))
    assert listener.heard[-1] == ("train ends", n_batches)


@pytest.mark.parametrize("load_best", [False, True])
def test_early_stopping_of_skorch_ends_the_training(
    loop, make_model, make_settings, make_data, load_best
):
    stop = EarlyStopping("train_loss", patience=2, threshold=9.0, threshold_mode="abs",
                         load_best=load_best)  # fmt: skip
    model, settings = make_model(), make_settings(schedule="constant", max_epochs=8)
    _, history = train(model, settings, make_data(20), None, callbacks=[stop])
    # Only the first epoch is better than infinity by 9.
    assert len(history) == 3
    expected = make_model()
    shorter = make_settings(schedule="constant", max_epochs=1 if load_best else 3)
    train(expected, shorter, make_data(20), None)
    assert_equal(weights(model), weights(expected))


def test_an_interrupt_in_a_callback_aborts(loop, make_model, make_settings, make_data):
    with pytest.raises(KeyboardInterrupt) as caught:
        train(make_model(), make_settings(), make_data(20), None,
              callbacks=[RaiseAt(2, KeyboardInterrupt())])  # fmt: skip
    assert not isinstance(caught.value, StopTraining)


def test_loggers_of_skorch(loop, make_model, make_settings, make_data):
    logged = []
    writer = SimpleNamespace(
        add_scalar=lambda tag, scalar_value, global_step: logged.append((tag, global_step)),
        close=lambda: logged.append("closed"),
    )
    client = SimpleNamespace(
        log_metric=lambda run, key, value, step: logged.append((run, key, step)),
        set_terminated=lambda run: logged.append(("terminated", run)),
    )
    run = SimpleNamespace(info=SimpleNamespace(run_id=7))
    mlflow = MlflowLogger(run, client, create_artifact=False, log_on_batch_end=True)
    callbacks = [("board", TensorBoard(writer)), mlflow]
    train(make_model(), make_settings(max_epochs=2), make_data(20), None, callbacks=callbacks)
    assert [each for each in logged if each[0] == "Loss/train_loss"] == [
        ("Loss/train_loss", 1),
        ("Loss/train_loss", 2),
    ]
    assert (7, "train_loss_epoch", 2) in logged
    assert "closed" in logged
    assert logged[-1] == ("terminated", 7)


def test_a_run_that_callbacks_broke_off_goes_on(
    loop, tmp_path, make_model, make_settings, make_data
):
    whole, broken, listener = make_model(), make_model(), Listener()
    train(whole, make_settings(), make_data(20), None)
    with pytest.raises(Aborted):
        train(broken, make_settings(), make_data(20), None, CheckpointFolder(tmp_path),
              callbacks=[RaiseAt(5, Aborted())])  # fmt: skip
    resumed = make_model()
    _, history = train(resumed, make_settings(), make_data(20), None, CheckpointFolder(tmp_path),
                       callbacks=[listener])  # fmt: skip
    assert_equal(weights(whole), weights(resumed))
    assert listener.heard[0] == ("train begins", 1)
    assert [row.get("mine") for row in history] == [None, 20, 30]


@pytest.mark.parametrize("n_batches", [2, 5])
def test_a_run_that_callbacks_ended_is_finished(
    loop, tmp_path, make_model, make_settings, make_data, n_batches
):
    def trained(callbacks):
        model, folder = make_model(), CheckpointFolder(tmp_path)
        _, history = train(model, make_settings(), make_data(20), None, folder, callbacks)
        return weights(model), len(history)

    stopped, n_epochs = trained([RaiseAt(n_batches, StopTraining())])
    again, n_again = trained([])
    if n_epochs:
        assert_equal(stopped, again)
        assert n_again == n_epochs == 1
    else:
        # No epoch was finished, so that there is nothing to keep.
        assert n_again == 3


def test_records_of_callbacks_do_not_spoil_the_saved_state(
    loop, tmp_path, make_model, make_settings, make_data
):
    class Record(Callback):
        def on_epoch_end(self, net, **what):
            net.history.record("number", np.float32(2.0))
            net.history.record("text", "something")
            if len(net.history) == 2:
                raise Aborted

    folder = CheckpointFolder(tmp_path)
    with pytest.raises(Aborted):
        train(make_model(), make_settings(), make_data(20), None, folder, callbacks=[Record()])
    _, history = train(make_model(), make_settings(), make_data(20), None, folder)
    assert [row.get("number") for row in history] == [2.0, None, None]
    assert "text" not in history[0]


def test_a_net_that_trains_further_keeps_no_callbacks(make_model, make_settings, make_data):
    settings, listener = make_settings(max_epochs=1, schedule="constant"), Listener()
    net = build_net(make_model(), settings, 20)
    own = list(net.callbacks_)
    train_further(net, make_data(20), settings, [listener])
    assert net.callbacks_ == own
    with pytest.raises(Aborted):
        train_further(net, make_data(20), settings, [RaiseAt(1, Aborted())])
    assert net.callbacks_ == own
    train_further(net, make_data(20), settings)
    assert [what for what, _ in listener.heard].count("train begins") == 1


def test_copies_are_shallow():
    listener = Listener()
    first, second = (UserCallbacks([("mine", listener)]).copies for _ in range(2))
    assert first[0] is not second[0] is not listener
    assert first[0].heard is second[0].heard is listener.heard
    first[0].own_ = 1
    assert not hasattr(listener, "own_")


def test_a_class_stands_for_an_object():
    (copy,) = UserCallbacks([Listener]).copies
    assert isinstance(copy, Listener)


def test_gradients_are_not_recorded(make_model, make_settings, make_data):
    gpu = make_settings(device="cuda")
    for callback, expected in ((Listener(), True), (Gradients(), False)):
        copies = UserCallbacks([callback])
        assert can_use_cuda_graph(make_model(), gpu, make_data(9), None, copies) == expected


@pytest.mark.parametrize("item", [3, ("name", "callback"), (1, Listener()), SimpleNamespace, None])
def test_other_things_are_refused(item):
    with pytest.raises(InvalidInputError, match=r"callbacks\[1\] is .*skorch"):
        check_callbacks([Listener(), item])


def test_callbacks_can_be_absent():
    check_callbacks(None)
    check_callbacks(())
    assert not UserCallbacks(None)
