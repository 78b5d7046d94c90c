import numpy as np
import pytest
from common.auto import BINARIES, NUMBERS, Odd, regressor, ridge
from numpy.testing import assert_array_equal
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from skmat.auto import _base, _number_trials
from skmat.auto._candidates import Candidate
from skmat.auto._part import median_of_mixture, quantiles_of_ratios
from skmat.auto._target_shape import TargetShape

GENERATOR = np.random.default_rng(0)
#: Zero for three of the six partners.
GAPS = np.where(np.arange(60) % 6 < 3, 0.0, NUMBERS)
#: Over three orders of magnitude.
TAILS = np.exp(1.5 * NUMBERS)
_TREES = [("forest", ExtraTreesRegressor(10))]


@pytest.fixture(autouse=True)
def small_gates(monkeypatch):
    gates = [Candidate("gate-forest", ExtraTreesClassifier(10), ("magpie",))]
    monkeypatch.setattr(_number_trials, "make_gates", lambda *sizes: gates)


def error_of(model, name):
    table = model.leaderboard_.set_index("candidate")
    return table.loc[name, "error"]


def test_plain_labels_give_one_part_per_candidate():
    model = regressor(candidates=[("a", ridge()), ("b", ridge(10.0))])
    model.fit(BINARIES, NUMBERS - 4)
    assert sorted(model.leaderboard_.candidate) == ["a", "b"]


def test_a_zero_inflated_target_has_a_gate():
    model = regressor(candidates=_TREES, keep_candidates=True).fit(BINARIES, GAPS)
    assert error_of(model, "forest, gated") < error_of(model, "forest")
    gated = model.predict_candidates(BINARIES)["forest, gated"]
    assert ((gated == 0) == (GAPS == 0)).mean() > 0.9


@pytest.mark.parametrize("choice", [False, np.False_])
def test_no_gate_where_none_is_wanted(choice):
    model = regressor(candidates=_TREES, zero_inflated=choice).fit(BINARIES, GAPS)
    assert not any("gated" in name for name in model.leaderboard_.candidate)


def test_a_gate_that_fails_is_left_out(monkeypatch):
    def fail(*arguments):
        raise RuntimeError("no gate")

    gates = [Candidate("gate-broken", Odd(on_fit=fail), ("fractions",))]
    monkeypatch.setattr(_number_trials, "make_gates", lambda *sizes: gates)
    with pytest.warns(UserWarning, match="no gate"):
        model = regressor(candidates=_TREES).fit(BINARIES, GAPS)
    assert "forest" in set(model.leaderboard_.candidate)
    assert not any("gated" in name for name in model.leaderboard_.candidate)


def test_the_median_of_the_mixture():
    probability = np.array([0.1, 0.5, 0.6, np.nan])
    values = np.array([5.0, 5.0, 0.2, 5.0])
    found = median_of_mixture(probability, values, 1.0)
    assert_array_equal(found, [1.0, 1.0, 1.0, np.nan])
    found = median_of_mixture(probability, values + 1, 1.0)
    assert_array_equal(found, [1.0, 1.0, 1.2, np.nan])


def test_the_median_of_a_mixture_by_brute_force():
    generator = np.random.default_rng(0)
    predicted = generator.uniform(2, 4, size=4000)
    labels = predicted * generator.lognormal(sigma=0.5, size=4000)
    ratios = quantiles_of_ratios(labels, predicted, 0.0, np.ones(len(labels)))
    for probability in (0.55, 0.7, 0.95, 1.0):
        given = 3.0 * generator.lognormal(sigma=0.5, size=20_000)
        expected = np.median(np.where(generator.uniform(size=20_000) < probability, given, 0.0))
        found = median_of_mixture(np.array([probability]), np.array([3.0]), 0.0, ratios)
        assert found[0] == pytest.approx(expected, rel=0.1)


def test_few_labels_above_the_lowest_have_no_ratios():
    labels = np.r_[np.zeros(50), np.ones(19), np.nan]
    assert quantiles_of_ratios(labels, np.ones(70), 0.0, np.ones(70)) is None


def test_a_long_tail_is_learned_as_logarithms():
    model = regressor().fit(BINARIES, TAILS)
    assert {"ridge", "ridge, log"} <= set(model.leaderboard_.candidate)
    assert error_of(model, "ridge, log") < error_of(model, "ridge")


