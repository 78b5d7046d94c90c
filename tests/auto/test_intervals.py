import numpy as np
import pytest

from skmat.auto._intervals import ConformalScale


def made_up(n, seed=0, noise=0.2):
    """Residuals whose size follows the spread."""
    generator = np.random.default_rng(seed)
    spread = generator.uniform(0.1, 3.0, size=n)
    return spread * generator.normal(size=n) + noise * generator.normal(size=n), spread


@pytest.mark.parametrize("coverage", [0.5, 0.68, 0.9, 0.99])
def test_coverage_on_new_data(coverage):
    scale = ConformalScale.fit(*made_up(2000))
    residuals, spread = made_up(20000, seed=1)
    inside = np.abs(residuals) <= scale.half_width(spread, coverage)
    assert inside.mean() == pytest.approx(coverage, abs=0.02)


def test_coverage_of_few_rows_is_on_average_at_least_what_was_asked_for():
    found = []
    for seed in range(400):
        scale = ConformalScale.fit(*made_up(25, seed))
        residuals, spread = made_up(200, seed + 10_000)
        found.append((np.abs(residuals) <= scale.half_width(spread, 0.8)).mean())
    assert 0.79 <= np.mean(found) <= 0.86


@pytest.mark.parametrize("n", [1, 9, 10, 19, 99])
@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.9, 0.95])
def test_the_rank_is_that_of_split_conformal_prediction(n, coverage):
    scores = np.arange(1.0, n + 1)
    scale = ConformalScale(1.0, scores)
    # The smallest rank k with k / (n + 1) >= coverage.
    rank = next((k for k in range(1, n + 1) if k / (n + 1) >= coverage - 1e-12), np.inf)
    assert scale.quantile(coverage) == rank


def test_too_few_scores_give_infinite_intervals():
    scale = ConformalScale.fit(np.ones(8), np.zeros(8))
    assert np.isinf(scale.half_width(np.zeros(3), 0.9)).all()
    assert np.isfinite(scale.half_width(np.zeros(3), 0.8)).all()


def test_a_spread_that_tells_makes_intervals_narrower():
    residuals, spread = made_up(3000, noise=0.0)
    scale = ConformalScale.fit(residuals, spread)
    constant = np.quantile(np.abs(residuals), 0.9)
    assert scale.half_width(spread, 0.9).mean() < 0.9 * constant


def test_a_spread_that_tells_nothing_makes_intervals_of_about_one_width():
    generator = np.random.default_rng(0)
    residuals, spread = generator.normal(size=3000), generator.uniform(0.1, 3.0, size=3000)
    width = ConformalScale.fit(residuals, spread).half_width(spread, 0.9)
    assert width.max() < 1.1 * width.min()
    assert width.mean() == pytest.approx(np.quantile(np.abs(residuals), 0.9), rel=0.05)


def test_more_coverage_is_wider():
    residuals, spread = made_up(500)
    scale = ConformalScale.fit(residuals, spread)
    widths = [scale.half_width(spread, coverage) for coverage in (0.1, 0.5, 0.9, 0.99)]
    assert (np.diff(widths, axis=0) >= 0).all()


@pytest.mark.parametrize("unit", [2.0**-100, 2.0**100])
@pytest.mark.parametrize("with_spread", [True, False])
def test_the_unit_does_not_matter(unit, with_spread):
    residuals, spread = made_up(200)
    spread = spread * with_spread
    expected = ConformalScale.fit(residuals, spread).half_width(spread, 0.9)
    scale = ConformalScale.fit(residuals * unit, spread * unit)
    np.testing.assert_allclose(scale.half_width(spread * unit, 0.9), expected * unit)


@pytest.mark.parametrize("unit", [2.0**-100, 1.0, 2.0**100])
def test_a_spread_that_training_rows_never_had(unit):
    # All candidates agreed on the training set, but not on a new material.
    scale = ConformalScale.fit(np.linspace(0, 1, 99) * unit, np.zeros(99))
    agreed, disagreed = scale.half_width(np.array([0.0, 5.0]) * unit, 0.9) / unit
    assert agreed == pytest.approx(np.linspace(0, 1, 99)[89])
    assert 5 < disagreed < 20


def test_residuals_of_zero():
    scale = ConformalScale.fit(np.zeros(50), np.zeros(50))
    np.testing.assert_array_equal(scale.half_width(np.array([0.0, 1.0]), 0.9), 0.0)


def test_a_standard_deviation_of_normal_residuals():
    generator = np.random.default_rng(0)
    scale = ConformalScale.fit(generator.normal(size=5000), np.zeros(5000))
    assert scale.std(np.zeros(1))[0] == pytest.approx(1.0, abs=0.05)
