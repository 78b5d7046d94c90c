"""Small materials for tests in which it does not matter which they are."""

import numpy as np
from pymatgen.core import Lattice, Structure

from skmat.nn import CrystalBatch
from skmat.structure import StructureArrays, build_graphs

#: Ten compositions, no two of them equal.
FORMULAS = ["TiO2", "Fe2O3", "NaCl", "Cu", "GaAs", "BaTiO3", "MgO", "ZnS", "SiO2", "Bi2Te3"]

#: A positive label of each, as band gaps in eV are.
GAPS = [3.2, 2.1, 8.5, 0.5, 1.4, 3.3, 7.8, 3.6, 9.0, 0.2]

# Sites are written out: pymatgen takes half a second to make them from a space group.
_CATIONS = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
_ANIONS = [[0.5, 0.5, 0.5], [0, 0, 0.5], [0, 0.5, 0], [0.5, 0, 0]]


def rock_salt(a=5.64, cation="Na", anion="Cl"):
    """Conventional cell: 8 atoms, each with 6 neighbours at a / 2 and 12 at a / sqrt(2)."""
    return Structure(Lattice.cubic(a), [cation] * 4 + [anion] * 4, _CATIONS + _ANIONS)


def mixed_salt(share, a=5.64, first="Na", second="K"):
    """Rock salt whose cations are of two elements, one in this share of them."""
    return rock_salt(a, {first: share, second: 1 - share})


def rutile():
    u = 0.3053
    metal = [[0, 0, 0], [0.5, 0.5, 0.5]]
    oxygen = [[u, u, 0], [0.5 - u, 0.5 + u, 0.5], [0.5 + u, 0.5 - u, 0.5], [1 - u, 1 - u, 0]]
    return Structure(Lattice.tetragonal(4.59, 2.96), ["Ti"] * 2 + ["O"] * 4, metal + oxygen)


def bcc_iron():
    return Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def stretched_iron():
    """Its shells end a hundredth of an Å apart, as lattice parameters are written."""
    return Structure(Lattice.tetragonal(2.86, 2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def layered_alloy():
    """The shell that the twelfth neighbour is in holds two elements at one distance."""
    sites = [[0, 0, 0], [0, 0, 0.5], [0.5, 0.5, 0.25], [0.5, 0.5, 0.75]]
    return Structure(Lattice.tetragonal(2.87, 5.74), ["Fe", "Co", "Al", "Al"], sites)


def triclinic(seed=0, n_atoms=7):
    """A cell without any symmetry, atoms kept apart."""
    generator = np.random.default_rng(seed)
    lattice = Lattice.from_parameters(6.1, 6.9, 7.7, 81.0, 97.0, 108.0)
    frac, species = [], []
    while len(frac) < n_atoms:
        site = generator.uniform(size=3)
        if all(lattice.get_distance_and_image(site, other)[0] > 1.6 for other in frac):
            frac.append(site)
            species.append(["Li", "Al", "Si", "O"][int(generator.integers(4))])
    return Structure(lattice, species, frac)


def many(n=12):
    """Crystals of several kinds and sizes, no two of them equal."""
    makers = [
        lambda i: rock_salt(5.0 + 0.05 * i, ["Li", "Na", "K"][i % 3]),
        lambda i: rock_salt(4.2 + 0.03 * i, "Mg", "O").get_primitive_structure(),
        lambda i: triclinic(i, 4 + i % 4),
    ]
    return [makers[i % 3](i) for i in range(n)]


def batch_of(*structures):
    graphs, problems = build_graphs(
        StructureArrays.from_structures(structures, disorder="average")
    )
    assert not problems
    return CrystalBatch.from_graphs(graphs, np.arange(len(structures)))
