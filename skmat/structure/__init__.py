"""Crystal structures: reading, flat arrays and graphs."""

from skmat.structure._arrays import StructureArrays
from skmat.structure._graphs import (
    GRAPHS_VERSION,
    CrystalGraphs,
    GraphSettings,
    build_graphs,
)
from skmat.structure._neighbors import nearest_neighbors
from skmat.structure._read import read_structures

__all__ = [
    "GRAPHS_VERSION",
    "CrystalGraphs",
    "GraphSettings",
    "StructureArrays",
    "build_graphs",
    "nearest_neighbors",
    "read_structures",
]
