"""Disordered structures: what is kept of them, and what is refused."""

import pickle

import numpy as np
import pytest
from common.materials import batch_of, many, mixed_salt, rock_salt, rutile
from numpy.testing import assert_array_equal
from pymatgen.core import DummySpecies, Lattice, Species, Structure
from pymatgen.core.sites import PeriodicSite

from skmat.datasets import fetch_obelix
from skmat.exceptions import InvalidInputError, InvalidRowsError, InvalidStructureError
from skmat.structure import StructureArrays, build_graphs, read_structures


def cell(*occupants, a=4.0):
    """Return a cubic cell with one site per item, along its diagonal."""
    frac = [[i / len(occupants)] * 3 for i in range(len(occupants))]
    return Structure(Lattice.cubic(a), occupants, frac)


STRUCTURES = [
    rutile(),
    cell({"Li": 0.5}, {"Ni": 0.3, "Co": 0.7}, "O", "O"),
    rock_salt(),
    cell({"Co": 0.7, "Ni": 0.3}, {"Li": 0.25, "Na": 0.125}),
]


@pytest.fixture
def arrays():
    return StructureArrays.from_structures(STRUCTURES, list("abcd"), disorder="average")


def assert_same(found, rows):
    """Compare with some of the structures, down to the last bit of their occupancies."""
    assert len(found) == len(rows)
    for structure, row in zip(found, rows, strict=True):
        expected = STRUCTURES[row]
        assert_array_equal(structure.lattice.matrix, expected.lattice.matrix)
        assert_array_equal(structure.frac_coords, expected.frac_coords)
        for site, other in zip(structure, expected, strict=True):
            assert dict(site.species) == dict(other.species)


def test_structures_come_back_with_their_vacancies(arrays):
    assert_same(arrays, range(4))
    assert arrays[3][1].species.num_atoms == 0.375
    assert arrays.is_ordered.tolist() == [True, False, True, False]


def test_a_mixture_is_kept_once_and_only_where_it_is_used(arrays):
    assert len(arrays.mixtures) == 3
    assert arrays.atomic_number.dtype == np.int32
    assert arrays.atomic_number[7] == arrays.atomic_number[18] > 118
    part = arrays[[3]]
    assert part.mixtures.shape == (2, 118)
    assert part.mixtures.sum(axis=1).tolist() == [1.0, 0.375]
    assert not part.mixtures.flags.writeable
    ordered = arrays[arrays.is_ordered]
    assert ordered.mixtures.shape == (0, 118)
    assert ordered.atomic_number.dtype == np.uint8
    assert arrays.nbytes == 4 * 72 + 9 * 8 + 20 * (4 + 24) + 3 * 118 * 8


def test_parts_and_joints_hold_the_same_structures(arrays, tmp_path):
    assert_same(arrays[::-1], [3, 2, 1, 0])
    assert_same(arrays[[3, 0, 3]], [3, 0, 3])
    assert_same(arrays[np.array([False, True, False, True])], [1, 3])
    assert_same(StructureArrays.concatenate([arrays[2:], arrays[:2]]), [2, 3, 0, 1])
    assert_same(StructureArrays.concatenate([arrays[[3]], arrays[[0]], arrays[[1]]]), [3, 0, 1])
    assert_same(pickle.loads(pickle.dumps(arrays)), range(4))
    arrays.save(tmp_path / "disordered.npz")
    again = StructureArrays.load(tmp_path / "disordered.npz")
    assert_same(again, range(4))
    assert_array_equal(again.mixtures, arrays.mixtures)
    arrays[[0]].save(tmp_path / "ordered.npz")
    with np.load(tmp_path / "ordered.npz") as stored:
        assert "mixtures" not in stored


def test_the_same_structures_have_the_same_arrays_whatever_they_stood_among(arrays):
    turned = StructureArrays.from_structures(STRUCTURES[::-1], disorder="average")[::-1]
    assert_array_equal(turned.mixtures, arrays.mixtures)
    assert_array_equal(turned.atomic_number, arrays.atomic_number)


def test_formulas_and_compositions_count_occupancies(arrays):
    assert arrays.formulas().tolist() == [
        "TiO2",
        "Li0.5Co0.7Ni0.3O2",
        "NaCl",
        "Na0.125Li0.25Co0.7Ni0.3",
    ]
    assert arrays.formulas(reduced=False).tolist() == [
        structure.composition.formula.replace(" ", "") for structure in STRUCTURES
    ]
    compositions = arrays.compositions()
    assert compositions.atomic_numbers[1].tolist() == [3, 8, 27, 28]
    np.testing.assert_allclose(
        compositions.fractions[1], np.array([0.5, 2, 0.7, 0.3]) / 3.5, rtol=1e-15
    )
    assert arrays[:0].formulas().tolist() == []


