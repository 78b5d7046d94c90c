"""CIF: read by pymatgen, with what it guesses or passes over decided here."""

import re

import numpy as np
from pymatgen.core import Composition
from pymatgen.core.operations import SymmOp
from pymatgen.io.cif import CifBlock, CifParser, str2float
from scipy.spatial import cKDTree

from skmat.exceptions import InvalidInputError
from skmat.structure._cif_symmetry import choose_operations
from skmat.structure._neighbors import into_cell

__all__ = ["structure_from_cif"]

#: Tags of a block that describes a crystal.
_TAGS_OF_A_CRYSTAL = "_cell_length_a", "_atom_site_fract_x"

#: What a file must have to be read.
_REQUIRED = (
    "_cell_length_a",
    "_atom_site_label",
    *(f"_atom_site_fract_{each}" for each in "xyz"),
)

_TAG = re.compile(r"(?im)^[ \t]*_(cell|atom_site|chemical|symmetry_equiv|space_group_symop)_\w+")

#: A value of several lines.
_TEXT_FIELD = re.compile(r"(?ms)^;.*?^;")

#: A word that begins a block or a loop, in any case.
_WORD = re.compile(r"(?im)^([ \t]*)(data_|loop_)")

_AXES = "xyz"

#: Quotes in a line. Lines have at most 2,048 letters.
_QUOTES = 1000

#: Occupancies are written with two or three digits: those of one site may add up to so much.
_MOST_OCCUPANCY = 1.01

#: Sites of the file times operations of its group. pymatgen compares all of them with each other.
_MOST_IMAGES = 20_000

#: Special positions are written with two decimals at least: 0.33 and 0.67 for 1/3 and 2/3. Images
#: of such a site are apart by so much at most, in fractions of the cell and in Å.
_ROUNDED_PLACE = 0.012
_ROUNDED_AWAY = 0.2

#: Formulas are written with two or three decimals: the atoms of an element may be by so much more
#: than the formula says than those of another.
_ROUNDING = 1.02


class _Parser(CifParser):
    """pymatgen's parser with operations that are given to it."""

    operations: list[SymmOp] | None = None

    def get_symops(self, data):
        """Return the operations that were chosen for the file."""
        return super().get_symops(data) if self.operations is None else self.operations


def structure_from_cif(text):
    """Return the crystal of a CIF, a pymatgen Structure.

    Raises
    ------
    InvalidInputError
        If it holds several crystals, or none that can be read; or if the atoms do not agree with
        what the file says of them: formula, formula units per cell, multiplicities.
    """
    block = _with_common_tags(_block_of_the_crystal(text))
    try:
        # The formula is checked here, after the hydrogen.
        parser = _Parser.from_str(block, occupancy_tolerance=_MOST_OCCUPANCY, check_cif=False)
    except (ValueError, ZeroDivisionError) as error:
        raise InvalidInputError(
            f"one of its loops has no rows, or a row that is cut off ({error})"
        ) from error
    data: dict = next(iter(parser.as_dict().values()), {})
    _check_sites(data, parser)
    if getattr(parser, "feature_flags", {}).get("magcif"):
        return _read(parser, data, None)
    lattice = parser.get_lattice(CifBlock(data, [], ""))
    if lattice is None:
        raise InvalidInputError("it lacks lengths or angles of the cell")
    return _chosen(parser, data, lattice)


def _chosen(parser, data, lattice):
    """Return the crystal; images of a site that only rounding tells apart are one atom."""

    def read(operations):
        return _read(parser, data, operations)

    structure, fault = None, None
    try:
        structure = choose_operations(data, lattice, read)
    except InvalidInputError as error:
        fault = error
    tolerance = min(_ROUNDED_PLACE, _ROUNDED_AWAY / max(lattice.abc))
    if structure is not None and not _has_close_images(structure, tolerance):
        return structure
    parser._site_tolerance = tolerance
    try:
        merged = choose_operations(data, lattice, read, tolerance)
    except ValueError:
        merged = None
    if merged is not None and not _has_close_images(merged, tolerance):
        return merged
    if fault is not None:
        raise fault
    return structure


def _has_close_images(structure, tolerance):
    """Tell whether full sites are so close that they can be images of one."""
    if not structure.is_ordered:
        return False  # two places of one atom
    tree = cKDTree(into_cell(structure.frac_coords), boxsize=1)
    return tree.count_neighbors(tree, tolerance, p=np.inf) > len(structure)


