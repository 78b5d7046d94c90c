"""How the functions that look at materials, not at scores, read them."""

from skmat.composition import CompositionArrays, read_compositions
from skmat.exceptions import InvalidInputError
from skmat.inputs import as_formulas

__all__ = ["as_compositions"]


def as_compositions(materials, what):
    """Return materials as CompositionArrays.

    Parameters
    ----------
    materials : CompositionArrays or array-like of formulas
        A list, Series, one-column DataFrame or object array of formulas, Compositions or dicts,
        or what became of them.
    what : str
        What they are called in an error.

    Raises
    ------
    InvalidInputError
        If these are no formulas, or none at all; InvalidCompositionError, which is one, if some
        cannot be read.
    """
    if not isinstance(materials, CompositionArrays):
        formulas = as_formulas(materials)
        if formulas is None:
            raise InvalidInputError(
                f"{what} must be a sequence of formulas or CompositionArrays, got"
                f" {type(materials).__name__} without any formula."
            )
        materials = read_compositions(formulas)
    if not len(materials):
        raise InvalidInputError(f"{what} holds no material.")
    return materials
