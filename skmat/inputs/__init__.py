"""How our estimators read ``X``, whichever form the user has it in."""

from skmat.inputs._compositions import CompositionInputMixin, as_formulas, held, is_fitted
from skmat.inputs._structures import StructureInputMixin, as_structures

__all__ = [
    "CompositionInputMixin",
    "StructureInputMixin",
    "as_formulas",
    "as_structures",
    "held",
    "is_fitted",
]
