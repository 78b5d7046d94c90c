"""Compositions as padded arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["MAX_ATOMIC_NUMBER", "NEGLIGIBLE", "CompositionArrays"]

#: Heaviest element that a composition may hold (oganesson).
MAX_ATOMIC_NUMBER = 118

#: Elements with a smaller fraction are dropped: rounding makes 1 - 0.9 - 0.1 slightly different
#: from zero. pymatgen has the same limit for amounts.
NEGLIGIBLE = 1e-8


@dataclass(frozen=True, eq=False)
class CompositionArrays:
    """Compositions of `n` materials, padded to the longest one (at least one column).

    Each row is sorted by atomic number, so "TiO2" and "O2Ti" give identical arrays.

    Parameters
    ----------
    atomic_numbers : ndarray of shape (n, width), dtype uint8
        Atomic numbers. Zeros at the end of a row are padding.
    fractions : ndarray of shape (n, width), dtype float64
        Atomic fractions, dimensionless. Each row sums to 1. Padding is 0.
    """

    atomic_numbers: np.ndarray
    fractions: np.ndarray

    def __len__(self):
        return len(self.atomic_numbers)

    @cached_property
    def n_elements(self):
        """Number of distinct elements of each material, ndarray of shape (n,)."""
        return np.count_nonzero(self.atomic_numbers, axis=1)

    @property
    def n_sites(self):
        """Number of sites; for compositions, the distinct elements."""
        return self.n_elements

    def take(self, rows):
        """Return the materials at `rows` (indices or mask), trimmed to their longest."""
        atomic_numbers = self.atomic_numbers[rows]
        width = int(np.count_nonzero(atomic_numbers, axis=1).max(initial=1))
        return CompositionArrays(atomic_numbers[:, :width], self.fractions[rows][:, :width])

    def group_ids(self):
        """Label equal compositions with equal integers, ndarray of shape (n,).

        Fractions are compared to 1e-6. Pass the labels as groups to ``GroupKFold`` to keep a
        composition out of training and test set at once. The internal validation split uses them.
        """
        return _labels(self.keys())

    def isin(self, others):
        """Tell which materials have the composition of one of `others`.

        Fractions are compared to 1e-6.

        Parameters
        ----------
        others : CompositionArrays
            Compositions to look for.

        Returns
        -------
        ndarray of shape (n,), dtype bool
        """
        return self.match(others) >= 0

    def match(self, others):
        """Find the row of `others` with the composition of each material.

        Fractions are compared to 1e-6.

        Parameters
        ----------
        others : CompositionArrays
            Compositions to look for.

        Returns
        -------
        ndarray of shape (n,), dtype int64
            A row of `others` with the same composition, or -1 if none has it.
        """
        width = max(self.atomic_numbers.shape[1], others.atomic_numbers.shape[1])
        keys = np.vstack([self.keys(width), others.keys(width)])
        groups = _labels(keys)
        place = np.full(groups.max(initial=-1) + 1, -1)
        place[groups[len(self) :]] = np.arange(len(others))
        return place[groups[: len(self)]]

    def keys(self, width=None):
        """Return one row of integers per material, equal for equal compositions.

        Parameters
        ----------
        width : int, default=None
            Number of elements to pad to. None pads to the longest composition.

        Returns
        -------
        ndarray of shape (n, 2 * width), dtype int32
            Atomic numbers, then fractions in steps of 1e-6.
        """
        missing = 0 if width is None else width - self.atomic_numbers.shape[1]
        padding = ((0, 0), (0, missing))
        fractions = np.rint(self.fractions * 1e6).astype(np.int32)
        return np.hstack([np.pad(self.atomic_numbers, padding), np.pad(fractions, padding)])

    @classmethod
    def from_flat(cls, rows, atomic_numbers, amounts, n_rows):
        """Build from one entry per (row, element), and normalise each row.

        Elements with a fraction below 1e-8 are dropped before normalisation.

        Parameters
        ----------
        rows, atomic_numbers, amounts : ndarray of shape (m,)
            Row, atomic number and amount (> 0) of each entry, in any order. Amounts of an element
            that occurs more than once in a row are added.
        n_rows : int
            Number of rows. A row without entries becomes all padding.
        """
        keys, inverse = np.unique(
            rows.astype(np.int64) * (MAX_ATOMIC_NUMBER + 1) + atomic_numbers, return_inverse=True
        )
        # Add repeated elements smallest first: their order in the formula must not change a bit.
        order = np.argsort(amounts, kind="stable")
        total = np.zeros(len(keys))
        np.add.at(total, inverse[order], _scaled(rows, amounts, n_rows)[order])
        row, number = np.divmod(keys, MAX_ATOMIC_NUMBER + 1)
        kept = total >= NEGLIGIBLE * np.bincount(row, total, minlength=n_rows)[row]
        row, number, total = row[kept], number[kept], total[kept]
        counts = np.bincount(row, minlength=n_rows)
        slot = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        width = int(counts.max(initial=1))
        padded_numbers = np.zeros((n_rows, width), dtype=np.uint8)
        padded_amounts = np.zeros((n_rows, width))
        padded_numbers[row, slot] = number
        padded_amounts[row, slot] = total
        # Sum column by column: NumPy's order of summation would depend on the width, and so on
        # the other rows.
        row_total = np.zeros(n_rows)
        for column in range(width):
            row_total += padded_amounts[:, column]
        fractions = padded_amounts / np.where(row_total > 0, row_total, 1.0)[:, None]
        return cls(padded_numbers, fractions)

    @classmethod
    def joined(cls, blocks):
        """Return the materials of several CompositionArrays, one after the other."""
        ends = np.cumsum([len(block) for block in blocks], dtype=np.int64)
        n_rows = int(ends[-1]) if len(blocks) else 0
        width = max((block.atomic_numbers.shape[1] for block in blocks), default=1)
        atomic_numbers = np.zeros((n_rows, width), dtype=np.uint8)
        fractions = np.zeros((n_rows, width))
        for block, end in zip(blocks, ends, strict=True):
            place = slice(end - len(block), end), slice(block.atomic_numbers.shape[1])
            atomic_numbers[place] = block.atomic_numbers
            fractions[place] = block.fractions
        return cls(atomic_numbers, fractions)


def _labels(keys):
    """Label equal rows with equal integers, in lexicographic order of the rows.

    It equals the inverse of ``np.unique(keys, axis=0)``, but takes less time and memory.
    """
    labels = np.zeros(len(keys), dtype=np.int64)
    if len(keys):
        order = np.lexsort(keys.T[::-1])
        is_new = np.zeros(len(keys), dtype=bool)
        for column in keys.T:
            ordered = column[order]
            is_new[1:] |= ordered[1:] != ordered[:-1]
        labels[order] = np.cumsum(is_new)
    return labels


def _scaled(rows, amounts, n_rows):
    """Divide the amounts of each row by a power of two: sums cannot overflow.

    A power of two does not change a bit of the fractions.
    """
    largest = np.zeros(n_rows)
    np.maximum.at(largest, rows, amounts)
    return np.ldexp(amounts, -np.frexp(largest)[1][rows])
