import numpy as np
import pytest
from common.materials import (
    bcc_iron,
    layered_alloy,
    many,
    rock_salt,
    rutile,
    stretched_iron,
    triclinic,
)
from pymatgen.core import Lattice, Structure, SymmOp

from skmat.structure import GraphSettings, StructureArrays, build_graphs, read_structures


def graphs_of(*structures, **settings):
    graphs, problems = build_graphs(
        StructureArrays.from_structures(structures), GraphSettings(**settings)
    )
    assert not problems
    return graphs


def environments(graphs):
    """Return what each atom sees, sorted: its element, and (element, distance) of neighbours."""
    found = []
    for crystal in range(len(graphs)):
        first, last = graphs.site_starts[crystal : crystal + 2]
        for site in range(first, last):
            edges = slice(*graphs.edge_starts[site : site + 2])
            numbers = graphs.atomic_numbers[first + graphs.senders[edges].astype(int)]
            lengths = np.linalg.norm(graphs.vectors[edges], axis=1)
            neighbors = sorted(zip(numbers.tolist(), lengths.round(3).tolist(), strict=True))
            found.append((int(graphs.atomic_numbers[site]), *neighbors))
    return found


@pytest.mark.parametrize(
    "structure",
    [rock_salt(), rutile(), bcc_iron(), stretched_iron(), layered_alloy(), triclinic()],
)
def test_the_cell_does_not_matter(structure):
    expected = set(environments(graphs_of(structure)))
    twice = structure.copy()
    twice.make_supercell([2, 1, 1])
    moved = structure.copy()
    moved.translate_sites(range(len(moved)), [0.31, 0.77, 0.13], to_unit_cell=False)
    turned = Structure.from_sites(list(structure)[::-1])
    niggli = structure.get_reduced_structure("niggli")
    primitive = structure.get_primitive_structure()
    rotated = structure.copy().apply_operation(
        SymmOp.from_axis_angle_and_translation([1, 2, 3], 37)
    )
    for other in (twice, moved, turned, niggli, primitive, rotated):
        assert set(environments(graphs_of(other))) == expected


def test_arrays_of_several_crystals_are_those_of_each():
    structures = many(6)
    together = graphs_of(*structures)
    rows = [4, 0, 5]
    for taken in (together.take(rows), graphs_of(*(structures[row] for row in rows))):
        alone = [graphs_of(structures[row]) for row in rows]
        assert taken.n_sites.tolist() == [len(structures[row]) for row in rows]
        for name in ("atomic_numbers", "n_edges", "senders", "vectors"):
            parts = np.concatenate([getattr(each, name) for each in alone])
            np.testing.assert_array_equal(getattr(taken, name), parts)
    assert together.nbytes < 20 * len(together.senders)


def test_crystals_are_worked_on_in_parts(monkeypatch):
    overlapping = Structure(Lattice.cubic(4), ["Na", "Cl"], [[0, 0, 0], [0, 0, 0.001]])
    crystals = many(12)
    crystals[9] = overlapping
    structures = StructureArrays.from_structures(crystals)
    whole, faults = build_graphs(structures)
    monkeypatch.setattr("skmat.structure._graphs._CHUNK", 4)
    for n_jobs in (None, 2):
        parts, found = build_graphs(structures, n_jobs=n_jobs)
        assert found == faults
        assert [row for row, _ in found] == [9]
        for name in ("n_sites", "atomic_numbers", "n_edges", "senders", "vectors"):
            np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_faults_are_told_by_row_and_leave_the_others_alone():
    overlapping = Structure(Lattice.cubic(4), ["Na", "Cl"], [[0, 0, 0], [0, 0, 0.001]])
    flat = StructureArrays(np.array([np.diag([5.0, 5.0, 1e-4])]), [1], [11], np.zeros((1, 3)))
    first, last = map(StructureArrays.from_structures, ([rock_salt(), overlapping], [rutile()]))
    structures = StructureArrays.concatenate([first, flat, last])
    graphs, problems = build_graphs(structures)
    assert len(graphs) == 2
    assert [row for row, _ in problems] == [1, 2]
    assert "atoms 0 and 1 (counted from 0) are 0.004 Å apart" in problems[0][1]
    assert "volume" in problems[1][1]
    whole = graphs.scatter(np.array([True, False, False, True]))
    assert whole.n_sites.tolist() == [8, 0, 0, 6]
    np.testing.assert_array_equal(whole.take([3]).vectors, graphs.take([1]).vectors)
    assert whole.take([1]).vectors.shape == (0, 3)


def test_compositions():
    graphs = graphs_of(rock_salt(), rock_salt(4.0).get_primitive_structure(), rutile())
    first, second, third = graphs.group_ids()
    assert first == second != third


def test_a_sites_on_the_border_of_the_cell_are_inside():
    lattice = Lattice.cubic(5.64)
    frac = [[-1e-17, 0, 0], [0.5, 0.5, 0.5]]
    structures, _ = read_structures([Structure(lattice, ["Cs", "Cl"], frac)])
    assert np.isfinite(build_graphs(structures)[0].vectors).all()
