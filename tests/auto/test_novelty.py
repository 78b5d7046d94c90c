import numpy as np
import pytest

from skmat.auto import _novelty
from skmat.auto._novelty import NoveltyScale

GENERATOR = np.random.default_rng(0)
TRAINING = GENERATOR.normal(size=(300, 8)).astype(np.float32)


def fit(vectors=TRAINING, groups=None, seed=0):
    groups = np.arange(len(vectors)) if groups is None else groups
    return NoveltyScale.fit(vectors, groups, np.random.default_rng(seed))


def fit_all(vectors, groups, seed=0):
    """Fit as to structures."""
    return NoveltyScale.fit(vectors, groups, np.random.default_rng(seed), all_vectors=True)


def _row_of(kept, scale, vectors):
    scaled = (vectors - scale.mean) / scale.deviation
    return int(np.abs(scaled - kept).max(axis=1).argmin())


def test_materials_like_the_training_set_have_uniform_percentiles():
    found = fit().percentile(np.random.default_rng(1).normal(size=(2000, 8)))
    assert found.mean() == pytest.approx(50, abs=8)
    assert 0 <= found.min() <= found.max() <= 100


def test_alien_materials_are_beyond_all():
    assert (fit().percentile(np.full((3, 8), 50.0)) == 100).all()


def test_percentiles_by_brute_force():
    scale = fit(TRAINING[:40])
    mean, deviation = TRAINING[:40].mean(axis=0), TRAINING[:40].std(axis=0)
    training, new = (TRAINING[:40] - mean) / deviation, (TRAINING[40:60] - mean) / deviation

    def nearest(vector, others):
        return np.sort(np.linalg.norm(others - vector, axis=1))[:5].mean()

    others = [np.delete(training, i, axis=0) for i in range(40)]
    own = np.array([nearest(each, rest) for each, rest in zip(training, others, strict=True)])
    expected = [100 * (own < nearest(each, training)).mean() for each in new]
    np.testing.assert_allclose(scale.percentile(TRAINING[40:60]), expected, atol=2.6)


def test_relative_distances_by_brute_force():
    scale = fit(TRAINING[:40])
    mean, deviation = TRAINING[:40].mean(axis=0), TRAINING[:40].std(axis=0)
    training, new = (TRAINING[:40] - mean) / deviation, (TRAINING[40:60] - mean) / deviation

    def nearest(vector, others):
        return np.sort(np.linalg.norm(others - vector, axis=1))[:5].mean()

    own = [nearest(training[i], np.delete(training, i, axis=0)) for i in range(40)]
    found = scale.relative_distance(TRAINING[:60])
    np.testing.assert_allclose(found[:40], own / np.median(own), rtol=1e-5)
    expected = [nearest(each, training) for each in new]
    np.testing.assert_allclose(found[40:], expected / np.median(own), rtol=1e-5)


def test_one_row_is_as_far_as_in_company(monkeypatch):
    new = GENERATOR.normal(size=(40, 8))
    new[3] = np.nan
    expected = fit().relative_distance(new)
    assert np.flatnonzero(np.isnan(expected)).tolist() == [3]
    monkeypatch.setattr(_novelty, "_AT_A_TIME", 7)
    np.testing.assert_array_equal(fit().relative_distance(new), expected)
    alone = np.concatenate([fit().relative_distance(each[None]) for each in new])
    np.testing.assert_array_equal(alone, expected)


def test_a_single_material_has_no_scale_of_distances():
    assert fit(TRAINING[:1]).relative_distance(TRAINING[:3]).tolist() == [1, 1, 1]


def test_one_row_is_as_novel_as_in_company():
    scale, new = fit(), GENERATOR.normal(size=(20, 8))
    alone = np.concatenate([scale.percentile(each[None]) for each in new])
    np.testing.assert_allclose(alone, scale.percentile(new), atol=0.4)


def test_equal_compositions_count_once():
    twice = fit(np.repeat(TRAINING, 2, axis=0), np.repeat(np.arange(300), 2))
    new = GENERATOR.normal(size=(20, 8))
    np.testing.assert_allclose(twice.percentile(new), fit().percentile(new))


