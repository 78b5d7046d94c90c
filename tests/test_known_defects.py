"""The defects of the published codes, one test each, so that they are not repeated here.

MTEncoder's and CrabNet's code, Roost's pretraining, MT-CGCNN and ALIGNN transfer learning each
have some of them; the docstrings say which.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from common.materials import FORMULAS, many, rock_salt
from numpy.testing import assert_array_equal

import skmat
from skmat import (
    CGCNNEncoder,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostEncoder,
)
from skmat.composition import read_compositions
from skmat.exceptions import PretrainedError
from skmat.inspection import ParityDisplay
from skmat.nn import MASK_ID, CompositionBatch
from skmat.objectives import BarlowTwins, View
from skmat.structure import GraphSettings, StructureArrays, build_graphs
from skmat.training import split_by_group

Y = np.random.default_rng(0).normal(size=(10, 2))
FAST = {"preset": "tiny", "max_epochs": 3, "random_state": 0}


@pytest.mark.parametrize(
    ("model", "X"), [(MTEncoderRegressor, FORMULAS), (CGCNNRegressor, many(10))]
)
def test_normaliser_sees_no_test_rows(model, X, monkeypatch):
    """MT-CGCNN and ALIGNN scale by statistics of the whole data set, test rows included."""
    held_back = np.arange(10) >= 7
    parts = np.flatnonzero(~held_back), np.flatnonzero(held_back)
    monkeypatch.setattr("skmat.estimators._plan.split_by_group", lambda *_: parts)
    changed = Y.copy()
    changed[held_back] += 1e6
    # Rows that stop the training early are the only ones in `fit` that are not learned from.
    one, two = (model(**FAST, patience=9).fit(X, y).estimators_[0].scaling for y in (Y, changed))
    assert_array_equal(one.mean, two.mean)
    assert_array_equal(one.scale, two.scale)


def test_missing_labels_neither_poison_nor_dilute():
    """MT-CGCNN turns them into infinity; ALIGNN's multi-property loss counts them as zeros."""
    y = np.column_stack([Y[:, 0], np.where(np.arange(10) < 2, Y[:, 1], np.nan)])
    settings = {**FAST, "max_epochs": 1, "batch_size": 10}
    few = MTEncoderRegressor(**settings).fit(FORMULAS, y)
    assert np.isfinite(few.predict(FORMULAS)).all()
    # Two labels scaled to unit variance have a mean absolute error near 1, not near 2/10.
    assert few.history_[0]["train_loss_y1"] > 0.5


def test_a_batch_without_a_label_of_a_task():
    """MTEncoder's loss is NaN then, because it takes the mean of nothing."""
    y = np.column_stack([Y[:, 0], np.where(np.arange(10) < 1, Y[:, 1], np.nan)])
    fitted = MTEncoderRegressor(**{**FAST}, batch_size=2)
    fitted.fit(FORMULAS, y)
    assert all(np.isfinite(list(row.values())).all() for row in fitted.history_)
    assert np.isfinite(fitted.predict(FORMULAS)).all()


def test_loss_weighting_is_applied():
    """MTEncoder's public code draws random weights and leaves them out of the sum."""
    settings = {**FAST, "max_epochs": 1, "batch_size": 10}
    fitted = MTEncoderRegressor(**settings, loss_weighting="rlw-one-hot", weight_decay=0)
    fitted.fit(FORMULAS, Y)
    chosen = int(fitted.history_[0]["weight_y1"] > 0)
    start = MTEncoderRegressor(**{**settings, "lr": 1e-30}, weight_decay=0).fit(FORMULAS, Y)
    heads, initial = (
        each.estimators_[0].model.heads["properties"].state_dict() for each in (fitted, start)
    )
    moved = {int(name[0]) for name in heads if not torch.allclose(heads[name], initial[name])}
    assert moved == {chosen}


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path):
    """PretrainRoost loads its own checkpoints with strict=False, and none of its keys match."""
    from safetensors.torch import load_file

    encoder = MTEncoder(**FAST).fit(FORMULAS)
    folder = encoder.save_pretrained(tmp_path / "encoder")
    loaded = MTEncoder(pretrained=folder).fit(FORMULAS)
    assert_array_equal(loaded.transform(FORMULAS), encoder.transform(FORMULAS))
    assert len(loaded.load_report_.matched) == len(load_file(folder / "model.safetensors"))
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"n_heads": 4', '"n_heads": 2'))
    with pytest.raises(PretrainedError, match="does not describe these weights"):
        MTEncoder(pretrained=folder).fit(FORMULAS)


