"""Crystals: files, dicts and ASE Atoms, and what is read from them.

`spelling` is what is read, `gives` the reduced formula and the number of atoms of the cell.
"""

from readings.reading import Reading

__all__ = ["CRYSTALS", "cif", "poscar"]

NACL = "Na1 0 0 0\nCl1 .5 .5 .5"

#: All eight atoms of the cell of rock salt.
ALL_ATOMS = "\n".join(
    f"Na{i} {x} {y} {z}\nCl{i} {x + 0.5} {y} {z}"
    for i, (x, y, z) in enumerate([(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)])
)


def cif(sites=NACL, *tags, operations=(), columns=("label",), a=5.64, angle=90):
    """Return the text of a CIF with these tags and sites, whose label comes first."""
    lines = [
        "data_x",
        *(f"_cell_length_{each} {a}" for each in "abc"),
        *(f"_cell_angle_{each} {angle}" for each in ("alpha", "beta", "gamma")),
        *tags,
    ]
    if operations:
        lines += ["loop_", "_symmetry_equiv_pos_as_xyz", *(f"'{each}'" for each in operations)]
    names = [columns[0], "fract_x", "fract_y", "fract_z", *columns[1:]]
    return "\n".join([*lines, "loop_", *(f"_atom_site_{each}" for each in names), sites, ""])


def poscar(
    coordinates="0 0 0\n.5 .5 .5", *, scale=1.0, symbols="Na Cl", counts="1 1", mode="Direct"
):
    """Return the text of a POSCAR with a cubic cell of 5.64 Å."""
    names = [symbols] if symbols else []
    cell = ["5.64 0 0", "0 5.64 0", "0 0 5.64"]
    return "\n".join(["salt", str(scale), *cell, *names, counts, mode, coordinates, ""])


def group(symbol):
    return f"_symmetry_space_group_name_H-M '{symbol}'"


FOUR = ("_chemical_formula_sum 'Na Cl'", "_cell_formula_units_Z 4")
FCC = group("F m -3 m")
OCCUPIED = ("label", "occupancy")

