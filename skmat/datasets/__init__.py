"""Data sets: ``load_*`` reads what an installed dependency ships, without network."""

from skmat.datasets._transport import load_transport

__all__ = ["load_transport"]
