"""Read CIF with pymatgen, and check what pymatgen guesses or skips."""

import re
from itertools import chain

import numpy as np
from pymatgen.core import Composition
from pymatgen.core.operations import SymmOp
from pymatgen.io.cif import CifBlock, CifParser, str2float
from scipy.spatial import cKDTree

from skmat.exceptions import InvalidInputError
from skmat.structure._cif_symmetry import choose_operations
from skmat.structure._neighbors import into_cell

__all__ = ["structure_from_cif"]

#: Tags of a block that describes a structure.
_TAGS_OF_A_CRYSTAL = "_cell_length_a", "_atom_site_fract_x"

#: Tags that a file must have.
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

#: Quotes in a line. The CIF standard limits lines to 2,048 characters.
_QUOTES = 1000

#: Limit for the sum of occupancies at one site: they have two or three digits.
_MOST_OCCUPANCY = 1.01

#: Limit for sites times operations. pymatgen compares all images with each other.
_MOST_IMAGES = 20_000

#: Largest distance of two images of one site, in fractions of the cell and in Å. Special positions
#: have at least two decimals: 0.33 and 0.67 for 1/3 and 2/3.
_ROUNDED_PLACE = 0.012
_ROUNDED_AWAY = 0.2

#: Rounding changes a coordinate by at most this, in units of its last digit.
_ROUNDED_DIGIT = 0.501

#: Ratio of atoms to formula may differ by this factor between elements: formulas have two or three
#: decimals.
_ROUNDING = 1.02


class _Parser(CifParser):
    """pymatgen's parser, with given symmetry operations.

    Attributes
    ----------
    operations : list of SymmOp or None
        None takes those that pymatgen finds.
    tolerance : float or None
        Images of one site that are closer are one atom if they differ by rounding. In fractions
        of the cell. None takes all images.
    places : dict
        Occupancy and rounding of each site, as `_places` returns them. Needed for `tolerance`.
    """

    operations: list[SymmOp] | None = None
    tolerance: float | None = None
    places: dict
    _site_tolerance: float

    def get_symops(self, data):
        """Return the given operations, or those that pymatgen finds."""
        return super().get_symops(data) if self.operations is None else self.operations

    def _sanitize_data(self, data):
        """Put the values of a site that is written without ``loop_`` into lists."""
        for tag, value in data.data.items():
            if tag.startswith(("_atom_site_", "_atom_type_")) and isinstance(value, str):
                data.data[tag] = [value]
        return super()._sanitize_data(data)

    def _unique_coords(self, coords, magmoms=None, lattice=None, labels=None):
        """Return the images of sites, their moments and labels."""
        if self.tolerance is None:
            return super()._unique_coords(coords, magmoms, lattice, labels)
        exact, found = self._site_tolerance, []
        for place in coords:
            self._site_tolerance = self.tolerance if self._is_rounded(place) else exact
            found.append(super()._unique_coords([place], None, lattice, labels))
        self._site_tolerance = exact
        return tuple(list(chain(*parts)) for parts in zip(*found, strict=True))

    def _is_rounded(self, place):
        """Tell whether close images of a site can only be one atom.

        If the site is at most half occupied, they may also be alternative places of one atom.
        """
        occupancy, rounding = self.places[place]
        if 2 * occupancy > _MOST_OCCUPANCY:
            return True
        moved = np.array([each.operate(place) for each in self.symmetry_operations])
        apart = (moved - place + 0.5) % 1 - 0.5
        near = apart[np.abs(apart).max(axis=1) < self.tolerance]
        return bool((np.abs(near.mean(axis=0)) < rounding).all())


def structure_from_cif(text):
    """Read the text of a CIF into a pymatgen Structure.

    Raises
    ------
    InvalidInputError
        If the text holds several structures or none, or if the atoms disagree with the stated
        formula, formula units per cell or multiplicities.
    """
    block = _with_common_tags(_block_of_the_crystal(text))
    try:
        # The formula is checked below, after the hydrogen is added.
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
    """Return the structure. Images of a site that differ by rounding become one atom."""

    def read(operations):
        return _read(parser, data, operations)

    structure, fault = None, None
    try:
        structure = choose_operations(data, lattice, read)
    except InvalidInputError as error:
        fault = error
    tolerance = min(_ROUNDED_PLACE, _ROUNDED_AWAY / max(lattice.abc))
    if structure is not None and not _has_close_sites(structure, tolerance):
        return structure
    places = _places(data)
    if all(occupancy == 1 for occupancy, _ in places.values()):
        parser._site_tolerance = tolerance
    else:
        parser.tolerance, parser.places = tolerance, places
    try:
        merged = choose_operations(data, lattice, read, tolerance)
    except ValueError:
        merged = None
    if merged is not None and not (merged.is_ordered and _has_close_sites(merged, tolerance)):
        return merged
    if fault is not None:
        raise fault
    return structure


