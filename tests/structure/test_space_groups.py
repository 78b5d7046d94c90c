import numpy as np
import pytest
import spglib
from pymatgen.core import Lattice
from pymatgen.symmetry.groups import SpaceGroup

from skmat.structure._space_groups import settings_of_hall, settings_of_number, settings_of_symbol

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:spglib.*")


def named(settings):
    return [(each.number, each.choice) for each in settings if each.rank == 0]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("F m 3 m", [(225, "")]),
        ("Ia3d", [(230, "")]),
        ("P a 3", [(205, "")]),
        ("F 4/m -3 2/m", [(225, "")]),
        ("F d -3 m", [(227, "1"), (227, "2")]),
        ("F d -3 m :2", [(227, "2")]),
        ("Fd-3m:1", [(227, "1")]),
        ("F D 3 M S", [(227, "1")]),
        ("F d -3 m Z", [(227, "2")]),
        ("F d -3 m (origin choice 2)", [(227, "2")]),
        ("I 41/a m d Z", [(141, "2")]),
        ("P 4/n", [(85, "1"), (85, "2")]),
        ("P6_3/mmc", [(194, "")]),
        ("P 63/m m c", [(194, "")]),
        ("P21/c", [(14, "b1")]),
        ("P 21/n", [(14, "b2")]),
        ("P 1 1 21/b", [(14, "c3")]),
        ("P b n m", [(62, "cab")]),
        ("C m c a", [(64, "")]),
        ("C m c e", [(64, "")]),
        ("A b m 2", [(39, "")]),
        ("C c c a", [(68, "1"), (68, "2")]),
        ("C c c b :2", [(68, "2ba-c")]),
        ("R -3 m", [(166, "H"), (166, "R")]),
        ("R-3mH", [(166, "H")]),
        ("R -3 c R", [(167, "R")]),
        ("R 3 2 :R", [(155, "R")]),
        ("R 3 2", [(155, "H"), (155, "R")]),
        ("H 3 2", [(155, "H")]),
        ("C -1", [(2, "")]),
        ("P $\\bar{1}$", [(2, "")]),
        ("P 6<sub>3</sub>/m", [(176, "")]),
        ("F m m 9", []),
        ("", []),
    ],
)
def test_symbols_are_read_as_a_crystallographer_does(symbol, expected):
    assert named(settings_of_symbol(symbol)) == expected


def test_all_symbols_of_pymatgen_are_of_their_group():
    for symbol, data in SpaceGroup.sg_encoding.items():
        assert {each.number for each in settings_of_symbol(symbol)} == {data["int_number"]}, symbol
        full = settings_of_symbol(data["full_symbol"])
        assert {each.number for each in full} <= {data["int_number"]}, symbol


def test_all_settings_of_spglib_are_found_by_each_of_their_names():
    for hall in range(1, 531):
        group = spglib.get_spacegroup_type(hall)
        (setting,) = settings_of_hall(group.hall_symbol)
        assert setting.number == group.number
        assert len(setting.operations) == len(spglib.get_symmetry_from_database(hall)["rotations"])
        halls = [each.hall for each in settings_of_symbol(group.international_full)]
        assert hall in halls
        if group.choice[:1] in ("1", "2", "H", "R"):
            suffixed = settings_of_symbol(f"{group.international_full} :{group.choice[0]}")
            assert hall in [each.hall for each in suffixed]
            assert len(suffixed) < len(halls)


def test_a_number_means_the_standard_setting():
    assert named(settings_of_number(14)) == [(14, "b1")]
    assert named(settings_of_number(62)) == [(62, "")]
    assert named(settings_of_number(227)) == [(227, "1"), (227, "2")]
    assert named(settings_of_number(227, "2")) == [(227, "2")]
    assert all(named(settings_of_number(number)) for number in range(1, 231))


def test_a_setting_fits_cells_of_its_metric():
    hexagonal, rhombohedral = settings_of_symbol("R -3 m")
    axes, axis = Lattice.hexagonal(4, 13), Lattice.rhombohedral(4.1, 57)
    assert hexagonal.fits(axes)
    assert not hexagonal.fits(axis)
    assert rhombohedral.fits(axis)
    assert not rhombohedral.fits(axes)
    (cubic,) = settings_of_symbol("F m -3 m")
    assert cubic.fits(Lattice.orthorhombic(5.64, 5.65, 5.63))
    assert not cubic.fits(Lattice.orthorhombic(5.64, 5.64, 6.2))
    assert settings_of_symbol("P -1")[0].fits(Lattice(np.diag([3.0, 4, 5]) + 0.4))