def _block_of_the_crystal(text):
    """Return the block with the cell and the sites; several of them are refused."""
    # A macron over a digit is the minus of a symbol, and pymatgen leaves out what is not ASCII.
    text = re.sub("(\\d)[\u0304\u0305]|\u00af(\\d)", r"-\1\2", text.lstrip("\ufeff"))
    # pymatgen's time grows with the square of empty lines, and of quotes in a line.
    lines = [line for each in text.splitlines() if (line := each.rstrip())]
    text = "\n".join(lines)
    crowded = next((line for line in lines if line.count("'") + line.count('"') > _QUOTES), None)
    if crowded is not None:
        raise InvalidInputError(f"a line has more than {_QUOTES} quotes: {crowded[:40]}...")
    text = _WORD.sub(lambda found: found[0].lower(), text)
    # To pymatgen these words have their meaning in text, too, which can be another CIF.
    text = _TEXT_FIELD.sub(lambda found: _WORD.sub(r"\1(\2)", found[0]), text)
    parts = re.split(r"(?m)^[ \t]*data_", text)
    found = [each for each in parts if _is_crystal(each)]
    if len(found) > 1:
        names = ", ".join((each.split(maxsplit=1) or ["?"])[0] for each in found[:5])
        raise InvalidInputError(f"it holds {len(found)} crystals ({names}); give them one by one")
    if not found:
        raise InvalidInputError(_why_no_crystal(text))
    # What comes before the first block has no name.
    return f"data_{found[0]}" if found[0] is not parts[0] else f"data_\n{found[0]}"


def _is_crystal(block):
    tags = _TEXT_FIELD.sub("", block).lower()
    return all(tag in tags for tag in _TAGS_OF_A_CRYSTAL)


def _why_no_crystal(text):
    lower = text.lower()
    if "_cell.length_a" in lower or "_atom_site.cartn_x" in lower:
        return (
            "it is an mmCIF file, whose tags have full stops (_cell.length_a); convert it to a"
            " CIF of the core dictionary"
        )
    if "_atom_site_cartn_x" in lower:
        return (
            "it has Cartesian coordinates (_atom_site_Cartn_x); convert them to fractions of the"
            " cell (_atom_site_fract_x)"
        )
    lacking = [tag for tag in _TAGS_OF_A_CRYSTAL if tag not in lower]
    if lacking:
        return f"it lacks {' and '.join(lacking)}; it may be cut off"
    return "none of its blocks has both a cell and sites"


def _with_common_tags(block):
    """Return the text with the tags that pymatgen needs, in its spelling."""
    if any(tag not in block for tag in _REQUIRED):
        # The case of tags has no meaning.
        block = _TAG.sub(lambda found: found[0].lower(), block)
    if "_atom_site_label" not in block:
        block = block.replace("_atom_site_type_symbol", "_atom_site_label")
    lacking = [tag for tag in _REQUIRED if tag not in block]
    if lacking:
        raise InvalidInputError(f"it lacks {', '.join(lacking)}")
    return block


def _check_sites(data, parser):
    """Refuse sites without a place or an element, and settle what is left open."""
    labels = _column(data, "_atom_site_label")
    _check_images(len(labels), 1)
    for axis in _AXES:
        for label, value in zip(labels, _column(data, f"_atom_site_fract_{axis}"), strict=False):
            # pymatgen takes a full stop, which means that there is no value, for 0.
            if value.strip() == "." or not _is_number(value):
                raise InvalidInputError(
                    f"the coordinate {axis} of site {label} is {value!r}, not a number; correct"
                    " it or remove the site"
                )
    occupancies = data.get("_atom_site_occupancy")
    for place, value in enumerate(occupancies if isinstance(occupancies, list) else ()):
        if value.strip() in (".", "?"):
            occupancies[place] = "1"  # the default of the dictionary; "." is 0 to pymatgen
        elif not _is_number(value):
            raise InvalidInputError(
                f"the occupancy of site {labels[place]} is {value!r}, not a number; correct it"
            )
        elif not 0 <= str2float(value) <= _MOST_OCCUPANCY:
            raise InvalidInputError(
                f"the occupancy of site {labels[place]} is {value}; occupancies are from 0 to 1"
            )
    kinds = _column(data, "_atom_site_type_symbol") or labels
    for place, (label, kind) in enumerate(zip(labels, kinds, strict=False)):
        if kind.strip() in (".", "?"):
            kinds[place] = kind = label
        if re.match(r"OH|Wat|wat|O-H|NO3", kind):
            raise InvalidInputError(
                f"site {label} stands for a group of atoms, {kind}; list each of its atoms, with"
                " _atom_site_type_symbol"
            )
        if re.match(r"(Vac|T\d*$)" if kinds is labels else r"(Va|Vac|T)\d*$", kind):
            raise InvalidInputError(
                f"site {label} does not name an element, but {kind}; write its element in"
                " _atom_site_type_symbol, or leave out a vacancy"
            )
        if not parser._parse_symbol(kind):  # pymatgen leaves it out
            raise InvalidInputError(
                f"site {label} does not name an element; write it in _atom_site_type_symbol"
            )


