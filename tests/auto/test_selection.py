import warnings

import numpy as np
import pytest

from skmat.auto._metrics import resolve_metric
from skmat.auto._selection import select_weights
from skmat.exceptions import CandidateWarning

GENERATOR = np.random.default_rng(0)
LABELS = GENERATOR.normal(size=400)
METRIC = resolve_metric("neg_mean_absolute_error", is_classifier=False)


def weights_of(predictions, y=LABELS, metric=METRIC, weights=None, groups=None, seed=0):
    return select_weights(
        np.asarray(predictions),
        y,
        np.ones(len(y)) if weights is None else weights,
        np.arange(len(y)) if groups is None else groups,
        metric,
        np.random.default_rng(seed),
    )


def noisy(*scales):
    generator = np.random.default_rng(1)
    return np.stack([LABELS + scale * generator.normal(size=len(LABELS)) for scale in scales])


def test_weights_are_shares():
    weights = weights_of(noisy(0.5, 0.51, 0.52, 3.0))
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0)


def test_one_candidate_gets_everything():
    np.testing.assert_array_equal(weights_of(noisy(0.5)), [1.0])


def test_a_candidate_far_behind_gets_nothing():
    weights = weights_of(noisy(0.1, 5.0))
    np.testing.assert_array_equal(weights, [1.0, 0.0])


def test_independent_candidates_share_the_weight():
    errors = noisy(0.5)[0] - LABELS
    # Errors of one size in other places.
    predictions = np.stack([LABELS + np.roll(errors, 50 * place) for place in range(3)])
    weights = weights_of(predictions)
    assert weights.min() > 0.2
    mean = np.tensordot(weights, predictions, axes=1)
    ones = np.ones(len(LABELS))
    assert METRIC.error(LABELS, mean, ones) < METRIC.errors(LABELS, predictions, ones).min()


def test_opposite_errors_are_averaged_away():
    error = np.where(np.arange(400) % 2, 1.0, -1.0)
    weights = weights_of([LABELS + error, LABELS - error])
    np.testing.assert_allclose(weights, [0.5, 0.5], atol=0.05)


def test_one_seed_gives_equal_weights():
    predictions = noisy(0.5, 0.5, 0.52)
    np.testing.assert_array_equal(weights_of(predictions), weights_of(predictions))


def test_weights_do_not_depend_on_the_unit():
    predictions = noisy(0.5, 0.5, 0.52)
    for unit in (2.0**-100, 2.0**100):
        np.testing.assert_array_equal(
            weights_of(predictions * unit, LABELS * unit), weights_of(predictions)
        )


def test_rows_count_as_they_weigh():
    bad_first, bad_second = LABELS.copy(), LABELS.copy()
    bad_first[:200] += 1.0
    bad_second[200:] += 1.0
    weights = np.where(np.arange(400) < 200, 1.0, 100.0)
    # The second half counts, where the first candidate is right.
    assert weights_of([bad_first, bad_second], weights=weights)[0] == 1.0


def test_an_undefined_error_is_the_worst():
    predictions = noisy(0.5, 0.5)
    predictions[0] = np.nan
    np.testing.assert_array_equal(weights_of(predictions), [0.0, 1.0])


def test_without_any_defined_error_weights_are_equal_and_the_caller_knows():
    with pytest.warns(CandidateWarning, match="No candidate has a defined error"):
        weights = weights_of(np.full((4, 400), np.nan))
    np.testing.assert_array_equal(weights, np.full(4, 0.25))


def test_a_group_is_drawn_as_a_whole():
    drawn = []

    def errors(y, predictions, sample_weight):
        drawn.append(y.copy())
        return np.abs(predictions - y).mean(axis=1)

    class Watched:
        is_fast = True

    Watched.errors = staticmethod(errors)
    groups = np.repeat(np.arange(40), 10)
    weights_of(noisy(0.5, 0.5), y=np.arange(400.0), metric=Watched, groups=groups)
    halves = [set(each.astype(int)) for each in drawn if len(each) < 400]
    assert halves
    for half in halves:
        assert all(len(half & set(range(10 * g, 10 * g + 10))) in (0, 10) for g in range(40))


def test_log_loss_of_probabilities():
    y = np.arange(400) % 2
    good = np.where(y[:, None] == np.arange(2), 0.9, 0.1)
    metric = resolve_metric("neg_log_loss", is_classifier=True)
    np.testing.assert_array_equal(weights_of([good, 1 - good], y, metric), [1.0, 0.0])


def test_a_slow_metric_that_halves_leave_undefined():
    y = np.zeros(60, dtype=int)
    y[0], y[1] = 1, 2
    given = np.random.default_rng(0).dirichlet(np.ones(3), size=(2, 60))
    metric = resolve_metric("roc_auc_ovr", is_classifier=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        weights = weights_of(given, y, metric)
    assert weights.sum() == pytest.approx(1.0)
