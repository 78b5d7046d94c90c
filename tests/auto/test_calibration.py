import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss

from skmat.auto._calibration import at_temperature, class_thresholds, fit_temperature

GENERATOR = np.random.default_rng(0)


def made_up(n=2000, n_classes=3, sharpness=1.0):
    """Labels drawn from probabilities, and the probabilities at another temperature."""
    true = GENERATOR.dirichlet(np.ones(n_classes), size=n)
    y = np.array([GENERATOR.choice(n_classes, p=each) for each in true])
    powers = true**sharpness
    return powers / powers.sum(axis=1, keepdims=True), y


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_the_temperature_is_found(sharpness):
    given, y = made_up(sharpness=sharpness)
    temperature = fit_temperature(given, y, np.ones(len(y)))
    assert temperature == pytest.approx(sharpness, rel=0.15)


def test_the_temperature_is_the_best_of_a_grid():
    given, y = made_up(n=300, sharpness=1.7)
    weights = GENERATOR.uniform(0.5, 2, size=len(y))

    def loss(temperature):
        return log_loss(y, at_temperature(given, temperature), sample_weight=weights)

    found = fit_temperature(given, y, weights)
    grid = np.exp(np.linspace(-1.5, 1.5, 60))
    assert loss(found) <= min(map(loss, grid)) + 1e-6


def test_calibration_never_raises_the_loss():
    given, y = made_up(n=20)
    before = log_loss(y, given)
    after = log_loss(y, at_temperature(given, fit_temperature(given, y, np.ones(20))))
    assert after <= before + 1e-9


def test_probabilities_stay_probabilities_and_in_order():
    given, _ = made_up(n=100)
    given[0] = [1.0, 0.0, 0.0]
    for temperature in (0.3, 1.0, 4.0):
        changed = at_temperature(given, temperature)
        np.testing.assert_allclose(changed.sum(axis=1), 1.0)
        np.testing.assert_array_equal(changed.argmax(axis=1), given.argmax(axis=1))


def test_certain_probabilities_have_a_temperature():
    given = np.eye(2)[np.arange(100) % 2]
    y = np.arange(100) % 2
    y[:10] = 1 - y[:10]
    temperature = fit_temperature(given, y, np.ones(100))
    assert temperature > 1
    assert np.isfinite(at_temperature(given, temperature)).all()


def test_one_class():
    given = np.ones((10, 1))
    y = np.zeros(10, dtype=int)
    assert np.isfinite(fit_temperature(given, y, np.ones(10)))
    for decision in ("accuracy", "balanced_accuracy", "f1"):
        assert class_thresholds(decision, given, y, np.ones(10)).shape == (1,)


def decide(given, thresholds):
    return (given / thresholds).argmax(axis=1)


def test_accuracy_takes_the_most_probable_class():
    given, y = made_up()
    thresholds = class_thresholds("accuracy", given, y, np.ones(len(y)))
    np.testing.assert_array_equal(decide(given, thresholds), given.argmax(axis=1))


def test_balanced_accuracy_divides_by_the_frequencies():
    given, y = made_up()
    weights = np.where(y == 0, 3.0, 1.0)
    thresholds = class_thresholds("balanced_accuracy", given, y, weights)
    expected = np.bincount(y, weights) / weights.sum()
    np.testing.assert_allclose(thresholds, expected)


def test_balanced_accuracy_becomes_better():
    score = GENERATOR.uniform(size=3000) ** 3
    y = (GENERATOR.uniform(size=3000) < score).astype(int)
    given = np.stack([1 - score, score], axis=1)
    thresholds = class_thresholds("balanced_accuracy", given, y, np.ones(3000))
    before = balanced_accuracy_score(y, given.argmax(axis=1))
    assert balanced_accuracy_score(y, decide(given, thresholds)) > before + 0.02


def test_f1_of_two_classes_is_near_the_best_threshold():
    score = GENERATOR.uniform(size=3000) ** 3
    y = (GENERATOR.uniform(size=3000) < score).astype(int)
    given = np.stack([1 - score, score], axis=1)
    thresholds = class_thresholds("f1", given, y, np.ones(3000))
    found = f1_score(y, decide(given, thresholds))
    best = max(f1_score(y, score > each) for each in np.linspace(0, 1, 101))
    # The theorem is about true probabilities, of which these are.
    assert found > best - 0.01
    assert thresholds[1] == pytest.approx(best / 2, abs=0.005)
    assert thresholds.sum() == pytest.approx(1.0)


def test_f1_does_not_depend_on_the_order_of_equal_scores():
    given = np.full((100, 2), 0.5)
    first = (np.arange(100) < 30).astype(int)
    one = class_thresholds("f1", given, first, np.ones(100))
    other = class_thresholds("f1", given, first[::-1].copy(), np.ones(100))
    np.testing.assert_array_equal(one, other)
    # All rows are taken, so that precision is 0.3 and recall 1.
    assert one[1] == pytest.approx(0.6 / 1.3 / 2)


@pytest.mark.parametrize(("decision", "expected"), [("balanced_accuracy", 0.1), ("f1", 0.5)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_class_that_no_row_tests_has_a_threshold(decision, expected, n_classes):
    given = GENERATOR.dirichlet(np.ones(n_classes), size=100)
    y = GENERATOR.integers(0, n_classes - 1, size=100)
    frequencies = np.append(np.full(n_classes - 1, 0.9 / (n_classes - 1)), 0.1)
    thresholds = class_thresholds(decision, given, y, np.ones(100), frequencies)
    assert thresholds[-1] == expected
    if n_classes > 2:
        others = class_thresholds(decision, given, y, np.ones(100))[:-1]
        np.testing.assert_array_equal(thresholds[:-1], others)


@pytest.mark.parametrize("decision", ["balanced_accuracy", "f1"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_class_without_labels_is_never_predicted(decision, n_classes):
    given = GENERATOR.dirichlet(np.ones(n_classes), size=100)
    y = GENERATOR.integers(0, n_classes - 1, size=100)
    thresholds = class_thresholds(decision, given, y, np.ones(100))
    assert (decide(given, thresholds) < n_classes - 1).all()
