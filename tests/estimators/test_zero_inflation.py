"""Targets that repeat their lowest label."""

from dataclasses import replace

import numpy as np
import pytest
from common.contract import assert_same_in_another_process
from scipy.optimize import brentq
from scipy.stats import laplace
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmat import CGCNNRegressor, MTEncoderRegressor, RoostRegressor
from skmat.estimators._targets import read_numeric_targets
from skmat.estimators._zero_inflation import (
    find_lowest,
    median_of_mixture,
    spread_of_mixture,
    with_gates,
)
from skmat.exceptions import InvalidInputError, InvalidLabelsError
from skmat.objectives import Properties
from skmat.objectives._properties import losses_head_by_head, losses_of_all_heads

CATIONS = ["Ti", "Na", "Fe", "Mg", "Zn", "Cu", "Ga", "Cd", "Al", "Si"]
FORMULAS = [f"{a}{n}{b}" for n in (1, 2) for a in CATIONS for b in ("O", "S", "Cl", "N")]
#: 0 for half of the materials, and between 3 and 6 for the others.
GAPS = np.array([0.0 if formula[-1] in "ON" else 3 + i / 27 for i, formula in enumerate(FORMULAS)])


def make(kind=MTEncoderRegressor, zero_inflated="auto", **parameters):
    defaults = {"preset": "tiny", "max_epochs": 2, "random_state": 0, "batch_size": 32}
    return kind(**defaults | parameters, zero_inflated=zero_inflated)


def lowest_of(labels, zero_inflated="auto", weights=None):
    targets = read_numeric_targets(labels, len(labels))
    weights = np.ones(len(labels)) if weights is None else weights
    return find_lowest(targets, np.asarray(weights, dtype=float), zero_inflated)


@pytest.mark.parametrize(
    ("n_lowest", "others", "expected"),
    [
        (50, np.linspace(1, 2, 50), 0.0),
        (15, np.linspace(1, 2, 85), 0.0),
        (14, np.linspace(1, 2, 86), np.nan),
        (190, np.linspace(1, 2, 10), 0.0),
        (191, np.linspace(1, 2, 10), np.nan),
        (20, np.linspace(1, 2, 9), np.nan),
        # A quarter of 40 rows repeat one other label.
        (40, [*np.linspace(1, 2, 30), *[3.0] * 10], 0.0),
        (40, [*np.linspace(1, 2, 30), *[3.0] * 11], np.nan),
        # Grades and counts.
        (40, [1.0] * 30 + [2.0] * 30, np.nan),
        (40, [], np.nan),
    ],
)
def test_auto_finds_a_lowest_label_that_is_repeated(n_lowest, others, expected):
    labels = np.append(np.zeros(n_lowest), others)
    for shift in (0.0, -7.5):
        np.testing.assert_array_equal(lowest_of(labels + shift), [expected + shift])


def test_auto_decides_for_each_target_by_the_rows_that_count():
    labels = np.column_stack([GAPS, np.arange(80.0), GAPS])
    labels[::2, 2] = np.nan  # the same share of zeros is left
    np.testing.assert_array_equal(lowest_of(labels), [0.0, np.nan, 0.0])
    # A label of weight 0 is lower than all others.
    labels[0, 0] = -1.0
    np.testing.assert_array_equal(lowest_of(labels[:, 0]), [np.nan])
    np.testing.assert_array_equal(lowest_of(labels[:, 0], weights=[0] + [1] * 79), [0.0])


def test_true_and_false_do_not_ask():
    labels = np.column_stack([GAPS, 5 - np.arange(80.0)])
    np.testing.assert_array_equal(lowest_of(labels, True), [0.0, -74.0])
    np.testing.assert_array_equal(lowest_of(labels, False), [np.nan, np.nan])


def test_a_gate_is_a_task_more():
    labels = np.array([[1.0, 0.0], [2.0, np.nan], [3.0, 4.0]])
    given = read_numeric_targets(labels, 3)
    assert with_gates(given, np.array([np.nan, np.nan]), np.ones(3)) is given
    targets = with_gates(given, np.array([np.nan, 0.0]), np.ones(3))
    assert targets.names == ["y0", "y1", "y1_above_lowest"]
    np.testing.assert_array_equal(targets.values, [[1, np.nan, 0], [2, np.nan, np.nan], [3, 4, 1]])
    assert targets.as_given is given
    assert targets.weights_of_tasks([3.0, 1.0]) == [3.0, 0.5, 0.5]


