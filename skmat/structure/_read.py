"""Read every accepted form of structures into :class:`StructureArrays`."""

import os
import re
from collections.abc import Iterable, KeysView, Mapping, Set
from pathlib import Path

import numpy as np
from pymatgen.core import IStructure, PeriodicSite

from skmat._utils.quiet import caught_warnings
from skmat.composition._frames import as_list, as_pandas
from skmat.composition._read import check_on_invalid, is_missing
from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.structure._arrays import StructureArrays
from skmat.structure._ase import structure_from_ase
from skmat.structure._faults import fault_of_structure, name_of_structure
from skmat.structure._files import (
    structure_from_dict,
    structure_from_file,
    structure_from_text,
)
from skmat.structure._mixtures import check_disorder

__all__ = [
    "as_rows",
    "is_json",
    "is_path",
    "parse_pymatgen",
    "parse_structures",
    "read_structures",
]

_FORMS = (
    "pymatgen Structures, their dicts, also as JSON, ASE Atoms, or CIF or POSCAR files as paths or"
    " as text"
)

#: Characters of a reason.
_LONGEST = 300


def read_structures(values, *, on_invalid="raise", disorder="raise"):
    """Read one structure per item.

    Parameters
    ----------
    values : StructureArrays or iterable
        pymatgen Structures, dicts of ``Structure.as_dict`` or their JSON, ASE Atoms that are
        periodic in all directions, or CIF or POSCAR files. Give files as paths, or as texts of
        several lines.
    on_invalid : {"raise", "nan"}, default="raise"
        "raise" raises an error for items that cannot be read. "nan" leaves them out.
    disorder : {"raise", "average"}, default="raise"
        "raise" treats structures with shared or partially occupied sites as invalid. "average"
        keeps the occupancies: networks average the embeddings of the elements at a site, weighted
        by occupancy.

    Returns
    -------
    structures : StructureArrays
        The valid structures, in order.
    valid : ndarray of shape (n_items,), bool
        True for items that could be read.

    Raises
    ------
    InvalidStructureError
        If items cannot be read and ``on_invalid="raise"``. The error lists all of them.
    """
    check_on_invalid(on_invalid)
    check_disorder(disorder)
    structures, problems, n_rows = parse_structures(values, disorder)
    if problems and on_invalid == "raise":
        raise InvalidStructureError(problems, n_rows)
    valid = np.ones(n_rows, dtype=bool)
    valid[[row for row, _, _ in problems]] = False
    return structures, valid


def parse_structures(values, disorder):
    """Return the valid structures, the problems as (row, value, reason), and the row count."""
    read, problems, n_rows = parse_pymatgen(values, disorder)
    if not isinstance(read, StructureArrays):
        read = StructureArrays.from_structures(read, disorder=disorder)
    return read, problems, n_rows


def parse_pymatgen(values, disorder):
    """Return the same as `parse_structures`, but pymatgen Structures.

    They keep oxidation states, charges, isotopes and properties. A StructureArrays stays one.
    """
    if isinstance(values, StructureArrays):
        return _parse_arrays(values, disorder)
    values = as_rows(values)
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


def as_rows(X):
    """Return the structures in `X` as a list.

    Raises
    ------
    InvalidInputError
        If `X` is a single structure, has no order, is an array of sites, or a table of several
        columns.
    """
    if isinstance(X, IStructure | str | bytes | os.PathLike) or hasattr(X, "get_scaled_positions"):
        raise InvalidInputError(
            f"Expected a list of structures, got one {type(X).__name__}. Reshape your data: pass"
            " it as a list of one, [X]."
        )
    if isinstance(X, Mapping):
        is_one = "lattice" in X or "sites" in X
        remedy = "a list of one, [X]" if is_one else "the list of its values, list(X.values())"
        raise InvalidInputError(
            f"Expected a list of structures, got one {type(X).__name__}. Reshape your data: pass"
            f" {remedy}."
        )
    if isinstance(X, Set) and not isinstance(X, KeysView):
        raise InvalidInputError(
            f"X is a {type(X).__name__}, which has no order. Pass a list, with y in the same"
            " order."
        )
    frame = as_pandas(X)
    if frame is not None:
        if frame.shape[1] != 1:
            raise InvalidInputError(
                f"X has {frame.shape[1]} columns. Pass the one that holds the structures,"
                " X[['name']]."
            )
        return frame.iloc[:, 0].tolist()
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]  # a column
    if isinstance(X, np.ndarray) and (X.ndim != 1 or (X.size and isinstance(X[0], PeriodicSite))):
        raise InvalidInputError(
            f"X is an array of shape {X.shape}. numpy.array turns a list of structures into an"
            " array of sites. Pass the list, or a StructureArrays."
        )
    if not isinstance(X, Iterable):
        raise InvalidInputError(f"Expected a list of structures, got {type(X).__name__}.")
    # Iterating over an Arrow array gives Arrow scalars.
    items = as_list(X)
    return list(X) if items is None else items


def _parse_arrays(values, disorder):
    if disorder == "average" or not len(values.mixtures):
        return values, [], len(values)
    ordered = values.is_ordered
    problems = []
    for row in np.flatnonzero(~ordered).tolist():
        structure = values[row]
        problems.append((row, name_of_structure(structure), fault_of_structure(structure)))
    return values.take(ordered), problems, len(values)


#: pymatgen warns with these words when it guesses, and then returns a wrong structure.
_GUESSES = {
    "Elements in POSCAR cannot be determined": (
        "it names no elements: add a line with their symbols above the line of the counts"
    ),
}


def is_path(value):
    """Tell whether `value` is read as a path: a Path, or text of one line that is not JSON."""
    if not isinstance(value, str):
        return isinstance(value, Path)
    text = value.strip()
    return "\n" not in text and "\r" not in text and not is_json(text)


def is_json(text):
    """Tell whether text without spaces around it is a JSON object."""
    return text.endswith("}") and re.match(r'\{\s*"', text) is not None


def _parse(value):
    if isinstance(value, IStructure):
        return value
    if isinstance(value, Mapping):
        return _attempt(structure_from_dict, value, what="a dict of pymatgen")
    if is_path(value):
        if not _is_file(value):
            raise InvalidInputError(f"no file has this name (accepted are {_FORMS})")
        return _attempt(structure_from_file, value, what="a CIF or POSCAR file")
    if isinstance(value, str) and is_json(value.strip()):
        return _attempt(structure_from_text, value, "json", what="the JSON of a dict of pymatgen")
    if isinstance(value, str):
        is_cif = re.search(r"(?im)^[ \t\ufeff]*(_cell[_.]|data_)", value) is not None
        form = "cif" if is_cif else "poscar"
        return _attempt(structure_from_text, value, form, what=f"the text of a {form.upper()}")
    if hasattr(value, "get_scaled_positions"):
        return _attempt(structure_from_ase, value, what="ASE Atoms")
    if is_missing(value):
        raise InvalidInputError("missing value")
    raise InvalidInputError(f"{type(value).__name__} is not a structure (accepted are {_FORMS})")


def _is_file(name):
    try:
        return Path(name).is_file()
    except OSError:  # too long for a file name
        return False


def _attempt(read, *arguments, what):
    # pymatgen's parsers raise errors of many types.
    try:
        with caught_warnings() as said:
            structure = read(*arguments)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InvalidInputError(f"cannot be read as {what}: {reason[:_LONGEST]}") from error
    for warning in said:
        for words, fault in _GUESSES.items():
            if words in str(warning.message):
                raise InvalidInputError(f"cannot be read as {what}: {fault}")
    return structure
