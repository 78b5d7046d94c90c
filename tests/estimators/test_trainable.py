"""What ``trainable`` does: where there is something to keep, and where there is not."""

import itertools
import pickle
import re

import numpy as np
import pytest
import torch
from common.contract import assert_same, outputs
from common.materials import FORMULAS, many
from sklearn.utils._param_validation import InvalidParameterError

from skmat import (
    ALIGNNRegressor,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostRegressor,
)
from skmat.estimators import FAMILIES, _train
from skmat.exceptions import InvalidInputError
from skmat.objectives import MaskedElements

CRYSTALS = many(10)
Y = np.arange(10.0)
FAST = {"preset": "tiny", "max_epochs": 2, "random_state": 0, "precision": "float32"}


def encoder_state(estimator):
    state = estimator.estimators_[0].model.encoder.state_dict()
    return {name: tensor.clone() for name, tensor in state.items()}


def moved(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


# Random weights


@pytest.mark.parametrize(
    ("kind", "X", "settings"),
    [
        # No shipped weights have these sizes.
        (ALIGNNRegressor, CRYSTALS, {"trainable": "two_body"}),
        (CGCNNRegressor, CRYSTALS, {"trainable": "last", "pretrained": "auto"}),
        (CGCNNRegressor, CRYSTALS, {"trainable": "head", "pretrained": None}),
        (RoostRegressor, FORMULAS, {"trainable": "head", "pretrained": None}),
        (MTEncoderRegressor, FORMULAS, {"trainable": "last"}),
        (MTEncoder, FORMULAS, {"trainable": "head", "objectives": MaskedElements()}),
    ],
)
def test_random_weights_are_not_kept(kind, X, settings):
    frozen = kind(**FAST, **settings).fit(X, Y)
    free = kind(**FAST, **{**settings, "trainable": "all"}).fit(X, Y)
    assert_same(outputs(frozen, X), outputs(free, X))


@pytest.mark.parametrize("kind", [MTEncoderRegressor, MTEncoderClassifier])
def test_the_first_partial_fit_moves_random_weights(kind):
    labels = Y > 4
    stepwise = kind(**FAST, trainable="head").partial_fit(FORMULAS, labels)
    free = kind(**FAST).partial_fit(FORMULAS, labels)
    assert_same(outputs(stepwise, FORMULAS), outputs(free, FORMULAS))


def test_what_was_learned_before_is_kept():
    again = MTEncoderRegressor(**FAST, trainable="last", warm_start=True).fit(FORMULAS, Y)
    before = encoder_state(again)
    changed = moved(before, encoder_state(again.fit(FORMULAS, Y)))
    assert changed
    assert all(name.startswith(("layers.1.", "final_norm.")) for name in changed)
    pretrained = MTEncoder(**FAST, objectives="masked_elements").fit(FORMULAS)
    before = encoder_state(pretrained)
    pretrained.set_params(trainable="head", warm_start=True).fit(FORMULAS)
    assert not moved(before, encoder_state(pretrained))
    for first in ("fit", "partial_fit"):
        tuned = MTEncoderRegressor(**FAST, trainable="head", pretrained=pretrained)
        getattr(tuned, first)(FORMULAS, Y)
        assert not moved(before, encoder_state(tuned))


# What a family cannot train


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_what_may_be_trained_are_the_parts_of_the_network(family):
    encoder = family.encoder(preset="tiny", pretrained=None)
    network = encoder._build_encoder(encoder._resolve_start())
    for kind in family.estimators().values():
        assert set(kind._trainable_choices) == {"all", "head", *network.trainable_parts()}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("kind", ["encoder", "regressor", "classifier"])
def test_other_parts_are_refused_before_X_is_read(family, kind):
    estimator = getattr(family, kind)(trainable="new_head")
    choices = ["all", "head", "last"]
    if estimator._family == "alignn":
        choices += ["two_body", "three_body"]
    message = (
        f"trainable='new_head' is not a part that {type(estimator).__name__} can train. Choose one"
        f" of {choices}. Heads are always trained."
    )
    for method in ("fit", "partial_fit"):
        if hasattr(estimator, method):
            with pytest.raises(InvalidInputError, match=re.escape(message)):
                getattr(estimator, method)(["no material"], [1.0])
    with pytest.raises(InvalidParameterError, match=r"'trainable' .* instance of 'str'"):
        estimator.set_params(trainable=None).fit(["no material"], [1.0])


def test_what_only_alignn_has_is_refused_by_others():
    with pytest.raises(InvalidInputError, match=r"two_body.* CGCNNRegressor .*'last'\]"):
        CGCNNRegressor(trainable="two_body").fit(CRYSTALS, Y)


# From call to call of partial_fit


def test_the_next_partial_fit_keeps_what_it_is_told_to():
    stepwise = MTEncoderRegressor(**FAST, trainable="head").partial_fit(FORMULAS, Y)
    before = encoder_state(stepwise)
    assert not moved(before, encoder_state(stepwise.partial_fit(FORMULAS, Y)))


def test_layers_are_unfrozen_by_hand():
    source = MTEncoder(**FAST).fit(FORMULAS)
    stepwise = MTEncoderClassifier(**FAST, pretrained=source)
    states = [encoder_state(source)]
    for trainable in ("head", "last", "all", "head"):
        stepwise.set_params(trainable=trainable).partial_fit(FORMULAS, Y > 4)
        states.append(encoder_state(stepwise))
    changed = [moved(before, after) for before, after in itertools.pairwise(states)]
    last = {name for name in states[0] if name.startswith(("layers.1.", "final_norm."))}
    everything = set(dict(stepwise.estimators_[0].model.encoder.named_parameters()))
    assert changed == [set(), last, everything, set()]
    assert [row["epoch"] for row in stepwise.history_] == [1, 2, 3, 4]


CHANGES = [
    {"lr": 1e-4},
    {"weight_decay": 0.5},
    {"trainable": "last"},
    {"loss_weights": [1, 3]},
    {"loss_weights": "sqrt_labels"},
    {"loss_weighting": "rlw-normal"},
    {"encoder_lr_factor": 0.1},
    {"layer_decay": 0.5},
    {"batch_size": 5},
    {"precision": "bf16"},
    {"auxiliary_weight": 3.0},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_changed_parameters_hold_from_the_next_call_on(changes):
    y = np.stack([Y, Y**2], axis=1)
    y[::3, 1] = np.nan
    settings = {**FAST, "auxiliary_objective": "masked_elements"}
    stepwise = MTEncoderRegressor(**settings).partial_fit(FORMULAS, y)
    for _ in range(2):
        same = pickle.loads(pickle.dumps(stepwise)).partial_fit(FORMULAS, y)
        other = pickle.loads(pickle.dumps(stepwise)).set_params(**changes)
        other.partial_fit(FORMULAS, y)
        assert not np.array_equal(same.predict(FORMULAS), other.predict(FORMULAS))
        stepwise = same


@pytest.mark.parametrize("loss_weights", [None, "sqrt_labels", {"y1": 2.0}, (1, 2)])
def test_optimizers_go_on_where_nothing_changed(loss_weights):
    y = np.stack([Y, Y**2], axis=1)
    stepwise = MTEncoderRegressor(**FAST, loss_weights=loss_weights).partial_fit(FORMULAS, y)
    net = stepwise.net_
    # Not for other rows either, nor for what no step depends on.
    stepwise.set_params(verbose=0, patience=3, lr=np.float64(stepwise.lr), max_epochs=7)
    stepwise.partial_fit(FORMULAS * 60, np.tile(np.where(y > 50, np.nan, y), (60, 1)))
    assert stepwise.net_ is net
    stepwise.set_params(lr=1e-4).partial_fit(FORMULAS, y)
    assert stepwise.net_ is not net
    assert stepwise.history_[-1]["lr"] == 1e-4


def test_rows_are_shuffled_anew_by_a_new_optimizer(monkeypatch):
    seeds = []
    original = _train.build_net
    monkeypatch.setattr(
        _train, "build_net", lambda *each: seeds.append(each[1].seed) or original(*each)
    )
    stepwise = MTEncoderRegressor(**FAST)
    for lr in (1e-3, 2e-3, 1e-3):
        stepwise.set_params(lr=lr).partial_fit(FORMULAS, Y)
    assert len(set(seeds)) == 3
