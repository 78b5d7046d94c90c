"""Crystal structures as arrays."""

from skmat.crystal._arrays import StructureArrays

__all__ = ["StructureArrays"]
