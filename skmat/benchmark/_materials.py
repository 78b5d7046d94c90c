"""Reading the materials that overlap and distance compare."""

from skmat.composition import CompositionArrays, read_compositions
from skmat.exceptions import InvalidInputError
from skmat.inputs import as_formulas

__all__ = ["as_compositions"]


def as_compositions(materials, what):
    """Return materials as CompositionArrays.

    Parameters
    ----------
    materials : CompositionArrays, StructureArrays or array-like of formulas
        CompositionArrays, structures, or a list, Series, one-column DataFrame or object array of
        formulas, Compositions or dicts.
    what : str
        Name of the materials in errors.

    Raises
    ------
    InvalidInputError
        If the materials are not formulas or are empty. The subclass InvalidCompositionError lists
        formulas that cannot be read.
    """
    if callable(getattr(materials, "compositions", None)):  # StructureArrays
        materials = materials.compositions()
    if not isinstance(materials, CompositionArrays):
        formulas = as_formulas(materials)
        if formulas is None:
            raise InvalidInputError(
                f"{what} must be a sequence of formulas or CompositionArrays, got"
                f" {type(materials).__name__} without any formula."
            )
        materials = read_compositions(formulas)
    if not len(materials):
        raise InvalidInputError(f"{what} is empty.")
    return materials
