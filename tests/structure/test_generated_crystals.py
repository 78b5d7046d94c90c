"""Generated crystals, and generated damage to their files."""

import numpy as np
import pytest
from common.generated import check_generated, on_generated
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Poscar

from skmat.exceptions import InvalidRowsError
from skmat.structure import StructureArrays, build_graphs, read_structures

ELEMENTS = ("H", "Li", "C", "O", "Na", "Si", "Cl", "Ti", "Fe", "La", "U")


class Atoms:
    """As much of ASE's class as is read."""

    def __init__(self, structure):
        self.structure, self.pbc = structure, np.array([True, True, True])
        self.cell = structure.lattice.matrix

    def get_atomic_numbers(self):
        return np.array(self.structure.atomic_numbers)

    def get_scaled_positions(self, wrap=True):
        return self.structure.frac_coords


@st.composite
def crystals(draw):
    """Atoms on places of a grid of a cell, which may be tiny or large."""
    lengths = [draw(st.floats(1.5, 12)) for _ in range(3)]
    angles = [draw(st.floats(60, 115)) for _ in range(3)]
    places = draw(st.lists(st.integers(0, 63), min_size=1, max_size=10, unique=True))
    species = [draw(st.sampled_from(ELEMENTS)) for _ in places]
    frac = [[place // 16 / 4, place // 4 % 4 / 4, place % 4 / 4] for place in places]
    shift = [draw(st.floats(0, 0.2)) for _ in range(3)]
    return Structure(Lattice.from_parameters(*lengths, *angles), species, np.array(frac) + shift)


def forms(crystal):
    return [
        crystal,
        crystal.as_dict(),
        crystal.to(fmt="cif", significant_figures=12),
        Poscar(crystal).get_str(significant_figures=14),
        Atoms(crystal),
    ]


DAMAGES = (
    lambda text, at, other: text[:at] + text[at + 1 :],
    lambda text, at, other: text[:at] + other + text[at:],
    lambda text, at, other: text[:at],
    lambda text, at, other: text.replace("\n", other, 1 + at % 20),
    lambda text, at, other: "\n".join(
        text.split("\n")[: at % 40] + text.split("\n")[at % 40 + 1 :]
    ),
    lambda text, at, other: text + text[at:],
    lambda text, at, other: text.replace("1", other),
    lambda text, at, other: text.replace("P 1", other),
)

SCRAPS = (
    "",
    " ",
    "\n",
    "?",
    ".",
    "-",
    "9" * 9,
    "1e9",
    "nan",
    "'",
    ";",
    "#",
    "loop_",
    "data_",
    "\x00",
)
SCRAPS += ("F m -3 m", "é", "999999999", "_cell_length_a", "0.5")


@st.composite
def damaged_texts(draw):
    crystal = draw(crystals())
    text = crystal.to(fmt=draw(st.sampled_from(["cif", "poscar"])))
    for _ in range(draw(st.integers(1, 3))):
        damage = draw(st.sampled_from(DAMAGES))
        at = draw(st.integers(0, max(len(text) - 1, 0)))
        text = damage(text, at, draw(st.sampled_from(SCRAPS) | st.text(max_size=4)))
    return crystal, text


def sorted_rows(structure):
    frac = (structure.frac_coords + 1e-6) % 1
    rows = np.column_stack([structure.atomic_numbers, frac.round(4)])
    return rows[np.lexsort(rows.T[::-1])]


@on_generated(80)
def test_a_crystal_is_the_same_in_all_its_forms(n_inputs):
    def check(crystal):
        structures, valid = read_structures(forms(crystal), on_invalid="nan")
        assert len(set(valid.tolist())) == 1
        for found in structures:
            np.testing.assert_allclose(found.lattice.parameters, crystal.lattice.parameters, 1e-6)
            np.testing.assert_allclose(sorted_rows(found), sorted_rows(crystal), atol=2e-4)
        graphs, problems = build_graphs(structures)
        assert len(graphs) + len(problems) == len(structures)
        assert np.isfinite(graphs.vectors).all()

    check_generated(n_inputs, crystals(), check)


@on_generated(150)
def test_a_crystal_does_not_depend_on_its_company(n_inputs):
    def check(batch):
        one_by_one = [read_structures([each], on_invalid="nan") for each in batch]
        structures, valid = read_structures(batch, on_invalid="nan")
        assert valid.tolist() == [bool(kept[0]) for _, kept in one_by_one]
        turned, _ = read_structures(batch[::-1], on_invalid="nan")
        parts = [part for part, kept in one_by_one if kept[0]]
        for name in ("lattice", "frac", "atomic_number"):
            alone = [getattr(part, name) for part in parts]
            if alone:
                np.testing.assert_array_equal(getattr(structures, name), np.concatenate(alone))
                np.testing.assert_array_equal(getattr(turned, name), np.concatenate(alone[::-1]))

    check_generated(n_inputs, st.lists(crystals(), min_size=1, max_size=4), check)


@on_generated(150)
def test_each_damaged_file_gives_a_row(n_inputs):
    def check(pair):
        crystal, text = pair
        rows = [crystal, text, crystal]
        structures, valid = read_structures(rows, on_invalid="nan", disorder="average")
        assert valid.shape == (3,)
        assert len(structures) == valid.sum()
        assert valid[0] == valid[2]
        assert np.isfinite(structures.lattice).all()
        assert np.isfinite(structures.frac).all()
        graphs, problems = build_graphs(structures)
        assert len(graphs) + len(problems) == len(structures)
        assert np.isfinite(graphs.vectors).all()
        if not valid[1] and valid[0]:
            with pytest.raises(InvalidRowsError) as error:
                read_structures(rows, disorder="average")
            assert error.value.rows == [1]

    check_generated(n_inputs, damaged_texts(), check)


@on_generated(80)
def test_arrays_of_any_cell_give_graphs_or_faults(n_inputs):
    @st.composite
    def arrays(draw):
        matrix = np.diag([10 ** draw(st.floats(-2, 6)) for _ in range(3)])
        matrix += np.array([draw(st.floats(-50, 50)) for _ in range(9)]).reshape(3, 3) * draw(
            st.sampled_from([0.0, 0.01, 1.0])
        )
        n_atoms = draw(st.integers(1, 200))
        seed = draw(st.integers(0, 1000))
        frac = np.random.default_rng(seed).uniform(-1, 2, (n_atoms, 3))
        return StructureArrays(matrix[None], [n_atoms], [11] * n_atoms, frac)

    def check(structures):
        graphs, problems = build_graphs(structures)
        assert len(graphs) + len(problems) == 1
        assert np.isfinite(graphs.vectors).all()

    check_generated(n_inputs, arrays(), check)