CRYSTALS: tuple[Reading, ...] = (
    # Space groups.
    Reading("CIF, space group", cif(NACL, group("F m -3 m")), "NaCl, 8 atoms", shown="F m -3 m"),
    Reading(
        "CIF, space group", cif(NACL, group("F m 3 m")), "NaCl, 8 atoms", shown="F m 3 m (old)"
    ),
    Reading(
        "CIF, space group",
        cif(NACL, group("Fm-3m")),
        "NaCl, 8 atoms",
        shown="Fm-3m, without spaces",
    ),
    Reading(
        "CIF, space group",
        cif("Si1 .125 .125 .125", group("F d -3 m :2")),
        "Si, 8 atoms",
        shown="F d -3 m :2",
    ),
    Reading(
        "CIF, space group",
        cif("Si1 0 0 0", group("F d -3 m S")),
        "Si, 8 atoms",
        shown="F d -3 m S (origin 1; Z is origin 2)",
    ),
    Reading(
        "CIF, space group",
        cif("Si1 0 0 0", group("F d -3 m"), "_chemical_formula_sum Si", "_cell_formula_units_Z 8"),
        "Si, 8 atoms",
        shown="F d -3 m, formula and Z, which tell the origin",
    ),
    Reading(
        "CIF, space group",
        cif("Si1 0 0 0", group("F d -3 m")),
        refused="several settings",
        shown="F d -3 m alone, which has two origins",
    ),
    Reading(
        "CIF, space group",
        cif("As1 .227 .227 .227", group("R -3 m"), a=4.13, angle=54.1),
        "As, 2 atoms",
        shown="R -3 m with a rhombohedral cell",
    ),
    Reading(
        "CIF, space group",
        cif("Po1 0 0 0", group("R -3 m H")),
        refused="does not have the symmetry of its space group",
        shown="R -3 m H (hexagonal) with a cubic cell",
    ),
    Reading(
        "CIF, space group",
        cif(NACL, "_space_group_IT_number 225"),
        "NaCl, 8 atoms",
        shown="number 225 alone",
    ),
    Reading(
        "CIF, space group",
        cif(NACL, "_space_group_name_Hall '-F 4 2 3'"),
        "NaCl, 8 atoms",
        shown="Hall symbol -F 4 2 3 alone",
    ),
    Reading(
        "CIF, space group",
        cif(NACL, group("Q m 3 m")),
        refused="its space group Q m 3 m is unknown",
        shown="Q m 3 m, which is unknown",
    ),
    Reading(
        "CIF, space group",
        cif(NACL, FCC, "_symmetry_Int_Tables_number 221"),
        refused="several settings",
        shown="F m -3 m with number 221",
    ),
    Reading(
        "CIF, space group",
        cif(NACL, FCC, operations=["x,y,z"]),
        "NaCl, 8 atoms",
        shown="F m -3 m with one operation",
    ),
    Reading(
        "CIF, space group",
        cif(ALL_ATOMS, FCC, operations=["x,y,z"]),
        "NaCl, 8 atoms",
        shown="F m -3 m with one operation and all atoms",
    ),
    Reading(
        "CIF, space group",
        cif("Na1 .1 .2 .3", group("P2(1)2(1)2(1)")),
        "Na, 4 atoms",
        shown="P2(1)2(1)2(1), as SHELX has it",
    ),
    Reading("CIF, space group", cif(NACL, group("P 1")), "NaCl, 2 atoms", shown="P 1"),
    Reading("CIF, space group", cif(NACL), "NaCl, 2 atoms", shown="no group, no operations"),
    Reading(
        "CIF, space group",
        cif(NACL, *FOUR),
        refused="its cell has 1 times the formula that it states, but it states 4 formula units",
        shown="no group, two atoms, but NaCl and Z = 4",
    ),
    # Numbers and sites.
    Reading(
        "CIF, sites",
        cif("Na1 0.000(2) 0 0\nCl1 .500(1) .5 .5", a="5.640(3)"),
        "NaCl, 2 atoms",
        shown="5.640(3)",
    ),
    Reading(
        "CIF, sites",
        cif("Zn1 .333 .667 0\nO1 .333 .667 .38", group("P 63 m c"), a=3.25).replace(
            "_cell_angle_gamma 90", "_cell_angle_gamma 120"
        ),
        "ZnO, 4 atoms",
        shown="0.333 and 0.667 on a threefold axis, which mean 1/3 and 2/3",
    ),
    Reading(
        "CIF, sites",
        cif("1 0 0 0\nCl1 .5 .5 .5"),
        refused="site 1 does not name an element",
        shown="label 1 without a type symbol",
    ),
    Reading(
        "CIF, sites",
        cif("Na1 0 0 0 .\nCl1 .5 .5 .5 ?", columns=OCCUPIED),
        "NaCl, 2 atoms",
        shown="occupancy . or ?",
    ),
    Reading(
        "CIF, sites",
        cif("O1 0 0 0 .9\nH1 0 0 0 .1\nCl1 .5 .5 .5 1", columns=OCCUPIED),
        "H0.1ClO0.9, 2 atoms",
        shown="O 0.9 and H 0.1 at one site, disorder='average'",
    ),
    Reading(
        "CIF, sites",
        cif("Na1 0 0 0 .34\nK1 0 0 0 .67\nCl1 .5 .5 .5 1", columns=OCCUPIED),
        "K0.66336634Na0.33663366Cl, 2 atoms",
        shown="occupancies that add up to 1.01, disorder='average'",
    ),
    Reading(
        "CIF, sites",
        cif("Na1 0 0 0 1.1\nCl1 .5 .5 .5 1", columns=OCCUPIED),
        refused="the occupancy of site Na1 is 1.1, not between 0 and 1",
        shown="occupancy 1.1",
    ),
    Reading(
        "CIF, sites",
        cif("Na1 ? 0 0\nCl1 .5 .5 .5"),
        refused="the coordinate x of site Na1 is '?', not a number",
        shown="coordinate ?",
    ),
    Reading(
        "CIF, sites",
        cif("Na1 0 0 0\nNa2 0 0 0\nCl1 .5 .5 .5"),
        refused="Two rows may be one site: Na1 and Na2",
        shown="a site that is listed twice",
    ),
    Reading(
        "CIF, sites",
        cif("T1 0 0 0\nO1 .5 .5 .5"),
        refused="site T1 does not name an element",
        shown="label T1 without a type symbol",
    ),
    Reading(
        "CIF, form",
        cif().replace("_fract_", "_Cartn_"),
        refused="it has Cartesian coordinates",
        shown="Cartesian coordinates",
    ),
    Reading(
        "CIF, form",
        cif().replace("_cell_", "_cell.").replace("_atom_site_", "_atom_site."),
        refused="it is an mmCIF file",
        shown="mmCIF",
    ),
    Reading("CIF, form", "\ufeff" + cif(), "NaCl, 2 atoms", shown="a byte-order mark"),
    Reading(
        "CIF, form",
        cif().replace("_cell_length", "_CELL_LENGTH").replace("data_", "DATA_"),
        "NaCl, 2 atoms",
        shown="tags in capital letters",
    ),
    Reading("CIF, form", cif() + cif(), refused="it holds 2 structures", shown="two crystals"),
    # POSCAR.
    Reading("POSCAR", poscar(), "NaCl, 2 atoms", shown="VASP 5: a line of symbols"),
    Reading(
        "POSCAR",
        poscar(symbols="Na_pv/f474ac0d  Cl/79d9987ad87"),
        "NaCl, 2 atoms",
        shown="VASP 6.4: Na_pv/f474ac0d",
    ),
    Reading(
        "POSCAR",
        poscar("0 0 0 T T F\n.5 .5 .5 F F F", mode="Selective dynamics\nDirect"),
        "NaCl, 2 atoms",
        shown="selective dynamics",
    ),
    Reading(
        "POSCAR",
        poscar("0 0 0\n2.82 2.82 2.82", scale=-1435.249, mode="Cartesian"),
        "NaCl, 2 atoms",
        shown="a volume (negative scale), Cartesian",
    ),
    Reading(
        "POSCAR",
        poscar("0 0 0 Na\n.5 .5 .5 Cl", symbols=""),
        "NaCl, 2 atoms",
        shown="VASP 4 with symbols behind the coordinates",
    ),
    Reading(
        "POSCAR", poscar(symbols=""), refused="it names no elements", shown="VASP 4, no symbols"
    ),
    Reading(
        "POSCAR",
        poscar(counts="999999999 1"),
        refused="it counts 1,000,000,000 atoms, but has 2 lines of coordinates",
        shown="more atoms counted than listed",
    ),
    Reading(
        "POSCAR",
        poscar(counts="1 0"),
        refused="it counts 1 atoms, but has 2 lines of coordinates",
        shown="fewer atoms counted than listed",
    ),
    # Others.
    Reading(
        "dict",
        {
            "lattice": {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]},
            "sites": [{"species": [{"element": "Fe", "occu": 1}], "abc": [0, 0, 0]}],
        },
        "Fe, 1 atoms",
        shown="Structure.as_dict()",
    ),
    Reading("dict", {"sites": []}, refused="it lacks 'lattice'", shown="without a lattice"),
    Reading("other", "nowhere.cif", refused="no file has this name", shown="nowhere.cif"),
    Reading("other", None, refused="missing value", shown="None"),
)
