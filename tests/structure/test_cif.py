import numpy as np
import pytest
import spglib
from common.materials import rock_salt, rutile
from pymatgen.core import Lattice, Structure
from pymatgen.core.operations import SymmOp
from readings.crystals import ALL_ATOMS, NACL, cif, group

from skmat.datasets import fetch_matminer
from skmat.exceptions import InvalidStructureError
from skmat.structure import StructureArrays, read_structures
from skmat.structure._cif_symmetry import _are_equal

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:spglib.*")

#: A special position and a general one.
SITES = (("Na", (0.0, 0.0, 0.0)), ("Cl", (0.1237, 0.0719, 0.1911)))

#: Settings of which each tells another difference: centrings, origins, axes, rhombohedral cells.
HALLS = (2, 9, 57, 81, 82, 85, 90, 99, 112, 191, 228, 229, 266, 292, 294, 304, 322, 335, 336)
HALLS += (359, 360, 404, 419, 426, 427, 433, 434, 445, 458, 459, 460, 488, 501, 517, 523, 525, 526)


def lattice_of(group_type):
    number, choice = group_type.number, group_type.choice
    if number <= 2:
        return Lattice.from_parameters(5.1, 6.3, 7.9, 81, 97, 105)
    if number <= 15:
        angles = {"a": (98, 90, 90), "b": (90, 98, 90), "c": (90, 90, 98)}
        return Lattice.from_parameters(8.1, 9.3, 10.9, *angles[choice.lstrip("-")[0]])
    if number <= 74:
        return Lattice.orthorhombic(8.1, 9.3, 10.9)
    if number <= 142:
        return Lattice.tetragonal(8.1, 10.9)
    if choice == "R":
        return Lattice.rhombohedral(8.1, 75)
    return Lattice.hexagonal(8.1, 12.9) if number <= 194 else Lattice.cubic(12.3)


def made(hall):
    """Return the type of a setting, a crystal of it, and its operations as a CIF has them."""
    group_type = spglib.get_spacegroup_type(hall)
    found = spglib.get_symmetry_from_database(hall)
    species, places = [], []
    for element, place in SITES:
        images = np.unique(
            ((found["rotations"] @ place + found["translations"]) % 1).round(6), axis=0
        )
        species += [element] * len(images)
        places += list(images)
    pairs = zip(found["rotations"], found["translations"], strict=True)
    operations = [SymmOp.from_rotation_and_translation(*pair).as_xyz_str() for pair in pairs]
    return group_type, Structure(lattice_of(group_type), species, places), operations


def written(crystal, *tags, operations=()):
    sites = "\n".join(f"{element} {x} {y} {z}" for element, (x, y, z) in SITES)
    text = cif(sites, *tags, operations=operations)
    lattice = crystal.lattice
    for name, length, angle, value in zip(
        "abc", lattice.abc, ("alpha", "beta", "gamma"), lattice.angles, strict=True
    ):
        text = text.replace(f"_length_{name} 5.64", f"_length_{name} {length:.6f}")
        text = text.replace(f"_angle_{angle} 90", f"_angle_{angle} {value:.6f}")
    return text


@pytest.mark.parametrize("hall", HALLS)
def test_each_name_of_a_group_gives_its_crystal(hall):
    group_type, crystal, operations = made(hall)
    suffix = f" :{group_type.choice[0]}" if group_type.choice[:1] in tuple("12HR") else ""
    symbol = group_type.international_full.replace("_", "")
    named = (
        [group(symbol + suffix)],
        [
            f"_space_group_name_H-M_alt '{symbol}{suffix}'",
            f"_space_group_IT_number {group_type.number}",
        ],
        [f"_space_group_name_Hall '{group_type.hall_symbol}'"],
    )
    texts = [written(crystal, *tags) for tags in named]
    texts += [written(crystal, *tags, operations=["x,y,z"]) for tags in named]
    texts += [written(crystal, *tags, operations=operations) for tags in named]
    structures, _ = read_structures(texts)
    for found in structures:
        assert _are_equal(found, crystal)


@pytest.mark.parametrize("hall", [335, 336, 359, 360, 525, 526])
def test_two_origins_are_never_guessed(hall):
    group_type, crystal, _ = made(hall)
    text = written(crystal, group(group_type.international_short))
    structures, valid = read_structures([text], on_invalid="nan")
    assert not valid[0] or _are_equal(structures[0], crystal)


def test_a_number_stands_in_for_an_unknown_symbol_where_it_says_all():
    unknown = group("Q z 9")
    four = ("_chemical_formula_sum 'Na Cl'", "_cell_formula_units_Z 4")
    texts = [
        cif(NACL, unknown, "_space_group_IT_number 225"),
        cif("Si1 0 0 0", unknown, "_space_group_IT_number 227"),
        cif(NACL, unknown),
        cif(NACL, unknown, *four),
        cif(ALL_ATOMS, unknown, *four),
    ]
    structures, valid = read_structures(texts, on_invalid="nan")
    assert valid.tolist() == [True, False, False, False, True]
    assert structures.n_atoms.tolist() == [8, 8]