def test_amounts_that_become_whole_are_reduced():
    twice = STRUCTURES[1] * (2, 1, 1)
    half = cell({"Li": 0.5}, {"Li": 0.5}, "Co", "Co", "O", "O", "O", "O")
    arrays = StructureArrays.from_structures([STRUCTURES[1], twice, half], disorder="average")
    assert arrays.formulas().tolist() == ["Li0.5Co0.7Ni0.3O2", "LiCo1.4Ni0.6O4", "LiCo2O4"]
    groups = arrays.group_ids()
    assert groups[0] == groups[1] != groups[2]


def test_two_ions_of_one_element_are_that_element():
    valences = cell({Species("Fe", 2): 0.4, Species("Fe", 3): 0.6}, "O")
    arrays = StructureArrays.from_structures([valences])
    assert arrays.atomic_number.tolist() == [26, 8]
    assert arrays.is_ordered.all()
    some = cell({Species("Fe", 2): 0.4, Species("Fe", 3): 0.5}, "O")
    arrays = StructureArrays.from_structures([some], disorder="average")
    assert arrays.formulas(reduced=False).tolist() == ["Fe0.9O1"]


def test_a_mixture_that_one_element_fills_is_that_element():
    mixtures = np.zeros((2, 118))
    mixtures[0, 10], mixtures[1, 18] = 1.0, 0.5
    arrays = StructureArrays(
        np.eye(3)[None], [3], [119, 17, 120], np.zeros((3, 3)), mixtures=mixtures
    )
    assert arrays.atomic_number.tolist() == [11, 17, 119]
    assert arrays.mixtures.tolist() == mixtures[1:].tolist()


@pytest.mark.parametrize(
    ("mixtures", "message"),
    [
        (np.full((1, 4), 0.25), r"got shape \(1, 4\)"),
        (
            np.full((1, 118), 0.5),
            "has a smallest occupancy of 0.5 and a sum of 59",
        ),
        (np.zeros((1, 118)), "above 0 and at most 1"),
        (np.eye(2, 118) - 0.001, "must not be negative"),
        (np.full((1, 118), np.nan), "Row 0 of mixtures"),
        (np.eye(1, 118), "between 1 and 119 with 1 mixtures, got values from 120 to 120"),
    ],
)
def test_what_is_no_table_of_occupancies_is_refused(mixtures, message):
    with pytest.raises(InvalidInputError, match=message):
        StructureArrays(np.eye(3)[None], [1], [120], np.zeros((1, 3)), mixtures=mixtures)


def test_disorder_is_an_error_by_default(arrays):
    for read in (StructureArrays.from_structures, read_structures):
        with pytest.raises(InvalidRowsError) as caught:
            read(STRUCTURES)
        assert caught.value.rows == [1, 3]
        message = str(caught.value)
        assert "row 1: 'Li0.5 Co0.7 Ni0.3 O2': disordered" in message
        assert "site 0, counted from 0: Li:0.5)" in message
        assert "disorder='average'" in message
    with pytest.raises(InvalidStructureError) as again:
        read_structures(arrays)
    assert again.value.rows == [1, 3]
    assert again.value.problems[0][2] == caught.value.problems[0][2]
    structures, valid = read_structures(arrays, on_invalid="nan")
    assert valid.tolist() == [True, False, True, False]
    assert_same(structures, [0, 2])


def test_an_unknown_way_with_disorder_is_refused():
    for read in (StructureArrays.from_structures, read_structures):
        with pytest.raises(InvalidInputError, match="must be 'raise' or 'average', got 'mean'"):
            read([rutile()], disorder="mean")


def test_files_of_disordered_crystals_are_read(tmp_path, arrays):
    crystal = mixed_salt(0.7)
    crystal.to(filename=str(tmp_path / "salt.cif"))
    forms = [crystal, crystal.as_dict(), tmp_path / "salt.cif", crystal.to(fmt="cif")]
    structures, valid = read_structures(forms, disorder="average")
    assert valid.all()
    assert set(structures.formulas(reduced=False)) == {"K1.2Na2.8Cl4"}
    assert read_structures(arrays, disorder="average")[0] is arrays


