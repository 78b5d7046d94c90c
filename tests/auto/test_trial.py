from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from common.auto import BINARIES, NUMBERS, Odd, OddClassifier, ridge
from common.materials import rock_salt
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, VotingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from skorch.callbacks import Callback
from threadpoolctl import threadpool_limits

from skmat import MTEncoderRegressor
from skmat.auto import _trial
from skmat.auto._candidates import Candidate
from skmat.auto._clock import Deadline, OutOfTimeError
from skmat.auto._learned import Learned
from skmat.auto._materials import MaterialTable
from skmat.auto._trial import (
    Trial,
    fit_all_rows,
    fit_trial,
    n_models_of_all_rows,
    refit_share,
    seeded_clone,
    take_rows,
    weight_arguments,
)
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError
from skmat.structure import StructureArrays


class Epochs(Callback):
    """Counts epochs. All copies have one list."""

    def __init__(self):
        self.counts = []

    def on_train_begin(self, net, **kwargs):
        self.counts.append(0)

    def on_epoch_end(self, net, **kwargs):
        self.counts[-1] += 1


TABLE = MaterialTable(BINARIES, read_compositions(BINARIES))
FOLDS = list(KFold(3, shuffle=True, random_state=0).split(BINARIES))
LABELS = TABLE.feature("fractions") @ np.linspace(1, 2, 118)
ONES = np.ones(60)


def run(model, learned=None, folds=FOLDS, weights=ONES, reads=("fractions",), **settings):
    learned = learned or [Learned.numbers(0, LABELS)]
    trial = Trial("name", Candidate("name", model, reads, **settings), learned)
    return fit_trial(trial, TABLE, folds, weights, seed=0)


def test_predictions_are_out_of_fold():
    trial = run(LinearRegression())
    X = TABLE.feature("fractions")
    for training, held_out in FOLDS:
        expected = LinearRegression().fit(X[training], LABELS[training]).predict(X[held_out])
        assert_allclose(trial.predictions[0][held_out], expected)


def test_repeated_folds_are_averaged():
    seen = []

    def remember(X, y, weights):
        seen.append(len(X))

    other = list(KFold(3, shuffle=True, random_state=1).split(BINARIES))
    repeated = run(Odd(remember), folds=[*FOLDS, *other]).predictions[0]
    first, second = (run(Odd(), folds=each).predictions[0] for each in (FOLDS, other))
    assert seen == [40] * 6
    assert_allclose(repeated, (first + second) / 2)


@pytest.mark.parametrize(("threads_from", "expected"), [(40, 2), (41, 1)])
def test_fits_of_few_rows_have_one_thread(threads_from, expected):
    seen = []

    def remember(X, y, weights):
        seen.append(_openmp_effective_n_threads())

    with threadpool_limits(2, "openmp"):
        before = _openmp_effective_n_threads()
        run(Odd(remember), threads_from=threads_from)
        assert _openmp_effective_n_threads() == before
    assert seen == [min(expected, before)] * 3


def test_a_fold_without_a_label_predicts_nothing():
    """Another repeat may predict the same rows."""
    values = np.full(60, np.nan)
    values[FOLDS[0][1]] = LABELS[FOLDS[0][1]]
    other = list(KFold(3).split(BINARIES))
    trial = run(LinearRegression(), [Learned.numbers(0, values)], [*FOLDS, *other])
    assert np.isfinite(trial.predictions[0]).all()
    alone = run(LinearRegression(), [Learned.numbers(0, values)], other)
    held_out = FOLDS[0][1]
    assert_allclose(trial.predictions[0][held_out], alone.predictions[0][held_out])


def test_rows_that_no_fold_holds_out_are_nan():
    trial = run(LinearRegression(), folds=FOLDS[:1])
    missing = np.isnan(trial.predictions[0])
    assert_array_equal(np.flatnonzero(~missing), FOLDS[0][1])


def test_rows_without_label_or_weight_are_not_learned():
    seen = []

    def remember(X, y, weights):
        seen.append((len(X), np.isnan(y).any()))

    values, weights = LABELS.copy(), ONES.copy()
    values[FOLDS[0][0][:5]] = np.nan
    weights[FOLDS[0][0][5:8]] = 0
    run(Odd(remember), [Learned.numbers(0, values)], FOLDS[:1], weights)
    assert seen == [(32, False)]


def test_weights_arrive_with_their_rows():
    seen = []
    run(Odd(lambda X, y, weights: seen.append(weights)), weights=np.arange(60.0) + 1)
    for (training, _), weights in zip(FOLDS, seen, strict=True):
        assert_array_equal(weights, training + 1)


