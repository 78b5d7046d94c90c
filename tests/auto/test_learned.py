"""Labels as models learn them, and back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skmat.auto._learned import Learned, exp_of, log_of


@pytest.mark.parametrize("unit", [1e-300, 1e-30, 1.0, 1e30, 1e298])
@pytest.mark.parametrize("is_log", [False, True])
def test_numbers_of_any_unit_and_back(unit, is_log):
    values = np.array([1.0, 5.0, np.nan, 80.0]) * unit
    learned = Learned.numbers(0, values, 3.0 * unit if is_log else None)
    known = learned.values[~np.isnan(learned.values)]
    assert known.mean() == pytest.approx(0.0, abs=1e-9)
    assert known.std() == pytest.approx(1.0)
    assert_allclose(learned.undo(learned.values), values)


@pytest.mark.parametrize("value", [0.0, 7.3, -1e-300, 1e300])
def test_equal_labels(value):
    learned = Learned.numbers(0, np.full(4, value))
    assert_allclose(learned.values, 0.0, atol=1e-9)
    assert_allclose(learned.undo(np.zeros(2)), value)


def test_logarithms_and_back():
    values = np.array([0.0, 1e-9, 1.0, 1e9])
    assert_allclose(exp_of(log_of(values, 2.0), 2.0), values, atol=1e-12)
    assert np.isfinite(exp_of(np.array([1e6, -1e6]), 2.0)).all()