def test_averaging_reads_no_dummies_and_no_empty_sites():
    dummy = cell({"Li": 0.5, DummySpecies("X"): 0.5})
    empty = Structure.from_sites([PeriodicSite({}, [0, 0, 0], Lattice.cubic(4))])
    with pytest.raises(InvalidRowsError, match="dummy species") as caught:
        StructureArrays.from_structures([dummy, empty], disorder="average")
    assert caught.value.rows == [0, 1]
    assert "site 0 (counted from 0) is empty" in str(caught.value)


def test_graphs_keep_mixtures():
    crystals = [*many(4), mixed_salt(0.7), rock_salt(), mixed_salt(0.2)]
    structures = StructureArrays.from_structures(crystals, disorder="average")
    ordered, _ = build_graphs(StructureArrays.from_structures([rock_salt()] * 2))
    for n_jobs in (None, 2):
        graphs, problems = build_graphs(structures, n_jobs=n_jobs)
        assert not problems
        assert_array_equal(graphs.mixtures, structures.mixtures)
        assert_array_equal(graphs.atomic_numbers, structures.atomic_number)
        assert_array_equal(graphs.group_ids(), structures.group_ids())
        for taken in (graphs.take([4, 5]), graphs.scatter(np.ones(7, dtype=bool)).take([6, 4])):
            assert_array_equal(taken.vectors, ordered.vectors)
    shares = graphs.take([6]).compositions()
    assert shares.atomic_numbers.tolist() == [[11, 17, 19]]
    np.testing.assert_allclose(shares.fractions, [[0.1, 0.5, 0.4]])
    assert graphs.nbytes > graphs.take([0, 1]).nbytes


def test_mixtures_stay_with_their_crystals_where_others_have_faults():
    overlapping = Structure(Lattice.cubic(4), [{"Fe": 0.9}, "Cl"], [[0, 0, 0], [0, 0, 0.001]])
    crystals = [overlapping, mixed_salt(0.7)]
    structures = StructureArrays.from_structures(crystals, disorder="average")
    graphs, problems = build_graphs(structures)
    assert [row for row, _ in problems] == [0]
    assert_array_equal(graphs.compositions().keys(), structures[1:].compositions().keys())


def test_alternative_places_of_one_atom_may_be_close():
    def split(first, second):
        sites = [[0, 0, 0], [0, 0, 0.05], [0.5, 0.5, 0.5]]
        return Structure(Lattice.cubic(4), [{"Li": first}, {"Li": second}, "Cl"], sites)

    crystals = [split(0.5, 0.5), split(0.667, 0.3334), split(0.6, 0.5), split(0.1, 0.2)]
    structures = StructureArrays.from_structures(crystals, disorder="average")
    graphs, problems = build_graphs(structures)
    assert len(graphs) == 3
    ((row, fault),) = problems
    assert row == 2
    assert "atoms 0 and 1 (counted from 0) are 0.2 Å apart" in fault
    # But not beside itself in the next cell.
    thin = Structure(Lattice.orthorhombic(0.2, 5, 5), [{"Li": 0.3}], [[0, 0, 0]])
    _, problems = build_graphs(StructureArrays.from_structures([thin], disorder="average"))
    assert "atoms 0 and 0" in problems[0][1]


def test_batches_hold_the_mixtures_of_their_crystals_as_weights():
    batch = batch_of(rock_salt(), mixed_salt(0.7), cell({"Li": 0.5}, {"Ni": 0.2, "Co": 0.3}))
    weights = {
        int(number): batch.mixtures[number - 120].nonzero().flatten().tolist()
        for number in batch.atomic_numbers.unique()
        if number > 118
    }
    assert weights == {120: [26, 27], 121: [10, 18]}
    np.testing.assert_allclose(batch.mixtures[0, 26:28], [0.6, 0.4], rtol=1e-6)
    np.testing.assert_allclose(batch.mixtures.sum(dim=1), 1.0)
    # Lithium half of the time is lithium.
    assert batch.atomic_numbers[-2:].tolist() == [3, 120]
    assert batch_of(rock_salt()).mixtures.shape == (0, 118)


@pytest.mark.filterwarnings("ignore:Issues encountered while parsing CIF")
def test_real_disordered_crystals_are_read(data_home):
    crystals = fetch_obelix(data_home=data_home, input="structure", subset="test").data
    structures, valid = read_structures(crystals, disorder="average")
    assert valid.all()
    assert structures.is_ordered.sum() == sum(each.is_ordered for each in crystals) < 20
    assert structures.formulas(reduced=False).tolist() == [
        each.composition.element_composition.formula.replace(" ", "") for each in crystals
    ]
    graphs, problems = build_graphs(structures)
    assert not problems
    assert len(graphs) == len(crystals) == 67
