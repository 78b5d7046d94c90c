"""What a fit decides before it trains."""

import dataclasses

import numpy as np
import pytest

from skmat import CGCNNRegressor, MTEncoder, MTEncoderRegressor
from skmat.estimators import _plan, _pretrained, _train
from skmat.exceptions import InvalidInputError

FORMULAS = ["TiO2", "Fe2O3", "NaCl", "Cu", "GaAs", "BaTiO3", "MgO", "ZnS", "SiO2", "Bi2Te3"]
Y = np.arange(10.0)
FAST = {"max_epochs": 1, "random_state": 0}


@pytest.fixture
def plans(monkeypatch):
    """The plan of every training."""
    seen = []
    original = _train.train_models

    def spy(estimator, plan, data, previous):
        seen.append(plan)
        return original(estimator, plan, data, previous)

    monkeypatch.setattr("skmat.estimators._base.train_models", spy)
    return seen


def test_a_plan_cannot_be_changed(plans):
    MTEncoderRegressor(preset="tiny", **FAST).fit(FORMULAS, Y)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plans[0].start = None


def test_networks_of_an_ensemble_have_their_own_rows_and_seeds(plans):
    settings = {"preset": "tiny", "n_estimators": 3, "patience": 5, "validation_fraction": 0.3}
    MTEncoderRegressor(**settings, **FAST).fit(FORMULAS, Y)
    (plan,) = plans
    assert len({run.seed for run in plan.runs}) == 3
    assert len({run.settings.seed for run in plan.runs}) == 3
    assert len({tuple(run.validation) for run in plan.runs}) > 1
    for run in plan.runs:
        assert sorted([*run.training, *run.validation]) == list(range(10))


def test_what_cannot_be_trained_is_refused_before_training(monkeypatch):
    def fail(*arguments):
        raise AssertionError("trained")

    monkeypatch.setattr("skmat.estimators._base.train_models", fail)
    model = MTEncoderRegressor(freeze_epochs=3, max_epochs=3)
    with pytest.raises(InvalidInputError, match="leaves no epoch"):
        model.fit(FORMULAS, Y)


@pytest.mark.parametrize("kind", [MTEncoderRegressor, CGCNNRegressor])
def test_weights_are_loaded_once(kind, monkeypatch, salts):
    loaded = []
    original = _pretrained.load_checkpoint
    monkeypatch.setattr(
        _pretrained, "load_checkpoint", lambda name: loaded.append(name) or original(name)
    )
    X = salts if kind is CGCNNRegressor else FORMULAS[:4]
    kind(n_estimators=2, **FAST).fit(X, Y[: len(X)])
    assert len(loaded) == 1


@pytest.fixture
def salts():
    from pymatgen.core import Lattice, Structure

    sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    return [Structure(Lattice.cubic(a), ["Cs", "Cl"], sites) for a in (4.0, 4.1, 4.2)]


def test_rows_for_early_stopping_have_labels(plans):
    y = np.where(np.arange(10) < 1, Y, np.nan)
    MTEncoderRegressor(preset="tiny", patience=3, **FAST).fit(FORMULAS, y)
    assert len(plans[0].runs[0].validation) == 0


def test_labels_of_a_task_of_weight_0_do_not_count(plans):
    y = np.column_stack([Y, np.where(np.arange(10) < 1, Y, np.nan)])
    for weights, n_held_out in ([0, 1], 0), ([1, 1], 1):
        model = MTEncoderRegressor(preset="tiny", patience=3, loss_weights=weights, **FAST)
        model.fit(FORMULAS, y)
        assert len(plans[-1].runs[0].validation) == n_held_out


def test_an_encoder_plans_too(plans):
    MTEncoder(preset="tiny", objectives="masked_elements", **FAST).fit(FORMULAS)
    assert plans[0].tasks.objectives[0].name == "masked_elements"
    assert isinstance(plans[0], _plan.FitPlan)


@pytest.mark.parametrize("random_state", [0, None, "generator"])
def test_a_fit_that_continues_holds_out_the_same_rows(plans, random_state):
    if random_state == "generator":
        random_state = np.random.RandomState(0)
    settings = {"preset": "tiny", "patience": 5, "validation_fraction": 0.3, "max_epochs": 1}
    model = MTEncoderRegressor(
        **settings, warm_start=True, n_estimators=2, random_state=random_state
    )
    for _ in range(3):
        model.fit(FORMULAS, Y)
    for network in range(2):
        held_out = {tuple(plan.runs[network].validation) for plan in plans}
        assert len(held_out) == 1
