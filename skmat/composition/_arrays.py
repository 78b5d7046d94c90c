"""Compositions as padded arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["MAX_ATOMIC_NUMBER", "NEGLIGIBLE", "CompositionArrays"]

#: Heaviest element that a composition may hold (oganesson).
MAX_ATOMIC_NUMBER = 118

#: Fraction below which an element is no part of a composition: what rounding leaves of zero, as
#: in 1 - 0.9 - 0.1, is no element. pymatgen's limit for amounts is the same number.
NEGLIGIBLE = 1e-8


@dataclass(frozen=True, eq=False)
class CompositionArrays:
    """Compositions of `n` materials, padded to the longest of them (to one column at least).

    Within a row the elements stand in the order of their atomic numbers, whatever their order in
    the formula was, so that "TiO2" and "O2Ti" are the same bits.

    Parameters
    ----------
    atomic_numbers : ndarray of shape (n, width), dtype uint8
        Atomic numbers; 0 is padding and stands at the end of a row.
    fractions : ndarray of shape (n, width), dtype float64
        Atomic fractions, dimensionless; each row sums to 1; 0 at padding.
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
        """Number of sites that a network sees: the elements are."""
        return self.n_elements

    def take(self, rows):
        """Return the materials at `rows` (indices or mask), trimmed to their longest."""
        atomic_numbers = self.atomic_numbers[rows]
        width = int(np.count_nonzero(atomic_numbers, axis=1).max(initial=1))
        return CompositionArrays(atomic_numbers[:, :width], self.fractions[rows][:, :width])

    def group_ids(self):
        """Label equal compositions with equal integers, ndarray of shape (n,).

        The labels are what ``GroupKFold`` and our internal validation splits take, so that one
        compound never stands on both sides of a split. Fractions are compared at 1e-6.
        """
        return np.unique(self.keys(), axis=0, return_inverse=True)[1].reshape(-1)

    def isin(self, others):
        """Tell which materials have the composition of one of `others`.

        Compositions are compared as `group_ids` does.

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
        """Find each material among `others`, as `group_ids` compares them.

        Parameters
        ----------
        others : CompositionArrays
            Compositions to look for.

        Returns
        -------
        ndarray of shape (n,), dtype int64
            A row of `others` with the same composition; -1 where there is none.
        """
        # Rows of one table, so that both are padded to the same width.
        width = max(self.atomic_numbers.shape[1], others.atomic_numbers.shape[1])
        keys = np.vstack([self.keys(width), others.keys(width)])
        groups = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
        place = np.full(groups.max(initial=-1) + 1, -1)
        place[groups[len(self) :]] = np.arange(len(others))
        return place[groups[: len(self)]]

    def keys(self, width=None):
        """Return one row of integers per material, equal for equal compositions.

        Parameters
        ----------
        width : int, default=None
            Number of elements to pad to; None pads to the longest composition.

        Returns
        -------
        ndarray of shape (n, 2 * width), dtype int64
            Atomic numbers, then fractions in steps of 1e-6.
        """
        missing = 0 if width is None else width - self.atomic_numbers.shape[1]
        padding = ((0, 0), (0, missing))
        fractions = np.rint(self.fractions * 1e6).astype(np.int64)
        return np.hstack([np.pad(self.atomic_numbers, padding), np.pad(fractions, padding)])

    @classmethod
    def from_flat(cls, rows, atomic_numbers, amounts, n_rows):
        """Build from one entry per (row, element); amounts are normalised per row.

        An element whose fraction is below 1e-8 is left out, and the others are the same bits as
        without it.

        Parameters
        ----------
        rows, atomic_numbers, amounts : ndarray of shape (m,)
            Row, atomic number and amount (> 0) of each entry, in any order; an element may occur
            more than once in a row, its amounts are added.
        n_rows : int
            Number of rows; a row without entries becomes all padding.
        """
        keys, inverse = np.unique(
            rows.astype(np.int64) * (MAX_ATOMIC_NUMBER + 1) + atomic_numbers, return_inverse=True
        )
        # Repeated elements are added smallest first, so that their order cannot change a bit.
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
        # The sum runs over the same columns in the same order whatever the other rows are.
        row_total = np.zeros(n_rows)
        for column in range(width):
            row_total += padded_amounts[:, column]
        fractions = padded_amounts / np.where(row_total > 0, row_total, 1.0)[:, None]
        return cls(padded_numbers, fractions)


def _scaled(rows, amounts, n_rows):
    """Return the amounts, those of a row divided by a power of two, so that no sum overflows.

    The scale of a row changes no bit of its fractions.
    """
    largest = np.zeros(n_rows)
    np.maximum.at(largest, rows, amounts)
    return np.ldexp(amounts, -np.frexp(largest)[1][rows])