def test_other_vectors_of_a_composition_are_known_but_do_not_count_for_intervals():
    vectors = np.concatenate([TRAINING[:40], TRAINING[40:60], TRAINING[40:50]])
    groups = np.concatenate([np.arange(40), np.arange(20), np.arange(10)])
    scale, one = fit_all(vectors, groups), fit(vectors, groups)
    assert len(scale.vectors) == 60
    assert scale.holds(vectors).all()
    assert not one.holds(TRAINING[40:60]).any()
    assert scale.percentile(vectors).max() < 100
    # Distances are those from the first 40 vectors, one of each composition.
    kept = np.array([_row_of(each, scale, vectors) for each in scale.vectors[:40]])
    assert np.unique(groups[kept]).size == len(scale.distances) == 40
    new = GENERATOR.normal(size=(20, 8))
    training, scaled = scale.vectors[:40], (new - scale.mean) / scale.deviation
    nearest = np.sort(np.linalg.norm(scaled[:, None] - training, axis=2), axis=1)[:, :5]
    expected = nearest.mean(axis=1) / np.median(scale.distances)
    np.testing.assert_allclose(scale.relative_distance(new), expected, rtol=1e-5)


def test_copies_of_a_structure_count_once():
    vectors = np.repeat(TRAINING[:60], 20, axis=0)
    # The last digits depend on the batch.
    vectors = vectors + 1e-6 * GENERATOR.normal(size=vectors.shape).astype(np.float32)
    groups = np.repeat(np.arange(60) % 40, 20)
    scale, once = fit_all(vectors, groups), fit_all(TRAINING[:60], np.arange(60) % 40)
    assert (len(scale.vectors), len(scale.distances)) == (60, 40)
    assert scale.holds(vectors).all()
    new = GENERATOR.normal(size=(20, 8))
    np.testing.assert_allclose(scale.percentile(new), once.percentile(new))
    np.testing.assert_allclose(
        scale.relative_distance(new), once.relative_distance(new), rtol=1e-4
    )


def test_copies_do_not_hide_each_other_by_the_scale():
    # 5,000 copies of one structure make the spread of all rows a fiftieth of that of materials.
    vectors = np.concatenate([TRAINING[:2], np.repeat(TRAINING[2:3], 5_000, axis=0)])
    vectors = vectors + 1e-5 * GENERATOR.normal(size=vectors.shape).astype(np.float32)
    scale = fit_all(vectors, np.minimum(np.arange(len(vectors)), 2))
    assert len(scale.vectors) == 3


def test_structures_of_one_vector_and_two_compositions_are_two():
    scale = fit_all(TRAINING[[0, 0, 1, 2]], np.arange(4))
    assert len(scale.vectors) == 4


def test_the_order_of_structures_does_not_matter():
    groups, new = np.arange(300) % 7, GENERATOR.normal(size=(20, 8))
    scale = fit_all(TRAINING, groups)
    order = np.random.default_rng(3).permutation(300)
    other = fit_all(TRAINING[order], (groups * 3 % 7)[order])
    np.testing.assert_allclose(scale.mean, other.mean, atol=1e-6)
    np.testing.assert_allclose(scale.deviation, other.deviation, rtol=1e-5)
    np.testing.assert_allclose(scale.deviation, TRAINING.std(axis=0), rtol=1e-5)
    for each in (new, TRAINING):
        found = scale.relative_distance(each)
        np.testing.assert_allclose(found, other.relative_distance(each), rtol=1e-4, atol=1e-6)


def test_units_of_the_vectors_do_not_matter():
    factors = np.array([1, 1e3, 1e-3, 1, 1, 1, 1, 1])
    new = GENERATOR.normal(size=(20, 8))
    found = fit(TRAINING * factors).percentile(new * factors)
    np.testing.assert_allclose(found, fit().percentile(new), atol=1.0)


def test_a_column_without_spread_does_not_count():
    constant = np.column_stack([TRAINING, np.full(300, 3.0)])
    new = GENERATOR.normal(size=(20, 8))
    shifted = np.column_stack([new, np.full(20, 4.0)])
    np.testing.assert_allclose(fit(constant).percentile(shifted), fit().percentile(new))


def test_rows_without_a_vector():
    vectors = np.full((3, 8), np.nan)
    vectors[1] = 0
    np.testing.assert_array_equal(np.isnan(fit().percentile(vectors)), [True, False, True])
    assert fit().percentile(np.empty((0, 8))).shape == (0,)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_few_materials(n):
    scale = fit(TRAINING[:n])
    assert np.isfinite(scale.percentile(TRAINING[:n])).all()
    assert scale.percentile(np.full((1, 8), 1e4))[0] == (100 if n > 1 else 0)


def test_many_materials_are_drawn(monkeypatch):
    monkeypatch.setattr(_novelty, "_MOST", 50)
    first, second = fit(seed=0), fit(seed=0)
    assert len(first.vectors) == 50
    np.testing.assert_array_equal(first.vectors, second.vectors)
    groups = np.arange(300) % 30
    scale = fit_all(TRAINING, groups)
    assert (len(scale.distances), len(scale.vectors)) == (30, 50)