def test_formulas_and_multiplicities_tell_the_origin():
    # 1/8 is a place of 8 atoms in the second origin, and of 16 in the first.
    silicon = "Si1 .125 .125 .125"
    counts = ("_chemical_formula_sum Si", "_cell_formula_units_Z 8")
    texts = [
        cif(silicon, group("F d -3 m"), *counts, a=5.43),
        cif(silicon + " 8", group("F d -3 m"), columns=("label", "symmetry_multiplicity"), a=5.43),
    ]
    structures, _ = read_structures(texts)
    assert structures.n_atoms.tolist() == [8, 8]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", ["operations", "number", "symbol", "counts"])
def test_real_crystals_without_operations_are_the_same(data_home, what):
    data = fetch_matminer("elastic", data_home=data_home).data
    rows = range(0, len(data), 60)
    n_read = 0
    for text in (data[row].to(fmt="cif", symprec=0.01) for row in rows):
        start, stop = text.index("loop_\n _symmetry_equiv"), text.index("loop_\n _atom_site")
        bare = text[:start] + text[stop:]
        dropped = {
            "operations": (),
            "number": ("_symmetry_Int_Tables_number",),
            "symbol": ("_symmetry_space_group_name_H-M",),
            "counts": ("_chemical_formula", "_cell_formula_units_Z"),
        }[what]
        lines = [line for line in bare.splitlines() if not line.startswith(dropped or "!")]
        structures, valid = read_structures([text, "\n".join(lines)], on_invalid="nan")
        assert valid[0]
        if valid[1]:
            assert _are_equal(structures[1], structures[0])
            n_read += 1
    assert n_read >= len(rows) - 1


def test_operations_without_the_centring_are_completed():
    point = ["x,y,z", "-x,-y,z", "-x,y,-z", "x,-y,-z", "-x,-y,-z", "x,y,-z", "x,-y,z", "-x,y,z"]
    structures, _ = read_structures(
        [cif(operations=point), cif("Na1 0 0 0", group("I m m m"), operations=point)]
    )
    assert structures.n_atoms.tolist() == [2, 2]


def test_a_group_names_the_type_of_a_primitive_cell_too():
    primitive = rock_salt().get_primitive_structure().to(fmt="cif").replace("'P 1'", "'F m -3 m'")
    named = primitive.replace("P 1", "F m -3 m").replace(
        "Int_Tables_number   1", "Int_Tables_number 225"
    )
    structures, _ = read_structures([named])
    assert structures.n_atoms.tolist() == [2]


def test_the_formula_of_a_cell_counts_once():
    crystals = [rock_salt(), rutile()]
    structures, _ = read_structures([each.to(fmt="cif") for each in crystals])
    assert structures.n_atoms.tolist() == [8, 6]
    half = rutile().to(fmt="cif").replace("_cell_formula_units_Z   2", "_cell_formula_units_Z   4")
    with pytest.raises(InvalidStructureError, match="it states 4 formula units"):
        read_structures([half])


@pytest.mark.parametrize("element", ["O", "F", "N", "Li"])
def test_hydrogen_shares_a_site(element):
    text = cif(
        f"{element}1 0 0 0 .9\nH1 0 0 0 .1\nCl1 .5 .5 .5 1",
        f"_chemical_formula_sum '{element}0.9 H0.1 Cl'",
        columns=("label", "occupancy"),
    )
    structures, _ = read_structures([text], disorder="average")
    assert structures[0].composition.get_el_amt_dict() == {element: 0.9, "H": 0.1, "Cl": 1}
    with pytest.raises(InvalidStructureError, match="disordered"):
        read_structures([text])


