import copy
import os
import pickle
import random
import signal
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from common.auto import BINARIES, NUMBERS, SWAPPED, Odd, fit_with_failures, regressor, ridge
from common.materials import rock_salt
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import KFold, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, check_X_y

from skmat import AutoRegressor, MTEncoderRegressor, load_model
from skmat.auto import _folds, _number_average
from skmat.exceptions import CandidateWarning, InvalidInputError, NoveltyWarning
from skmat.model_selection import LeaveOneElementOut, TargetExtrapolationSplit

TWO = [("ridge", ridge()), ("strong", ridge(100.0))]
FOREST = [("forest", ExtraTreesRegressor(10))]
#: Far from all of BINARIES.
ALIENS = ["Og", "U", "LaPuAm", "C60H60", "Xe"]


def everything(model, X=BINARIES):
    return [*model.predict(X, return_std=True), *model.predict_interval(X), model.novelty(X)]


def assert_same(first, second):
    for one, other in zip(first, second, strict=True):
        assert_array_equal(one, other)


def rising(n):
    def fail(*arguments):
        raise RuntimeError(f"no luck {n}")

    return Odd(on_fit=fail)


class InContext(RegressorMixin, BaseEstimator):
    """Keeps the training rows, and predicts by attention to them, as TabICL and TabPFN do."""

    def fit(self, X, y):
        X, y = check_X_y(X, y)
        self.scaler_ = StandardScaler().fit(X)
        self.context_, self.labels_ = self.scaler_.transform(X), y
        return self

    def predict(self, X):
        queries = self.scaler_.transform(check_array(X))
        return softmax(-cdist(queries, self.context_), axis=1) @ self.labels_


# Predictions


def test_it_learns():
    model = regressor(candidates=TWO).fit(BINARIES, NUMBERS)
    assert model.score(BINARIES, NUMBERS) > 0.9
    oof = mean_absolute_error(NUMBERS, model.oof_predictions_)
    assert oof < 0.7 * np.abs(NUMBERS - NUMBERS.mean()).mean()


def test_a_model_that_predicts_in_context_is_a_candidate():
    mine = [("in-context", InContext()), ("mean", DummyRegressor())]
    model = regressor(candidates=mine).fit(BINARIES, NUMBERS)
    weights = model.leaderboard_.set_index("candidate")["weight"]
    assert weights["in-context"] > 0.9
    assert model.score(BINARIES, NUMBERS) > 0.5
    again = pickle.loads(pickle.dumps(model))
    assert_array_equal(again.predict(SWAPPED), model.predict(SWAPPED))


def test_leaderboard():
    model = regressor(candidates=TWO, keep_candidates=True).fit(BINARIES, NUMBERS)
    board = model.leaderboard_
    assert list(board.columns) == [
        "candidate", "target", "error", "weight", "seconds_fit", "seconds_predict", "status",
    ]  # fmt: skip
    assert (board.status == "fitted").all()
    assert board.error.is_monotonic_increasing
    assert board.weight.sum() == pytest.approx(1.0)
    assert model.error_name_ == "mean absolute error"


def test_the_error_is_that_of_out_of_fold_predictions():
    model = regressor().fit(BINARIES, NUMBERS)
    expected = mean_absolute_error(NUMBERS, model.oof_predictions_)
    assert model.leaderboard_.error[0] == pytest.approx(expected)


def test_predictions_are_the_weighted_mean_of_the_candidates():
    model = regressor(candidates=TWO, keep_candidates=True, bounds=None).fit(BINARIES, NUMBERS)
    weights = model.leaderboard_.set_index("candidate").weight
    parts = model.predict_candidates(BINARIES)
    assert set(parts) == {"ridge", "strong"}
    expected = sum(weights[name] * values for name, values in parts.items())
    assert_allclose(model.predict(BINARIES), expected)


def test_candidates_are_kept_only_if_asked_for():
    model = regressor().fit(BINARIES, NUMBERS)
    with pytest.raises(InvalidInputError, match="keep_candidates=True"):
        model.predict_candidates(BINARIES)


