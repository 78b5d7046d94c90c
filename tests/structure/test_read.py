import json
import re
import warnings

import numpy as np
import pytest
from common.materials import rock_salt, rutile
from pymatgen.core import Composition, Lattice, Structure

from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.structure import StructureArrays, read_structures


class Atoms:
    """As much of ASE's class as is read."""

    def __init__(self, structure, pbc=(True, True, True)):
        self.structure, self.pbc = structure, np.array(pbc)
        self.cell = structure.lattice.matrix

    def get_atomic_numbers(self):
        return np.array(self.structure.atomic_numbers)

    def get_scaled_positions(self, wrap=True):
        return self.structure.frac_coords


class Ghost(Atoms):
    def get_atomic_numbers(self):
        return np.zeros(len(self.structure), dtype=int)


def slab():
    lattice = Lattice(np.diag([4.0, 4.0, 20.0]), pbc=(True, True, False))
    return Structure(lattice, ["Na"], [[0, 0, 0]])


def forms(structure, folder):
    cif, poscar = folder / "salt.cif", folder / "POSCAR"
    structure.to(filename=str(cif))
    structure.to(filename=str(poscar), fmt="poscar")
    return [
        structure,
        structure.as_dict(),
        json.dumps(structure.as_dict()),
        json.dumps(structure.as_dict(), indent=1),
        cif,
        str(poscar),
        cif.read_text(),
        poscar.read_text(),
        Atoms(structure),
    ]


def test_every_form_is_the_same_crystal(tmp_path):
    structures, valid = read_structures(forms(rutile(), tmp_path))
    assert valid.all()
    for structure in structures:
        assert structure.matches(rutile())


def test_arrays_are_taken_as_they_are():
    arrays = StructureArrays.from_structures([rock_salt()])
    structures, valid = read_structures(arrays)
    assert structures is arrays
    assert valid.tolist() == [True]


def bad_rows():
    truncated = rutile().to(fmt="cif")[:200]
    nameless = re.sub(r"(?m)^Ti O\n| (Ti|O)$", "", rutile().to(fmt="poscar"))
    disordered = Structure(Lattice.cubic(3), [{"Fe": 0.5, "Ni": 0.5}], [[0, 0, 0]])
    empty = Structure(Lattice.cubic(3), [], [])
    unknown = Structure(Lattice.cubic(3), ["Na"], [[np.nan, 0, 0]])
    return [
        (truncated, "cannot be read as the text of a CIF"),
        # pymatgen takes these for smaller crystals, and for hydrogen and helium.
        (
            "\n".join(rutile().to(fmt="cif").splitlines()[:-1]),
            "do not add up to the stated formula",
        ),
        ("\n".join(rutile().to(fmt="cif").splitlines()[:-4]), "have no atoms"),
        (rutile().to(fmt="cif") + rock_salt().to(fmt="cif"), r"2 structures (TiO2, NaCl)"),
        (nameless, "names no elements"),
        (disordered, "disordered"),
        (empty, "no atoms"),
        (Structure(np.diag([4.0, 4, 0]), ["Na"], [[0, 0, 0]]), "volume of 0 Å^3"),
        (unknown, "not finite"),
        ("nowhere.cif", "no file has this name"),
        ({"lattice": 1}, "cannot be read as a dict"),
        (Composition("NaCl"), "lacks 'lattice'"),
        (Atoms(rutile(), (True, True, False)), "not periodic"),
        ('{"lattice": 1}', "cannot be read as the JSON of a dict"),
        (Ghost(rutile()), "cannot be read as ASE Atoms"),
        (slab(), "not periodic"),
        (3.5, "float is not a structure"),
        (None, "missing value"),
        (np.nan, "missing value"),
    ]


def test_all_bad_rows_are_in_one_error():
    bad = bad_rows()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidStructureError) as error:
            read_structures([rutile(), *(value for value, _ in bad), rock_salt()])
    assert error.value.rows == list(range(1, len(bad) + 1))
    for (_, _, reason), (_, expected) in zip(error.value.problems, bad, strict=True):
        assert expected in reason
    assert isinstance(error.value, ValueError)


DOLOMITE = """data_dolomite
_cell_length_a 4.9
_cell_length_b 4.9
_cell_length_c 16.9
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_symmetry_Int_Tables_number 167
_symmetry_space_group_name_H-M 'R -3 c'
_chemical_formula_sum '{formula}'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Ca 0 0 0 0.333
Mg 0 0 0 0.667
C 0 0 0.25 1
O 0.26 0 0.25 1
"""


def test_a_formula_may_be_rounded():
    rounded = DOLOMITE.format(formula="Ca0.33 Mg0.67 C O3")
    structures, _ = read_structures([rounded], disorder="average")
    assert structures.n_atoms.tolist() == [30]
    other = DOLOMITE.format(formula="Ca0.4 Mg0.6 C O3")
    with pytest.raises(InvalidStructureError, match="do not add up to the stated formula"):
        read_structures([other], disorder="average")


def test_blocks_without_sites_are_no_crystals(tmp_path):
    path = tmp_path / "salt.cif"
    path.write_text("data_global\n_journal_year 2020\n" + rock_salt().to(fmt="cif"))
    structures, _ = read_structures([path, path.read_text()])
    assert structures.n_atoms.tolist() == [8, 8]
    path.write_text(2 * path.read_text())
    with pytest.raises(InvalidStructureError, match="holds 2 structures") as error:
        read_structures([rutile(), path])
    assert error.value.rows == [1]


def test_the_others_can_be_kept():
    values = [rutile(), *(value for value, _ in bad_rows()), rock_salt()]
    structures, valid = read_structures(values, on_invalid="nan")
    assert len(structures) == 2
    assert np.flatnonzero(valid).tolist() == [0, len(values) - 1]


def test_an_unknown_way_with_invalid_rows_is_refused():
    with pytest.raises(InvalidInputError, match="'drop'"):
        read_structures([rutile()], on_invalid="drop")