def test_frozen_layers_are_frozen():
    """ALIGNN-TL sets requires_grad on modules, which does nothing; statistics move as well."""
    source = MTEncoder(**FAST).fit(FORMULAS)
    tuned = MTEncoderRegressor(pretrained=source, trainable="head", **FAST).fit(FORMULAS, Y)
    assert_array_equal(tuned.transform(FORMULAS), source.transform(FORMULAS))


def test_frozen_norms_are_frozen():
    """ALIGNN-TL's frozen layers go on to collect the means of their inputs."""
    X = many(9)
    source = CGCNNEncoder(**FAST).fit(X)
    tuned = CGCNNRegressor(pretrained=source, trainable="head", **FAST).fit(X, Y[:9])
    assert_array_equal(tuned.transform(X), source.transform(X))
    before = source.estimators_[0].model.encoder.state_dict()
    after = tuned.estimators_[0].model.encoder.state_dict()
    assert any("running_mean" in name for name in before)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_crystals_with_missing_labels():
    """MT-CGCNN turns a missing label into infinity, and all means with it."""
    X, y = many(9), Y[:9].copy()
    y[::2, 1] = np.nan
    fitted = CGCNNRegressor(**FAST).fit(X[:6], y[:6])
    np.testing.assert_allclose(fitted.estimators_[0].scaling.mean, np.nanmean(y[:6], axis=0))
    assert np.isfinite(fitted.predict(X[6:])).all()


def test_no_bond_to_the_first_atom():
    """CGCNN fills up missing neighbours with bonds to atom 0, one Å beyond the cutoff."""
    structures = StructureArrays.from_structures([rock_salt(40.0), rock_salt()])
    graphs, _ = build_graphs(structures, GraphSettings(cutoff=3.0))
    # The nearest six are within 3 Å, the next twelve are not.
    assert graphs.n_edges.tolist() == [0] * 8 + [6] * 8


def test_both_views_pass_messages_between_elements():
    """PretrainRoost's second view has every element for its own neighbour."""
    encoder = RoostEncoder(preset="tiny", max_epochs=1, random_state=0).fit(FORMULAS)
    network = encoder.estimators_[0].model.encoder
    batch = CompositionBatch.from_arrays(read_compositions(["BaTiO3"]), np.arange(1))
    for view in BarlowTwins(masked="both").views(batch, torch.Generator().manual_seed(0)):
        numbers = view.batch.atomic_numbers
        visible = (numbers[0] != MASK_ID).nonzero()[0]
        changed = numbers.clone()
        changed[0, visible] = 11
        others = torch.arange(3) != visible
        before = network(view.batch, sites=True).sites[others]
        after = network(view.batch.with_atomic_numbers(changed), sites=True).sites[others]
        assert ((before - after).abs().max(dim=1).values > 1e-5).all()


def test_masks_differ_between_epochs(monkeypatch):
    """PretrainRoost caches the masked rows, so that every epoch sees the same masks."""
    # One batch, weights that stay, and nothing random in the network: the masks are left.
    settings = {**FAST, "lr": 1e-30, "weight_decay": 0, "batch_size": 10}
    settings |= {"objectives": "barlow_twins", "precision": "float32", "device": "cpu"}

    def spread():
        rows = RoostEncoder(**settings).fit(FORMULAS).history_
        losses = np.array([row["train_loss_barlow_twins"] for row in rows])
        # From one epoch to the next, as a share.
        return np.abs(np.diff(losses) / losses[1:])

    assert (spread() > 1e-4).all()

    def kept(objective, batch, generator):
        # Hides the first element of each formula, in every epoch.
        numbers = batch.atomic_numbers.clone()
        numbers[:, 0] = MASK_ID
        return [View(None), View(batch.with_atomic_numbers(numbers))]

    monkeypatch.setattr(BarlowTwins, "views", kept)
    # Batches are shuffled, so that sums are rounded otherwise.
    assert (spread() < 1e-6).all()