def test_one_row_is_predicted_as_in_company():
    model = regressor(candidates=TWO).fit(BINARIES, NUMBERS)
    whole = everything(model)[:4]
    alone = [everything(model, [each])[:4] for each in BINARIES[:6]]
    for place, values in enumerate(whole):
        assert_allclose([each[place][0] for each in alone], values[:6])


def test_one_compound_written_two_ways():
    model = regressor(candidates=FOREST).fit(BINARIES, NUMBERS)
    assert_same(everything(model, ["Li2O", "MgCl2"]), everything(model, ["OLi2", "Cl2Mg"]))


def test_rows_that_cannot_be_read():
    model = regressor().fit(BINARIES, NUMBERS)
    X = ["NaCl", "Xy", None, "MgO"]
    with pytest.raises(ValueError, match="Xy"):
        model.predict(X)
    model.set_params(on_invalid="nan")
    readable = [True, False, False, True]
    for values in everything(model, X):
        assert_array_equal(~np.isnan(values), readable)
    assert_allclose(model.predict(X)[readable], model.predict(["NaCl", "MgO"]))
    for values in everything(model, ["Xy"]):
        assert_array_equal(values, [np.nan])


def test_an_empty_row_of_amounts():
    amounts = np.zeros((60, 94))
    generator = np.random.default_rng(0)
    amounts[np.arange(60), generator.integers(0, 30, 60)] = 1
    amounts[np.arange(60), generator.integers(30, 60, 60)] += 2
    amounts[7] = 0
    model = regressor(on_invalid="nan").fit(amounts, NUMBERS)
    assert np.isnan(model.oof_predictions_[7])
    assert_array_equal(np.flatnonzero(np.isnan(model.predict(amounts))), [7])
    rest = np.arange(60) != 7
    without = regressor().fit(amounts[rest], NUMBERS[rest])
    assert_allclose(model.predict(amounts)[rest], without.predict(amounts[rest]))


# Splits


def watched(cv, X=BINARIES, **fit_params):
    """Return how many rows of features each held-out part shares with its training part."""
    training, shared = set(), []

    def remember(X, y, weights):
        training.clear()
        training.update(map(bytes, X))

    def compare(X):
        shared.append(len(training & set(map(bytes, X))))
        return np.zeros(len(X))

    watching = Odd(on_fit=remember, on_predict=compare)
    model = regressor(candidates=[("watching", watching)], cv=cv)
    model.fit(X, np.arange(float(len(X))), **fit_params)
    return shared


@pytest.mark.parametrize("cv", [3, 5, "auto", KFold(3, shuffle=True, random_state=0)], ids=str)
def test_a_composition_is_never_on_both_sides(cv):
    X = [*BINARIES, *SWAPPED, *BINARIES[:20]]
    shared = watched(cv, X)
    assert len(shared) >= 3
    assert not any(shared)


def test_rows_of_a_group_are_never_on_both_sides():
    groups = np.arange(60) // 6
    seen = []
    watching = Odd(on_fit=lambda X, y, weights: seen.append(len(np.unique(y.round(6)))))
    model = regressor(candidates=[("watching", watching)], cv=5, zero_inflated=False)
    model.fit(BINARIES, groups, groups=groups)
    assert seen[:5] == [8] * 5
    seen.clear()
    model.fit(BINARIES, groups)
    assert seen[:5] == [10] * 5


@pytest.mark.parametrize(
    "groups", [np.arange(60), pd.Series(["a", 1, 2.5] * 20), pl.Series(["a", "b", "c"] * 20)]
)
def test_forms_of_groups(groups):
    assert np.isfinite(regressor().fit(BINARIES, NUMBERS, groups=groups).oof_predictions_).all()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([None] + ["a", "b"] * 29 + ["a"], "row 0"),
        (["a"] * 60, "one composition or group"),
        (np.zeros((60, 2)), "2 columns"),
        (np.zeros(59), "inconsistent"),
    ],
)
def test_groups_that_are_none(groups, message):
    with pytest.raises(ValueError, match=message):
        regressor().fit(BINARIES, NUMBERS, groups=groups)


