import numpy as np
import pytest

from skmat.auto._target_shape import check_bounds, describe_target, read_bounds
from skmat.exceptions import InvalidInputError

GENERATOR = np.random.default_rng(0)
POSITIVE = GENERATOR.uniform(1, 2, size=100)


@pytest.mark.parametrize(
    ("labels", "low", "high"),
    [
        ([-1.0, 2.0, 3.0], -np.inf, np.inf),
        ([0.0, 2.0, 3.0], 0.0, np.inf),
        ([0.5, 2.0], 0.0, np.inf),
        ([0.0, 0.4, 1.0, 1.0, 1.0], 0.0, 1.0),
        ([20.0, 100.0, 100.0, 100.0], 0.0, 100.0),
        # Too few to tell.
        ([0.0, 0.4, 1.0, 1.0], 0.0, np.inf),
        ([20.0, 100.5], 0.0, np.inf),
        ([-3.0, -1.0], -np.inf, 0.0),
        ([-3.0, 0.0], -np.inf, 0.0),
        ([0.0, 0.0], 0.0, np.inf),
    ],
)
def test_bounds_of_labels(labels, low, high):
    shape = describe_target(labels)
    assert (shape.low, shape.high) == (low, high)
    clipped = shape.clip(np.linspace(-1000, 1000, 9))
    assert clipped.min() >= low
    assert clipped.max() <= high
    np.testing.assert_array_equal(shape.clip(np.array(labels)), labels)


def test_given_bounds():
    assert describe_target([1.0, 2.0], bounds=None).low == -np.inf
    shape = describe_target([1.0, 2.0], bounds=read_bounds((0.5, None)))
    assert (shape.low, shape.high) == (0.5, np.inf)


@pytest.mark.parametrize("bounds", [(0, 1), [0, 1], np.array([0, 1]), (np.float32(0), 1)])
def test_forms_of_bounds(bounds):
    assert read_bounds(bounds) == (0.0, 1.0)


@pytest.mark.parametrize(
    "bounds", [(1, 0), (1, 1), (0,), (0, 1, 2), ("a", 1), (np.nan, 1), [[0, 1]], [[0], [1, 2]]]
)
def test_bounds_that_are_none(bounds):
    with pytest.raises(InvalidInputError, match="two numbers"):
        read_bounds(bounds)


def test_labels_outside_of_bounds():
    with pytest.raises(InvalidInputError, match="leave out 1 label"):
        check_bounds((0.0, 1.0), np.array([0.5, 2.0, np.nan]), "gap")
    check_bounds((0.0, 2.0), np.array([0.0, 2.0, np.nan]), "gap")
    check_bounds("auto", np.array([-5.0]), "gap")
    check_bounds(None, np.array([-5.0]), "gap")


@pytest.mark.parametrize(
    ("n_lowest", "lowest"), [(10, None), (19, None), (20, 0.0), (60, 0.0), (96, None)]
)
def test_zero_inflation(n_lowest, lowest):
    n = 125 if n_lowest < 90 else 100
    labels = np.r_[np.zeros(n_lowest), GENERATOR.uniform(1, 2, size=n - n_lowest)]
    assert describe_target(labels).lowest == lowest


def test_the_lowest_label_need_not_be_zero():
    labels = np.r_[np.full(50, -3.0), GENERATOR.normal(size=50).clip(-2.9)]
    assert describe_target(labels).lowest == -3.0


@pytest.mark.parametrize("choice", [False, np.False_])
def test_zero_inflation_off(choice):
    labels = np.r_[np.zeros(50), POSITIVE]
    from skmat._utils.parameters import plain

    assert describe_target(labels, zero_inflated=plain(choice)).lowest is None


def test_zero_inflation_on():
    labels = np.r_[np.zeros(20), GENERATOR.uniform(1, 2, size=400)]
    assert describe_target(labels).lowest is None
    assert describe_target(labels, zero_inflated=True).lowest == 0.0


def test_logarithms_of_a_long_tail():
    labels = GENERATOR.lognormal(sigma=1.5, size=300)
    assert describe_target(labels).log_unit == pytest.approx(np.median(labels))
    assert describe_target(POSITIVE).log_unit is None
    assert describe_target(labels - 0.5).log_unit is None


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_logarithms_in_any_unit(unit):
    labels = GENERATOR.lognormal(sigma=1.5, size=300)
    found, expected = describe_target(labels * unit), describe_target(labels)
    assert found.log_unit == pytest.approx(expected.log_unit * unit)


@pytest.mark.parametrize("labels", [[], [0.0], [5.0] * 50, [0.0] * 50])
def test_labels_that_tell_nothing(labels):
    shape = describe_target(labels)
    assert shape.lowest is None
    assert shape.log_unit is None
