import numpy as np
import pytest
from common.materials import triclinic
from readings.crystals import poscar

from skmat.exceptions import InvalidStructureError
from skmat.structure import read_structures


def test_a_volume_scales_cartesian_coordinates_too():
    # 5.64 Å cubed is 179.4; eight times this doubles the cell.
    texts = [
        poscar("0 0 0\n2.82 2.82 2.82", scale=-8 * 5.64**3, mode="Cartesian"),
        poscar("0 0 0\n2.82 2.82 2.82", scale=-8 * 5.64**3, mode="Selective dynamics\nkartesisch"),
        poscar(scale=-8 * 5.64**3),
        poscar("0 0 0\n2.82 2.82 2.82", scale=2.0, mode="Cartesian"),
    ]
    structures, _ = read_structures(texts)
    for lattice in structures.lattice:
        np.testing.assert_allclose(lattice, 11.28 * np.eye(3), rtol=1e-12)
    np.testing.assert_allclose(structures.frac[1::2], 0.5)


def test_counts_are_compared_before_anything_is_made():
    texts = [
        poscar(counts="999999999 1"),
        poscar(counts="1 999999999999"),
        poscar(counts="999_999_999 1"),
        poscar(counts="1 3"),
        poscar(counts="1 0"),
        poscar(counts="-1 3"),
        poscar(counts="1 1 1"),
        poscar(symbols="Na Cl K"),
        poscar(symbols="Na Cl\nNa Cl", counts="1 1\n1 999999999"),
        poscar(symbols="", counts="999999999"),
    ]
    with pytest.raises(InvalidStructureError) as error:
        read_structures(texts)
    reasons = [reason for _, _, reason in error.value.problems]
    assert "it counts 1,000,000,000 atoms, but has 2 lines" in reasons[0]
    assert "does not hold the numbers of atoms" in reasons[2]
    assert "it counts 1 atoms, but has 2 lines" in reasons[4]
    assert "it counts -1 atoms of an element" in reasons[5]
    assert "it names 2 elements, but counts the atoms of 3" in reasons[6]


def test_common_layouts_are_read():
    four = "0 0 0\n.5 .5 .5\n0 .5 .5\n.5 0 0"
    texts = [
        poscar(),
        poscar().replace("\n", "\r\n"),
        "\ufeff" + poscar(),
        poscar("0 0 0 # sodium\n.5 .5 .5 # chlorine"),
        poscar("0 0 0\n.5 .5 .5\n\n0 0 0\n0 0 0"),  # velocities
        poscar("0 0 0 Na\n.5 .5 .5 Cl"),
        poscar(four, symbols="Na Cl\nNa Cl", counts="1 1\n1 1"),
        poscar(four, symbols="Na_pv/f47 Cl/79d\nNa_pv/f47 Cl/79d", counts="1 1\n1 1"),
        poscar("0 0-0.0\n.5 .5 .5"),
    ]
    structures, _ = read_structures(texts)
    assert set(structures.formulas()) == {"NaCl"}


def test_comments_behind_numbers_are_left_out():
    text = poscar().replace("1.0\n", "1.0 ! scale\n").replace("0 5.64 0\n", "0 5.64 0 # b\n")
    cartesian = poscar("0 0 0\n2.82 2.82 2.82", mode="Cartesian", scale="-179.406144 ! Å^3")
    structures, _ = read_structures([text, cartesian])
    for structure in structures:
        np.testing.assert_allclose(structure.lattice.abc, 5.64)
        np.testing.assert_allclose(structure.frac_coords[1] % 1, 0.5, atol=1e-6)


def test_crystals_come_back():
    crystal = triclinic(3, 9).get_sorted_structure()
    structures, _ = read_structures([crystal.to(fmt="poscar"), crystal])
    np.testing.assert_allclose(structures.frac[:9], structures.frac[9:], atol=1e-10)
