"""Disordered sites: shared by several elements, or partially occupied.

An ordered site holds an atomic number. A disordered site holds the number of a mixture:
`FIRST_MIXTURE` is row 0 of a table of occupancies with one column per element.
"""

import numpy as np
from pymatgen.core import Element

from skmat.composition import MAX_ATOMIC_NUMBER, CompositionArrays
from skmat.exceptions import InvalidInputError

__all__ = [
    "FIRST_MIXTURE",
    "MixtureTable",
    "NO_MIXTURES",
    "check_disorder",
    "check_mixtures",
    "compositions_of",
    "contents",
    "is_mixed",
    "occupancies_of",
    "occupancy_of",
    "ranges",
    "settle",
    "species_of",
]

FIRST_MIXTURE = MAX_ATOMIC_NUMBER + 1

NO_MIXTURES = np.empty((0, MAX_ATOMIC_NUMBER))

#: Occupancies that differ by less are equal, as in pymatgen.
_TOLERANCE = 1e-8


def check_disorder(disorder):
    """Raise unless `disorder` is "raise" or "average"."""
    if disorder not in ("raise", "average"):
        raise InvalidInputError(f"disorder must be 'raise' or 'average', got {disorder!r}.")


def occupancies_of(site):
    """Return the occupancy of each element at a pymatgen site, by atomic number."""
    occupancies: dict[int, float] = {}
    for species, occupancy in site.species.items():
        occupancies[species.Z] = occupancies.get(species.Z, 0.0) + occupancy
    return occupancies


def is_mixed(occupancies):
    """Tell whether a site is anything but fully occupied by one element."""
    return len(occupancies) != 1 or abs(next(iter(occupancies.values())) - 1) > _TOLERANCE


class MixtureTable:
    """The distinct mixtures of many structures."""

    def __init__(self):
        self._rows: dict[tuple, int] = {}

    def number_of(self, site):
        """Return the atomic number at a site, or the number of its mixture."""
        occupancies = occupancies_of(site)
        if not is_mixed(occupancies):
            return next(iter(occupancies))
        row = self._rows.setdefault(tuple(sorted(occupancies.items())), len(self._rows))
        return FIRST_MIXTURE + row

    def occupancies(self):
        """Return the table, ndarray of shape (n_mixtures, 118)."""
        table = np.zeros((len(self._rows), MAX_ATOMIC_NUMBER))
        for row, occupancies in enumerate(self._rows):
            for number, occupancy in occupancies:
                table[row, number - 1] = occupancy
        return table


def check_mixtures(mixtures):
    """Raise unless `mixtures` is a table of occupancies."""
    if mixtures.ndim != 2 or mixtures.shape[1] != MAX_ATOMIC_NUMBER:
        raise InvalidInputError(
            f"mixtures must have a row per mixture and a column for each of the"
            f" {MAX_ATOMIC_NUMBER} elements, got shape {mixtures.shape}."
        )
    total = mixtures.sum(axis=1)
    good = (mixtures >= 0).all(axis=1) & (total > 0) & (total <= 1 + _TOLERANCE)
    if not good.all():
        raise InvalidInputError(
            f"Row {good.argmin()} of mixtures has a smallest occupancy of"
            f" {mixtures[good.argmin()].min():g} and a sum of {total[good.argmin()]:g}."
            " Occupancies must not be negative, and their sum must be above 0 and at most 1."
        )


def settle(numbers, mixtures):
    """Return `numbers` and the distinct mixtures that occur in them, sorted.

    A mixture that one element fills becomes that element.
    """
    mixed = np.flatnonzero(numbers >= FIRST_MIXTURE)
    if not len(mixed):
        return numbers.astype(np.uint8, copy=False), NO_MIXTURES
    used, site = np.unique(numbers[mixed], return_inverse=True)
    table, row = np.unique(mixtures[used - FIRST_MIXTURE], axis=0, return_inverse=True)
    whole = np.abs(table.max(axis=1) - 1) <= _TOLERANCE
    number = np.where(whole, table.argmax(axis=1) + 1, MAX_ATOMIC_NUMBER + np.cumsum(~whole))
    numbers = numbers.astype(np.uint8 if whole.all() else np.int32)
    numbers[mixed] = number[row.reshape(-1)[site]]
    return numbers, table[~whole]


def species_of(number, mixtures):
    """Return a site for pymatgen's Structure: a number, or occupancies by element."""
    if number < FIRST_MIXTURE:
        return number
    occupancies = mixtures[number - FIRST_MIXTURE]
    return {
        Element.from_Z(int(place) + 1): float(occupancies[place])
        for place in np.flatnonzero(occupancies)
    }


def contents(n_sites, numbers, mixtures):
    """List the elements at the sites of many structures.

    Returns
    -------
    rows, atomic_numbers, occupancies : ndarray of shape (n_entries,)
        Structure, element and occupancy. One entry per element of a site, unsorted.
    """
    rows = np.repeat(np.arange(len(n_sites)), n_sites)
    if not len(mixtures):
        return rows, numbers, np.ones(len(rows))
    mixture, place = np.nonzero(mixtures)
    n_elements = np.bincount(mixture, minlength=len(mixtures))
    starts = np.cumsum(n_elements) - n_elements
    mixed = numbers >= FIRST_MIXTURE
    which = numbers[mixed] - FIRST_MIXTURE
    entries = ranges(starts[which], n_elements[which])
    return (
        np.concatenate([rows[~mixed], np.repeat(rows[mixed], n_elements[which])]),
        np.concatenate([numbers[~mixed], place[entries] + 1]),
        np.concatenate([np.ones(np.count_nonzero(~mixed)), mixtures[mixture, place][entries]]),
    )


def occupancy_of(numbers, mixtures):
    """Return the total occupancy of each site, ndarray of the shape of `numbers`."""
    occupancy = np.ones(len(numbers))
    mixed = numbers >= FIRST_MIXTURE
    occupancy[mixed] = mixtures.sum(axis=1)[numbers[mixed] - FIRST_MIXTURE]
    return occupancy


def compositions_of(n_sites, numbers, mixtures):
    """Return the compositions of many structures as `CompositionArrays`."""
    rows, numbers, occupancies = contents(n_sites, numbers, mixtures)
    return CompositionArrays.from_flat(rows, numbers, occupancies, len(n_sites))


def ranges(starts, counts):
    """Return ``start, start + 1, ...`` for each start, `count` numbers each, as one array."""
    counts = np.asarray(counts, dtype=np.int64)
    offsets = np.cumsum(counts) - counts
    return np.arange(counts.sum()) + np.repeat(starts - offsets, counts)