@pytest.mark.parametrize("unit", [2.0**-100, pytest.param(2.0**100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("labels", [GAPS, TAILS], ids=["gaps", "tails"])
def test_any_unit(labels, unit):
    expected = regressor(candidates=_TREES).fit(BINARIES, labels)
    found = regressor(candidates=_TREES).fit(BINARIES, labels * unit)
    np.testing.assert_allclose(found.predict(BINARIES) / unit, expected.predict(BINARIES))
    for one, other in zip(
        found.predict_interval(BINARIES), expected.predict_interval(BINARIES), strict=True
    ):
        np.testing.assert_allclose(one / unit, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "labels", [GAPS, np.minimum(GAPS * 200 / GAPS.max(), 100), 100 - GAPS, -GAPS]
)
def test_predictions_never_leave_a_bound_that_all_labels_keep(labels):
    wild = Odd(on_predict=lambda X: np.linspace(-1e3, 1e3, len(X)))
    model = regressor(candidates=[("wild", wild), ("ridge", ridge())], keep_candidates=True)
    model.fit(BINARIES, labels)
    low = 0.0 if labels.min() >= 0 else -np.inf
    high = 0.0 if labels.max() <= 0 else 100.0 if labels.max() == 100 else np.inf
    values = [model.predict(BINARIES), *model.predict_interval(BINARIES, 0.5)]
    values += [model.oof_predictions_, *model.predict_candidates(BINARIES).values()]
    for each in values:
        assert each.min() >= low
        assert each.max() <= high


def made_up_trials(labels, gains, **settings):
    shape = TargetShape(log_unit=2.0)
    network = Candidate("network", Odd(), "formula", is_network=True, **settings)
    n = len(labels)
    return _number_trials._trials(network, labels, [shape] * n, gains, [None] * n)


@pytest.mark.parametrize(("gain", "unit"), [(-0.5, 2.0), (0.5, None)])
def test_networks_take_logarithms_if_they_helped_the_first_network(gain, unit):
    (trial,) = made_up_trials([TAILS], [gain])
    assert trial.learned[0].log_unit == unit
    (trial,) = made_up_trials([TAILS], [gain], takes_logs=False)
    assert trial.learned[0].log_unit is None


class BadAtLogarithms(Odd):
    """A network that predicts far too much if the standardised labels have no long tail."""

    def __init__(self, callbacks=None):
        super().__init__()
        self.callbacks = callbacks

    def predict(self, X):
        return super().predict(X) + (20 if self.is_short_ else 0)

    def fit(self, X, y, sample_weight=None):
        self.is_short_ = np.max(y) < 4
        return super().fit(X, y)


def test_the_first_network_tries_logarithms_for_itself(monkeypatch):
    made = [
        Candidate(name, model, ("magpie",), is_network=is_network)
        for is_network, names, model in [
            (False, ("ridge", "ridge-2"), ridge()),
            (True, ("network", "network-2"), BadAtLogarithms()),
        ]
        for name in names
    ]
    monkeypatch.setattr(_base, "make_candidates", lambda *arguments, **keywords: made)
    model = regressor().fit(BINARIES, TAILS)
    expected = ["ridge", "ridge, log", "ridge-2, log", "network", "network, log", "network-2"]
    assert sorted(model.leaderboard_.candidate) == sorted(expected)


@pytest.mark.parametrize("gains", [[None, None], [None, -1.0]])
def test_joint_networks_try_logarithms_of_all_targets_at_once(gains):
    trials = made_up_trials([TAILS, TAILS], gains, is_joint=True)
    assert [[each.log_unit for each in one.learned] for one in trials] == [[None] * 2, [2.0] * 2]
    assert [one.name for one in trials] == ["network", "network, log"]


def test_joint_networks_learn_all_targets_at_once():
    labels = [NUMBERS, TAILS]
    (trial,) = made_up_trials(labels, [1.0, 1.0], is_joint=True)
    assert [each.target for each in trial.learned] == [0, 1]
    trials = made_up_trials(labels, [1.0, 1.0])
    assert [[each.target for each in one.learned] for one in trials] == [[0], [1]]
