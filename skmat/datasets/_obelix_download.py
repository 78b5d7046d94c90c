"""Download OBELiX from its package and its repository, and write files of a data home."""

import hashlib
import io
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from skmat.datasets._files import write_file
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

__all__ = ["CIFS_PATH", "TABLE_PATH", "is_table", "write_cifs", "write_table"]

TABLE_PATH = "experimental/obelix.csv.gz"
CIFS_PATH = "experimental/obelix_all_cifs.tar.gz"

_COMMIT = "4eaac889809dd489e3bae468c45d5c0e02b9147a"
_CIFS_URL = (
    f"https://raw.githubusercontent.com/NRC-Mila/OBELiX/{_COMMIT}/data/downloads/all_cifs.tar.gz"
)

# Columns of text and whole numbers, which reading and writing cannot change. The hash is that of
# their cells.
_ESSENTIAL = [
    "ID",
    "Reduced Composition",
    "True Composition",
    "Ionic conductivity (S cm-1)",
    "Space group",
    "Space group #",
    "Family",
    "DOI",
    "split",
]
_SHA256 = "6c59777234759dace65889ddce6f04035afc6610ee036ef4c91835d6ec6a32d0"


def write_table(home):
    """Get the table through the package obelix-data and write it.

    Raises
    ------
    DatasetNotFoundError
        If the package is not installed or its download fails.
    DatasetCorruptedError
        If the table is not the known one.
    """
    if find_spec("obelix") is None:
        raise DatasetNotFoundError(
            f"{TABLE_PATH} is not in the data home, and the package that downloads OBELiX is not"
            " installed. Install it, e.g. with `pip install obelix-data`."
        )
    with tempfile.TemporaryDirectory() as folder:
        # The package treats an existing folder as complete.
        raw = Path(folder, "raw")
        try:
            # Imported here: an optional dependency.
            from obelix import OBELiX

            OBELiX(str(raw), no_cifs=True, commit_id=_COMMIT, unspecified_low_value=None)
            table = _read(raw / "all.csv")
            test = _read(raw / "test.csv")
        # The package raises errors of many types. Name the data set.
        except Exception as error:
            raise DatasetNotFoundError(
                "OBELiX could not be downloaded through the package obelix-data"
                f" ({type(error).__name__}: {error}). Try again later, or put the file"
                f" {TABLE_PATH!r} into the data home yourself."
            ) from error
    table["split"] = table["ID"].isin(test["ID"]).map({True: "test", False: "train"})
    if fingerprint(table) != _SHA256:
        raise DatasetCorruptedError(
            "obelix-data returned another table than that of version"
            f" {_COMMIT[:8]} of the repository. The source has changed, or the download was cut"
            " off. Nothing was written. Try again, and report the error if it persists."
        )
    write_file(
        home, TABLE_PATH, table.to_csv(index=False, lineterminator="\n").encode(), record=True
    )


def write_cifs(home):
    """Download the archive of structures and write it.

    Raises
    ------
    DatasetNotFoundError
        If the download fails.
    DatasetCorruptedError
        If the archive is not the known one.
    """
    # Imported here: only this function needs it.
    import pooch

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "all_cifs.tar.gz")
        try:
            # `write_file` compares the hash.
            pooch.HTTPDownloader()(_CIFS_URL, str(file), None)
        # pooch passes on errors of requests.
        except Exception as error:
            raise DatasetNotFoundError(
                f"The structures of OBELiX could not be downloaded from {_CIFS_URL}"
                f" ({type(error).__name__}: {error}). Try again later, or put the file"
                f" {CIFS_PATH!r} into the data home yourself."
            ) from error
        content = file.read_bytes()
    write_file(home, CIFS_PATH, content)


def is_table(content):
    """Tell whether the bytes of a table have the known cells in all columns that are used."""
    try:
        return fingerprint(_read(io.BytesIO(content))) == _SHA256
    except (ValueError, KeyError):
        return False


def fingerprint(table):
    """Return the SHA-256 of the cells that a round trip through pandas keeps."""
    cells = table[_ESSENTIAL].fillna("").astype(str)
    return hashlib.sha256(cells.to_csv(index=False, lineterminator="\n").encode()).hexdigest()


def _read(file):
    return pd.read_csv(file, keep_default_na=False, na_values=[""])