def test_no_row_is_dropped():
    """CrabNet and MTEncoder drop unary compounds and merge duplicates, at test time too."""
    X = ["Fe", "Fe", "TiO2", "O2Ti", "CrMnFeCoNiCuZnGaAlVTiMo0.1W0.1", "H2"]
    assert len(MTEncoderRegressor(**FAST).fit(FORMULAS, Y).predict(X)) == len(X)
    assert len(MTEncoder(**FAST).fit(X).transform(X)) == len(X)


@pytest.mark.parametrize(
    ("model", "X", "weight"),
    [(MTEncoder, FORMULAS, "expand.weight"), (CGCNNEncoder, many(9), "from_receiver.weight")],
)
def test_seeds_are_kept_and_layers_differ(model, X, weight):
    """All four leave something unseeded; MT-CGCNN seeds each layer anew with the same number."""
    settings = {**FAST, "pretrained": None, "preset": "base", "max_epochs": 1}
    first, second, other = (
        model(**{**settings, "random_state": seed}).fit(X) for seed in (0, 0, 1)
    )
    assert_array_equal(first.transform(X), second.transform(X))
    assert not np.allclose(first.transform(X), other.transform(X))
    layers = first.estimators_[0].model.encoder.layers
    one, two = (layer.get_parameter(weight) for layer in layers[:2])
    assert not torch.allclose(one, two)


def test_weights_of_tasks_leave_the_reported_losses():
    """MT-CGCNN's validation errors are scaled by the weights of the tasks."""
    settings = {**FAST, "max_epochs": 1, "patience": 9, "lr": 1e-30}
    settings |= {"validation_fraction": 0.3, "precision": "float32", "device": "cpu"}
    one, other = (
        CGCNNRegressor(**settings, loss_weights=weights).fit(many(10), Y).history_[0]
        for weights in ([1, 1], [7, 1])
    )
    assert one["weight_y0"] != other["weight_y0"]
    for task in ("y0", "y1"):
        assert one[f"valid_loss_{task}"] == pytest.approx(other[f"valid_loss_{task}"])


def test_no_device_and_no_path_is_written_down():
    """All four name cuda:0 or the author's home directory."""
    for path in Path(skmat.__file__).parent.rglob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"""\.cuda\(|to\(["']cuda|device\(["']cuda|/home/|/Users/""", code), (
            path
        )


def test_models_keep_no_training_rows():
    """CGCNN caches every crystal for ever; a fitted model here holds weights, not data."""
    import pickle

    small = MTEncoder(**FAST).fit(FORMULAS)
    large = MTEncoder(**FAST).fit(FORMULAS * 50)
    assert abs(len(pickle.dumps(small)) - len(pickle.dumps(large))) < 500


def test_metrics_are_per_task_in_original_units():
    """MT-CGCNN averages eV with eV/atom; others report errors of scaled targets."""
    y = Y * [1.0, 1000.0]
    fitted = MTEncoderRegressor(**FAST).fit(FORMULAS, y)
    display = ParityDisplay.from_estimator(fitted, FORMULAS, y)
    errors = np.abs(fitted.predict(FORMULAS) - y).mean(axis=0)
    assert errors[1] > 100 * errors[0]
    assert display.y_pred.shape == (10, 2)


def test_validation_is_an_internal_split():
    """PretrainRoost and others stop early on the test set, or have no validation at all."""
    with_split = MTEncoderRegressor(**FAST, patience=2, validation_fraction=0.2).fit(FORMULAS, Y)
    without = MTEncoderRegressor(**FAST).fit(FORMULAS, Y)
    assert all("valid_loss" in row for row in with_split.history_)
    assert not any("valid_loss" in row for row in without.history_)


def test_duplicate_formulas_stay_on_one_side():
    """The same compound in training and validation makes early stopping blind."""
    groups = read_compositions(["TiO2", "O2Ti", "Ti2O4", "NaCl", "ClNa"] * 10).group_ids()
    for seed in range(20):
        training, validation = split_by_group(groups, 0.5, np.random.default_rng(seed))
        assert not set(groups[training]) & set(groups[validation])
        assert len(validation)


def test_classes_absent_from_a_batch_are_learned():
    """The mirror of the empty task: one class only in a batch, or in the whole column."""
    y = np.array([["a", "x"]] * 9 + [["b", "x"]], dtype=object)
    fitted = MTEncoderClassifier(**FAST, batch_size=2).fit(FORMULAS, y)
    first, second = fitted.predict_proba(FORMULAS)
    assert first.shape == (10, 2)
    assert_array_equal(second, np.ones((10, 1)))
