"""One value to a pymatgen Composition, for code that needs more than atomic fractions."""

import math
from collections.abc import Mapping

from pymatgen.core import Composition

from skmat.composition._arrays import NEGLIGIBLE
from skmat.composition._read import parse_value
from skmat.exceptions import InvalidInputError, shorten

__all__ = ["to_pymatgen"]


def to_pymatgen(value):
    """Return a readable value as a Composition, with its amounts and oxidation states.

    Parameters
    ----------
    value : str, Composition or mapping
        A value that :func:`read_compositions` accepts; a mapping may have atomic numbers for
        keys.

    Returns
    -------
    Composition
        The species in the order of their atomic numbers, so that "TiO2" and "O2Ti" give the
        same features to the last bit. Deuterium and tritium in a string become hydrogen. Species
        whose share is below 1e-8 are left out; where all amounts are very small, a power of two
        multiplies them.

    Raises
    ------
    InvalidInputError
        If the value cannot be read.
    """
    try:
        species = Composition(_visible(_amounts(value))).items()
    # pymatgen raises whatever its insides raise.
    except Exception as error:
        raise InvalidInputError(
            f"{shorten(value)} cannot be read as a composition: {error}"
        ) from error
    return Composition(dict(sorted(species, key=lambda item: (item[0].Z, str(item[0])))))


def _amounts(value):
    if isinstance(value, Mapping | Composition):
        return {species: float(amount) for species, amount in value.items()}
    amounts: dict[int, float] = {}
    # Sorted by amount too: those of a repeated element are added smallest first.
    for number, amount in sorted(zip(*parse_value(value), strict=True)):
        amounts[number] = amounts.get(number, 0.0) + amount
    return amounts


def _visible(amounts):
    """Return the amounts that count, large enough for pymatgen, which drops those below 1e-8."""
    total = sum(amount for amount in amounts.values() if amount > 0)
    kept = {key: amount for key, amount in amounts.items() if abs(amount) >= NEGLIGIBLE * total}
    if not kept or not 0 < total < 1 or min(kept.values()) >= 2 * NEGLIGIBLE:
        return kept
    factor = 1 - math.frexp(total)[1]
    return {key: math.ldexp(amount, factor) for key, amount in kept.items()}
