"""Formulas of many structures at once, as pymatgen writes them."""

from functools import cache

import numpy as np
from pymatgen.core import Composition, Element

from skmat._utils.quiet import caught_warnings
from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.structure._mixtures import contents

__all__ = ["formulas_of"]

_DECIMALS = 8


def formulas_of(n_sites, numbers, mixtures, *, reduced):
    """Return the formula of each structure, ndarray of shape (n,), dtype object.

    Parameters
    ----------
    n_sites : ndarray of shape (n,)
        Number of sites of each structure.
    numbers : ndarray of shape (m,)
        Atomic number or number of a mixture, for each site.
    mixtures : ndarray of shape (n_mixtures, 118)
        Occupancies.
    reduced : bool
        See :meth:`skmat.structure.StructureArrays.formulas`.
    """
    n_structures = len(n_sites)
    if not n_structures:
        return np.empty(0, dtype=object)
    symbols = _symbols_in_order()
    rank = np.empty(MAX_ATOMIC_NUMBER + 1, dtype=np.int64)
    rank[[number for number, _ in symbols]] = np.arange(len(symbols))
    rows, elements, occupancies = contents(n_sites, numbers, mixtures)
    keys = rows * len(symbols) + rank[elements]
    if len(mixtures):
        keys, inverse = np.unique(keys, return_inverse=True)
        amounts = np.bincount(inverse, occupancies).round(_DECIMALS)
    else:
        keys, amounts = np.unique(keys, return_counts=True)
    row, place = np.divmod(keys, len(symbols))
    if reduced:
        whole = np.where(amounts == np.rint(amounts), amounts, 1).astype(np.int64)
        divisors = np.gcd.reduceat(whole, np.searchsorted(row, np.arange(n_structures)))
        amounts = (amounts / divisors[row]).astype(amounts.dtype)
    parts: list[list[str]] = [[] for _ in range(n_structures)]
    for index, element, amount in zip(
        row.tolist(), place.tolist(), _as_written(amounts), strict=True
    ):
        symbol = symbols[element][1]
        parts[index].append(symbol if reduced and amount == 1 else f"{symbol}{amount}")
    formulas = np.empty(n_structures, dtype=object)
    formulas[:] = ["".join(part) for part in parts]
    return formulas


def _as_written(amounts):
    """Return amounts as numbers, whole ones as int."""
    if amounts.dtype.kind == "i":
        return amounts.tolist()
    return [int(amount) if amount.is_integer() else amount for amount in amounts.tolist()]


@cache
def _symbols_in_order():
    """Return (atomic number, symbol) of all elements, in the order of pymatgen's formulas."""
    numbers = {Element.from_Z(z).symbol: z for z in range(1, MAX_ATOMIC_NUMBER + 1)}
    # pymatgen warns about elements without an electronegativity, and puts them last.
    with caught_warnings():
        formula = Composition(dict.fromkeys(numbers, 1)).formula
    return [(numbers[part.removesuffix("1")], part.removesuffix("1")) for part in formula.split()]
