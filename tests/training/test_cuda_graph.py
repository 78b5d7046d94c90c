"""Steps that are recorded on a GPU, taken one by one on the CPU."""

from functools import partial

import numpy as np
import pytest
import torch

from skmat.composition import read_compositions
from skmat.estimators._teachers import fit_teachers
from skmat.exceptions import DivergenceError, PretrainedError
from skmat.nn import MTENCODER_PRESETS, CompositionBatch, MTEncoderNetwork
from skmat.objectives import (
    Distillation,
    MaskedElements,
    Properties,
    Target,
)
from skmat.training import (
    CheckpointFolder,
    MultiObjectiveModel,
    TrainingData,
    TrainingSettings,
    isolated_seed,
    train,
)
from skmat.training._cuda_graph import (
    _CUDAGraphTraining,
    can_use_cuda_graph,
    train_cuda_graph,
)

FORMULAS = ["TiO2", "Fe", "NaCl", "GaAs", "Fe2O3", "SrTiO3", "CdTe", "LiFePO4", "MgO", "Cu2ZnSnS4"]
TARGETS = [Target("gap"), Target("metal", 2), Target("volume"), Target("system", 3)]

PROPERTIES = (Properties(hidden=(8,)),)


def network(readout="cpd", dropout=0.0, **changes):
    sizes = MTENCODER_PRESETS["tiny"] | changes
    table = torch.randn(118, 5, generator=torch.Generator().manual_seed(0))
    return MTEncoderNetwork(table, dropout=dropout, readout=readout, fraction_jitter=0.0, **sizes)


def data(n=20, teacher_targets=()):
    materials = read_compositions((FORMULAS * 3)[:n])
    generator = np.random.default_rng(0)
    y = generator.normal(size=(n, 4)).astype(np.float32)
    y[:, 1] = y[:, 1] > 0
    y[:, 3] = generator.integers(0, 3, n)
    y[generator.random(y.shape) < 0.3] = np.nan
    weights = generator.random(n).astype(np.float32)
    return TrainingData(materials, CompositionBatch.from_arrays, y, weights, teacher_targets)


def settings(**changes):
    values = dict(
        max_epochs=6, batch_size=32, lr=5e-3, weight_decay=0.1, schedule="one_cycle",
        patience=None, trainable="all", loss_weighting="equal", task_weights=[1.0, 2.0, 1.0, 0.5],
        device="cpu", precision="float32", seed=0, verbose=0,
    )  # fmt: skip
    return TrainingSettings(**(values | changes))


def model(objectives=PROPERTIES, **changes):
    with isolated_seed(0):
        return MultiObjectiveModel(network(**changes), objectives, TARGETS)


@pytest.mark.parametrize("readout", ["cpd", "mean"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_padded_vectors_are_the_others(norm_first, readout):
    with isolated_seed(0):
        encoder = network(readout, norm_first=norm_first).eval()
    batch = CompositionBatch.from_arrays(read_compositions(FORMULAS), np.arange(len(FORMULAS)))
    padded = CompositionBatch(*(torch.nn.functional.pad(each, (0, 3, 0, 2)) for each in batch))
    expected = encoder(batch, sites=True)
    material, sites = encoder.forward_padded(*padded, sites=True)
    torch.testing.assert_close(material[: len(FORMULAS)], expected.material)
    torch.testing.assert_close(sites[padded.site_mask], expected.sites)
    assert material.isfinite().all()
    alone, nothing = encoder.forward_padded(*padded)
    torch.testing.assert_close(alone, material)
    assert nothing is None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": "constant", "loss_weighting": "uncertainty"},
        {"trainable": "last", "encoder_lr_factor": 0.3, "layer_decay": 0.5},
        {"n_auxiliary": 1},
        # Frozen parts are not dropped out of.
        {"trainable": "head", "dropout": 0.5},
    ],
)
def test_what_is_learned_is_what_the_net_learns(changes):
    # One batch holds everything, so that the order does not matter.
    dropout = changes.pop("dropout", 0.0)
    chosen, training = settings(**changes), data()
    ours, theirs = model(dropout=dropout), model(dropout=dropout)
    history = train_cuda_graph(ours, chosen, training, capture=False)
    _, expected = train(theirs, chosen, training, None)
    assert [row.keys() for row in history] == [row.keys() for row in expected]
    for row, other in zip(history, expected, strict=True):
        for name in row.keys() - {"dur"}:
            assert row[name] == pytest.approx(other[name], rel=1e-4, abs=1e-6), name
    for (name, tensor), other in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        # Attention does not depend on a bias of all keys, whose gradient is rounding errors.
        if not name.endswith("key_value.bias"):
            torch.testing.assert_close(tensor, other, rtol=1e-3, atol=2e-4, msg=name)
    assert not ours.training
    assert all(parameter.requires_grad for parameter in ours.parameters())