def test_a_splitter_numbers_the_rows_of_X():
    y = NUMBERS.copy()
    y[:5] = np.nan
    cv = PredefinedSplit(np.where(np.arange(60) < 20, 0, -1))
    model = regressor(cv=cv).fit(BINARIES, y)
    assert_array_equal(np.flatnonzero(~np.isnan(model.oof_predictions_)), np.arange(5, 20))


def test_a_splitter_gets_the_materials_and_the_labels():
    frame = pd.DataFrame({"formula": BINARIES, "T": np.zeros(60)})
    frame["T"] += np.arange(60) % 7
    model = regressor(cv=TargetExtrapolationSplit(0.25), bounds=None).fit(frame, NUMBERS)
    held_out = np.flatnonzero(~np.isnan(model.oof_predictions_))
    # Rows of a composition of the test rows are not learned, but only those are predicted.
    assert set(held_out) == set(np.argsort(NUMBERS)[-15:])
    model = regressor(cv=LeaveOneElementOut(max_test_size=0.5)).fit(frame, NUMBERS)
    assert not np.isnan(model.oof_predictions_).any()


def test_above_the_limit_one_part_is_held_out_and_all_rows_are_learned(monkeypatch):
    monkeypatch.setattr(_folds, "HOLD_OUT_ABOVE", 50)
    seen = []
    candidates = [("odd", Odd(on_fit=lambda X, y, weights: seen.append(len(y))))]
    model = regressor(candidates=candidates, cv="auto").fit(BINARIES, NUMBERS)
    assert seen == [54, 60]
    assert (~np.isnan(model.oof_predictions_)).sum() == 6
    assert_allclose(model.predict(BINARIES), NUMBERS.mean())


def test_one_composition():
    with pytest.raises(InvalidInputError, match="minimum of 2"):
        regressor().fit(["NaCl", "ClNa", "Na2Cl2"], [1.0, 2.0, 3.0])


def test_two_compositions():
    assert np.isfinite(regressor(cv=5).fit(["NaCl", "KCl"], [1.0, 2.0]).predict(["NaCl"])).all()


# Labels and weights


def test_rows_without_label_or_weight_change_nothing():
    y, weights = NUMBERS.copy(), np.ones(60)
    extra = ["CsI", "CsF", "CsCl"]
    expected = regressor(candidates=TWO).fit(BINARIES, y)
    some = regressor(candidates=TWO).fit(
        [*BINARIES, *extra], [*y, None, 1e9, -1e9], sample_weight=[*weights, 1, 0, 0]
    )
    for one, other in zip(everything(some), everything(expected), strict=True):
        assert_allclose(one, other)
    assert_array_equal(np.isnan(some.oof_predictions_), [False] * 60 + [True] * 3)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e-30, 1e30])
def test_equal_labels(value):
    model = regressor(candidates=TWO).fit(BINARIES, np.full(60, value))
    mean, std = model.predict(ALIENS[:2], return_std=True)
    assert_allclose(mean, value)
    assert_allclose(std, 0.0, atol=1e-9 * abs(value) + 1e-12)


def test_weights_are_followed():
    X, y = BINARIES * 1, np.where(np.arange(60) < 30, 0.0, 10.0)
    weights = np.where(np.arange(60) < 30, 1e6, 1.0)
    model = regressor(candidates=[("strong", ridge(1e9))], bounds=None, zero_inflated=False)
    assert abs(model.fit(X, y, weights).predict(["NaCl"])[0]) < 0.1
    assert model.fit(X, y).predict(["NaCl"])[0] == pytest.approx(5.0, abs=0.5)


@pytest.mark.parametrize("weights", [np.r_[-1.0, np.ones(59)], np.full(60, np.nan), np.zeros(60)])
def test_weights_that_are_none(weights):
    with pytest.raises(InvalidInputError):
        regressor().fit(BINARIES, NUMBERS, sample_weight=weights)


