"""The 13 features of Ward et al. (2016) beyond the statistics of elemental properties."""

from functools import cache, reduce

import numpy as np
from pymatgen.core import Element

from skmat._utils.quiet import caught_warnings
from skmat.composition import MAX_ATOMIC_NUMBER, element_table
from skmat.composition._element_tables import MAGPIE_PROPERTIES

__all__ = ["OTHER_FEATURES", "other_features"]

_NORMS = (0, 2, 3, 5, 7, 10)
_ORBITALS = ("s", "p", "d", "f")

#: Labels of matminer's ``Stoichiometry()``, ``ValenceOrbital(props=["avg"])`` and
#: ``IonProperty(fast=True)``.
OTHER_FEATURES = (
    *(f"{p}-norm" for p in _NORMS),
    *(f"avg {orbital} valence electrons" for orbital in _ORBITALS),
    *("compound possible", "max ionic char", "avg ionic char"),
)


def other_features(compositions):
    """Return the features of non-empty compositions, ndarray of shape (n_materials, 13)."""
    numbers, fractions = compositions.atomic_numbers, compositions.fractions
    norms = [(fractions > 0).sum(axis=1)]
    norms += [(fractions**p).sum(axis=1) ** (1 / p) for p in _NORMS[1:]]
    places = [MAGPIE_PROPERTIES.index(f"N{orbital}Valence") for orbital in _ORBITALS]
    # Padding becomes the row's first element at fraction 0.
    elements = np.where(numbers, numbers, numbers[:, :1]) - 1
    valence = np.einsum("nw,nwp->np", fractions, element_table("magpie")[:, places][elements])
    x = _electronegativities()[elements]
    characters = 1 - np.exp(-0.25 * (x[:, :, None] - x[:, None, :]) ** 2)
    pairs = np.triu(fractions[:, :, None] * fractions[:, None, :], 1)
    possible = [
        _can_be_neutral(row[row > 0], amounts[row > 0])
        for row, amounts in zip(numbers, fractions, strict=True)
    ]
    ionic = [possible, characters.max(axis=(1, 2)), (pairs * characters).sum(axis=(1, 2))]
    return np.column_stack([*norms, valence, *ionic])


def _can_be_neutral(numbers, fractions):
    """Tell whether one common oxidation state per element gives a neutral compound."""
    if len(numbers) < 2:
        return True
    charges = [
        fraction * states
        for fraction, states in zip(fractions, _oxidation_states()[numbers - 1], strict=True)
    ]
    # Meet in the middle: 13 elements have too many combinations of oxidation states, so sum over
    # each half of the elements, and look for sums that cancel.
    half = len(charges) // 2
    first, second = (
        reduce(np.add.outer, part).ravel() for part in (charges[:half], charges[half:])
    )
    if not len(first) or not len(second):
        return False
    second = np.sort(second)
    place = np.searchsorted(second, -first)
    neighbours = second[np.stack([np.maximum(place - 1, 0), np.minimum(place, len(second) - 1)])]
    return bool((np.abs(neighbours + first) < 1e-8).any())


@cache
def _electronegativities():
    """Return Pauling electronegativities, with the mean for elements without a value."""
    with caught_warnings():
        values = np.array([Element.from_Z(z).X for z in range(1, MAX_ATOMIC_NUMBER + 1)])
    return np.where(np.isnan(values), np.nanmean(values), values)


@cache
def _oxidation_states():
    """Return the common oxidation states of each element, an array of arrays."""
    states = np.empty(MAX_ATOMIC_NUMBER, dtype=object)
    for z in range(1, MAX_ATOMIC_NUMBER + 1):
        states[z - 1] = np.array(Element.from_Z(z).common_oxidation_states, dtype=float)
    return states
