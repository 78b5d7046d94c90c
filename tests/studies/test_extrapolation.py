"""Scores of materials unlike those that were learned."""

import numpy as np
import pytest
from common.auto import BINARIES, NUMBERS

from skmat.composition import read_compositions


@pytest.mark.parametrize(("split", "n_parts"), [("Fe", 1), ("value", 1)])
def test_no_composition_is_in_two_parts(studies, split, n_parts):
    from extrapolation import splits

    X = np.array([*BINARIES, *BINARIES], dtype=object)
    y = np.r_[NUMBERS, NUMBERS + 0.01]
    groups = read_compositions(X).group_ids()
    parts = splits(X, y, split)
    assert len(parts) == n_parts
    for _, learned, inside, outside in parts:
        assert min(len(rows) for rows in (learned, inside, outside)) > 0
        for one, other in ((learned, inside), (learned, outside), (inside, outside)):
            assert not set(groups[one]) & set(groups[other])
        if split == "value":
            assert y[learned].max() < y[outside].min()
        else:
            assert all("Fe" in formula for formula in X[outside])
            assert not any("Fe" in formula for formula in X[learned])


def test_an_element_that_no_material_has(studies):
    from extrapolation import splits

    with pytest.raises(ValueError, match="No material has Pu"):
        splits(np.array(BINARIES, dtype=object), NUMBERS, "Pu")


def test_recall(studies):
    from extrapolation import recall

    y = np.random.default_rng(0).normal(size=100)
    assert recall(y, 2 * y) == 1
    assert recall(y, -y) == 0


def test_what_is_found_outside(studies):
    from extrapolation import found_outside

    assert found_outside(np.zeros(30), np.ones(20)) == 1
    assert found_outside(np.ones(30), np.zeros(20)) == 0
    # Equal predictions find as many as chance.
    assert found_outside(np.zeros(3000), np.zeros(2000)) == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(("factor", "area"), [(1.0, 0.0), (0.5, 0.205), (2.0, 0.205)])
def test_standard_deviations(studies, factor, area):
    from extrapolation import score_std

    errors = np.random.default_rng(0).normal(size=20_000)
    found = score_std(errors, np.zeros(len(errors)), np.full(len(errors), factor), 1.0)
    assert found["miscalibration"] == pytest.approx(area, abs=0.03)
    expected = np.log(factor) + np.log(2 * np.pi) / 2 + 0.5 / factor**2
    assert found["nll"] == pytest.approx(expected, abs=0.03)