@pytest.mark.parametrize("y", [["high"] * 60, [np.inf] * 60, [None] * 60, NUMBERS[:50], None])
def test_labels_that_are_no_numbers(y):
    with pytest.raises(ValueError, match=r"y|samples"):
        regressor().fit(BINARIES, y)


def test_X_and_y_are_not_changed():
    X = pd.DataFrame({"formula": BINARIES, "T": -NUMBERS})
    y, weights = NUMBERS.copy(), np.arange(60.0) + 1
    before = X.copy(deep=True), y.copy(), weights.copy()
    regressor(candidates=TWO).fit(X, y, weights).predict(X)
    pd.testing.assert_frame_equal(X, before[0])
    assert_array_equal(y, before[1])
    assert_array_equal(weights, before[2])


# Several targets


def test_targets_with_other_missing_labels():
    y = pd.DataFrame({"gap": NUMBERS, "volume": 1000 - 100 * NUMBERS})
    y.loc[:19, "gap"] = np.nan
    y.loc[40:, "volume"] = np.nan
    model = regressor(candidates=TWO).fit(BINARIES, y)
    assert model.target_names_ == ["gap", "volume"]
    assert model.predict(BINARIES).shape == (60, 2)
    assert set(model.leaderboard_.target) == {"gap", "volume"}
    for name, weights in model.leaderboard_.groupby("target").weight:
        assert weights.sum() == pytest.approx(1.0), name
    for each in (*model.predict(BINARIES, return_std=True), *model.predict_interval(BINARIES)):
        assert each.shape == (60, 2)
        assert np.isfinite(each).all()
    assert model.score(BINARIES, y) > 0.8
    alone = regressor(candidates=[TWO[0]]).fit(BINARIES, y[["gap"]].to_numpy()[:, 0])
    both = regressor(candidates=[TWO[0]]).fit(BINARIES, y)
    assert_allclose(both.predict(BINARIES)[:, 0], alone.predict(BINARIES), rtol=0.3)


def test_the_targets_do_not_mix():
    y = np.stack([NUMBERS, 50 + NUMBERS], axis=1)
    both = regressor(bounds=None).fit(BINARIES, y)
    first, second = (regressor(bounds=None).fit(BINARIES, y[:, i]) for i in range(2))
    assert_allclose(both.predict(BINARIES)[:, 0], first.predict(BINARIES))
    assert_allclose(both.predict(BINARIES)[:, 1], second.predict(BINARIES))
    assert_allclose(both.predict_interval(BINARIES)[0][:, 1], second.predict_interval(BINARIES)[0])


def test_one_column_has_two_dimensions():
    model = regressor(keep_candidates=True).fit(BINARIES, NUMBERS[:, None])
    assert model.predict(BINARIES).shape == model.oof_predictions_.shape == (60, 1)
    assert isinstance(model.predict_candidates(BINARIES), list)


def test_a_target_with_two_labels():
    y = np.full((60, 2), np.nan)
    y[:, 0], y[3, 1], y[40, 1] = NUMBERS, 1.0, 2.0
    for seed in range(2):
        model = regressor(random_state=seed, cv=5).fit(BINARIES, y)
        assert np.isfinite(model.predict(BINARIES)).all()


def test_a_target_with_one_label():
    y = np.full((60, 2), np.nan)
    y[:, 0], y[3, 1] = NUMBERS, 1.0
    with pytest.raises(InvalidInputError, match="'y1'"):
        regressor().fit(BINARIES, y)


def test_networks_are_chosen_by_a_smaller_error(monkeypatch):
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1)
    given = {"candidates": [("ridge", ridge()), ("net", network)], "random_state": 0}
    boards = []
    for gain in (1.0, 1e-6):
        monkeypatch.setattr(_number_average, "_GAIN_OF_NETWORKS", gain)
        boards.append(regressor(**given).fit(BINARIES, NUMBERS).leaderboard_)
    before, after = (each.set_index("candidate") for each in boards)
    assert before["weight"]["net"] == 0 < after["weight"]["net"]
    assert after["error"]["net"] == before["error"]["net"]  # the leaderboard has the error itself


