import numpy as np
import pytest

from skmat.auto._intervals import ConformalScale
from skmat.auto._weighted import conformal_levels


def made_up(n, seed=0, noise=0.2):
    """Residuals whose size follows the spread, the spread, and predictions."""
    generator = np.random.default_rng(seed)
    spread = generator.uniform(0.1, 3.0, size=n)
    residuals = spread * generator.normal(size=n) + noise * generator.normal(size=n)
    return residuals, spread, generator.uniform(0, 10, size=n)


def fit(residuals, spread, predictions, weights=None, groups=None):
    n = len(residuals)
    weights = np.ones(n) if weights is None else weights
    groups = np.arange(n) if groups is None else groups
    return ConformalScale.fit(residuals, spread, predictions, weights, groups)


def test_coverage_on_new_data():
    scale = fit(*made_up(1000))
    residuals, *inputs = made_up(5000, seed=1)
    for coverage in (0.5, 0.68, 0.9, 0.99):
        inside = np.abs(residuals) <= scale.half_width(*inputs, coverage)
        assert inside.mean() == pytest.approx(coverage, abs=0.03)


@pytest.mark.parametrize("n", [40, 1000])
def test_intervals_grow_with_the_distance_and_keep_their_coverage(n):
    generator = np.random.default_rng(0)
    distances = generator.uniform(0.5, 2.0, size=n)
    residuals = np.maximum(distances, 1) ** 2 * generator.normal(size=n)
    nothing = np.zeros(n)
    scale = ConformalScale.fit(residuals, nothing, nothing, np.ones(n), np.arange(n), distances)
    far = np.array([0.1, 1.0, 2.0, 2.5, 100.0, np.nan])
    widths = scale.half_width(np.zeros(6), np.zeros(6), 0.9, far)
    np.testing.assert_allclose(widths / widths[0], [1, 1, 4, 6.25, 6.25, 6.25])
    distances = generator.uniform(0.5, 2.0, size=5000)
    residuals = np.maximum(distances, 1) ** 2 * generator.normal(size=5000)
    width = scale.half_width(np.zeros(5000), np.zeros(5000), 0.9, distances)
    assert (np.abs(residuals) <= width).mean() == pytest.approx(0.9, abs=0.06)


def test_coverage_of_few_rows_is_on_average_at_least_what_was_asked_for():
    found = []
    for seed in range(400):
        scale = fit(*made_up(25, seed))
        residuals, *inputs = made_up(200, seed + 10_000)
        found.append((np.abs(residuals) <= scale.half_width(*inputs, 0.8)).mean())
    assert 0.79 <= np.mean(found) <= 0.86


@pytest.mark.parametrize("n", [1, 9, 10, 19, 99])
@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.9, 0.95])
def test_the_rank_is_that_of_split_conformal_prediction(n, coverage):
    scores = np.arange(1.0, n + 1)
    scale = ConformalScale(1.0, *conformal_levels(scores, np.ones(n)))
    # The smallest rank k with k / (n + 1) >= coverage.
    rank = next((k for k in range(1, n + 1) if k / (n + 1) >= coverage - 1e-12), np.inf)
    assert scale.quantile(coverage) == rank


def test_few_groups_give_infinite_intervals():
    groups = np.repeat([0, 1, 2], 20)
    scale = fit(np.ones(60), np.zeros(60), np.zeros(60), groups=groups)
    assert np.isinf(scale.half_width(np.zeros(1), np.zeros(1), 0.9))
    assert np.isfinite(scale.half_width(np.zeros(1), np.zeros(1), 0.7))


def test_too_few_scores_give_infinite_intervals():
    scale = fit(np.ones(8), np.zeros(8), np.zeros(8))
    assert np.isinf(scale.half_width(np.zeros(3), np.zeros(3), 0.9)).all()
    assert np.isfinite(scale.half_width(np.zeros(3), np.zeros(3), 0.8)).all()


def test_a_spread_that_tells_makes_intervals_narrower():
    residuals, *inputs = made_up(2000, noise=0.0)
    scale = fit(residuals, *inputs)
    constant = np.quantile(np.abs(residuals), 0.9)
    assert scale.half_width(*inputs, 0.9).mean() < 0.92 * constant