def test_weights_are_passed_where_they_are_taken():
    weights = np.array([1.0, 2.0])
    assert weight_arguments(Ridge(), weights).keys() == {"sample_weight"}
    assert weight_arguments(ridge(), weights).keys() == {"ridge__sample_weight"}
    assert weight_arguments(KNeighborsRegressor(), weights) == {}
    assert weight_arguments(make_pipeline(StandardScaler(), KNeighborsRegressor()), weights) == {}
    assert weight_arguments(TransformedTargetRegressor(Ridge()), weights).keys() == {
        "sample_weight"
    }
    assert weight_arguments(TransformedTargetRegressor(KNeighborsRegressor()), weights) == {}
    assert weight_arguments(TransformedTargetRegressor(ridge()), weights).keys() == {
        "ridge__sample_weight"
    }
    assert weight_arguments(Ridge(), np.array([2.0, 2.0])) == {}


def test_a_candidate_without_weights_is_fitted():
    assert np.isfinite(run(KNeighborsRegressor(), weights=np.arange(60.0)).predictions[0]).all()


@pytest.mark.parametrize(
    "predicted",
    [
        lambda X: np.full(len(X), np.nan),
        lambda X: np.r_[np.inf, np.zeros(len(X) - 1)],
        lambda X: np.zeros((len(X), 2)),
        lambda X: np.zeros(len(X) - 1),
        lambda X: np.zeros(2 * len(X)),
        lambda X: 0.0,
        lambda X: np.array(["high"] * len(X)),
    ],
    ids=["NaN", "inf", "columns", "short", "long", "scalar", "text"],
)
def test_predictions_that_cannot_be_used_are_errors(predicted):
    with pytest.raises(ValueError, match=r"predicts|convert"):
        run(Odd(on_predict=predicted))


def test_a_column_of_predictions_will_do():
    trial = run(Odd(on_predict=lambda X: np.ones((len(X), 1))))
    assert_allclose(trial.predictions[0], Learned.numbers(0, LABELS).undo(np.ones(60)))


def test_the_model_of_all_rows_predicts():
    trial = run(LinearRegression())
    fit_all_rows(trial, TABLE, ONES, seed=0)
    assert len(trial.models) == 1
    expected = LinearRegression().fit(TABLE.feature("fractions"), LABELS)
    assert_allclose(trial.predict(TABLE)[0], expected.predict(TABLE.feature("fractions")))


def test_several_models_of_all_rows_have_other_seeds():
    trial = run(ExtraTreesRegressor(3))
    seconds = trial.seconds_fit
    fit_all_rows(trial, TABLE, ONES, seed=0, n_models=2)
    assert [model.random_state for model in trial.models] == [0, 1]
    assert trial.seconds_fit > seconds


@pytest.mark.parametrize(
    ("n_folds", "is_network", "n_models"),
    [
        (1, True, 1),
        (1, False, 1),
        (3, True, 2),
        (3, False, 0),
        (5, True, 2),
        (15, True, 5),
        (60, True, 5),
    ],
)
def test_networks_learn_all_rows_at_last(n_folds, is_network, n_models):
    folds = list(KFold(max(n_folds, 2)).split(BINARIES))[:n_folds]
    trial = run(LinearRegression(), folds=folds, is_network=is_network)
    assert n_models_of_all_rows(trial, folds) == n_models


def test_callbacks_of_the_user_hear_the_training():
    heard = Epochs()
    network = MTEncoderRegressor(
        preset="tiny", pretrained=None, max_epochs=2, callbacks=[heard], random_state=0
    )
    trial = Trial(
        "net",
        Candidate("net", network, "formula", is_network=True),
        [Learned.numbers(0, LABELS)],
    )
    fit_trial(trial, TABLE, FOLDS[:1], ONES, seed=0, deadline=Deadline(1000.0))
    assert heard.counts == [2]
    assert trial.models[0].callbacks == [heard]


def test_a_network_ends_at_the_deadline_and_after_ctrl_c():
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=2)
    candidate = Candidate("net", network, "formula", is_network=True)
    deadline = Deadline()
    deadline.is_interrupted = True
    with pytest.raises(OutOfTimeError):
        fit_trial(
            Trial("net", candidate, [Learned.numbers(0, LABELS)]),
            TABLE,
            FOLDS,
            ONES,
            seed=0,
            deadline=deadline,
        )