def test_networks_of_several_targets():
    y = np.stack([NUMBERS, -NUMBERS], axis=1)
    y[:20, 0] = np.nan
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1)
    model = regressor(candidates=[("net", network)], cv=2).fit(BINARIES, y)
    assert np.isfinite(model.predict(BINARIES)).all()


# Intervals


def simulated(n, seed):
    generator = np.random.default_rng(seed)
    elements = ["Li", "Na", "K", "Mg", "Ca", "Fe", "Cu", "Zn", "Al", "O", "S", "F"]
    amounts = generator.dirichlet(np.ones(len(elements)) * 0.3, size=n)
    X = pd.DataFrame(amounts, columns=elements)
    y = amounts @ np.arange(12) * 10 + generator.normal(size=n) * (1 + 4 * amounts[:, 0])
    return X, y


def test_intervals_cover_what_they_say():
    model = regressor(candidates=TWO, cv=5).fit(*simulated(300, 0))
    X, y = simulated(600, 1)
    for coverage in (0.5, 0.9):
        low, high = model.predict_interval(X, coverage)
        assert ((low <= y) & (y <= high)).mean() == pytest.approx(coverage, abs=0.06)
        assert (low <= high).all()
    mean, std = model.predict(X, return_std=True)
    assert (np.abs(y - mean) <= std).mean() == pytest.approx(0.68, abs=0.06)


def test_few_labels_give_infinite_intervals():
    model = regressor(bounds=None).fit(BINARIES[:8], NUMBERS[:8])
    low, high = model.predict_interval(BINARIES[:8], 0.9)
    assert np.isneginf(low).all()
    assert np.isposinf(high).all()
    assert np.isfinite(model.predict_interval(BINARIES[:8], 0.5)).all()
    bounded = regressor(bounds=(0, 100)).fit(BINARIES[:8], NUMBERS[:8])
    assert_array_equal(bounded.predict_interval(BINARIES[:2], 0.9), [[0, 0], [100, 100]])


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 90, "0.9", None, np.nan, True])
def test_coverage_that_is_none(coverage):
    model = regressor().fit(BINARIES, NUMBERS)
    with pytest.raises(InvalidInputError, match="coverage"):
        model.predict_interval(BINARIES, coverage)


# Materials that are read once


def test_prepared_materials_are_predicted_once():
    calls = []
    counting = Odd(on_predict=lambda X: calls.append(len(X)) or np.zeros(len(X)))
    model = regressor(candidates=[("counting", counting)]).fit(BINARIES, NUMBERS)
    calls.clear()
    alone = everything(model)
    n_alone = len(calls)
    calls.clear()
    read = model.prepare(BINARIES)
    assert len(read) == len(BINARIES)
    assert_same(everything(model, read), alone)
    assert 0 < len(calls) == n_alone / 2


def test_prepared_rows_that_cannot_be_read():
    model = regressor(on_invalid="nan").fit(BINARIES, NUMBERS)
    X = ["what?", *BINARIES[:3]]
    assert_same(everything(model, model.prepare(X)), everything(model, X))


def test_materials_prepared_before_another_fit():
    model = regressor().fit(BINARIES, NUMBERS)
    read = model.prepare(BINARIES)
    with pytest.raises(InvalidInputError, match=r"prepared by another model"):
        clone(model).fit(BINARIES, NUMBERS).predict(read)
    with pytest.raises(InvalidInputError, match=r"before this one was fitted again"):
        model.fit(BINARIES, NUMBERS).novelty(read)


# Novelty


def test_novelty():
    model = regressor().fit(BINARIES, NUMBERS)
    own, aliens = model.novelty(BINARIES), model.novelty(ALIENS)
    assert np.median(own) < 50
    assert aliens.min() > 95
    assert own.min() >= 0
    assert aliens.max() <= 100


