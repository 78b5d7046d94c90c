import numpy as np
import pytest
from common.materials import rock_salt, rutile
from pymatgen.core import Lattice, Structure
from readings.crystals import cif

from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.structure import StructureArrays, build_graphs, nearest_neighbors, read_structures
from skmat.structure._overlaps import find_overlaps


def cell(*lengths, n_atoms=2, spread=1.0):
    frac = spread * np.random.default_rng(0).uniform(size=(n_atoms, 3))
    return Structure(Lattice.orthorhombic(*lengths), ["Na"] * n_atoms, frac)


FAULTS = {
    "1e+09 Å^3 for 2 atoms, which is not between 0.1 and 100,000 Å^3": cell(1000, 1000, 1000),
    "a lattice vector is 1e+05 Å long": cell(1e5, 1e5, 1e5),
    "0.1 Å^3 for 100 atoms": cell(0.1, 0.1, 10, n_atoms=100),
    "0.108 Å^3 for 200 atoms": cell(0.3, 0.6, 0.6, n_atoms=200),
    "more than 10,000,000 Å^3": cell(300, 300, 300, n_atoms=300),
    "0.01 Å from its own image": cell(0.01, 40, 50, n_atoms=2),
    "a lattice vector is 6e+05 Å long": cell(0.4, 0.4, 6e5),
    "a lattice vector is 1e+200 Å long": cell(1e200, 1, 1),
    "the cell has a volume of 0 Å^3": Structure(np.diag([4.0, 4, 0]), ["Na"], [[0, 0, 0]]),
}

#: What reads, at the limits: molecules in boxes, layers, dense phases.
WHOLE = [
    cell(30, 30, 30),
    cell(46, 46, 46, n_atoms=1),
    cell(3.2, 3.2, 276, n_atoms=3),
    cell(200, 200, 200, n_atoms=100),
    Structure(Lattice.cubic(0.9), ["H"], [[0, 0, 0]]),
    # Vectors that are long, of a lattice that is not.
    Structure([[3.0, 0, 0], [600, 3, 0], [0, 0, 3]], ["Fe"], [[0, 0, 0]]),
]


def test_each_impossible_cell_is_a_fault_of_its_row():
    crystals = [rock_salt(), *FAULTS.values(), rutile()]
    with pytest.raises(InvalidStructureError) as error:
        read_structures(crystals)
    assert error.value.rows == list(range(1, len(FAULTS) + 1))
    for words, (_, _, reason) in zip(FAULTS, error.value.problems, strict=True):
        assert words in reason
    structures, valid = read_structures(crystals, on_invalid="nan")
    assert len(structures) == 2
    assert np.flatnonzero(valid).tolist() == [0, len(crystals) - 1]


def test_arrays_that_were_not_read_are_checked_by_the_search():
    crystals = [rock_salt(), *FAULTS.values(), rutile()]
    structures = StructureArrays(
        [each.lattice.matrix for each in crystals],
        [len(each) for each in crystals],
        np.concatenate([each.atomic_numbers for each in crystals]),
        np.vstack([each.frac_coords for each in crystals]),
    )
    graphs, problems = build_graphs(structures)
    assert len(graphs) == 2
    assert [row for row, _ in problems] == list(range(1, len(FAULTS) + 1))
    assert [row for row, _ in find_overlaps(structures)] == [row for row, _ in problems]


def test_cells_at_the_limits_are_read():
    structures, valid = read_structures(WHOLE)
    assert valid.all()
    graphs, problems = build_graphs(structures)
    assert not problems
    assert len(graphs) == len(WHOLE)


def test_a_cif_of_a_long_cell_is_refused():
    with pytest.raises(InvalidStructureError, match="a lattice vector is 1e"):
        read_structures([cif().replace("_length_c 5.64", "_length_c 999999999")])


def test_crowded_atoms_take_no_memory():
    crowded = cell(100, 100, 100, n_atoms=4000, spread=1e-4)
    structures = StructureArrays.from_structures([crowded, rock_salt()])
    graphs, problems = build_graphs(structures)
    assert len(graphs) == 1
    assert "more than the limit of 5,000,000" in problems[0][1]
    with pytest.raises(InvalidInputError, match="use a smaller cell or cutoff"):
        nearest_neighbors(100 * np.eye(3), crowded.frac_coords % 1, 12, 8.0)


@pytest.mark.parametrize("error", [MemoryError(), ValueError("no such search")])
def test_a_search_that_fails_is_a_fault_of_its_row(monkeypatch, error):
    from skmat.structure import _graphs, _overlaps

    def fail(lattice, frac, *settings):
        if len(frac) == 6:
            raise error
        return original(lattice, frac, *settings)

    structures = StructureArrays.from_structures([rock_salt(), rutile(), rock_salt()])
    for module, name in ((_graphs, "nearest_neighbors"), (_overlaps, "within")):
        original = getattr(module, name)
        monkeypatch.setattr(module, name, fail)
    original = nearest_neighbors
    graphs, ((row, fault),) = build_graphs(structures)
    assert (len(graphs), row) == (2, 1)
    assert "memory" in fault or "no such search" in fault


@pytest.mark.parametrize("backend", ["vesin", "pymatgen"])
def test_thin_cells_do_not_end_the_process(backend):
    # vesin 0.6 divides by zero in cells of more than 100,000 boxes along two vectors.
    lattice = np.diag([2000.0, 2000, 1.0])
    _, _, _, lengths = nearest_neighbors(lattice, np.zeros((1, 3)), 4, 4.5, backend)
    np.testing.assert_allclose(lengths, [1, 1, 2, 2])
