import copy
import pickle

import numpy as np
import pytest
import torch

from skmat.objectives import LossWeighting
from skmat.training import build_net, train
from skmat.training._data import BatchLoader


def whole_epoch(model, data):
    """Return the loss of every task over all rows at once."""
    model.eval()
    loader = BatchLoader(data, len(data), model.objectives, None)
    with torch.no_grad():
        return model(next(iter(loader))[0])


def still(make_settings, **changes):
    """Settings under which nothing moves, so that an epoch can be computed again."""
    return make_settings(lr=1e-30, weight_decay=0.0, schedule="constant", max_epochs=1, **changes)


@pytest.mark.parametrize("batch_size", [1, 7, 16])
def test_the_history_is_exact_with_missing_labels_and_uneven_batches(
    make_model, make_settings, make_data, batch_size
):
    model = make_model(n_targets=3, dropout=0.0, fraction_jitter=0.0)
    data, valid = make_data(17, 3, missing=0.6), make_data(23, 3, missing=0.7, seed=1)
    data.sample_weight[:] = np.linspace(0.2, 2.0, 17)
    weights = (1.0, 2.0, 0.5)
    settings = still(make_settings, batch_size=batch_size, task_weights=weights)
    _, (row,) = train(model, settings, data, valid)
    for prefix, part in (("train", data), ("valid", valid)):
        means = whole_epoch(model, part).means
        for name, mean in zip("abc", means.tolist(), strict=True):
            assert row[f"{prefix}_loss_{name}"] == pytest.approx(mean, rel=1e-5)
        expected = np.average(means.numpy(), weights=weights)
        assert row[f"{prefix}_loss"] == pytest.approx(expected, rel=1e-5)
    assert [row[f"weight_{name}"] for name in "abc"] == pytest.approx([6 / 7, 12 / 7, 3 / 7])


def test_a_task_without_labels_has_no_loss_rather_than_none(make_model, make_settings, make_data):
    data, valid = make_data(17, 2), make_data(9, 2)
    valid.y[:, 1] = np.nan
    model = make_model(n_targets=2)
    _, (row,) = train(model, still(make_settings, task_weights=(1.0, 1.0)), data, valid)
    assert np.isnan(row["valid_loss_b"])
    assert row["valid_loss"] == pytest.approx(row["valid_loss_a"])
    assert np.isfinite(row["train_loss_b"])


def test_weights_that_were_used_are_logged(make_model, make_settings, make_data):
    model = make_model(n_targets=2)
    settings = make_settings(
        loss_weighting="rlw-one-hot", task_weights=(1.0, 1.0), max_epochs=4, batch_size=5
    )
    _, history = train(model, settings, make_data(20, 2), None)
    shares = [(row["weight_a"], row["weight_b"]) for row in history]
    assert all(a + b == pytest.approx(2.0) and (a * 2) % 1 == 0 for a, b in shares)
    assert len(set(shares)) > 1


def test_validation_takes_no_draw_and_no_step(make_model, make_settings, make_data):
    """A validation set changes nothing that training does, unless it stops it."""
    runs = []
    for valid in (None, make_data(9, 2, seed=1)):
        model = make_model("joint", n_targets=2)
        settings = make_settings(loss_weighting="rlw-normal", task_weights=(1.0, 1.0, 1.0))
        train(model, settings, make_data(20, 2), valid)
        runs.append(model.state_dict())
    for name, tensor in runs[0].items():
        assert torch.equal(tensor, runs[1][name]), name


def test_frozen_parts_do_without_dropout(make_model, make_settings, make_data):
    model = make_model(dropout=0.5)
    net = build_net(model, make_settings(trainable="last"), 8)
    net._set_training(True)
    assert [layer.training for layer in model.encoder.layers] == [False, True]
    assert not model.encoder.training
    assert model.heads.training
    net._set_training(False)
    assert not any(module.training for module in model.modules())


def test_batches_do_not_stay_in_the_history(make_model, make_settings, make_data):
    net = build_net(make_model(), make_settings(batch_size=2), 20)
    net.partial_fit(make_data(20))
    assert [row["batches"] for row in net.history] == [[], [], []]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_net_between_two_epochs_can_be_copied_and_goes_on_alike(
    make_model, make_settings, make_data, duplicate
):
    settings = make_settings(
        max_epochs=1, schedule="constant", loss_weighting="rlw-normal", task_weights=(1.0, 1.0)
    )
    data = make_data(20)
    net = build_net(make_model("joint"), settings, 20)
    net.partial_fit(data)
    other = duplicate(net)
    for each in (net, other):
        torch.manual_seed(3)
        each.partial_fit(data)
    for name, tensor in net.module_.state_dict().items():
        assert torch.equal(tensor, other.module_.state_dict()[name]), name
    assert isinstance(other.criterion_, LossWeighting)