def test_what_was_trained_on_is_forgotten():
    trial = run(LinearRegression())
    fit_all_rows(trial, TABLE, ONES, seed=0)
    before = trial.predict(TABLE)[0]
    trial.forget_training()
    assert not len(trial.learned[0].values)
    assert not trial.predictions
    assert_array_equal(trial.predict(TABLE)[0], before)


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_several_folds_at_a_time_give_the_same_bits(backend):
    def predictions(n_jobs):
        candidate = Candidate("name", ExtraTreesRegressor(5), ("fractions",))
        trial = Trial("name", candidate, [Learned.numbers(0, LABELS)])
        with parallel_config(backend):
            fit_trial(trial, TABLE, FOLDS, ONES, seed=3, n_jobs=n_jobs)
        return trial.predictions[0]

    assert_array_equal(predictions(2), predictions(None))


# Classes


def learned_classes(y, n_classes):
    return [Learned(0, np.asarray(y, dtype=float), n_classes=n_classes)]


def test_probabilities_have_a_column_of_each_class():
    y = np.arange(60) % 3
    trial = run(LogisticRegression(), learned_classes(y, 4))
    assert trial.predictions[0].shape == (60, 4)
    assert_allclose(trial.predictions[0].sum(axis=1), 1.0)
    assert_array_equal(trial.predictions[0][:, 3], 0.0)


def test_a_fold_without_one_of_the_classes():
    y = np.zeros(60)
    y[FOLDS[0][1]] = 1.0
    y[FOLDS[1][1][:5]] = 2.0
    trial = run(LogisticRegression(), learned_classes(y, 3))
    assert_allclose(trial.predictions[0].sum(axis=1), 1.0)
    assert_array_equal(trial.predictions[0][FOLDS[0][1], 1], 0.0)


def test_a_fold_of_one_class():
    y = np.zeros(60)
    y[FOLDS[0][1]] = 1.0
    trial = run(LogisticRegression(), learned_classes(y, 2), FOLDS[:1])
    assert_array_equal(trial.predictions[0][FOLDS[0][1]], np.tile([1.0, 0.0], (20, 1)))


def test_a_classifier_without_probabilities():
    from sklearn.linear_model import RidgeClassifier

    y = np.arange(60) % 3
    given = run(RidgeClassifier(), learned_classes(y, 3)).predictions[0]
    assert set(np.unique(given)) == {0.0, 1.0}
    assert_array_equal(given.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    "predicted",
    [
        lambda X: np.full((len(X), 2), np.nan),
        lambda X: np.ones((len(X), 1)),
        lambda X: np.ones((len(X), 3)) / 3,
        lambda X: np.ones(len(X)),
    ],
    ids=["NaN", "too few", "too many", "flat"],
)
def test_probabilities_that_cannot_be_used_are_errors(predicted):
    with pytest.raises(InvalidInputError, match="It predicts"):
        run(OddClassifier(on_predict=predicted), learned_classes(np.arange(60) % 2, 2))


# Parts


def test_seeds_that_are_none_are_set():
    model = VotingRegressor([("a", ExtraTreesRegressor()), ("b", ExtraTreesRegressor())])
    model.set_params(b__random_state=5)
    seeded = seeded_clone(model, 7)
    assert seeded.get_params()["a__random_state"] == 7
    assert seeded.get_params()["b__random_state"] == 5
    assert model.get_params()["a__random_state"] is None


@pytest.mark.parametrize(
    "X",
    [
        list("abcdef"),
        np.array(list("abcdef")),
        pd.Series(list("abcdef"), index=[5, 4, 3, 2, 1, 0]),
        pd.DataFrame({"x": list("abcdef")}, index=[1, 2, 3, 4, 5, 0]),
    ],
    ids=lambda X: type(X).__name__,
)
def test_rows_are_taken_by_position(X):
    taken = take_rows(X, np.array([4, 0, 1]))
    assert list(np.asarray(taken).reshape(-1)) == ["e", "a", "b"]


def test_rows_of_structures():
    structures = StructureArrays.from_structures([rock_salt(a) for a in (5.0, 5.5, 6.0)])
    taken = take_rows(structures, np.array([2, 0]))
    assert_allclose(taken.lattice[:, 0, 0], [6.0, 5.0])


class Countdown(Deadline):
    """A deadline that passes when it has been asked a number of times."""

    def __init__(self, n_asked=None):
        super().__init__()
        self.n_left, self.n_asked = n_asked, 0

    def left(self):
        self.n_asked += 1
        return -1.0 if self.n_left is not None and self.n_asked > self.n_left else np.inf