def test_unlike_materials_warn():
    model = regressor().fit(BINARIES, NUMBERS)
    with pytest.warns(NoveltyWarning, match=r"100% of the materials are unlike"):
        model.predict(ALIENS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict([*BINARIES, *ALIENS])


def test_novelty_does_not_depend_on_groups():
    one = regressor().fit(BINARIES, NUMBERS)
    other = regressor().fit(BINARIES, NUMBERS, groups=np.arange(60) // 20)
    assert_array_equal(one.novelty(ALIENS + BINARIES), other.novelty(ALIENS + BINARIES))


def test_a_candidate_that_changes_its_features_leaves_those_of_others(tmp_path):
    def fitted(copy):
        mine = make_pipeline(StandardScaler(copy=copy), Ridge())
        return regressor(candidates=[("mine", mine), *TWO]).fit(BINARIES, NUMBERS)

    model, expected = fitted(copy=False), fitted(copy=True).predict(BINARIES)
    assert_array_equal(model.predict(BINARIES), expected)
    model.save_model(tmp_path / "model")
    assert_array_equal(load_model(tmp_path / "model").predict(BINARIES), expected)


def test_data_frames_of_scikit_learn():
    model = regressor().fit(BINARIES, NUMBERS)
    expected, novelty = model.predict(BINARIES), model.novelty(BINARIES)
    with config_context(transform_output="pandas"):
        model = regressor().fit(BINARIES, NUMBERS)
        assert_array_equal(model.predict(BINARIES), expected)
        assert_array_equal(model.novelty(BINARIES), novelty)
        assert model.refit_candidate("ridge", BINARIES, NUMBERS).predict(BINARIES).shape == (60,)


def test_all_structures_of_a_composition_are_learned():
    salts = [rock_salt(a, cation) for cation in ("Li", "Na", "K") for a in (4.5, 5.2, 6.0)]
    model = regressor(cv=2).fit(salts, np.arange(9.0))
    assert model._has_learned(salts).all()
    assert model.novelty(salts).max() < 100


# Failures and ends


def test_a_candidate_that_fails_is_left_out():
    model = regressor(candidates=[("bad", rising(1)), *TWO])
    fit_with_failures(model, BINARIES, NUMBERS)
    row = model.leaderboard_.set_index("candidate").loc["bad"]
    assert row.status == "failed: RuntimeError: no luck 1"
    assert row.weight == 0.0
    assert np.isnan(row.error)
    expected = regressor(candidates=TWO).fit(BINARIES, NUMBERS)
    assert_allclose(model.predict(BINARIES), expected.predict(BINARIES))


@pytest.mark.parametrize(
    "predicted",
    [lambda X: np.full(len(X), np.nan), lambda X: np.zeros((len(X), 3))],
    ids=["NaN", "shape"],
)
def test_a_candidate_that_predicts_nonsense_is_left_out(predicted):
    model = regressor(candidates=[("bad", Odd(on_predict=predicted)), *TWO])
    fit_with_failures(model, BINARIES, NUMBERS)
    assert "failed" in model.leaderboard_.set_index("candidate").status["bad"]
    assert np.isfinite(model.predict(BINARIES)).all()


def test_all_candidates_fail():
    model = regressor(candidates=[("a", rising(1)), ("b", rising(2))])
    with (
        pytest.warns(CandidateWarning),
        pytest.raises(InvalidInputError, match=r"a: .*no luck 1[\s\S]*b: .*no luck 2"),
    ):
        model.fit(BINARIES, NUMBERS)
    with pytest.raises(NotFittedError):
        model.predict(BINARIES)


def test_a_fit_that_fails_changes_nothing():
    model = regressor(candidates=TWO).fit(BINARIES, NUMBERS)
    before = everything(model)
    attributes = set(vars(model))
    frame = pd.DataFrame({"formula": BINARIES, "T": -NUMBERS})
    model.set_params(candidates=[("a", rising(1))])
    with pytest.warns(CandidateWarning), pytest.raises(InvalidInputError):
        model.fit(frame, NUMBERS)
    model.set_params(candidates=[("a", Odd(on_fit=_interrupt))])
    with pytest.raises(KeyboardInterrupt):
        model.fit(frame, NUMBERS)
    assert set(vars(model)) == attributes
    assert_same(everything(model), before)


def _interrupt(*arguments):
    raise KeyboardInterrupt


def test_a_tiny_time_limit_fits_the_first_candidate():
    y = np.stack([NUMBERS, -NUMBERS], axis=1)
    model = regressor(candidates=TWO, time_limit=1e-9).fit(BINARIES, y)
    assert np.isfinite(model.predict(BINARIES)).all()
    board = model.leaderboard_
    assert set(board[board.candidate == "ridge"].status) == {"fitted"}
    assert set(board[board.candidate == "strong"].status) == {"no time left"}


def test_ctrl_c_leaves_a_usable_model(capsys):
    fits = []

    def press(*arguments):
        fits.append(1)
        if len(fits) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    model = regressor(candidates=[("first", Odd(on_fit=press)), *TWO]).fit(BINARIES, NUMBERS)
    assert signal.getsignal(signal.SIGINT) is handler
    assert_allclose(model.predict(BINARIES), NUMBERS.mean())
    status = model.leaderboard_.set_index("candidate").status
    assert status["first"] == "fitted"
    assert set(status[["ridge", "strong"]]) == {"interrupted"}
    assert "Ctrl-C" in capsys.readouterr().err


def test_ctrl_c_in_the_last_step_leaves_a_usable_model(monkeypatch):
    fits = []

    def press(*arguments):
        fits.append(1)
        if len(fits) == 2:  # after the training part, all rows
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(_folds, "HOLD_OUT_ABOVE", 50)
    model = regressor(candidates=[("only", Odd(on_fit=press))], cv="auto").fit(BINARIES, NUMBERS)
    assert len(fits) == 2
    assert np.isfinite(model.predict(BINARIES)).all()


def test_an_interrupt_that_a_candidate_raises_leaves_a_usable_model():
    model = regressor(candidates=[*TWO, ("late", Odd(on_fit=_interrupt))]).fit(BINARIES, NUMBERS)
    expected = regressor(candidates=TWO).fit(BINARIES, NUMBERS)
    assert_array_equal(model.predict(BINARIES), expected.predict(BINARIES))


def test_a_hold_out_candidate_that_cannot_learn_all_rows_is_kept(monkeypatch):
    def fail_at_last(X, y, weights):
        if len(y) == 60:
            raise RuntimeError("too many rows")

    monkeypatch.setattr(_folds, "HOLD_OUT_ABOVE", 50)
    model = regressor(candidates=[("late", Odd(on_fit=fail_at_last))], cv="auto")
    with pytest.warns(CandidateWarning, match=r"'late' .*too many rows"):
        model.fit(BINARIES, NUMBERS)
    assert np.isfinite(model.predict(BINARIES)).all()


# Parameters


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "fastest"}, "preset"),
        ({"preset": ["forest"]}, "forest"),
        ({"preset": [], "candidates": None}, "no candidate"),
        ({"scoring": "mae"}, "not a scorer"),
        ({"scoring": "accuracy"}, "'y'"),
        ({"time_limit": 0}, "time_limit"),
        ({"cv": 1}, "at least 2"),
        ({"bounds": (1, 0)}, "two numbers"),
        ({"bounds": (0, 2)}, "leave out"),
        ({"input": "text"}, "input"),
        ({"random_state": -1}, "random_state"),
        ({"candidates": [("trees", "ridge")]}, "pair of a name"),
    ],
)
def test_parameters_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        regressor(**settings).fit(BINARIES, NUMBERS)


