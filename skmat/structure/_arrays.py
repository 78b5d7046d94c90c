"""Many structures as a few flat arrays."""

import io
import os
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np
from pymatgen.core import Lattice, Structure

from skmat._utils.atomic import write_atomically
from skmat.exceptions import InvalidInputError, InvalidRowsError
from skmat.structure._columns import as_strings, check_elements, frozen, read_only, whole
from skmat.structure._faults import fault_of_structure, name_of_structure
from skmat.structure._formulas import formulas_of
from skmat.structure._mixtures import (
    FIRST_MIXTURE,
    NO_MIXTURES,
    MixtureTable,
    check_disorder,
    check_mixtures,
    compositions_of,
    ranges,
    settle,
    species_of,
)

__all__ = ["StructureArrays"]

# Steps of 16-bit fractional coordinates, about 1e-4 Å in a cell of 7 Å.
_STEPS = 65536

#: Arrays of every npz file.
_ARRAYS = ("lattice", "n_atoms", "atomic_number", "frac")

#: Errors of numpy and zipfile for other files and for damaged ones. zipfile raises
#: NotImplementedError for an unknown compression.
_FAULTS_OF_A_FILE = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


class StructureArrays(Sequence):
    """Periodic structures as flat, read-only arrays.

    An integer index returns a :class:`pymatgen.core.Structure`. A slice, an array of indices or a
    mask returns another `StructureArrays`. Use it as X, also in cross-validation and
    :func:`~sklearn.model_selection.train_test_split`. The 154,925 structures of
    :func:`skmat.datasets.fetch_mp` take 78 MB, instead of 3.3 GB as pymatgen Structures.

    Parameters
    ----------
    lattice : array-like of shape (n, 3, 3)
        Lattice vectors of each structure, as rows, in Å.
    n_atoms : array-like of shape (n,)
        Number of sites of each structure.
    atomic_number : array-like of shape (m,)
        Atomic numbers of all sites, structure by structure. 119 is row 0 of `mixtures`, 120 row
        1, and so on.
    frac : array-like of shape (m, 3)
        Fractional coordinates of the sites, dimensionless. float32 and float64 stay as they are.
        uint16 counts steps of 1/65536 and becomes float32, without rounding.
    ids : array-like of shape (n,), default=None
        Name of each structure.
    mixtures : array-like of shape (n_mixtures, 118), default=None
        Occupancies of the elements at disordered sites, from 0 to 1, dimensionless. A row that
        adds up to less than 1 is partially vacant. None if all structures are ordered.

    Attributes
    ----------
    lattice, n_atoms, atomic_number, frac : ndarray
        The parameters, as float64, int64, uint8 (int32 with mixtures), and float32 or float64.
    mixtures : ndarray of shape (n_mixtures, 118), dtype float64
        The distinct mixtures that occur.
    offsets : ndarray of shape (n + 1,), dtype int64
        ``offsets[i]:offsets[i + 1]`` are the sites of structure ``i``.
    ids : ndarray of shape (n,), dtype object, or None
        Names as strings.

    Raises
    ------
    InvalidInputError
        If the arrays do not fit each other.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> from skmat.structure import StructureArrays
    >>> salt = Structure.from_spacegroup(
    ...     "Fm-3m",
    ...     Lattice.cubic(5.69),
    ...     ["Na", "Cl"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5]],
    ... )
    >>> structures = StructureArrays.from_structures(
    ...     [salt, salt.get_primitive_structure()]
    ... )
    >>> structures.formulas()
    array(['NaCl', 'NaCl'], dtype=object)
    >>> structures[1:]
    StructureArrays(1 structures, 2 sites)
    >>> structures[1].volume < structures[0].volume
    True
    """

    def __init__(self, lattice, n_atoms, atomic_number, frac, ids=None, mixtures=None):
        n_atoms, atomic_number = whole(n_atoms, "n_atoms"), whole(atomic_number, "atomic_number")
        frac = np.asarray(frac)
        if frac.dtype == np.uint16:
            frac = frozen(frac.astype(np.float32) / np.float32(_STEPS))
        elif frac.dtype not in (np.float32, np.float64):
            frac = frozen(frac.astype(np.float64))
        self.lattice = read_only(lattice, np.float64)
        self.n_atoms = read_only(n_atoms, np.int64)
        mixtures = NO_MIXTURES if mixtures is None else np.asarray(mixtures, dtype=np.float64)
        check_mixtures(mixtures)
        check_elements(atomic_number, len(mixtures))
        atomic_number, mixtures = settle(atomic_number, mixtures)
        self.atomic_number = read_only(atomic_number, atomic_number.dtype)
        self.mixtures = read_only(mixtures, np.float64)
        self.frac = read_only(frac, frac.dtype)
        self.ids = None if ids is None else read_only(as_strings(ids), object)
        self.offsets = read_only(np.concatenate([[0], np.cumsum(self.n_atoms)]), np.int64)
        self._check()

    def _check(self):
        n_structures, n_sites = len(self.n_atoms), int(self.offsets[-1])
        expected = {
            "lattice": (n_structures, 3, 3),
            "n_atoms": (n_structures,),
            "atomic_number": (n_sites,),
            "frac": (n_sites, 3),
            "ids": (n_structures,),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise InvalidInputError(
                    f"{name} must have shape {shape} for {n_structures} structures with"
                    f" {n_sites} sites in sum (n_atoms), got {array.shape}."
                )
        if n_structures and self.n_atoms.min() < 1:
            raise InvalidInputError(
                f"Structure {self.n_atoms.argmin()} has {self.n_atoms.min()} atoms. Leave out"
                " structures without atoms."
            )
        for name in ("lattice", "frac"):
            finite = np.isfinite(getattr(self, name))
            if not finite.all():
                raise InvalidInputError(
                    f"{name} holds {np.count_nonzero(~finite)} numbers that are not finite, the"
                    f" first at {tuple(int(i) for i in np.argwhere(~finite)[0])}. Leave out these"
                    " structures."
                )

    def __len__(self):
        return len(self.n_atoms)

    def __repr__(self):
        return f"{type(self).__name__}({len(self):,} structures, {len(self.frac):,} sites)"

    def __getitem__(self, key):
        # scikit-learn indexes objects with a shape as `X[rows, ...]`.
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, slice):
            return self.take(key)
        key = np.asarray(key)
        if key.ndim == 0 and key.dtype.kind in "iu":
            return self._structure(int(key))
        return self.take(key)

    @property
    def shape(self):
        """``(n,)``: with a shape, scikit-learn indexes by arrays instead of one by one."""
        return (len(self),)

    @property
    def nbytes(self):
        """Memory of the arrays in bytes, without `ids`."""
        arrays = (self.lattice, self.n_atoms, self.atomic_number, self.frac, self.offsets)
        return sum(array.nbytes for array in (*arrays, self.mixtures))

    @property
    def is_ordered(self):
        """True for each structure with one element at every site, ndarray of shape (n,), bool."""
        mixed = np.flatnonzero(self.atomic_number >= FIRST_MIXTURE)
        ordered = np.ones(len(self), dtype=bool)
        ordered[np.searchsorted(self.offsets, mixed, side="right") - 1] = False
        return ordered

    def take(self, rows):
        """Return some of the structures.

        Parameters
        ----------
        rows : slice, array-like of int or array-like of bool
            Positions, or a mask with one entry per structure.

        Returns
        -------
        StructureArrays
        """
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iub"):
                raise InvalidInputError(
                    "rows must be a slice, or one-dimensional integers or booleans, got an array"
                    f" of shape {rows.shape} and dtype {rows.dtype}."
                )
            if rows.dtype == bool and len(rows) != len(self):
                raise IndexError(f"The mask has {len(rows)} entries for {len(self)} structures.")
            if rows.size == 0 and rows.dtype != bool:
                rows = rows.astype(np.intp)
        positions = np.arange(len(self))[rows]
        n_atoms = self.n_atoms[positions]
        sites = ranges(self.offsets[positions], n_atoms)
        return type(self)(
            frozen(self.lattice[positions]),
            n_atoms,
            frozen(self.atomic_number[sites]),
            frozen(self.frac[sites]),
            None if self.ids is None else self.ids[positions],
            self.mixtures,
        )

    def without_ids(self):
        """Return the same structures without their ids."""
        if self.ids is None:
            return self
        numbers, mixtures = self.atomic_number, self.mixtures
        return StructureArrays(self.lattice, self.n_atoms, numbers, self.frac, mixtures=mixtures)

    def compositions(self):
        """Return the compositions of all structures as `CompositionArrays`.

        Elements at disordered sites count by their occupancies.
        """
        return compositions_of(self.n_atoms, self.atomic_number, self.mixtures)

    def group_ids(self):
        """Label structures of equal composition with equal integers, ndarray of shape (n,)."""
        return self.compositions().group_ids()

    def formulas(self, *, reduced=True):
        """Return the formula of each structure.

        Parameters
        ----------
        reduced : bool, default=True
            True divides whole amounts by their greatest common divisor, and leaves out amounts of
            one ("TiO2"). False gives the formula of the cell, with all amounts ("Ti2O4").

        Returns
        -------
        ndarray of shape (n,), dtype object
            Formulas with the elements in pymatgen's order. With ``reduced=False`` they equal
            ``structure.composition.formula`` without spaces.
        """
        return formulas_of(self.n_atoms, self.atomic_number, self.mixtures, reduced=reduced)

    def __setstate__(self, state):
        self.__dict__.update(state)
        for array in state.values():  # pickle loses the read-only flag
            if isinstance(array, np.ndarray):
                array.flags.writeable = False

    def _structure(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(f"Index {index} is out of range for {len(self)} structures.")
        index %= len(self)
        sites = slice(self.offsets[index], self.offsets[index + 1])
        return Structure(
            Lattice(self.lattice[index]),
            [species_of(number, self.mixtures) for number in self.atomic_number[sites].tolist()],
            self.frac[sites].astype(np.float64),
        )

    @classmethod
    def concatenate(cls, parts):
        """Join several StructureArrays into one.

        Parameters
        ----------
        parts : sequence of StructureArrays
            At least one. `ids` are kept if all parts have them.
        """
        names = [part.ids for part in parts]
        known = all(each is not None for each in names)
        lattice, n_atoms, atomic_number, frac = (
            frozen(np.concatenate([getattr(part, field) for part in parts]))
            for field in ("lattice", "n_atoms", "atomic_number", "frac")
        )
        ids = np.concatenate(names) if known else None
        mixtures = np.concatenate([part.mixtures for part in parts])
        if len(mixtures):
            n_before = np.cumsum([0, *(len(part.mixtures) for part in parts[:-1])])
            shift = np.repeat(n_before, [len(part.atomic_number) for part in parts])
            atomic_number = atomic_number + shift * (atomic_number >= FIRST_MIXTURE)
        return cls(lattice, n_atoms, atomic_number, frac, ids, mixtures)

    @classmethod
    def from_structures(cls, structures, ids=None, *, disorder="raise"):
        """Build from pymatgen Structures.

        Charges, oxidation states, isotopes and other site properties are dropped.

        Parameters
        ----------
        structures : iterable of pymatgen.core.Structure
            The structures. Coordinates stay float64.
        ids : array-like of shape (n,), default=None
            Name of each structure.
        disorder : {"raise", "average"}, default="raise"
            "raise" treats shared or partially occupied sites as an error. "average" keeps the
            occupancies, and networks average over them.

        Raises
        ------
        InvalidRowsError
            If an item is not a structure of known elements, or is disordered with
            ``disorder="raise"``. The error lists all such items.
        """
        check_disorder(disorder)
        lattices, numbers, fracs, problems = [], [], [], []
        mixtures = MixtureTable()
        for row, structure in enumerate(structures):
            fault = fault_of_structure(structure, disorder)
            if fault:
                problems.append((row, name_of_structure(structure), fault))
                continue
            lattices.append(structure.lattice.matrix)
            if structure.is_ordered:
                numbers.append([site.specie.Z for site in structure])
            else:
                numbers.append([mixtures.number_of(site) for site in structure])
            fracs.append(structure.frac_coords)
        n_rows = len(lattices) + len(problems)
        if problems:
            raise InvalidRowsError(problems, n_rows)
        return cls(
            np.array(lattices).reshape(-1, 3, 3),
            [len(part) for part in numbers],
            np.array([number for part in numbers for number in part], dtype=np.int32),
            frozen(np.vstack(fracs)) if fracs else np.empty((0, 3)),
            ids,
            mixtures.occupancies(),
        )

    def save(self, file):
        """Write an npz file with material_id, lattice, n_atoms, atomic_number, frac and mixtures.

        Coordinates in whole steps of 1/65536 are written as uint16. :meth:`load` gives back the
        same numbers.

        Parameters
        ----------
        file : str, path-like or binary file
            Where to write. The name is used as given, and a path never holds a part of a file.
        """
        steps = self.frac * _STEPS
        whole = bool(np.all((steps == np.rint(steps)) & (steps >= 0) & (steps < _STEPS)))
        arrays = {
            "lattice": self.lattice,
            "n_atoms": self.n_atoms,
            "atomic_number": self.atomic_number,
            "frac": steps.astype(np.uint16) if whole else self.frac,
        }
        if len(self.mixtures):
            arrays["mixtures"] = self.mixtures
        if self.ids is not None:
            arrays["material_id"] = np.char.encode(self.ids.astype(str), "utf-8")
        if hasattr(file, "write"):
            np.savez_compressed(file, **arrays)
        else:
            stream = io.BytesIO()
            np.savez_compressed(stream, **arrays)
            write_atomically(file, stream.getvalue())

    @classmethod
    def load(cls, file):
        """Read a file of :meth:`save`, without executing anything in it.

        Parameters
        ----------
        file : str, path-like or binary file
            The npz file.

        Raises
        ------
        InvalidInputError
            If :meth:`save` did not write the file, or if it was cut off or altered.
        FileNotFoundError
            If the file does not exist.
        """
        name = file if isinstance(file, str | os.PathLike) else "The file"
        try:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise InvalidInputError("it holds one array")
            with arrays:
                return cls.from_npz(arrays)
        except _FAULTS_OF_A_FILE as error:
            # numpy's message advises to load unknown files unsafely.
            reason = str(error) if isinstance(error, InvalidInputError) else "it cannot be read"
            raise InvalidInputError(
                f"{name} is not a file of StructureArrays.save, or was cut off or altered:"
                f" {reason}. Write it again with StructureArrays.save."
            ) from error

    @classmethod
    def from_npz(cls, arrays):
        """Build from a mapping of names to arrays, such as an npz file."""
        lacking = [name for name in _ARRAYS if name not in arrays]
        if lacking:
            raise InvalidInputError(f"it lacks the arrays {', '.join(lacking)}")
        return cls(
            arrays["lattice"],
            arrays["n_atoms"],
            arrays["atomic_number"],
            arrays["frac"],
            arrays.get("material_id"),
            arrays.get("mixtures"),
        )