def grown(deadline=None, refit={"n_estimators": 50}, learned=None, **settings):  # noqa: B006
    learned = learned or Learned.numbers(0, LABELS)
    make = ExtraTreesClassifier if learned.n_classes else ExtraTreesRegressor
    candidate = Candidate(
        "forest", make(25, min_samples_leaf=2), ("fractions",), refit=refit, runs_in_threads=True
    )
    trial = Trial("forest", candidate, [learned])
    return fit_trial(trial, TABLE, FOLDS, ONES, seed=0, deadline=deadline, **settings)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "learned",
    [Learned.numbers(0, LABELS), Learned(0, np.arange(60.0) % 3, n_classes=3)],
    ids=["numbers", "classes"],
)
def test_forests_that_grow_in_steps_are_those_of_one_fit(learned, n_jobs):
    expected = grown(learned=learned)
    trial = grown(clock := Countdown(), learned=learned, n_jobs=n_jobs)
    assert_array_equal(trial.predictions[0], expected.predictions[0])
    # Three steps of each fold, and two ends of a fold.
    assert clock.n_asked == 3 * 3 + 2


def test_forests_of_the_user_are_fitted_at_once():
    grown(clock := Countdown(), refit=None)
    assert clock.n_asked == 2


def test_a_forest_stops_if_all_that_follows_would_take_too_long(monkeypatch):
    # A tree takes a second: it is asked after 10, 20 and 25 trees.
    def grow(left):
        seconds = iter([0.0, 10.0, 20.0, 25.0])
        clock = SimpleNamespace(perf_counter=lambda: next(seconds))
        monkeypatch.setattr(_trial, "time", clock)
        forest = ExtraTreesRegressor(25, random_state=0)
        X = TABLE.feature("fractions")
        return _trial._grow(forest, (X, LABELS, ONES), SimpleNamespace(left=lambda: left), 4)

    # Four fits have 100 trees, of which 90 are left after the first step.
    with pytest.raises(OutOfTimeError):
        grow(89.0)
    forest = grow(91.0)
    assert len(forest.estimators_) == 25
    assert not forest.warm_start


@pytest.mark.parametrize(("n_jobs", "rounds"), [(None, [3, 2, 1]), (2, [2, 2, 1]), (3, [1, 1, 1])])
def test_a_forest_knows_what_follows(monkeypatch, n_jobs, rounds):
    asked = []

    def grow(forest, training, deadline, n_left):
        asked.append(n_left)
        return forest.fit(*training[:2])

    monkeypatch.setattr(_trial, "_grow", grow)
    grown(Countdown(), n_jobs=n_jobs)
    # A fit to all rows has twice the trees, and one and a half times the rows.
    expected = np.add(rounds, 3.0 / (n_jobs or 1))
    assert_allclose(sorted(asked, reverse=True), expected)


def test_a_forest_stops_while_it_grows():
    clock = Countdown(n_asked=1)
    with pytest.raises(OutOfTimeError):
        grown(clock)
    assert clock.n_asked == 2


def test_a_fit_to_all_rows_takes_the_time_of_some_folds():
    def share(n_at_a_time=1, **settings):
        candidate = Candidate("forest", ExtraTreesRegressor(100), ("fractions",), **settings)
        return refit_share(candidate, FOLDS, 60, n_at_a_time)

    assert share() == 0.0
    assert share(refit={}) == pytest.approx(1.5)
    assert share(2, refit={"n_estimators": 200}) == pytest.approx(1.5)


def test_a_network_of_several_targets_has_the_gates_of_the_average():
    """Its own rule would give the first two a gate, and none to the third."""
    first, second, third = (NUMBERS - NUMBERS.min() for _ in range(3))
    first[:25] = second[:15] = third[:20] = 0.0
    third[20:26] = 3.25
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1)
    candidate = Candidate("net", network, "formula", is_network=True, is_joint=True)
    learned = [
        Learned.numbers(0, first, lowest=0.0),
        Learned.numbers(1, second),
        Learned.numbers(2, third, lowest=0.0),
    ]
    trial = Trial("net", candidate, learned)
    fit_all_rows(trial, TABLE, np.ones(60), 0)
    assert np.isnan(trial.models[0].lowest_labels_).tolist() == [False, True, False]
    shapes = {target: output.shape for target, output in trial.predict(TABLE).items()}
    assert shapes == {0: (60, 2), 1: (60,), 2: (60, 2)}