@pytest.mark.parametrize("preset", [np.array(["trees-fractions"])])
def test_forms_of_preset(preset):
    model = regressor(preset=preset, candidates=None, cv="auto").fit(BINARIES[:12], NUMBERS[:12])
    assert list(model.leaderboard_.candidate) == ["trees-fractions"]


def test_numbers_of_numpy_are_parameters():
    model = regressor(cv=np.int64(3), random_state=np.int64(0), time_limit=np.float32(1e6))
    expected = regressor().fit(BINARIES, NUMBERS)
    assert_array_equal(model.fit(BINARIES, NUMBERS).predict(BINARIES), expected.predict(BINARIES))


@pytest.mark.parametrize("scoring", ["r2", "neg_root_mean_squared_error", "neg_max_error"])
def test_other_metrics(scoring):
    model = regressor(candidates=TWO, scoring=scoring).fit(BINARIES, NUMBERS)
    assert np.isfinite(model.leaderboard_.error).all()
    assert model.error_name_.startswith("1 - ") == (scoring == "r2")


# Seeds, copies, output


def test_one_seed_gives_equal_bits():
    model = regressor(candidates=FOREST)
    before = everything(model.fit(BINARIES, NUMBERS))
    assert_same(before, everything(clone(model).fit(BINARIES, NUMBERS)))
    assert_same(before, everything(model.fit(BINARIES, NUMBERS)))
    other = clone(model).set_params(random_state=1).fit(BINARIES, NUMBERS)
    X = ["Li2O", "Fe2O3", "CuBr2"]
    assert not np.array_equal(other.predict(X), model.predict(X))


