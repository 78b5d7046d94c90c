"""Properties of crystals for ``transfer.py``: what is learned from, tested on and pretrained on.

A module of its own, so that each process of the study loads them once.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from skmat.datasets import fetch_matbench, fetch_matminer, fetch_mp
from skmat.structure import StructureArrays

MAX_ATOMS = 20
N_TEST = 500
HALOGENS = (9, 17, 35, 53)


class Property(NamedTuple):
    """Crystals, labels, rows to learn from, to test on, and to pretrain on."""

    X: StructureArrays
    y: np.ndarray
    pool: np.ndarray
    test: np.ndarray
    source: np.ndarray


def small_cells(X, y):
    kept = np.isfinite(y) & (X.n_atoms <= MAX_ATOMS)
    return X.take(kept), y[kept]


def has_halogen(X):
    """Return whether each crystal holds a halogen, ndarray of shape (n,), bool."""
    crystals = np.repeat(np.arange(len(X)), X.n_atoms)
    return np.bincount(crystals, np.isin(X.atomic_number, HALOGENS), len(X)) > 0


@cache
def load(held_out=None):
    """Return the properties by name."""
    mp = fetch_mp(targets=["e_form", "gap", "G_VRH"])
    phonons = fetch_matbench("phonons", input="structure")
    dielectric = fetch_matminer("dielectric", targets="poly_total")
    piezo = fetch_matminer("piezoelectric", targets="eij_max")
    columns = {
        "e_form": (mp.data, mp.target[:, 0]),
        "gap": (mp.data, mp.target[:, 1]),
        "log_G": (mp.data, np.log10(mp.target[:, 2])),
        "phonons": (phonons.data, np.asarray(phonons.target, dtype=float)),
        "dielectric": (dielectric.data, dielectric.target),
        "piezo": (piezo.data, piezo.target),
    }
    columns = {name: small_cells(*column) for name, column in columns.items()}
    everything = StructureArrays.concatenate([X for X, _ in columns.values()])
    groups = np.split(
        everything.group_ids(), np.cumsum([len(y) for _, y in columns.values()])[:-1]
    )
    if held_out == "halides":
        asked = [has_halogen(X) for X, _ in columns.values()]
        shown = [~each for each in asked]
    else:
        asked = shown = [np.ones(len(y), dtype=bool) for _, y in columns.values()]
    generator = np.random.default_rng(0)
    tests = []
    for group, kept in zip(groups, asked, strict=True):
        group = group[kept]
        n_test = min(N_TEST, len(group) // 10)
        order = generator.permutation(np.unique(group))
        sizes = np.cumsum(np.bincount(group, minlength=order.max() + 1)[order])
        tests.append(order[: np.searchsorted(sizes, n_test) + 1])
    tested = np.concatenate(tests)
    found = {}
    for place, (name, (X, y)) in enumerate(columns.items()):
        free = ~np.isin(groups[place], tested)
        test = np.isin(groups[place], tests[place])
        rows = (free & asked[place], test & asked[place], free & shown[place])
        found[name] = Property(X, y, *(np.flatnonzero(each) for each in rows))
    return found


@cache
def load_relatives(held_out=None):
    """Return further properties of the Materials Project by name: crystals and labels.

    Of no composition that :func:`load` tests on. They are pretrained on alone.
    """
    names = ("K_VRH", "poisson_ratio", "n_index", "poly_electronic")
    mp = fetch_mp(targets=names)
    labels = dict(zip(names, mp.target.T, strict=True))
    for name in ("K_VRH", "poly_electronic"):
        labels[name] = np.log10(labels[name])
    tested = [data.X.take(data.test) for data in load(held_out).values()]
    groups = StructureArrays.concatenate([mp.data, *tested]).group_ids()
    free = ~np.isin(groups[: len(mp.data)], groups[len(mp.data) :])
    if held_out == "halides":
        free &= ~has_halogen(mp.data)
    X = mp.data.take(free)
    return {name: small_cells(X, y[free]) for name, y in labels.items()}
