"""Choose the symmetry operations that a CIF means, whether it lists them or not."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from pymatgen.core.operations import SymmOp
from pymatgen.io.cif import str2float
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from skmat.exceptions import InvalidInputError
from skmat.structure._cif_counts import SAME_PLACE, Evidence
from skmat.structure._space_groups import (
    has_one_setting,
    settings_of_hall,
    settings_of_number,
    settings_of_symbol,
)

__all__ = ["choose_operations"]

_OPERATIONS = (
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv_pos_as_xyz_",
    "_space_group_symop_operation_xyz",
    "_space_group_symop_operation_xyz_",
)
_SYMBOLS = (
    "_symmetry_space_group_name_h-m",
    "_symmetry_space_group_name_h_m",
    "_space_group_name_h-m_alt",
    "_space_group_name_h-m_full",
    "_space_group_name_h-m",
    "_space_group_name_h_m",
    "_space_group_name_h_m_alt",
    "_space_group_name_h_m_full",
)
_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
_CHOICES = ("_space_group_it_coordinate_system_code", "_space_group.it_coordinate_system_code")

#: In Å. Structures are equal if all their distances below this are.
_NEAR = 5.0317

#: Above this number of atoms, pairs are not compared.
_MOST_COMPARED = 3000

#: In Å. No two atoms are closer.
_TOO_CLOSE = 0.5

#: In Å. Atoms of a relaxed or typed-in structure may miss their images by this. The limit is
#: smaller for disordered structures, whose alternative places may be close.
_MISSED = 0.1
_MISSED_IN_DISORDER = 0.02

_IDENTITY = SymmOp.from_xyz_str("x,y,z")

_REMEDY = (
    "list the symmetry operations (_space_group_symop_operation_xyz), or all atoms of the cell"
    " with the group P 1"
)


class _Stated(NamedTuple):
    """The space group that a file states.

    `is_sure` is False if the stated symbol is unknown: the number alone leaves the setting open.
    """

    name: str
    settings: list
    is_sure: bool


def choose_operations(data, lattice, read, same_place=SAME_PLACE):
    """Return the structure with the operations that the file means.

    A complete list of operations is used as it is. Otherwise two readings are tried: the listed
    atoms fill the cell, or each setting of the group that fits the cell completes them. The right
    one agrees with the formula and the formula units per cell. If the file does not state them,
    the multiplicities of the sites decide.

    Parameters
    ----------
    data : dict
        The block, as pymatgen parses it.
    lattice : pymatgen.core.Lattice or None
        Its cell.
    read : callable
        Takes operations (a list of SymmOp, or None for those that pymatgen finds) and returns the
        structure.
    same_place : float, default=SAME_PLACE
        In fractions of the cell. Images of a site that are closer are one atom.

    Raises
    ------
    InvalidInputError
        If no reading agrees with the file, or if several different ones do.
    """
    named = {tag.lower(): value for tag, value in data.items()}
    listed = _listed(data)
    stated = _stated(named)
    evidence = Evidence(named, same_place)
    asymmetric = listed or [_IDENTITY]
    if stated is None or (listed and _is_complete(listed, stated.settings, lattice)):
        return evidence.check(read(asymmetric), asymmetric)
    if not stated.settings:
        return _without_group(asymmetric, stated, evidence, read)
    fitting = [each for each in stated.settings if lattice is None or each.fits(lattice)]
    if _holds_all_atoms(listed, fitting, stated, evidence, read):
        return read(asymmetric)
    if not fitting:
        raise InvalidInputError(
            f"its cell does not have the symmetry of its space group {stated.name}: correct the"
            f" cell, or {_REMEDY}"
        )
    return _best(fitting, stated, evidence, read)


def _listed(data):
    """Return the operations that the file lists, or None."""
    for tag in _OPERATIONS:
        values = next((value for name, value in data.items() if name.lower() == tag), None)
        values = [values] if isinstance(values, str) else values
        values = [each for each in values or () if each.strip() not in ("", ".", "?")]
        if values:
            return [_operation(each) for each in values]
    return None


@lru_cache(1024)  # files have the same operations
def _operation(xyz):
    try:
        operation = SymmOp.from_xyz_str(xyz)
    except Exception:  # pymatgen raises errors of many types
        operation = None
    # pymatgen reads missing parts of an expression as 0.
    if operation is None or abs(abs(np.linalg.det(operation.rotation_matrix)) - 1) > 1e-6:
        raise InvalidInputError(f"{xyz!r} is not a symmetry operation: correct it, or {_REMEDY}")
    return operation


def _stated(named):
    """Return the group that the file states, or None if it states none or P1."""
    symbols = _texts(named, _SYMBOLS)
    halls = _texts(named, _HALL)
    numbers = [text for text in _texts(named, _NUMBERS) if _is_group_number(text)]
    choice = next(iter(_texts(named, _CHOICES)), "").lower()
    found = [settings for text in halls if (settings := settings_of_hall(text))]
    of_symbols = [settings for text in symbols if (settings := settings_of_symbol(text))]
    found = found[:1] or of_symbols
    if choice and not halls:
        found = [
            [each for each in settings if each.choice.lower().startswith(choice)] or settings
            for settings in found
        ]
    # The symbol with the fewest settings is the most precise one.
    found.sort(key=len)
    settings = list(found[0]) if found else []
    for text in numbers:
        number = int(str2float(text))
        if all(each.number != number for each in settings):
            settings += settings_of_number(number, choice)
    if not (symbols or halls or numbers) or _numbers(settings) == {1}:
        return None
    name = " / ".join(dict.fromkeys([*symbols, *halls, *numbers]))
    is_sure = bool(found) or not (symbols or halls)
    return _Stated(name, settings, is_sure or all(has_one_setting(n) for n in _numbers(settings)))


def _numbers(settings):
    return {each.number for each in settings}


def _texts(named, tags):
    values = [named[tag] for tag in tags if tag in named]
    texts = [value if isinstance(value, str) else " ".join(value) for value in values]
    return [text.strip() for text in texts if text.strip(" '\"") not in ("", ".", "?")]


def _is_group_number(text):
    try:
        return 1 <= str2float(text) <= 230
    except ValueError:
        return False


def _is_complete(listed, settings, lattice):
    """Tell whether the listed operations are all operations of the group.

    Some files name the type of the group, but use another cell. So a list is also complete if it
    is closed under multiplication and the stated group has no centring.
    """
    if len(listed) < 2:
        return False
    if all(len(listed) >= len(each.operations) for each in settings):
        return True
    fitting = [each for each in settings if lattice is None or each.fits(lattice)]
    if not fitting or any(len(listed) >= len(each.operations) for each in fitting):
        return True
    keys = {_key(each) for each in listed}
    if any(_key(first * second) not in keys for first in listed for second in listed):
        return False
    return all(_n_centrings(each.operations) == 1 for each in fitting)


def _key(operation):
    place = np.round(operation.translation_vector % 1, 3) % 1
    return (*np.rint(operation.rotation_matrix).astype(int).ravel().tolist(), *place.tolist())


def _n_centrings(operations):
    return sum(np.allclose(each.rotation_matrix, np.eye(3)) for each in operations)


def _without_group(operations, stated, evidence, read):
    """Return the structure of a file with an unknown group, if the counts confirm it."""
    structure = read(operations)
    if evidence.confirms(structure):
        return structure
    raise InvalidInputError(
        f"its space group {stated.name} is unknown, and it lists no operations of the group:"
        f" correct the name, or {_REMEDY}"
    )


def _holds_all_atoms(listed, settings, stated, evidence, read):
    """Tell whether a file with an incomplete list of operations lists all atoms of the cell."""
    operations = listed or [_IDENTITY]
    try:
        structure = read(operations)
    except InvalidInputError:
        return False
    if evidence.has_counts:
        return evidence.confirms(structure) and (
            listed is not None or not _are_asymmetric(structure, settings, read)
        )
    if len(operations) == 1 and not evidence.agrees_with_multiplicities(operations):
        return False
    numbers = _numbers(stated.settings)
    if not settings:
        return {_number_of(structure)} == numbers
    return numbers == _numbers(each for each in settings if _is_closed(structure, each))


def _are_asymmetric(structure, settings, read):
    """Tell whether the atoms need their images in a setting to be a whole structure.

    If the atoms already fill the cell, their images coincide with them or are too close.
    """
    if any(_is_closed(structure, each) for each in settings):
        return False
    for setting in settings:
        try:
            if _is_possible(read(setting.operations)):
                return True
        except InvalidInputError:
            continue
    return False


def _is_closed(structure, setting):
    """Tell whether the operations of a setting map every atom onto an equal one."""
    if len(structure) > _MOST_COMPARED:
        return False
    missed = _MISSED if structure.is_ordered else _MISSED_IN_DISORDER
    places = structure.frac_coords
    kinds = [site.species for site in structure]
    for operation in setting.operations:
        moved = operation.operate_multi(places)
        apart = (moved[:, None] - places + 0.5) % 1 - 0.5
        apart = np.linalg.norm(apart @ structure.lattice.matrix, axis=2)
        if (apart.min(axis=1) > missed).any():
            return False
        if any(kinds[i] != kinds[j] for i, j in enumerate(apart.argmin(axis=1))):
            return False
    return True


def _number_of(structure):
    """Return the number of the space group of the atoms, or None."""
    try:
        return SpacegroupAnalyzer(structure).get_space_group_number()
    except Exception:  # spglib finds none
        return None


def _best(settings, stated, evidence, read):
    """Return the structure in the only setting of its group that agrees with the file."""
    faults = []
    for rank in sorted({each.rank for each in settings}):
        found = []
        for setting in settings:
            if setting.rank == rank:
                try:
                    structure = evidence.check(read(setting.operations), setting.operations)
                    if not (stated.is_sure or evidence.confirms(structure)):
                        raise InvalidInputError(f"its setting is unknown: {_REMEDY}")
                except InvalidInputError as error:
                    faults.append(str(error))
                else:
                    found.append((setting, structure))
        found = _distinct(found)
        if len(found) > 1:
            found = [
                each for each in found if evidence.agrees_with_multiplicities(each[0].operations)
            ] or found
            found = [each for each in found if _is_possible(each[1])] or found
        if len(found) > 1:
            names = ", ".join(f"'{setting.choice}'" for setting, _ in found)
            raise InvalidInputError(
                f"its space group {stated.name} has several settings (in spglib's names {names})"
                f" with different structures: name the right one, or {_REMEDY}"
            )
        if found:
            return found[0][1]
    raise InvalidInputError(f"with its space group {stated.name}, {faults[0]}")


def _is_possible(structure):
    """Tell whether no atoms overlap. Alternative places of one atom may."""
    return not structure.is_ordered or structure.is_valid(_TOO_CLOSE)


def _distinct(found):
    """Drop structures that equal an earlier one."""
    kept: list = []
    for setting, structure in found:
        if not any(_are_equal(structure, other) for _, other in kept):
            kept.append((setting, structure))
    return kept


def _are_equal(first, second):
    if len(first) != len(second) or first.composition != second.composition:
        return False
    return all(
        len(one) == len(other) and np.allclose(one, other, atol=1e-2)
        for one, other in zip(_distances(first), _distances(second), strict=True)
    )


def _distances(structure):
    """Return the kinds of atoms at both ends of all short distances, and the distances, sorted."""
    kinds = [site.species_string for site in structure]
    number = {kind: index for index, kind in enumerate(sorted(set(kinds)))}
    kind = np.array([number[each] for each in kinds])
    i, j, _, lengths = structure.get_neighbor_list(_NEAR)
    order = np.lexsort((lengths, kind[j], kind[i]))
    return kind[i][order], kind[j][order], lengths[order]