def test_the_value_is_standardised_by_rows_above():
    labels = np.array([0.0, 0.0, 10.0, 20.0, 90.0])
    targets = with_gates(read_numeric_targets(labels, 5), np.array([0.0]), np.ones(5))
    scaling = targets.fit_scaling(np.arange(4), np.array([1.0, 1.0, 1.0, 1.0, 1.0]))
    np.testing.assert_allclose(scaling.mean, [15.0, 0.0])
    np.testing.assert_allclose(scaling.scale, [5.0, 1.0])
    # Without a row above, the first label above standardises the target.
    scaling = targets.fit_scaling(np.arange(2), np.ones(5))
    np.testing.assert_array_equal(scaling.is_constant, [True, False])
    later = scaling.refitted(targets.values[3:4], np.ones(1))
    np.testing.assert_allclose([later.mean[0], later.scale[0]], [10.0, 10.0])


def test_the_median_of_a_mixture():
    rng = np.random.default_rng(0)
    probability, value = rng.uniform(0, 1, 50), rng.uniform(1, 5, 50)
    deviation, lowest = rng.uniform(0.01, 0.4, 50), 0.5
    found = median_of_mixture(probability, value, deviation, lowest)
    for p, mu, s, median in zip(probability, value, deviation, found, strict=True):
        above = laplace(mu, s / np.sqrt(2))

        def excess(x, p=p, above=above):
            return (1 - p) + p * above.cdf(x) - 0.5

        assert median == (
            max(brentq(excess, -9, 9), lowest) if p > 0.5 else lowest
        ) or median == pytest.approx(max(brentq(excess, -9, 9), lowest), rel=1e-6)
    single = median_of_mixture(np.array([0.5, 0.51, 1.0]), np.full(3, 4.0), np.zeros(3), 0.5)
    np.testing.assert_array_equal(single, [0.5, 4.0, 4.0])


def test_the_spread_of_a_mixture():
    rng = np.random.default_rng(0)
    n = 200_000
    drawn = np.where(rng.random(n) < 0.7, rng.laplace(3.0, 0.5 / np.sqrt(2), n), 1.0)
    mean, spread = spread_of_mixture(0.7, 3.0, 0.5, 1.0)
    assert mean == pytest.approx(drawn.mean(), rel=1e-2)
    assert spread == pytest.approx(drawn.std(), rel=1e-2)
    assert np.isfinite(spread_of_mixture(0.5, 1e200, 1e200, -1e200)).all()


@pytest.mark.parametrize(
    ("kind", "loss"),
    [(MTEncoderRegressor, "l1"), (MTEncoderRegressor, "robust_l1"), (RoostRegressor, "mse")],
)
def test_what_is_learned(kind, loss):
    model = make(kind, loss=loss, max_epochs=40, lr=3e-3).fit(FORMULAS, GAPS)
    np.testing.assert_array_equal(model.lowest_labels_, [0.0])
    probability, value = model.predict_mixture(FORMULAS)
    predicted = model.predict(FORMULAS)
    np.testing.assert_array_equal(predicted == 0, GAPS == 0)
    np.testing.assert_array_equal(probability > 0.5, GAPS > 0)
    # The value is no mean of zeros and others.
    assert value.min() > 2.0
    if loss == "robust_l1":
        assert (predicted <= value).all()
        assert (predicted[GAPS > 0] < value[GAPS > 0]).any()
    else:
        np.testing.assert_array_equal(predicted, np.where(probability > 0.5, value, 0))
    assert {"train_loss_y", "train_loss_y_above_lowest"} < set(model.history_[-1])


@pytest.mark.parametrize("n_estimators", [1, 2])
@pytest.mark.parametrize("loss", ["l1", "robust_l1"])
def test_off_is_what_it_was(n_estimators, loss):
    labels = np.arange(80.0)
    off, auto = (
        make(zero_inflated=each, loss=loss, n_estimators=n_estimators).fit(FORMULAS, labels)
        for each in (False, "auto")
    )
    assert off._hash_weights() == auto._hash_weights()
    assert np.isnan(auto.lowest_labels_).all()
    np.testing.assert_array_equal(off.predict(FORMULAS), auto.predict(FORMULAS))
    probability, value = off.predict_mixture(FORMULAS)
    assert (probability == 1).all()
    np.testing.assert_array_equal(value, off.predict(FORMULAS))
    if n_estimators == 1:
        # What the heads returned before there were gates.
        (outputs,), _ = off._predict_heads(FORMULAS)
        scaling = off.estimators_[0].scaling
        expected = outputs[0][:, 0].astype(float) * scaling.scale[0] + scaling.mean[0]
        np.testing.assert_array_equal(value, expected)


