"""Structures with average atoms at some sites, for the contributions of elements and sites."""

import copy

import numpy as np
import pandas as pd
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer, SymmetryUndeterminedError

from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError
from skmat.inputs import are_structures, as_structures, held, split_materials
from skmat.structure import StructureArrays, read_structures
from skmat.structure._mixtures import FIRST_MIXTURE

__all__ = ["StructureParts", "averaging"]


def averaging(model):
    """Return the model, or a copy that averages over the elements of a disordered site."""
    if getattr(model, "disorder", None) == "raise":
        model = copy.copy(model)
        model.disorder = "average"
    return model


class StructureParts:
    """Structures, whose sites form parts that can be absent.

    Attributes
    ----------
    given : array-like
        X as it was passed.
    structures : StructureArrays
        The structures.
    part_of_site : ndarray of shape (n_sites,)
        Part of each site, counted from 0 in each structure.
    n_parts : ndarray of shape (n,)
        Number of parts of each structure.
    """

    def __init__(self, given, baseline, *, by):
        self.given = given
        column, extra = split_materials(given)
        self.structures = _read_ordered(column)
        self.frame = None if extra is None else as_pandas(given)
        self.name = None if extra is None else column.columns[0]
        self.index = pd.RangeIndex(len(self))
        if hasattr(given, "index") and hasattr(given, "iloc"):
            self.index = given.index
        self._average = self._average_atom(baseline)
        compositions = self.structures.compositions()
        self.numbers = compositions.atomic_numbers
        if by == "element":
            self.n_parts = compositions.n_elements
            row = np.repeat(np.arange(len(self)), self.structures.n_atoms)
            is_element = self.numbers[row] == self.structures.atomic_number[:, None]
            self.part_of_site = is_element.argmax(axis=1)
        else:
            orbits = [_orbits(structure) for structure in self.structures]
            self.n_parts = np.array([parts.max() + 1 for parts in orbits])
            self.part_of_site = np.concatenate(orbits)

    def __len__(self):
        return len(self.structures)

    def sites(self, row):
        """Return the part of each site of a structure."""
        return self.part_of_site[self.structures.offsets[row] : self.structures.offsets[row + 1]]

    def subset(self, row, mask):
        """Name the structure that has the parts in the bits of `mask`."""
        return row, mask

    def with_subsets(self, rows, subsets):
        """Return X with average atoms at the sites that the subsets do not hold."""
        is_absent = [
            np.array([not mask >> part & 1 for part in range(self.n_parts[row])])[self.sites(row)]
            for row, mask in subsets
        ]
        whole = self.structures.take(np.array(rows))
        structures = StructureArrays(
            whole.lattice,
            whole.n_atoms,
            np.where(np.concatenate(is_absent), FIRST_MIXTURE, whole.atomic_number),
            whole.frac,
            mixtures=self._average,
        )
        if self.frame is None:
            return structures
        frame = self.frame.iloc[rows].reset_index(drop=True)
        frame[self.name] = pd.Series(list(structures), dtype=object)
        return frame

    def _average_atom(self, baseline):
        """Return the mean composition of the baseline, ndarray of shape (1, 118)."""
        structures = self.structures
        if baseline is not None:
            column = None if np.isscalar(baseline) else split_materials(held(baseline))[0]
            if column is None or not are_structures(column):
                raise InvalidInputError(
                    "The baseline of structures must be structures, such as the training set:"
                    " absent atoms are averages over their elements."
                )
            structures, _ = read_structures(as_structures(column), disorder="average")
        elif len(np.unique(structures.compositions().keys(), axis=0)) == 1:
            raise InvalidInputError(
                "X holds one composition. Pass a baseline, such as the training set: absent atoms"
                " are averages over its elements."
            )
        compositions = structures.compositions()
        average = np.zeros((1, MAX_ATOMIC_NUMBER + 1))
        np.add.at(average[0], compositions.atomic_numbers, compositions.fractions)
        return average[:, 1:] / average[:, 1:].sum()


def _read_ordered(column):
    structures, _ = read_structures(as_structures(column), disorder="average")
    disordered = np.flatnonzero(~structures.is_ordered)
    if len(disordered):
        raise InvalidInputError(
            f"{len(disordered)} of {len(structures)} structures are disordered, so that elements"
            f" share sites, the first at row {disordered[0]}. Order them."
        )
    return structures


def _orbits(structure):
    """Return a number per site, equal for sites that symmetry makes equal."""
    try:
        found = SpacegroupAnalyzer(structure).get_symmetry_dataset().equivalent_atoms
        orbits = np.asarray(found, dtype=np.int64)
    except SymmetryUndeterminedError:
        orbits = np.arange(len(structure))
    return np.unique(orbits, return_inverse=True)[1]
