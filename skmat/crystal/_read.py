"""Every accepted form of crystals to :class:`StructureArrays`."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pymatgen.core import Element, IStructure, Lattice, Structure

from skmat.composition._read import is_missing
from skmat.crystal._arrays import StructureArrays
from skmat.crystal._faults import fault_of_structure, name_of_structure
from skmat.crystal._mixtures import check_disorder
from skmat.exceptions import InvalidInputError, InvalidStructureError

__all__ = ["is_path", "parse_pymatgen", "parse_structures", "read_structures"]

_FORMS = "pymatgen Structures, their dicts, ASE Atoms, or CIF or POSCAR files as paths or as text"


def read_structures(values, *, on_invalid="raise", disorder="raise"):
    """Read one crystal per item.

    Parameters
    ----------
    values : StructureArrays or iterable
        pymatgen Structures, dicts of ``Structure.as_dict``, ASE Atoms that are periodic in all
        directions, or CIF or POSCAR files: paths, or texts of several lines.
    on_invalid : {"raise", "nan"}, default="raise"
        What becomes of items that cannot be read; "nan" leaves them out of the result.
    disorder : {"raise", "average"}, default="raise"
        Whether a structure whose sites several elements share, or do not always occupy, is one
        that cannot be read. "average" keeps the occupancies, and networks take the mean of the
        vectors of the elements at a site, weighted by them.

    Returns
    -------
    structures : StructureArrays
        Those that could be read, in their order.
    valid : ndarray of shape (n_items,), bool
        Which these are.

    Raises
    ------
    InvalidStructureError
        If items cannot be read and ``on_invalid="raise"``; the error lists all of them.
    """
    if on_invalid not in ("raise", "nan"):
        raise InvalidInputError(f"on_invalid={on_invalid!r} is neither 'raise' nor 'nan'.")
    check_disorder(disorder)
    structures, problems, n_rows = parse_structures(values, disorder)
    if problems and on_invalid == "raise":
        raise InvalidStructureError(problems, n_rows)
    valid = np.ones(n_rows, dtype=bool)
    valid[[row for row, _, _ in problems]] = False
    return structures, valid


def parse_structures(values, disorder):
    """Return what can be read, what cannot as (row, value, reason), and the number of rows."""
    read, problems, n_rows = parse_pymatgen(values, disorder)
    if not isinstance(read, StructureArrays):
        read = StructureArrays.from_structures(read, disorder=disorder)
    return read, problems, n_rows


def parse_pymatgen(values, disorder):
    """Return the same with the structures as pymatgen has them.

    They keep oxidation states, charges, isotopes and properties; a StructureArrays, which has
    none, stays one.
    """
    if isinstance(values, StructureArrays):
        return _parse_arrays(values, disorder)
    values = list(values)
    read, problems = [], []
    for row, value in enumerate(values):
        try:
            structure = _parse(value)
        except InvalidInputError as error:
            problems.append((row, value, str(error)))
            continue
        fault = fault_of_structure(structure, disorder)
        if fault:
            problems.append((row, name_of_structure(structure), fault))
        else:
            read.append(structure)
    return read, problems, len(values)


def _parse_arrays(values, disorder):
    if disorder == "average" or not len(values.mixtures):
        return values, [], len(values)
    ordered = values.is_ordered
    problems = []
    for row in np.flatnonzero(~ordered).tolist():
        structure = values[row]
        problems.append((row, name_of_structure(structure), fault_of_structure(structure)))
    return values.take(ordered), problems, len(values)


#: Where pymatgen warns in these words it has guessed, and what it returns is another crystal.
_GUESSES = {
    "Elements in POSCAR cannot be determined": (
        "it names no elements; add a line with their symbols above the line of the counts"
    ),
    "Missing elements": (
        "some elements of the formula that it states have no atoms; it may be cut off, or lack"
        " hydrogen"
    ),
    "Incorrect stoichiometry": (
        "its atoms do not add up to the formula that it states; it may be cut off (if they are"
        " right, give it as a pymatgen Structure)"
    ),
}

#: Formulas are written with two or three decimals: the atoms of an element may be by so much more
#: than the formula says than those of another.
_ROUNDING = 1.02

#: A block of a CIF that has these describes a crystal.
_TAGS_OF_A_CRYSTAL = "_cell_length_a", "_atom_site_fract_x"


def is_path(value):
    """Tell whether `value` is read as the path of a file: text of one line is."""
    return isinstance(value, Path) or (isinstance(value, str) and "\n" not in value.strip())


def _parse(value):
    if isinstance(value, IStructure):
        return value
    if isinstance(value, Mapping):
        return _attempt(Structure.from_dict, dict(value), what="a dict of pymatgen")
    if is_path(value):
        if not _is_file(value):
            raise InvalidInputError(f"there is no file of this name; crystals are {_FORMS}")
        return _attempt(_from_file, Path(value), what="a CIF or POSCAR file")
    if isinstance(value, str):
        is_cif = "_cell_length_a" in value or value.lstrip().startswith("data_")
        form = "cif" if is_cif else "poscar"
        return _attempt(_from_text, value, form, what=f"the text of a {form.upper()}")
    if hasattr(value, "get_scaled_positions"):
        if not np.all(value.pbc):
            raise InvalidInputError("not periodic in all three directions")
        return _attempt(_from_ase, value, what="ASE Atoms")
    if is_missing(value):
        raise InvalidInputError("missing value")
    raise InvalidInputError(f"{type(value).__name__} is no crystal; these are {_FORMS}")


def _is_file(name):
    try:
        return Path(name).is_file()
    except OSError:  # a text that is too long for a name
        return False


def _from_file(path):
    if ".cif" in path.name.lower():
        _check_one_crystal(path.read_text(encoding="utf-8", errors="replace"))
    return Structure.from_file(path)


def _from_text(text, form):
    if form == "cif":
        _check_one_crystal(text)
    return Structure.from_str(text, fmt=form)


def _check_one_crystal(cif):
    """Refuse a CIF with the cells and sites of several crystals: pymatgen takes the first."""
    blocks = re.split(r"(?im)^data_", cif)
    crystals = [each for each in blocks if all(tag in each.lower() for tag in _TAGS_OF_A_CRYSTAL)]
    if len(crystals) > 1:
        names = ", ".join(each.split(maxsplit=1)[0] for each in crystals[:5])
        raise InvalidInputError(
            f"it holds {len(crystals)} crystals ({names}); give them one by one"
        )


def _from_ase(atoms):
    elements = [Element.from_Z(int(number)) for number in atoms.get_atomic_numbers()]
    cell = Lattice(np.asarray(atoms.cell))
    return Structure(cell, elements, atoms.get_scaled_positions(wrap=False))


def _attempt(read, *arguments, what):
    # pymatgen raises whatever its parsers stumble over.
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            structure = read(*arguments)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InvalidInputError(f"cannot be read as {what}: {reason[:200]}") from error
    for warning in said:
        message = str(warning.message)
        for words, fault in _GUESSES.items():
            if words in message and not _is_rounded(message):
                raise InvalidInputError(f"cannot be read as {what}: {fault}")
    return structure


def _is_rounded(message):
    """Tell whether atoms and formula differ by decimals alone.

    pymatgen's warning lists, for each element, how often the structure has what the formula says.
    """
    _, _, listed = message.partition("ratios=")
    ratios = [float(ratio) for ratio in re.findall(r"(?<=[ (])\d[\d.e+-]*", listed)]
    return len(ratios) > 1 and 0 < max(ratios) <= _ROUNDING * min(ratios)
