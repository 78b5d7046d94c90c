"""What ``trainable`` does: where there is something to keep, and where there is not."""

import numpy as np
import pytest
import torch
from crystal.crystals import many

from skmat import (
    ALIGNNRegressor,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostRegressor,
)
from skmat.objectives import MaskedElements

FORMULAS = ["TiO2", "Fe2O3", "NaCl", "CuO", "GaAs", "BaTiO3", "MgO", "ZnS", "SiO2", "Bi2Te3"]
CRYSTALS = many(10)
Y = np.arange(10.0)
FAST = {"preset": "tiny", "max_epochs": 2, "random_state": 0, "precision": "float32"}


def encoder_state(estimator):
    state = estimator.members_[0].model.encoder.state_dict()
    return {name: tensor.clone() for name, tensor in state.items()}


def moved(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


# Random weights


@pytest.mark.parametrize(
    ("kind", "X", "settings"),
    [
        # There are no weights of ALIGNN's for "auto", and none of these sizes.
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
    assert frozen.hash_weights() == free.hash_weights()


@pytest.mark.parametrize("kind", [MTEncoderRegressor, MTEncoderClassifier])
def test_the_first_partial_fit_moves_random_weights(kind):
    labels = Y > 4
    stepwise = kind(**FAST, trainable="head").partial_fit(FORMULAS, labels)
    free = kind(**FAST).partial_fit(FORMULAS, labels)
    assert stepwise.hash_weights() == free.hash_weights()


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
