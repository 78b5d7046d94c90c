"""Shells of neighbours around an atom."""

__all__ = ["TIE"]

#: In Å. Distances that differ by less belong to one shell. Not a round number: lattice parameters
#: have two or three digits, and rounding would then decide.
TIE = 0.0103