def test_faults_name_what_is_wrong():
    bad = {
        "'foo' is not a symmetry operation": cif("Na1 0 0 0", operations=["foo"]),
        "the coordinate z of site Cl1 is '.'": cif("Na1 0 0 0\nCl1 0 0 ."),
        "the occupancy of site Na1 is -0.1": cif("Na1 0 0 0 -0.1", columns=("label", "occupancy")),
        "the occupancy of site Na1 is 'x'": cif("Na1 0 0 0 x", columns=("label", "occupancy")),
        "site OH1 is a group of atoms": cif("OH1 0 0 0"),
        "one of its loops has no rows": cif("Na1 0 0 0\nCl1 0"),
        "it lacks _atom_site_fract_y": cif().replace("_fract_y", "_fract_u"),
        "a line has more than 1000 quotes": cif() + "_x " + "'a " * 2000,
        "more than the limit of 20,000": cif("Na1 0 0 0\n" * 20_001),
        "it lacks lengths or angles of the cell": cif().replace("_angle_beta", "_angle"),
        "site O1 has attached hydrogen (1), but the file lists none": cif(
            "Li1 0 0 0 0\nO1 .5 .5 .5 1", columns=("label", "attached_hydrogens")
        ),
        "_atom_site_occupancy needs a value for each of its 2 sites, but has 1": cif().replace(
            "loop_", "_atom_site_occupancy 1.0\nloop_"
        ),
        "atoms of elements that its formula lacks": cif(
            "Na1 0 0 0\nK1 .5 .5 .5", "_chemical_formula_sum K"
        ),
    }
    with pytest.raises(InvalidStructureError) as error:
        read_structures(bad.values())
    assert error.value.rows == list(range(len(bad)))
    for words, (_, _, reason) in zip(bad, error.value.problems, strict=True):
        assert words in reason


def test_labels_stand_in_for_symbols_and_the_other_way():
    texts = [
        cif("A Na1+ 0 0 0\nB Cl1- .5 .5 .5").replace("_label", "_label\n_atom_site_type_symbol"),
        cif("Na 0 0 0\nCl .5 .5 .5").replace("_label", "_type_symbol"),
        cif("NA1 0 0 0\nCL2A .5 .5 .5"),
        cif("D1 0 0 0\nCl1 .5 .5 .5").replace("D1", "H1"),
    ]
    structures, _ = read_structures(texts)
    assert structures.formulas().tolist() == ["NaCl", "NaCl", "NaCl", "HCl"]


