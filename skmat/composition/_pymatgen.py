"""One value to a pymatgen Composition, for code that needs more than atomic fractions."""

from collections.abc import Mapping

from pymatgen.core import Composition

from skmat.composition._formula import parse_formula

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
        same features to the last bit. Deuterium and tritium in a string become hydrogen.
    """
    if isinstance(value, Mapping | Composition):
        amounts = {species: float(amount) for species, amount in value.items()}
    else:
        amounts = {}
        # Sorted by amount too: those of a repeated element are added smallest first.
        for number, amount in sorted(zip(*parse_formula(value), strict=True)):
            amounts[number] = amounts.get(number, 0.0) + amount
    species = Composition(amounts).items()
    return Composition(dict(sorted(species, key=lambda item: (item[0].Z, str(item[0])))))