def test_other_targets_keep_their_heads_and_tasks():
    labels = np.column_stack([GAPS, np.arange(80.0)])
    labels[::3, 0] = np.nan
    labels[1::3, 1] = np.nan
    gated = make(loss_weights=[3.0, 1.0]).fit(FORMULAS, labels, np.linspace(0.1, 1, 80))
    assert gated.target_names_ == ["y0", "y1"]
    assert gated.n_outputs_ == 2
    np.testing.assert_array_equal(gated.lowest_labels_, [0.0, np.nan])
    row = gated.history_[-1]
    shares = [row[f"weight_{name}"] for name in ("y0", "y1", "y0_above_lowest")]
    np.testing.assert_allclose(shares, np.array([1.5, 1.0, 1.5]) / (4 / 3))
    probability, value = gated.predict_mixture(FORMULAS)
    assert (probability[:, 1] == 1).all()
    assert (probability[:, 0] < 1).all()
    np.testing.assert_array_equal(gated.predict(FORMULAS)[:, 1], value[:, 1])
    # Heads that are new in both have equal weights at first.
    plain = make(zero_inflated=False, lr=1e-30, weight_decay=0).fit(FORMULAS, labels)
    still = make(lr=1e-30, weight_decay=0).fit(FORMULAS, labels)
    states = [each.estimators_[0].model.state_dict() for each in (plain, still)]
    for name, tensor in states[0].items():
        np.testing.assert_allclose(states[1][name], tensor, rtol=0, atol=1e-20)


def test_an_ensemble_averages_both_parts():
    model = make(n_estimators=3, max_epochs=4).fit(FORMULAS, GAPS)
    probability, value = model.predict_mixture(FORMULAS)
    alone = []
    for fitted in model.estimators_:
        single = clone(model).fit(FORMULAS[:40], GAPS[:40])
        single.estimators_ = [fitted]
        alone.append(single.predict_mixture(FORMULAS))
    np.testing.assert_allclose(probability, np.mean([each[0] for each in alone], axis=0))
    np.testing.assert_allclose(value, np.mean([each[1] for each in alone], axis=0))
    predicted, std = model.predict(FORMULAS, return_std=True)
    np.testing.assert_array_equal(predicted, np.where(probability > 0.5, value, 0.0))
    # The gate alone has a spread.
    assert (std > np.sqrt(probability * (1 - probability)) * value * 0.9).all()


def test_no_prediction_is_below_the_lowest_label():
    labels = np.where(GAPS == 0, 0.0, 0.01 * np.arange(80))
    model = make(max_epochs=5, loss="robust_l1").fit(FORMULAS, labels)
    everything = [f"{a}{n}{b}" for a in CATIONS for b in ("F", "Br", "P", "Se") for n in (1, 3)]
    assert model.predict(everything).min() >= 0
    assert model.predict_mixture(everything)[1].min() >= 0


@pytest.mark.parametrize("how", ["partial_fit", "warm_start"])
def test_the_first_call_decides(how):
    model = make(warm_start=True)
    again = model.partial_fit if how == "partial_fit" else model.fit
    again(FORMULAS, GAPS)
    # No row is at the lowest label, and the parameter has changed.
    model.set_params(zero_inflated=False)
    above = GAPS > 0
    again(list(np.array(FORMULAS)[above]), GAPS[above])
    np.testing.assert_array_equal(model.lowest_labels_, [0.0])
    assert model.predict_mixture(FORMULAS)[0].max() < 1
    with pytest.raises(InvalidLabelsError, match=r"row 1, target 'y': -2.0 is below 0.0"):
        again(["MgO", "NaCl"], [1.0, -2.0])
    with pytest.raises(InvalidInputError, match="same columns"):
        again(["MgO", "NaCl"], [[1.0, -2.0]] * 2)


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_a_label_of_weight_0_may_be_below_the_lowest(how):
    labels, weights = GAPS.copy(), np.ones(80)
    labels[0], weights[0] = -1.0, 0.0
    model = getattr(make(), how)(FORMULAS, labels, weights)
    np.testing.assert_array_equal(model.lowest_labels_, [0.0])
    model.partial_fit(FORMULAS, labels, weights)
    assert model.predict(FORMULAS).min() >= 0


