"""Convert the data that matminer 0.4.2 ships to files of a data home."""

import ast
import hashlib
import io
import math
import tarfile
import zipfile
import zlib

import numpy as np
import pandas as pd
from pymatgen.core import Structure
from pymatgen.io.vasp import Poscar

from skmat.datasets._files import structures_content, write_file
from skmat.datasets._pip import download_release
from skmat.structure import StructureArrays

__all__ = ["is_structures", "labels_path", "structures_path", "write_set"]

_RELEASE = "matminer==0.4.2"
_SDIST = {
    "size": 8389206,
    "sha256": "355792330e20b121cae1492e6e8b4bcae4cf5fc5fa30d44241ef680fb809030c",
}
_FURTHER = ["nsites", "space_group", "volume"]
_COLUMNS = {
    "elastic_tensor": [
        *("K_VRH", "G_VRH", "K_Voigt", "K_Reuss", "G_Voigt", "G_Reuss"),
        *("elastic_anisotropy", "poisson_ratio", *_FURTHER),
    ],
    "dielectric_constant": [
        *("band_gap", "n", "poly_electronic", "poly_total", "pot_ferroelectric", *_FURTHER)
    ],
    "piezoelectric_tensor": ["eij_max", "point_group", *_FURTHER],
    "flla_2015": ["formation_energy_per_atom", "e_above_hull", "nsites"],
}
#: SHA-256 of the arrays of each set.
_ARRAYS = {
    "elastic_tensor": "7f1bb50a366db34d1c3f2a6c18155ecac57394ac20d57f426590f47f135a3c32",
    "dielectric_constant": "8e8abf20aa47283a83277a92053f0e13dccf683a89d346c2507663d8abc9dfc7",
    "piezoelectric_tensor": "1185c66a5d82da4ebcaa02ee7459867a9b68d3a5a3ebb2e8793bca15c93096f5",
    "flla_2015": "472caad104e3f979ecac16d21ec61de318ebf3e2e707d551f4c3837590c8336a",
}


def labels_path(name):
    """Return the path of the labels of a set inside a data home."""
    return f"labels/matminer_{name}_labels.csv.gz"


def structures_path(name):
    """Return the path of the structures of a set inside a data home."""
    return f"structures/matminer_{name}.npz"


def write_set(name, home):
    """Download the sdist of matminer and write the missing files of a set.

    Raises
    ------
    DatasetNotFoundError
        If the download fails.
    DatasetCorruptedError
        If the sdist, or the labels made from it, are not the known ones.
    """
    sdist = download_release(_RELEASE, ["--no-binary", "matminer"], _SDIST, labels_path(name))
    labels, structures = read_set(sdist, name)
    if not (home / labels_path(name)).is_file():
        write_file(home, labels_path(name), labels)
    if not (home / structures_path(name)).is_file():
        # Recorded: the bytes of compressed arrays depend on the version of zlib.
        write_file(home, structures_path(name), structures, record=True)


def read_set(sdist, name):
    """Return the labels and the structures of a set as the bytes of a CSV and an npz file."""
    with tarfile.open(fileobj=io.BytesIO(sdist)) as archive:
        member = archive.extractfile(f"matminer-0.4.2/matminer/datasets/{name}.csv")
        assert member is not None  # the archive was verified, so it is a file
        content = member.read()
    table = pd.read_csv(
        io.BytesIO(content),
        skiprows=1,  # a reference
        keep_default_na=False,
        # The parser of the known file.
        float_precision="high",
    )
    if "poscar" in table:
        structures = [Poscar.from_str(text).structure for text in table["poscar"]]
    else:
        structures = [Structure.from_dict(ast.literal_eval(text)) for text in table["structure"]]
    table.insert(0, "formula_cell", [_alphabetical(each.composition) for each in structures])
    labels = table[["material_id", "formula_cell", *_COLUMNS[name]]]
    content = labels.to_csv(index=False, lineterminator="\n").encode()
    return content, structures_content(structures, table["material_id"])


def is_structures(name, content):
    """Tell whether the bytes of an npz file hold the known structures of a set."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return fingerprint(StructureArrays.from_npz(dict(arrays))) == _ARRAYS[name]
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def fingerprint(structures):
    """Return the SHA-256 of ids, cells and atoms."""
    digest = hashlib.sha256("\n".join(structures.ids).encode())
    for values, dtype in (
        (structures.lattice, "<f4"),
        (structures.n_atoms, "<i8"),
        (structures.atomic_number, "<i4"),
        (structures.frac, "<f4"),
    ):
        digest.update(np.ascontiguousarray(values, dtype=dtype).tobytes())
    return digest.hexdigest()


def _alphabetical(composition):
    """Return the reduced formula with its elements in alphabetical order."""
    amounts = {symbol: round(n) for symbol, n in composition.get_el_amt_dict().items()}
    divisor = math.gcd(*amounts.values())
    return "".join(
        symbol + (f"{amounts[symbol] // divisor}" if amounts[symbol] > divisor else "")
        for symbol in sorted(amounts)
    )
