"""Files of a data home: read only if their hash is known, written whole or not at all.

A hash is known from the manifest inside the package or, for files that a fetcher makes by
conversion, from ``<file>.sha256`` beside the file, which the fetcher writes after the hash of its
source was verified. One such record per file, because fetchers may run side by side. For gzip
files, sizes and hashes are those of the decompressed content: which zlib compressed it is nobody's
concern.
"""

import gzip
import hashlib
import io
import json
import os
import zlib
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd

from skmat._atomic import write_atomically
from skmat.datasets._home import get_data_home
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

__all__ = ["check_source", "manifest", "read_arrays", "read_content", "read_table", "write_file"]


def read_table(path, *, dtype=None, **where):
    """Read a table of a data home as a DataFrame.

    Parameters
    ----------
    path : str
        Path inside the data home, such as "oqmd/oqmd_4prop.csv.gz".
    dtype : dict, default=None
        Types of columns, for :func:`pandas.read_csv`.
    **where
        As :func:`read_content` takes them.
    """
    content = read_content(path, **where)
    return pd.read_csv(
        io.BytesIO(content),
        dtype=dtype,
        # The string "NaN" is sodium nitride.
        keep_default_na=False,
        na_values=[""],
        # The default is off by a bit now and then.
        float_precision="round_trip",
    )


def read_arrays(path, **where):
    """Read the arrays of an npz file of a data home as a dict; arguments as `read_content`."""
    with np.load(io.BytesIO(read_content(path, **where)), allow_pickle=False) as arrays:
        return dict(arrays)


def read_content(path, *, data_home=None, download_if_missing=True, obtain=None, origin=""):
    """Return the content of a file of a data home, verified; of a gzip file, decompressed.

    Parameters
    ----------
    path : str
        Path inside the data home, with forward slashes.
    data_home : str or path-like, default=None
        As :func:`~skmat.datasets.get_data_home` takes it.
    download_if_missing : bool, default=True
        Whether to call `obtain` if the file is not there.
    obtain : callable, default=None
        ``obtain(home)`` writes the file with :func:`write_file`. None says that the file cannot
        be downloaded.
    origin : str
        Sentence that says where the contents come from, for the error.

    Raises
    ------
    DatasetNotFoundError
        If the file is not there and is not, or cannot be, downloaded.
    DatasetCorruptedError
        If the file is truncated or was altered.
    """
    home = get_data_home(data_home)
    file = home / path
    if not file.is_file():
        if obtain is None:
            raise DatasetNotFoundError(
                f"There is no file {file}, and skmat has no address to download it from. {origin}"
                f" Put it there as {path!r}, or name the folder that holds it with data_home= or"
                " the environment variable SKMAT_DATA."
            )
        if not download_if_missing:
            raise DatasetNotFoundError(
                f"There is no file {file}, and download_if_missing is False. {origin} Let it be"
                " downloaded, or name the folder that holds it with data_home= or the environment"
                " variable SKMAT_DATA."
            )
        _check_writeable(home)
        obtain(home)
    remedy = f"Delete it and fetch it again, or restore {path!r} from where it came."
    if obtain is None:
        remedy = f"Restore {path!r} from where it came. {origin}".rstrip()
    try:
        content = _decompress(file) if path.endswith(".csv.gz") else file.read_bytes()
        _verify(content, path, file, convertible=obtain is not None)
    except _Unverified as fault:
        raise DatasetCorruptedError(f"The file {file} {fault}. {remedy}") from fault
    return content


def write_file(home, path, content, *, record=False):
    """Write a file of a data home, whole or not at all.

    Parameters
    ----------
    home : pathlib.Path
        The data home; it and the folders of `path` are made.
    path : str
        Path inside the data home, with forward slashes.
    content : bytes
        What :func:`read_content` shall return; it is compressed here.
    record : bool, default=False
        Record the hash, which makes the content a known one. Only for content made from a source
        whose own hash was verified. Without it the content must be the manifest's.

    Raises
    ------
    DatasetCorruptedError
        If the content is not what the manifest knows, and `record` is False.
    """
    if not record:
        check_source(content, manifest()[path], f"What was downloaded for {path}")
    file = home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if record:
        # First, so that the file is never there without it.
        write_atomically(_record_of(file), (json.dumps(_fingerprint(content)) + "\n").encode())
    if path.endswith(".csv.gz"):
        content = gzip.compress(content, mtime=0)
    write_atomically(file, content)


def check_source(content, known, what):
    """Raise DatasetCorruptedError unless downloaded `content` is the known one.

    Parameters
    ----------
    content : bytes
        What was downloaded, or made of it.
    known : dict
        Its "size" in bytes and its "sha256".
    what : str
        What it is, for the error.
    """
    if _fingerprint(content) != known:
        raise DatasetCorruptedError(
            f"{what} is not the content that skmat knows: {_difference(content, [known])}. The"
            " source has changed or the download was cut. Nothing was written; try again, and"
            " report it if it persists."
        )


@cache
def manifest():
    """Return size and hash of each known file, by its path inside the data home."""
    text = (resources.files("skmat.datasets") / "_manifest.json").read_text(encoding="utf-8")
    return json.loads(text)


def _fingerprint(content):
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _record_of(file):
    return file.with_name(file.name + ".sha256")


def _recorded(file):
    """Return the recorded size and hash of a file, None without a readable record."""
    try:
        record = json.loads(_record_of(file).read_text(encoding="utf-8"))
        return {"size": int(record["size"]), "sha256": str(record["sha256"])}
    except (OSError, ValueError, TypeError, KeyError):
        return None


class _Unverified(Exception):
    """Why a file cannot be trusted, to be completed with what to do."""


def _decompress(file):
    try:
        return gzip.decompress(file.read_bytes())
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _Unverified(
            f"is truncated or was altered: it cannot be decompressed: {error}"
        ) from (error)


def _verify(content, path, file, convertible):
    record = _recorded(file)
    known = [entry for entry in (manifest().get(path), record) if entry]
    if _fingerprint(content) in known:
        return
    copied = ""
    if convertible and record is None:
        copied = (
            "; if a fetcher wrote it and it was copied from elsewhere, copy"
            f" {_record_of(file).name} from beside the original as well"
        )
    if not known:
        raise _Unverified(f"cannot be verified: no hash is known for it{copied}")
    raise _Unverified(f"is truncated or was altered: {_difference(content, known)}{copied}")


def _check_writeable(home):
    """Notice before a download, not after it, that its result could not be written."""
    parent = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
        raise DatasetNotFoundError(
            f"Nothing can be downloaded to {home}: {parent} is not a folder that can be written"
            " to. Name another one with data_home= or the environment variable SKMAT_DATA."
        )


def _difference(content, known):
    sizes = [entry["size"] for entry in known]
    if len(content) not in sizes:
        expected = " or ".join(f"{size:,}" for size in sizes)
        return f"{len(content):,} bytes of content where {expected} are expected"
    found = hashlib.sha256(content).hexdigest()
    expected = " or ".join(entry["sha256"] for entry in known)
    return f"its SHA-256 is {found} where {expected} is expected"