def _has_close_sites(structure, tolerance):
    """Tell whether sites are so close that they may be images of one."""
    tree = cKDTree(into_cell(structure.frac_coords), boxsize=1)
    return tree.count_neighbors(tree, tolerance, p=np.inf) > len(structure)


def _places(data):
    """Return the occupancy of each site and by how much rounding changes its coordinates."""
    columns = [_column(data, f"_atom_site_fract_{axis}") for axis in _AXES]
    occupancies = _column(data, "_atom_site_occupancy") or ["1"] * len(columns[0])
    found: dict[tuple, tuple] = {}
    for occupancy, *texts in zip(occupancies, *columns, strict=True):
        place = tuple(str2float(text) for text in texts)
        decimals = [len(text.partition("(")[0].partition(".")[2]) for text in texts]
        before, _ = found.get(place, (0.0, None))
        found[place] = before + str2float(occupancy), _ROUNDED_DIGIT / 10.0 ** np.array(decimals)
    return found


def _block_of_the_crystal(text):
    """Return the one block with a cell and sites."""
    # A macron over a digit is a minus, but pymatgen drops characters beyond ASCII.
    text = re.sub("(\\d)[\u0304\u0305]|\u00af(\\d)", r"-\1\2", text.lstrip("\ufeff"))
    # pymatgen's time grows with the square of the number of empty lines, and of quotes in a line.
    lines = [line for each in text.splitlines() if (line := each.rstrip())]
    text = "\n".join(lines)
    crowded = next((line for line in lines if line.count("'") + line.count('"') > _QUOTES), None)
    if crowded is not None:
        raise InvalidInputError(f"a line has more than {_QUOTES} quotes: {crowded[:40]}...")
    text = _WORD.sub(lambda found: found[0].lower(), text)
    # pymatgen also obeys these words in text fields, which may quote another CIF.
    text = _TEXT_FIELD.sub(lambda found: _WORD.sub(r"\1(\2)", found[0]), text)
    parts = re.split(r"(?m)^[ \t]*data_", text)
    found = [each for each in parts if _is_crystal(each)]
    if len(found) > 1:
        names = ", ".join((each.split(maxsplit=1) or ["?"])[0] for each in found[:5])
        raise InvalidInputError(f"it holds {len(found)} structures ({names}): pass one at a time")
    if not found:
        raise InvalidInputError(_why_no_crystal(text))
    # The text before the first block has no name.
    return f"data_{found[0]}" if found[0] is not parts[0] else f"data_\n{found[0]}"


def _is_crystal(block):
    tags = _TEXT_FIELD.sub("", block).lower()
    return all(tag in tags for tag in _TAGS_OF_A_CRYSTAL)


def _why_no_crystal(text):
    lower = text.lower()
    if "_cell.length_a" in lower or "_atom_site.cartn_x" in lower:
        return (
            "it is an mmCIF file, with tags such as _cell.length_a: convert it to a CIF of the"
            " core dictionary"
        )
    if "_atom_site_cartn_x" in lower:
        return (
            "it has Cartesian coordinates (_atom_site_Cartn_x): convert them to fractions of the"
            " cell (_atom_site_fract_x)"
        )
    lacking = [tag for tag in _TAGS_OF_A_CRYSTAL if tag not in lower]
    if lacking:
        return f"it lacks {' and '.join(lacking)}: the file may be cut off"
    return "none of its blocks has both a cell and sites"


def _with_common_tags(block):
    """Return the text with tags as pymatgen spells them."""
    if any(tag not in block for tag in _REQUIRED):
        # Tags are case-insensitive.
        block = _TAG.sub(lambda found: found[0].lower(), block)
    if "_atom_site_label" not in block:
        block = block.replace("_atom_site_type_symbol", "_atom_site_label")
    lacking = [tag for tag in _REQUIRED if tag not in block]
    if lacking:
        raise InvalidInputError(f"it lacks {', '.join(lacking)}")
    return block