def _check_images(n_sites, n_operations):
    if n_sites * n_operations > _MOST_IMAGES:
        raise InvalidInputError(
            f"its {n_sites:,} sites have {n_sites * n_operations:,} images under its operations;"
            f" files of more than {_MOST_IMAGES:,} are not read"
        )


def _column(data, tag):
    values = data.get(tag, [])
    return [values] if isinstance(values, str) else values


def _is_number(text):
    try:
        return np.isfinite(str2float(text))
    except ValueError:
        return False


def _read(parser, data, operations):
    """Return the crystal with these operations, or those that pymatgen finds."""
    _check_images(len(_column(data, "_atom_site_label")), len(operations or "x"))
    parser.operations = operations
    try:
        structure = parser.parse_structures(primitive=False, on_error="raise")[0]
    except (ValueError, KeyError) as error:
        reason = str(error).partition("in CIF.\n")[2] or str(error)
        if "exceeded tolerance" in reason:
            reason = f"{reason} Two rows may be one site" + _crowded(data)
        raise InvalidInputError(reason) from error
    structure = _with_hydrogen(structure)
    _check_formula(parser, structure)
    return structure


def _with_hydrogen(structure):
    """Return the crystal with the hydrogen that oxygen shares a site with.

    pymatgen takes such hydrogen for that of a hydroxyl group and leaves it out.
    """
    hidden = structure.site_properties.get("implicit_hydrogens")
    if hidden:
        for index, hydrogen in enumerate(hidden):
            if hydrogen:
                site = structure[index]
                if site.species.num_atoms + hydrogen > _MOST_OCCUPANCY:
                    raise InvalidInputError(
                        f"oxygen and hydrogen are at one place, {site.label}, and their"
                        " occupancies add up to more than 1; correct one of them"
                    )
                site.species = Composition({**site.species.as_dict(), "H": hydrogen})
        for site in structure:
            site.properties.pop("implicit_hydrogens", None)
    return structure


def _check_formula(parser, structure):
    """Refuse a crystal whose elements are not in the proportion of the formula."""
    said = parser.check(structure) or ""
    if said.startswith("Missing elements"):
        if "CIF-reported" in said:
            raise InvalidInputError("it has atoms of elements that its formula lacks")
        raise InvalidInputError(
            "some elements of the formula that it states have no atoms; it may be cut off, or"
            " lack hydrogen"
        )
    if said.startswith("Incorrect stoichiometry") and not _is_rounded(said):
        raise InvalidInputError(
            "its atoms do not add up to the formula that it states; it may be cut off (if they"
            " are right, give it as a pymatgen Structure)"
        )


def _is_rounded(message):
    """Tell whether atoms and formula differ by decimals alone.

    pymatgen's message lists, for each element, how often the structure has what the formula says.
    """
    _, _, listed = message.partition("ratios=")
    ratios = [float(ratio) for ratio in re.findall(r"(?<=[ (])\d[\d.e+-]*", listed)]
    return len(ratios) > 1 and 0 < max(ratios) <= _ROUNDING * min(ratios)


def _crowded(data):
    """Return the labels of two rows with the same coordinates, as the end of a sentence."""
    labels = _column(data, "_atom_site_label")
    columns = [_column(data, f"_atom_site_fract_{axis}") for axis in _AXES]
    first: dict[tuple, str] = {}
    for label, *place in zip(labels, *columns, strict=False):
        key = tuple(round(str2float(value) % 1, 3) for value in place)
        if key in first:
            return f": {first[key]} and {label}."
        first[key] = label
    return "."