@pytest.mark.parametrize("seed", [0, 2**32 - 1, np.random.RandomState(3)])
def test_forms_of_seeds(seed):
    assert np.isfinite(regressor(random_state=seed).fit(BINARIES, NUMBERS).oof_predictions_).all()


@pytest.mark.slow
def test_processes_give_the_same_bits():
    model = regressor(candidates=[*FOREST, *TWO])
    expected = everything(model.fit(BINARIES, NUMBERS))
    assert_same(expected, everything(model.set_params(n_jobs=2).fit(BINARIES, NUMBERS)))


def test_generators_of_the_caller_are_untouched():
    np.random.seed(5)  # noqa: NPY002 - the global generator is what is watched
    random.seed(5)
    torch.manual_seed(5)
    before = (np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state())  # noqa: NPY002
    everything(regressor(candidates=FOREST, random_state=None).fit(BINARIES, NUMBERS))
    assert_array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert before[1] == random.getstate()
    assert torch.equal(before[2], torch.get_rng_state())


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_copies(copied):
    model = regressor(candidates=[*FOREST, *TWO]).fit(BINARIES, NUMBERS)
    assert_same(everything(model), everything(copied(model)))


def test_the_model_does_not_hold_the_training_data():
    y = NUMBERS + 0.123456789
    model = regressor(candidates=TWO).fit(BINARIES, y)
    del model.oof_predictions_
    saved = pickle.dumps(model)
    assert y[17:20].tobytes() not in saved
    assert b"RbBr" not in saved


def test_nothing_is_printed_unless_asked_for(capsys):
    regressor(candidates=TWO).fit(BINARIES, NUMBERS).predict(BINARIES)
    assert capsys.readouterr() == ("", "")
    regressor(candidates=TWO, verbose=1).fit(BINARIES, NUMBERS)
    captured = capsys.readouterr()
    assert not captured.out
    assert "ridge: " in captured.err
    assert "seconds_fit" in captured.err


def test_html_shows_the_leaderboard():
    model = regressor(candidates=TWO)
    assert "<table" not in model._repr_html_().split("strong")[-1]
    model.fit(BINARIES, NUMBERS)
    assert "seconds_fit" in model._repr_html_()


def test_other_columns_in_a_second_fit():
    frame = pd.DataFrame({"formula": BINARIES, "T": -NUMBERS})
    model = regressor().fit(frame, NUMBERS)
    model.fit(BINARIES, NUMBERS)
    assert model.n_features_in_ == 1
    assert model.material_column_ is None
    assert not hasattr(model, "feature_names_in_")
    assert_same(everything(model), everything(regressor().fit(BINARIES, NUMBERS)))


def test_the_defaults_are_those_of_the_documentation():
    given = AutoRegressor().get_params(deep=False)
    assert given["preset"] == "medium"
    assert given["scoring"] == "neg_mean_absolute_error"
    assert given["cv"] == "auto"
