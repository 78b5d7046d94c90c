import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition

from skmat.composition import CompositionArrays, read_amounts, read_compositions


def test_rows_are_padded_and_ordered_by_atomic_number():
    arrays = read_compositions(["TiO2", "Fe", "Ca(OH)2"])
    assert_array_equal(arrays.atomic_numbers, [[8, 22, 0], [26, 0, 0], [1, 8, 20]])
    assert_array_equal(arrays.fractions, [[2 / 3, 1 / 3, 0], [1, 0, 0], [0.4, 0.4, 0.2]])
    assert arrays.atomic_numbers.dtype == np.uint8
    assert arrays.fractions.dtype == np.float64
    assert_array_equal(arrays.n_elements, [2, 1, 3])
    assert len(arrays) == 3


def test_from_flat_adds_repeated_elements_and_keeps_empty_rows():
    arrays = CompositionArrays.from_flat(
        rows=np.array([2, 0, 2, 2]),
        atomic_numbers=np.array([8, 3, 8, 1]),
        amounts=np.array([1.0, 5.0, 2.0, 1.0]),
        n_rows=3,
    )
    assert_array_equal(arrays.atomic_numbers, [[3, 0], [0, 0], [1, 8]])
    assert_array_equal(arrays.fractions, [[1, 0], [0, 0], [0.25, 0.75]])


def test_from_flat_does_not_depend_on_the_order_of_entries():
    amounts = np.array([0.1, 0.2, 0.3, 1e-9, 0.7])
    numbers = np.array([8, 8, 8, 26, 8])
    rows = np.zeros(5, dtype=int)
    order = np.array([4, 2, 3, 0, 1])
    first = CompositionArrays.from_flat(rows, numbers, amounts, 1)
    second = CompositionArrays.from_flat(rows, numbers[order], amounts[order], 1)
    assert_array_equal(first.fractions, second.fractions)


def test_a_row_does_not_depend_on_the_other_rows():
    wide = "Fe0.620C0.000953Mn0.000521Si0.00102Cr0.000110Ni0.192Mo0.0176V0.000112Co0.146"
    alone = read_compositions(["Fe0.1Ni0.2Co0.7"])
    beside = read_compositions([wide, "Fe0.1Ni0.2Co0.7"])
    assert_array_equal(beside.fractions[1, :3], alone.fractions[0])


def test_take_trims_to_the_longest_row_taken():
    arrays = read_compositions(["TiO2", "Fe", "Ca(OH)2", "Cu"])
    for rows in ([1, 3], np.array([False, True, False, True]), slice(1, None, 2)):
        taken = arrays.take(rows)
        assert_array_equal(taken.atomic_numbers, [[26], [29]])
        assert_array_equal(taken.fractions, [[1], [1]])
    assert arrays.take([]).atomic_numbers.shape == (0, 1)


def test_group_ids_join_equal_compositions():
    groups = read_compositions(["TiO2", "Ti2O4", "O2Ti", "TiO", "Ti1O1.0000000001"]).group_ids()
    assert groups[0] == groups[1] == groups[2] != groups[3]
    assert groups[3] == groups[4]


def test_group_ids_are_numbered_as_unique_does():
    generator = np.random.default_rng(0)
    formulas = [
        f"Fe{a}O{b}" if c else f"Li{a}Fe{b}O"
        for a, b, c in generator.integers(1, 4, (200, 3)) % 3 + [[1, 1, 0]]
    ]
    arrays = read_compositions(formulas)
    expected = np.unique(arrays.keys(), axis=0, return_inverse=True)[1].reshape(-1)
    assert_array_equal(arrays.group_ids(), expected)
    assert read_compositions([]).group_ids().shape == (0,)


def test_joined_pads_to_the_widest():
    parts = [["TiO2", "Fe"], ["LiFePO4"], []]
    joined = CompositionArrays.joined([read_compositions(each) for each in parts])
    expected = read_compositions(["TiO2", "Fe", "LiFePO4"])
    assert_array_equal(joined.atomic_numbers, expected.atomic_numbers)
    assert_array_equal(joined.fractions, expected.fractions)
    assert CompositionArrays.joined([]).atomic_numbers.shape == (0, 1)


def test_a_composition_is_found_however_it_is_written():
    known = read_compositions(["Fe", "TiO2", "Ca(OH)2"])
    asked = read_compositions(["O4Ti2", "TiO", "CaH2O2", "Fe3", "LiFePO4"])
    assert_array_equal(asked.match(known), [1, -1, 2, 0, -1])
    assert_array_equal(asked.isin(known), [True, False, True, True, False])
    assert_array_equal(known.match(asked.take([])), [-1, -1, -1])


@pytest.mark.parametrize("small", [1e-17, 1e-10, 2e-8])
def test_fractions_below_1e_8_are_left_out(small):
    arrays = read_compositions(
        [
            "TiO2",
            f"TiO2Au{small}",
            {"Ti": 1, "O": 2, "Au": small},
            Composition({"Ti": 1, "O": 2, "Au": small}),
            {"Ti": 1, "O": 2, "Au": small / 2, "Ag": small / 2},
        ]
    )
    assert arrays.atomic_numbers.shape == (5, 2)
    for row in range(1, 5):
        assert_array_equal(arrays.fractions[row], arrays.fractions[0])


def test_fractions_above_1e_8_are_kept():
    assert read_compositions(["TiO2Au1e-7"]).n_elements.tolist() == [3]
    # Two entries of one element count together.
    assert read_compositions(["Fe1Au6e-9Au6e-9"]).n_elements.tolist() == [2]


def test_shares_count_and_not_amounts():
    arrays = read_compositions(["H2O", "H2e-9O1e-9", "H2e-300O1e-300"])
    assert_array_equal(arrays.atomic_numbers[1:], arrays.atomic_numbers[[0, 0]])
    assert_allclose(arrays.fractions[1:], arrays.fractions[[0, 0]], rtol=1e-14)


def test_amounts_whose_sum_overflows():
    matrix = np.zeros((2, 8))
    matrix[:, [0, 7]] = [[1.5e308, 0.75e308], [2, 1]]
    arrays = read_amounts(matrix)
    assert_array_equal(arrays.fractions[0], arrays.fractions[1])
