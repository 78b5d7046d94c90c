import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.core.lattice import Lattice

from skmat.exceptions import InvalidStructureError
from skmat.structure import read_structures


class Atoms:
    """As much of ASE's class as is read: a salt with one cation and one anion."""

    def __init__(self, info=None, arrays=None, numbers=(11, 17)):
        self.cell = 4.0 * np.eye(3)
        self.pbc = np.array([True, True, True])
        self.info, self.arrays, self.numbers = info or {}, arrays or {}, numbers

    def get_atomic_numbers(self):
        return np.array(self.numbers)

    def get_scaled_positions(self, wrap=True):
        return np.array([[0, 0, 0], [0.5, 0.5, 0.5]])


KINDS = {"spacegroup_kinds": np.array([0, 1])}
MIXED = {"0": {"Na": 0.7, "K": 0.3}, "1": {"Cl": 1.0}}


@pytest.mark.parametrize(
    ("info", "arrays"),
    [
        ({"occupancy": MIXED}, KINDS),
        ({"occupancy": {int(key): value for key, value in MIXED.items()}}, KINDS),
        ({"occupancy": {np.int64(0): MIXED["0"], "1": MIXED["1"]}}, KINDS),
    ],
)
def test_occupancies_are_read_by_kind(info, arrays):
    structures, _ = read_structures([Atoms(info, arrays)], disorder="average")
    assert structures.formulas().tolist() == ["K0.3Na0.7Cl"]
    assert structures.n_atoms.tolist() == [2]
    with pytest.raises(InvalidStructureError, match="disordered"):
        read_structures([Atoms(info, arrays)])


def test_vacancies_and_one_number_per_atom():
    vacant = Atoms({"occupancy": {"0": {"Na": 0.5}, "1": {"Cl": 1}}}, KINDS)
    by_atom = Atoms(arrays={"occupancy": np.array([0.5, 1.0])})
    structures, _ = read_structures([vacant, by_atom], disorder="average")
    assert structures.formulas().tolist() == ["Na0.5Cl", "Na0.5Cl"]
    for atoms in (vacant, by_atom):
        with pytest.raises(InvalidStructureError, match="disordered"):
            read_structures([atoms])


def test_full_occupancies_are_no_disorder():
    full = {"occupancy": {"0": {"Na": 1.0}, "1": {"Cl": 1.0}}}
    atoms = [Atoms(), Atoms(full), Atoms(full, KINDS), Atoms({"spacegroup": 225})]
    structures, _ = read_structures(atoms)
    assert structures.formulas().tolist() == ["NaCl"] * 4
    assert structures.is_ordered.all()


def test_occupancies_that_do_not_fit_are_refused():
    bad = {
        "lacks the array 'spacegroup_kinds'": Atoms({"occupancy": MIXED}),
        "the occupancies of its kind, 0, are of Na, K": Atoms(
            {"occupancy": MIXED}, KINDS, (3, 17)
        ),
        "are of nothing": Atoms({"occupancy": {"0": MIXED["0"]}}, KINDS),
        "not listed by kind and element": Atoms({"occupancy": [0.5, 1.0]}, KINDS),
        "zip()": Atoms({"occupancy": MIXED}, {"spacegroup_kinds": np.array([0])}),
    }
    for disorder in ("raise", "average"):
        with pytest.raises(InvalidStructureError) as error:
            read_structures(bad.values(), disorder=disorder)
        assert error.value.rows == list(range(len(bad)))
        for words, (_, _, reason) in zip(bad, error.value.problems, strict=True):
            assert words in reason


def test_what_is_read_is_as_of_pymatgen():
    same = Structure(Lattice.cubic(4), [{"Na": 0.7, "K": 0.3}, "Cl"], [[0] * 3, [0.5] * 3])
    structures, _ = read_structures([Atoms({"occupancy": MIXED}, KINDS), same], disorder="average")
    assert structures.atomic_number[:2].tolist() == structures.atomic_number[2:].tolist()
