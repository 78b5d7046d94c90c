"""Convert a value to a pymatgen Composition, for code that needs more than atomic fractions."""

import math
from collections.abc import Mapping

from pymatgen.core import Composition

from skmat.composition._arrays import NEGLIGIBLE
from skmat.composition._read import parse_value
from skmat.exceptions import InvalidInputError, shorten

__all__ = ["to_pymatgen"]


def to_pymatgen(value):
    """Convert a value to a Composition, with its amounts and oxidation states.

    Parameters
    ----------
    value : str, Composition or mapping
        A value that :func:`read_compositions` accepts. The keys of a mapping may also be atomic
        numbers.

    Returns
    -------
    Composition
        The species, sorted by atomic number: "TiO2" and "O2Ti" give the same features to the last
        bit. Deuterium and tritium in a string become hydrogen. Species with a fraction below 1e-8
        are dropped. Very small amounts are multiplied by a power of two.

    Raises
    ------
    InvalidInputError
        If the value cannot be read.
    """
    try:
        species = Composition(_visible(_amounts(value))).items()
    # pymatgen raises errors of many types.
    except Exception as error:
        raise InvalidInputError(
            f"{shorten(value)} cannot be read as a composition: {error}"
        ) from error
    return Composition(dict(sorted(species, key=lambda item: (item[0].Z, str(item[0])))))


def _amounts(value):
    if isinstance(value, Mapping | Composition):
        return {species: float(amount) for species, amount in value.items()}
    amounts: dict[int, float] = {}
    # Sorted by amount too: add the amounts of a repeated element smallest first.
    for number, amount in sorted(zip(*parse_value(value), strict=True)):
        amounts[number] = amounts.get(number, 0.0) + amount
    return amounts


def _visible(amounts):
    """Drop fractions below 1e-8, and scale up the rest: pymatgen drops amounts below 1e-8."""
    total = sum(amount for amount in amounts.values() if amount > 0)
    kept = {key: amount for key, amount in amounts.items() if abs(amount) >= NEGLIGIBLE * total}
    if not kept or not 0 < total < 1 or min(kept.values()) >= 2 * NEGLIGIBLE:
        return kept
    factor = 1 - math.frexp(total)[1]
    return {key: math.ldexp(amount, factor) for key, amount in kept.items()}
