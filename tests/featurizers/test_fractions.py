import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition, Element
from sklearn.exceptions import NotFittedError

from skmat.composition import read_compositions
from skmat.exceptions import InvalidCompositionError
from skmat.featurizers import FractionFeaturizer, dense_fractions

FORMULAS = ["TiO2", "Fe0.95Ni0.05", "Cu", "CrMnFeCoNi", "Og"]


def test_fractions_are_those_of_pymatgen():
    found = FractionFeaturizer().fit_transform(FORMULAS)
    assert found.shape == (5, 118)
    assert found.dtype == np.float64
    for row, formula in zip(found, FORMULAS, strict=True):
        composition = Composition(formula)
        expected = {each.Z - 1: composition.get_atomic_fraction(each) for each in composition}
        assert_array_equal(np.flatnonzero(row), sorted(expected))
        assert_allclose([row[place] for place in expected], list(expected.values()))


def test_rows_sum_to_one():
    assert_allclose(FractionFeaturizer().fit_transform(FORMULAS).sum(axis=1), 1.0)


def test_names_are_symbols_in_order():
    featurizer = FractionFeaturizer().fit(FORMULAS)
    names = featurizer.get_feature_names_out()
    assert [Element(name).Z for name in names] == list(range(1, 119))
    frame = featurizer.set_output(transform="pandas").transform(FORMULAS)
    assert frame.loc[0, "Ti"] == pytest.approx(1 / 3)


def test_rows_that_cannot_be_read():
    featurizer = FractionFeaturizer(on_invalid="nan")
    with pytest.raises(InvalidCompositionError):
        featurizer.fit(["TiO2", "Xy"])
    found = featurizer.fit(FORMULAS).transform(["TiO2", "Xy", None])
    assert_array_equal(np.isnan(found).all(axis=1), [False, True, True])
    with pytest.raises(InvalidCompositionError):
        FractionFeaturizer().fit(FORMULAS).transform(["Xy"])


@pytest.mark.filterwarnings("ignore::skmat.exceptions.EmptyCompositionWarning")
def test_an_empty_row_of_amounts():
    amounts = np.eye(3, 10)
    amounts[1] = 0
    found = FractionFeaturizer().fit_transform(amounts)
    assert_array_equal(np.isnan(found).all(axis=1), [False, True, False])
    assert_array_equal(found[2], np.eye(118)[2])


def test_a_table_of_amounts_is_read_by_name():
    frame = pd.DataFrame({"O": [2.0, 3.0], "Ti": [1.0, 0.0], "Fe": [0.0, 2.0]})
    expected = FractionFeaturizer().fit_transform(["TiO2", "Fe2O3"])
    assert_allclose(FractionFeaturizer().fit_transform(frame), expected)


def test_dense_fractions_of_empty_rows_are_zeros():
    compositions = read_compositions(["TiO2", "Xy"], on_invalid="nan")
    assert_allclose(dense_fractions(compositions).sum(axis=1), [1.0, 0.0])
    assert dense_fractions(read_compositions([])).shape == (0, 118)


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        FractionFeaturizer().transform(FORMULAS)
