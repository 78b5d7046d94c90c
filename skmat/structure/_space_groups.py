"""Space groups: the settings that a name in a file can mean."""

import re
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import spglib
from pymatgen.core.operations import SymmOp
from pymatgen.symmetry.groups import SpaceGroup

__all__ = [
    "Setting",
    "has_one_setting",
    "settings_of_hall",
    "settings_of_number",
    "settings_of_symbol",
]

_N_HALL = 530

#: Relative error of lengths and cosines with which a cell still fits its group: cells are measured
#: and typed in.
_METRIC_TOLERANCE = 0.02

#: ICSD's letters behind a symbol: origin choice 1 or 2 of the International Tables.
_LETTERS = {"S": "1", "Z": "2"}

#: Groups whose symbol has an e since 1992, in place of either of two letters. Not 67 and 68: their
#: letters distinguish two settings, and the e does not.
_DOUBLE_GLIDES = (39, 41, 64)


@dataclass(frozen=True)
class Setting:
    """One setting of a space group.

    Attributes
    ----------
    number : int
        Of the group, 1 to 230.
    choice : str
        spglib's name of the setting: origin, axes or cell.
    rank : int
        Settings of the lowest rank are tried first.
    hall : int
        spglib's number of the setting, or 0 if spglib lacks it.
    xyz : tuple of str
        Operations of a setting that spglib lacks.
    """

    number: int
    choice: str = ""
    rank: int = 0
    hall: int = 0
    xyz: tuple = ()

    @cached_property
    def operations(self):
        """All operations, as a list of pymatgen SymmOp."""
        if not self.hall:
            return [SymmOp.from_xyz_str(each) for each in self.xyz]
        found = spglib.get_symmetry_from_database(self.hall) or {}
        pairs = zip(found["rotations"], found["translations"], strict=True)
        return [SymmOp.from_rotation_and_translation(*pair) for pair in pairs]

    def fits(self, lattice):
        """Tell whether the operations keep the metric of a pymatgen Lattice."""
        unit = lattice.matrix / np.cbrt(lattice.volume)
        metric = unit @ unit.T
        lengths = np.sqrt(np.diag(metric))
        scale = _METRIC_TOLERANCE * 2 * np.outer(lengths, lengths)
        rotations = {tuple(each.rotation_matrix.ravel()) for each in self.operations}
        for rotation in rotations:
            turned = np.reshape(rotation, (3, 3))
            if (np.abs(turned.T @ metric @ turned - metric) > scale).any():
                return False
        return True


def settings_of_symbol(name):
    """Return the settings that a Hermann-Mauguin symbol can mean, empty if it is unknown."""
    symbol, choice = _split(name)
    found = _table().get(_plain(symbol))
    if found is None and symbol[:1] in "Hh":
        found, choice = _table().get("r" + _plain(symbol)[1:]), "h"
    return _of_choice(list(found or ()), choice)


def settings_of_number(number, choice=""):
    """Return the standard settings of a group.

    For a monoclinic group these include the other unique axes: the cell decides.
    """
    types = [_type(hall) for hall in range(1, _N_HALL + 1)]
    found = [
        Setting(number, each.choice, _rank_of_axes(each), each.hall_number)
        for each in types
        if each.number == number and (_axes(each.choice) in _STANDARD_AXES)
    ]
    return _of_choice(found, choice)


def has_one_setting(number):
    """Tell whether a group has a single setting."""
    return sum(_type(hall).number == number for hall in range(1, _N_HALL + 1)) == 1


def settings_of_hall(name):
    """Return the setting of a Hall symbol in a list, empty if it is unknown."""
    table, crowded = _hall_symbols()
    hall = table.get(" ".join(name.split()).lower()) or crowded.get(_plain(name))
    return [] if not hall else [Setting(_type(hall).number, _type(hall).choice, 0, hall)]


#: Axes in `choice` of standard settings (rank 0), and of those with another unique axis.
_STANDARD_AXES = {"": 0, "h": 0, "r": 0, "b": 0, "b1": 0, "c": 1, "c1": 1, "a": 2, "a1": 2}


def _rank_of_axes(group_type):
    return _STANDARD_AXES[_axes(group_type.choice)]


def _axes(choice):
    return choice.lower().lstrip("12")