def test_every_material_is_seen_once_in_an_epoch():
    training = data(23)
    chosen = settings(batch_size=5, max_epochs=1, task_weights=[1.0] * 4)
    (row,) = train_cuda_graph(model(), chosen, training, capture=False)
    # With a rate of nearly nothing the epoch's loss is the mean over all labels.
    (still,) = train_cuda_graph(model(), settings(batch_size=5, max_epochs=1, lr=1e-12), training,
                              capture=False)  # fmt: skip
    (whole,) = train_cuda_graph(model(), settings(max_epochs=1, lr=1e-12), training, capture=False)
    for name in ("gap", "metal", "volume", "system"):
        assert still[f"train_loss_{name}"] == pytest.approx(whole[f"train_loss_{name}"], rel=1e-4)
    assert row["train_loss"] != still["train_loss"]


def test_hidden_elements_and_a_teacher():
    features = np.random.default_rng(0).normal(size=(20, 3))
    features[::3] = np.nan
    given = Distillation(features, hidden=(4,))
    (distillation,), _, (scaled,) = fit_teachers([given], FORMULAS * 2, np.arange(20))
    objectives = (Properties(hidden=()), MaskedElements(share=0.5), distillation)
    training = data(teacher_targets=(None, None, scaled))
    chosen = settings(task_weights=[1.0] * 6, max_epochs=40, lr=1e-2)
    history = train_cuda_graph(model(objectives), chosen, training, capture=False)
    for name in ("masked_elements", "distillation"):
        assert history[-1][f"train_loss_{name}"] < 0.7 * history[0][f"train_loss_{name}"]
    again = train_cuda_graph(model(objectives), chosen, training, capture=False)
    assert [row["train_loss"] for row in again] == [row["train_loss"] for row in history]


@pytest.mark.parametrize(("name", "value"), [("precision", "bf16"), ("dropout", 0.5)])
def test_dropout_and_number_formats_do_something(name, value):
    dropout = value if name == "dropout" else 0.0
    chosen = settings(max_epochs=2, **({} if name == "dropout" else {name: value}))
    (first, second), (plain, _) = (
        train_cuda_graph(model(dropout=each), how, data(), capture=False)
        for each, how in ((dropout, chosen), (0.0, settings(max_epochs=2)))
    )
    assert first["train_loss"] != plain["train_loss"]
    assert first["train_loss"] == pytest.approx(plain["train_loss"], rel=0.3)
    assert second["train_loss"] != first["train_loss"]


def test_the_order_is_drawn_anew_for_each_epoch():
    training = _CUDAGraphTraining(model(), settings(batch_size=5), data(23), None)
    orders = []
    for _ in range(2):
        training._shuffle()
        assert sorted(training.order.flatten().tolist()) == [*range(23), 23, 23]
        assert [(batch < 23).sum().item() for batch in training.order] == [5, 5, 5, 4, 4]
        orders.append(training.order.clone())
    assert not torch.equal(*orders)


@pytest.mark.parametrize("weighting", ["equal", "uncertainty"])
def test_a_run_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path, weighting, monkeypatch):
    objectives = (*PROPERTIES, MaskedElements())
    chosen = settings(batch_size=7, loss_weighting=weighting, task_weights=[1.0] * 5)

    def trained(folder):
        learned = model(objectives)
        history = train_cuda_graph(
            learned, chosen, data(), CheckpointFolder(folder), capture=False
        )
        return learned, history

    whole, expected = trained(tmp_path / "whole")
    run_epoch = _CUDAGraphTraining._run_epoch

    def interrupted(self, replay):
        if len(self.history) == 4:
            raise RuntimeError
        return run_epoch(self, replay)

    with monkeypatch.context() as patch:
        patch.setattr(_CUDAGraphTraining, "_run_epoch", interrupted)
        with pytest.raises(RuntimeError):
            trained(tmp_path / "broken")
    resumed, history = trained(tmp_path / "broken")
    again, found = trained(tmp_path / "broken")
    for other in (resumed, again):
        for name, tensor in other.state_dict().items():
            assert torch.equal(tensor, whole.state_dict()[name]), name
    for rows in (history, found):
        assert [{**row, "dur": 0} for row in rows] == [{**row, "dur": 0} for row in expected]
    with pytest.raises(PretrainedError, match="steps was 'recorded'"):
        train(model(objectives), chosen, data(), None, CheckpointFolder(tmp_path / "broken"))


