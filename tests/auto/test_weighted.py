import numpy as np
import pytest
from numpy.testing import assert_allclose

from skmat.auto._weighted import conformal_levels, weighted_quantile

LEVELS = np.linspace(0, 1, 11)


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_quantiles_with_equal_weights_are_those_of_numpy(n):
    values = np.random.default_rng(n).normal(size=n)
    found = weighted_quantile(values, LEVELS, np.full(n, 3.0))
    assert_allclose(found, np.quantile(values, LEVELS))


def test_values_of_little_weight_hardly_count():
    values = np.r_[np.arange(10.0), np.full(50, 100.0)]
    weights = np.r_[np.ones(10), np.full(50, 1e-12)]
    found = weighted_quantile(values, [0.25, 0.5, 0.75], weights)
    assert_allclose(found, np.quantile(np.arange(10.0), [0.25, 0.5, 0.75]), atol=0.5)


def test_levels_of_equal_weights():
    scores, levels = conformal_levels(np.array([3.0, 1.0, 2.0]), np.full(3, 2.0))
    assert_allclose(scores, [1, 2, 3])
    assert_allclose(levels, [0.25, 0.5, 0.75])


def test_levels_follow_the_weights():
    _, levels = conformal_levels(np.array([2.0, 1.0]), np.array([3.0, 1.0]))
    assert_allclose(levels, [1 / 6, 4 / 6])


def test_scores_of_one_group_count_once():
    scores = np.arange(60.0)
    _, levels = conformal_levels(scores, np.ones(60), np.arange(60) % 3)
    # The new material is a fourth group.
    np.testing.assert_allclose(levels[-1], 3 / 4)
    _, alone = conformal_levels(scores, np.ones(60), np.arange(60))
    np.testing.assert_allclose(alone, conformal_levels(scores, np.ones(60))[1])