def test_a_site_without_a_loop_is_one_atom():
    values = {"label": "Fe1", "type_symbol": "Fe", "fract_x": ".25", "fract_y": 0, "fract_z": 0}
    text = cif("", group("I m -3 m"), columns=("label", "type_symbol")).replace("loop_\n", "")
    for name, value in values.items():
        text = text.replace(f"_atom_site_{name}", f"_atom_site_{name} {value}")
    texts = [text, text.replace("_atom_site_type_symbol Fe\n", "")]
    structures, _ = read_structures(texts)
    assert structures.formulas(reduced=False).tolist() == ["Fe12", "Fe12"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"])
def test_files_of_any_encoding_are_read(tmp_path, encoding):
    path = tmp_path / "salt.cif"
    path.write_bytes(("# gemessen in Köln\n" + cif()).encode(encoding))
    structures, _ = read_structures([path])
    assert structures.formulas().tolist() == ["NaCl"]


def test_empty_lines_take_no_time():
    text = cif() + "\n" * 300_000
    assert len(read_structures([text])[0]) == 1


def test_what_is_read_is_what_was_written():
    crystals = [rutile(), rock_salt()]
    arrays = StructureArrays.from_structures(crystals)
    structures, _ = read_structures(
        [each.to(fmt="cif", significant_figures=12) for each in crystals]
    )
    np.testing.assert_allclose(structures.frac, arrays.frac, atol=1e-9)


ZINCITE = "Zn1 {0} {1} 0\nO1 {0} {1} .382"


def hexagonal(sites, *tags, columns=("label",), symbol="P 63 m c", a=3.25, c=5.2):
    text = cif(sites, group(symbol), *tags, columns=columns, a=a)
    text = text.replace(f"_cell_length_c {a}", f"_cell_length_c {c}")
    return text.replace("_cell_angle_gamma 90", "_cell_angle_gamma 120")


@pytest.mark.parametrize("place", [("0.33", "0.67"), (".333", ".667"), ("0.3333", "0.6667")])
@pytest.mark.parametrize("stated", ["nothing", "counts", "multiplicities"])
def test_special_positions_are_rounded(place, stated):
    sites, tags, columns = ZINCITE.format(*place), (), ("label",)
    if stated == "counts":
        tags = ("_chemical_formula_sum 'O Zn'", "_cell_formula_units_Z 2")
    if stated == "multiplicities":
        sites = sites.replace("\n", " 2\n") + " 2"
        columns = ("label", "symmetry_multiplicity")
    structures, _ = read_structures([hexagonal(sites, *tags, columns=columns)])
    assert structures[0].formula == "Zn2 O2"
    assert structures[0].is_valid(1.9)


def test_atoms_and_places_that_are_close_are_not_merged():
    # 0.74 Å is a hundredth of a long cell; places of one atom can be closer than atoms.
    hydrogen = cif("H1 .505 .5 .5", group("P -1"), a=30).replace("length_a 30", "length_a 74")
    split = "Ti1 .5 .5 .505 .5\nBa1 0 0 0 1"
    texts = [hydrogen, cif(split, group("P 4/m m m"), columns=("label", "occupancy"), a=4)]
    structures, _ = read_structures(texts, disorder="average")
    assert structures.n_atoms.tolist() == [2, 3]


@pytest.mark.parametrize("place", [("0.33", "0.67"), (".333", ".667"), ("0.3333", "0.6667")])
@pytest.mark.parametrize("occupancy", [0.43, 0.2])
def test_special_positions_of_disordered_crystals_are_rounded(place, occupancy):
    sites = "Co1 0 0 0 1\nO1 {0} {1} .09 1\nNa1 0 0 .25 .23\nNa2 {1} {0} .25 {2}"
    text = hexagonal(
        sites.format(*place, occupancy),
        symbol="P 63/m m c",
        columns=("label", "occupancy"),
        a=2.84,
        c=10.9,
    )
    structures, _ = read_structures([text], disorder="average")
    assert structures.formulas(reduced=False) == [f"Na{2 * (0.23 + occupancy):g}Co2O4"]
    assert structures.n_atoms == [10]


def test_all_atoms_of_a_relaxed_cell_are_not_multiplied():
    generator = np.random.default_rng(0)
    moved = rutile().perturb(0.03, seed=generator)
    sites = "\n".join(
        f"{x.specie.symbol}{i} {'{:.5f} {:.5f} {:.5f}'.format(*x.frac_coords)}"
        for i, x in enumerate(moved)
    )
    tetragonal = cif(sites, group("P 42/m n m"), operations=["x,y,z"], a=moved.lattice.a)
    text = tetragonal.replace(
        f"_cell_length_c {moved.lattice.a}", f"_cell_length_c {moved.lattice.c}"
    )
    structures, _ = read_structures([text])
    assert structures[0].formula == moved.formula


def test_formula_units_of_another_cell_are_no_reason_to_drop_the_group():
    text = cif(NACL, group("F m -3 m"), "_chemical_formula_sum 'Cl Na'", "_cell_formula_units_Z 1")
    with pytest.raises(InvalidStructureError, match="4 times the formula"):
        read_structures([text])


@pytest.mark.parametrize(
    ("symbol", "n_atoms"), [("P2(1)2(1)2(1)", 4), ("P 6(3)/m m c", 24), ("I4(1)/a (2)", 16)]
)
def test_screw_axes_in_parentheses_are_those_of_the_group(symbol, n_atoms):
    text = cif("Na1 .1237 .0719 .1911", group(symbol), a=8.0)
    if "6" in symbol:
        text = hexagonal("Na1 .1237 .0719 .1911", symbol=symbol, a=8.0, c=8.0)
    assert len(read_structures([text])[0][0]) == n_atoms


OTHER_CIF = (
    "_iucr_refine_fcf_details\n;\ndata_x\n_cell_length_a 5.64\nloop_\n_refln_index_h\n1\n;\n"
)
SALT = cif(NACL, group("F m -3 m"))


@pytest.mark.parametrize(
    "text",
    [
        SALT.replace("_cell_length_a", OTHER_CIF + "_cell_length_a"),
        SALT + OTHER_CIF,
        SALT + "data_text\n_publ_section_comment\n;\n _cell_length_a, _atom_site_fract_x\n;\n",
        SALT.replace("loop_", "LOOP_").replace("data_", "DATA_"),
        SALT.replace("\n", "\r"),
        SALT.replace("\n", "\r\n"),
        cif("Na1 ? 0 0 0\nCl1 . .5 .5 .5", group("F m -3 m")).replace(
            "_atom_site_label", "_atom_site_label\n_atom_site_type_symbol"
        ),
    ],
    ids=["embedded", "embedded last", "tags in text", "upper case", "CR", "CRLF", "open symbols"],
)
def test_what_a_file_has_besides_changes_nothing(text):
    assert read_structures([text])[0][0].formula == "Na4 Cl4"


def test_sites_without_an_element_are_not_left_out():
    texts = [cif("1 0 0 0\nCl1 .5 .5 .5"), cif("O1 .1 .1 .1\nH1 .1 .1 .1")]
    with pytest.raises(InvalidStructureError) as caught:
        read_structures(texts)
    assert "site 1 does not name an element" in str(caught.value)
    assert "oxygen and hydrogen share the site" in str(caught.value)


@pytest.mark.parametrize("element", ["H", "N", "O", "F", "Cl"])
@pytest.mark.parametrize("n_atoms", range(1, 8))
def test_diatomic_elements_are_read_as_pymatgen_writes_them(element, n_atoms):
    places = [[0, 0, index / n_atoms] for index in range(n_atoms)]
    structure = Structure(Lattice.tetragonal(3.0, 2.0 * n_atoms), [element] * n_atoms, places)
    structures, _ = read_structures([structure.to(fmt="cif")])
    assert structures.n_atoms.tolist() == [n_atoms]