def test_an_interrupt_is_raised_and_the_folder_keeps_finished_epochs(tmp_path, monkeypatch):
    run_epoch = _CUDAGraphTraining._run_epoch

    def interrupted(self, replay):
        if len(self.history) == 3:
            raise KeyboardInterrupt
        return run_epoch(self, replay)

    monkeypatch.setattr(_CUDAGraphTraining, "_run_epoch", interrupted)
    folder = CheckpointFolder(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train_cuda_graph(model(), settings(), data(), folder, capture=False)
    assert len(folder.read()["history"]) == 2


def test_progress_is_shown(capsys):
    train_cuda_graph(model(), settings(max_epochs=2, verbose=1), data(), capture=False)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("epoch 2/2")
    assert "materials/s" in lines[1]


def test_divergence_is_an_error():
    with pytest.raises(DivergenceError, match="smaller lr"):
        train_cuda_graph(model(), settings(lr=1e20), data(), capture=False)


class Louder(MaskedElements):
    """May do what it likes."""


def test_what_can_be_recorded():
    gpu = settings(device="cuda")
    assert can_use_cuda_graph(model(), gpu, data(), None)
    assert can_use_cuda_graph(model(readout="mean"), gpu, data(), None)
    assert not can_use_cuda_graph(model(), settings(), data(), None)
    assert not can_use_cuda_graph(model(), gpu, data(), data())
    assert not can_use_cuda_graph(model((MaskedElements(at_least_one=True),)), gpu, data(), None)
    assert not can_use_cuda_graph(model((Louder(),)), gpu, data(), None)
    for change in ({"ema_decay": 0.9}, {"freeze_epochs": (1,)}, {"loss_weighting": "rlw-normal"}):
        assert not can_use_cuda_graph(model(), settings(device="cuda", **change), data(), None)
    wide = read_compositions(["Fe"] * 30 + ["HHeLiBeBCNOFNeNaMgAl"])
    uneven = TrainingData(wide, CompositionBatch.from_arrays, None, None)
    assert not can_use_cuda_graph(model(), gpu, uneven, None)


def test_train_leaves_it_to_recorded_steps_where_these_can_be(monkeypatch):
    monkeypatch.setattr("skmat.training._fit.can_use_cuda_graph", lambda *_: True)
    monkeypatch.setattr(
        "skmat.training._fit.train_cuda_graph", partial(train_cuda_graph, capture=False)
    )
    learned = model()
    net, history = train(learned, settings(), data(), None)
    assert net.module_ is learned
    assert len(history) == 6
    # A step this large is the last one: no loss is computed after it.
    single = settings(lr=1e25, max_epochs=1, batch_size=len(data()), schedule="constant")
    with pytest.raises(DivergenceError, match="After the last step"):
        train(model(), single, data(), None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("batch_size", [32, 3])
def test_recorded_steps_learn_what_steps_one_by_one_do(batch_size):
    chosen = settings(device="cuda", batch_size=batch_size)
    recorded, again = (train_cuda_graph(model(), chosen, data()) for _ in range(2))
    in_turn = train_cuda_graph(model(), chosen, data(), capture=False)
    for row, same, other in zip(recorded, again, in_turn, strict=True):
        assert row["train_loss"] == pytest.approx(same["train_loss"], rel=1e-3)
        # Recording draws numbers, so that the order of the rows is another.
        close = 1e-3 if batch_size == 32 else 0.3
        assert row["train_loss"] == pytest.approx(other["train_loss"], rel=close)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_recorded_steps_draw_new_numbers():
    objectives = (*PROPERTIES, MaskedElements())
    chosen = settings(device="cuda", lr=1e-12, task_weights=[1.0] * 5)
    history = train_cuda_graph(model(objectives, dropout=0.5), chosen, data())
    for name in ("gap", "masked_elements"):
        assert len({row[f"train_loss_{name}"] for row in history}) == len(history)