def test_labels_above_may_come_later():
    model = make(zero_inflated=True).partial_fit(["MgO", "NaCl"], [2.0, 2.0])
    np.testing.assert_array_equal(model.predict(["ZnO"]), [2.0])
    for _ in range(20):
        model.partial_fit(["MgO", "NaCl", "ZnO"], [20.0, 30.0, 40.0])
    probability, value = model.predict_mixture(["ZnO"])
    assert probability > 0.5
    assert 10 < model.predict(["ZnO"]) == value < 50


def test_early_stopping_holds_back_labels_of_both_kinds():
    labels = np.full(80, 0.0)
    labels[:12] = np.arange(1, 13)
    model = make(patience=2, validation_fraction=0.5, max_epochs=3).fit(FORMULAS, labels)
    assert {"valid_loss_y", "valid_loss_y_above_lowest"} < set(model.history_[0])
    assert np.isfinite(model.predict(FORMULAS)).all()


def test_structures_and_layers_of_their_own():
    from pymatgen.core import Lattice, Structure

    sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    crystals = [
        Structure(Lattice.cubic(4 + 0.01 * i), ["Cs", "Cl" if i % 2 else "Br"], sites)
        for i in range(40)
    ]
    labels = np.where(np.arange(40) % 2, 0.0, np.arange(40) + 1.0)
    model = make(CGCNNRegressor, n_task_layers=1).fit(crystals, labels)
    probability, _ = model.predict_mixture(crystals)
    assert probability.shape == (40,)
    assert (probability < 1).all()


def test_rows_that_cannot_be_read_are_nan():
    model = make(on_invalid="nan").fit(FORMULAS, GAPS)
    for part in model.predict_mixture(["TiO2", "Xx"]):
        np.testing.assert_array_equal(np.isnan(part), [False, True])


def test_all_heads_at_once_have_the_same_losses():
    """A GPU runs heads of one kind together."""
    import torch

    from skmat.nn import Representation

    labels = np.column_stack([GAPS, np.arange(80.0)])
    targets = with_gates(read_numeric_targets(labels, 80), np.array([0.0, np.nan]), np.ones(80))
    torch.manual_seed(0)
    encoder = type("Encoder", (), {"out_features": 8})()
    heads = Properties().build_heads(encoder, targets.targets)
    encoded = Representation(torch.randn(80, 8))
    scaling = targets.fit_scaling(np.arange(80), np.ones(80))
    y = torch.from_numpy(scaling.transform(targets.values).astype(np.float32))
    weights = torch.rand(80)
    for one, other in zip(
        losses_head_by_head(heads, encoded, y, weights),
        losses_of_all_heads(heads, encoded, y, weights),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_searches_and_files(tmp_path):
    grid = GridSearchCV(make(), {"zero_inflated": [False, "auto", True]}, cv=2, n_jobs=1)
    grid.fit(FORMULAS, GAPS)
    assert np.isfinite(grid.cv_results_["mean_test_score"]).all()
    model = make(n_estimators=2, loss="robust_l1", precision="bf16").fit(FORMULAS, GAPS)
    assert_same_in_another_process([model], FORMULAS, tmp_path)


def test_a_model_of_an_older_version_has_no_gates():
    model = make(zero_inflated=False).fit(FORMULAS, GAPS)
    expected = model.predict(FORMULAS)
    del model.lowest_labels_
    np.testing.assert_array_equal(model.predict(FORMULAS), expected)
    model.partial_fit(FORMULAS, GAPS)
    assert np.isnan(model.lowest_labels_).all()


def test_columns_named_like_a_gate_are_refused():
    targets = read_numeric_targets(np.column_stack([GAPS, GAPS]), 80)
    names = ["y", "y_above_lowest"]
    renamed = [replace(each, name=name) for each, name in zip(targets.targets, names, strict=True)]
    with pytest.raises(InvalidInputError, match="y_above_lowest"):
        with_gates(replace(targets, targets=renamed), np.array([0.0, np.nan]), np.ones(80))


def test_a_list_has_a_choice_for_each_target():
    y = np.column_stack([GAPS, GAPS])
    model = make(zero_inflated=[False, True]).fit(FORMULAS, y)
    assert np.isnan(model.lowest_labels_).tolist() == [True, False]
    for wrong in ([True], [True, "auto"], [1, 0]):
        with pytest.raises(InvalidInputError, match="for each of the 2 targets"):
            make(zero_inflated=wrong).fit(FORMULAS, y)


@pytest.mark.parametrize("value", ["yes", 2, None])
def test_other_values_are_refused(value):
    with pytest.raises(ValueError, match="zero_inflated"):
        make(zero_inflated=value).fit(FORMULAS, GAPS)