def _check_sites(data, parser):
    """Refuse sites without coordinates or element, and fill in defaults."""
    labels = _column(data, "_atom_site_label")
    _check_images(len(labels), 1)
    for tag in (*_REQUIRED[1:], "_atom_site_type_symbol", "_atom_site_occupancy"):
        n_values = len(_column(data, tag))
        if tag in data and n_values != len(labels):
            raise InvalidInputError(
                f"{tag} needs a value for each of its {len(labels)} sites, but has {n_values}"
            )
    for axis in _AXES:
        for label, value in zip(labels, _column(data, f"_atom_site_fract_{axis}"), strict=False):
            # A full stop means no value. pymatgen reads it as 0.
            if value.strip() == "." or not _is_number(value):
                raise InvalidInputError(
                    f"the coordinate {axis} of site {label} is {value!r}, not a number: correct"
                    " it or remove the site"
                )
    occupancies = data.get("_atom_site_occupancy")
    for place, value in enumerate(occupancies if isinstance(occupancies, list) else ()):
        if value.strip() in (".", "?"):
            occupancies[place] = "1"  # the default of CIF. pymatgen reads "." as 0.
        elif not _is_number(value):
            raise InvalidInputError(
                f"the occupancy of site {labels[place]} is {value!r}, not a number: correct it"
            )
        elif not 0 <= str2float(value) <= _MOST_OCCUPANCY:
            raise InvalidInputError(
                f"the occupancy of site {labels[place]} is {value}, not between 0 and 1"
            )
    kinds = _column(data, "_atom_site_type_symbol") or labels
    for place, (label, kind) in enumerate(zip(labels, kinds, strict=False)):
        if kind.strip() in (".", "?"):
            kinds[place] = kind = label
        if re.match(r"OH|Wat|wat|O-H|NO3", kind):
            raise InvalidInputError(
                f"site {label} is a group of atoms, {kind}: list each of its atoms, with"
                " _atom_site_type_symbol"
            )
        if re.match(r"(Vac|T\d*$)" if kinds is labels else r"(Va|Vac|T)\d*$", kind):
            raise InvalidInputError(
                f"site {label} does not name an element, but {kind}: write its element in"
                " _atom_site_type_symbol, or leave out a vacancy"
            )
        if not parser._parse_symbol(kind):  # pymatgen would drop the site
            raise InvalidInputError(
                f"site {label} does not name an element: write it in _atom_site_type_symbol"
            )

    if all(parser._parse_symbol(kind) not in ("H", "D", "T") for kind in kinds):
        attached = _column(data, "_atom_site_attached_hydrogens")
        for label, value in zip(labels, attached, strict=False):
            if _is_number(value) and str2float(value) > 0:
                raise InvalidInputError(
                    f"site {label} has attached hydrogen ({value}), but the file lists none:"
                    " add sites of hydrogen"
                )


def _check_images(n_sites, n_operations):
    if n_sites * n_operations > _MOST_IMAGES:
        raise InvalidInputError(
            f"its {n_sites:,} sites have {n_sites * n_operations:,} images under its operations,"
            f" more than the limit of {_MOST_IMAGES:,}"
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
    """Return the structure with these operations, or those that pymatgen finds."""
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
    """Add hydrogen that shares a site with oxygen.

    pymatgen treats it as part of a hydroxyl group and drops it.
    """
    hidden = structure.site_properties.get("implicit_hydrogens")
    if hidden:
        for index, hydrogen in enumerate(hidden):
            if hydrogen:
                site = structure[index]
                if site.species.num_atoms + hydrogen > _MOST_OCCUPANCY:
                    raise InvalidInputError(
                        f"oxygen and hydrogen share the site {site.label}, and their occupancies"
                        " add up to more than 1: correct one of them"
                    )
                site.species = Composition({**site.species.as_dict(), "H": hydrogen})
        for site in structure:
            site.properties.pop("implicit_hydrogens", None)
    return structure


def _check_formula(parser, structure):
    """Refuse a structure whose composition disagrees with the stated formula."""
    said = parser.check(structure) or ""
    if said.startswith("Missing elements"):
        if "CIF-reported" in said:
            raise InvalidInputError("it has atoms of elements that its formula lacks")
        raise InvalidInputError(
            "some elements of the stated formula have no atoms: the file may be cut off, or lack"
            " hydrogen"
        )
    if said.startswith("Incorrect stoichiometry") and not _is_rounded(said):
        raise InvalidInputError(
            "its atoms do not add up to the stated formula: the file may be cut off (if the atoms"
            " are right, pass a pymatgen Structure)"
        )


def _is_rounded(message):
    """Tell whether atoms and formula differ only by rounding.

    pymatgen's message lists the ratio of atoms to formula of each element.
    """
    _, _, listed = message.partition("ratios=")
    ratios = [float(ratio) for ratio in re.findall(r"(?<=[ (])\d[\d.e+-]*", listed)]
    return len(ratios) > 1 and 0 < max(ratios) <= _ROUNDING * min(ratios)


def _crowded(data):
    """Return the labels of two rows with equal coordinates, as the end of a sentence."""
    labels = _column(data, "_atom_site_label")
    columns = [_column(data, f"_atom_site_fract_{axis}") for axis in _AXES]
    first: dict[tuple, str] = {}
    for label, *place in zip(labels, *columns, strict=False):
        key = tuple(round(str2float(value) % 1, 3) for value in place)
        if key in first:
            return f": {first[key]} and {label}."
        first[key] = label
    return "."