def _split(name):
    """Split a name into symbol and setting, which follows a colon or is one or two letters."""
    name = " ".join(name.split()).strip("'\" ")
    found = re.fullmatch(r"(.+?) ?\(?origin(?: choice| at)? ?([12])\)?", name, re.IGNORECASE)
    found = found or re.fullmatch(r"(.+?) ?: ?([\w-]+)", name)
    found = found or re.fullmatch(r"(.+?) ?\(([12HR])\)", name)
    if found:
        return found[1], found[2].lower()
    found = re.fullmatch(r"(.+?)([SZ]|[HR][SZ]?)", name)
    # The R may also be the lattice letter of a rhombohedral group.
    if found and len(found[1]) > 1 and not (found[2][0] in "HR" and found[1][0] not in "RH"):
        return found[1].strip(), _LETTERS.get(found[2], found[2][0]).lower()
    found = re.fullmatch(r"([RrHh].+?) ([hr])", name)
    return (found[1], found[2]) if found else (name, "")


def _of_choice(settings, choice):
    """Return the settings that match `choice`, or all if none does."""
    if not choice:
        return settings
    by_origin = choice in ("1", "2")
    kept = [
        each
        for each in settings
        if (each.choice[:1] == choice if by_origin else each.choice.lower() == choice)
    ]
    return kept or settings


def _plain(symbol):
    """Return a symbol in lower case, without spaces, underscores and typesetting marks.

    SHELX puts the number of a screw axis in parentheses: P2(1)/c.
    """
    symbol = re.sub(r"\\(?:bar|overline) ?\{?(\d)\}?", r"-\1", symbol)
    symbol = re.sub(r"<[^<>]*>|[\s_${}]", "", symbol)
    symbol = re.sub(r"(\d)\((\d)\)", r"\1\2", symbol)
    return symbol.replace("\u2013", "-").replace("\u2212", "-").lower()


@cache
def _type(hall):
    return spglib.get_spacegroup_type(hall)


@cache
def _hall_symbols():
    """Return the numbers of all Hall symbols, by symbol with spaces, and by symbol without."""
    names = {hall: _type(hall).hall_symbol.lower() for hall in range(_N_HALL, 0, -1)}
    table = {name: hall for hall, name in names.items()}
    crowded = {_plain(name): hall for name, hall in table.items()}
    spellings = [_plain(name) for name in table]
    return table, {name: hall for name, hall in crowded.items() if spellings.count(name) == 1}


@cache
def _table():
    """Return the settings of each symbol, by its lower-case spelling without spaces."""
    table: dict[str, dict] = {}
    for hall in range(1, _N_HALL + 1):
        group = _type(hall)
        for rank, name in _spellings(group):
            settings = table.setdefault(_plain(name), {})
            settings.setdefault(hall, Setting(group.number, group.choice, rank, hall))
    _add_old_spellings(table)
    by_name = {name: tuple(found.values()) for name, found in table.items()}
    # Centred cells of triclinic and monoclinic groups, and others that spglib lacks.
    for each in SpaceGroup.SYMM_OPS:
        name = _plain(each["hermann_mauguin"])
        if name not in by_name and "(" not in each["universal_h_m"]:
            _, choice = _split(each["universal_h_m"])
            by_name[name] = (Setting(each["number"], choice, 0, 0, tuple(each["symops"])),)
    return by_name


def _spellings(group):
    """Return the symbols of a setting as (rank, symbol)."""
    full = group.international_full
    if 3 <= group.number <= 15:
        # "P 21/c" means "P 1 21/c 1" first, then "P 21/c 1 1".
        rank = "bca".index(group.choice.lstrip("-")[0])
        return [(0, full), (rank, "".join(part for part in full.split() if part != "1"))]
    # Of two settings with the same symbol, the standard one comes first.
    rank = int(len(_axes(group.choice)) > 1 and group.number in (67, 68))
    return [(rank, full), (rank, group.international_short)]


def _add_old_spellings(table):
    for hall in range(1, _N_HALL + 1):
        group = _type(hall)
        old = []
        if group.number >= 195:
            old += [name.replace("-3", "3") for _, name in _spellings(group) if "-3" in name]
        if group.number in _DOUBLE_GLIDES:
            old += [group.international_short.replace("e", glide) for glide in "abc"]
        if group.number == 68:
            # Ccca and Cccb are two settings of Ccce.
            old = {"": ["Ccca"], "ba-c": ["Cccb"]}.get(_axes(group.choice), [])
        for name in old:
            settings = table.setdefault(_plain(name), {})
            if all(each.number == group.number for each in settings.values()):
                settings.setdefault(hall, Setting(group.number, group.choice, 0, hall))
