import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from pymatgen.core import Composition

from skmat.benchmark._materials import as_compositions
from skmat.composition import read_compositions
from skmat.exceptions import InvalidCompositionError, InvalidInputError

FORMULAS = ["TiO2", "Fe2O3"]


@pytest.mark.parametrize(
    "form",
    [
        FORMULAS,
        tuple(FORMULAS),
        np.array(FORMULAS, dtype=object),
        pd.Series(FORMULAS),
        pd.DataFrame({"formula": FORMULAS}),
        [Composition(formula) for formula in FORMULAS],
        [{"Ti": 1, "O": 2}, {"Fe": 2, "O": 3}],
    ],
)
def test_forms(form):
    expected, arrays = read_compositions(FORMULAS), as_compositions(form, "It")
    assert_array_equal(arrays.atomic_numbers, expected.atomic_numbers)
    assert_array_equal(arrays.fractions, expected.fractions)


def test_arrays_are_left_alone():
    arrays = read_compositions(FORMULAS)
    assert as_compositions(arrays, "It") is arrays


@pytest.mark.parametrize("value", [[], np.ones((2, 3)), 3, None, pd.DataFrame({"a": [1.0]})])
def test_what_holds_no_formula_is_refused(value):
    with pytest.raises(InvalidInputError, match="It must be a sequence of formulas"):
        as_compositions(value, "It")


def test_other_mistakes_are_named():
    with pytest.raises(InvalidInputError, match="It is empty"):
        as_compositions(read_compositions([]), "It")
    with pytest.raises(InvalidInputError, match="single value 'TiO2'"):
        as_compositions("TiO2", "It")
    with pytest.raises(InvalidCompositionError, match="row 1: 'Xx'"):
        as_compositions(["TiO2", "Xx"], "It")