def test_predictions_that_tell_make_intervals_narrower():
    generator = np.random.default_rng(0)
    predictions = generator.uniform(1, 10, size=1000)
    residuals = predictions * generator.normal(size=1000)
    scale = fit(residuals, np.zeros(1000), predictions)
    width = scale.half_width(np.zeros(2), np.array([2.0, 9.0]), 0.9)
    assert width[1] > 2 * width[0]


def test_inputs_that_tell_nothing_make_intervals_of_about_one_width():
    generator = np.random.default_rng(0)
    residuals, spread = generator.normal(size=2000), generator.uniform(0.1, 3.0, size=2000)
    scale = fit(residuals, spread, spread[::-1])
    width = scale.half_width(spread, spread[::-1], 0.9)
    assert width.std() < 0.15 * width.mean()
    assert width.mean() == pytest.approx(np.quantile(np.abs(residuals), 0.9), rel=0.1)


def test_more_coverage_is_wider():
    residuals, *inputs = made_up(300)
    scale = fit(residuals, *inputs)
    widths = [scale.half_width(*inputs, coverage) for coverage in (0.1, 0.5, 0.9, 0.99)]
    assert (np.diff(widths, axis=0) >= 0).all()


@pytest.mark.parametrize("unit", [2.0**-100, 2.0**100])
@pytest.mark.parametrize("n", [30, 200])
@pytest.mark.parametrize("with_spread", [True, False])
def test_the_unit_does_not_matter(unit, n, with_spread):
    residuals, spread, predictions = made_up(n)
    spread = spread * with_spread
    expected = fit(residuals, spread, predictions)
    scale = fit(residuals * unit, spread * unit, predictions * unit)
    # On new materials, all spreads are positive.
    np.testing.assert_allclose(
        scale.half_width((spread + 1) * unit, predictions * unit, 0.9),
        expected.half_width(spread + 1, predictions, 0.9) * unit,
    )


@pytest.mark.parametrize("n", [20, 100])
def test_residuals_of_zero(n):
    scale = fit(np.zeros(n), np.zeros(n), np.zeros(n))
    inputs = np.array([0.0, 1.0]), np.array([0.0, 1e30])
    np.testing.assert_array_equal(scale.half_width(*inputs, 0.9), 0.0)


def test_mostly_residuals_of_zero():
    residuals = np.zeros(100)
    residuals[:30] = 2.0
    scale = fit(residuals, np.zeros(100), np.zeros(100))
    width = scale.half_width(np.zeros(1), np.zeros(1), 0.9)[0]
    assert width == pytest.approx(2.0, rel=0.3)


def test_no_material():
    scale = fit(*made_up(100))
    assert scale.half_width(np.empty(0), np.empty(0), 0.9).shape == (0,)


def test_a_standard_deviation_of_normal_residuals():
    generator = np.random.default_rng(0)
    scale = fit(generator.normal(size=1000), np.zeros(1000), np.zeros(1000))
    assert scale.std(np.zeros(1), np.zeros(1))[0] == pytest.approx(1.0, abs=0.1)


def test_coverage_of_rows_that_repeat_a_composition():
    """Rows of one composition share their error, which must not tell the trees their own."""
    found = []
    for seed in range(8):
        generator = np.random.default_rng(seed)
        groups = np.repeat(np.arange(160), 12)
        of_group = generator.normal(size=160)
        spread, predictions = generator.uniform(size=(2, 160))
        columns = [each[groups] for each in (of_group, spread, predictions)]
        is_new = groups >= 80
        residuals, *inputs = [each[is_new] for each in columns]
        scale = fit(*(each[~is_new] for each in columns), groups=groups[~is_new])
        found.append((np.abs(residuals) <= scale.half_width(*inputs, 0.9)).mean())
    assert 0.87 <= np.mean(found) <= 0.95


def test_rows_of_little_weight_hardly_count():
    residuals, *inputs = made_up(300)
    expected = fit(residuals, *inputs).half_width(*inputs, 0.9)
    bad = [np.concatenate([each, each]) for each in (residuals, *inputs)]
    bad[0][300:] *= 100
    weights = np.repeat([1.0, 1e-9], 300)
    found = fit(*bad, weights=weights).half_width(*inputs, 0.9)
    assert np.median(found / expected) == pytest.approx(1.0, abs=0.15)
