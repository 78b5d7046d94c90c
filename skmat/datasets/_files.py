"""Files of a data home: read only if their hash is known, written whole or not at all.

The manifest of the package holds known hashes. A fetcher that converts a file, after verifying the
hash of its source, records the hash of the result in ``<file>.sha256`` in the same folder. There
is one record per file, because several fetchers may run at once. A record does not overrule the
manifest. If a conversion may give other bytes than the manifest's, the fetcher checks that the
values are the same. For gzip files, sizes and hashes are those of the decompressed content, which
does not depend on the version of zlib.

A record also tells if the user built a file. Then the record decides, and a warning says so.
"""

import gzip
import hashlib
import io
import json
import os
import warnings
import zipfile
import zlib
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd

from skmat._utils.atomic import remove_stale, write_atomically
from skmat._utils.json_files import read_json
from skmat.datasets._home import get_data_home
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError, OwnBuildWarning
from skmat.structure import StructureArrays

__all__ = [
    "check_source",
    "manifest",
    "read_arrays",
    "read_content",
    "read_table",
    "structures_content",
    "write_built",
    "write_file",
]

#: Limit for the size of arrays relative to their file: deflate shrinks zeros 1,000 times.
_MOST_EXPANSION = 64
#: Bytes of a record, which may hold a path.
_LONGEST_RECORD = 10_000


def read_table(path, *, dtype=None, **where):
    """Read a table of a data home as a DataFrame.

    Parameters
    ----------
    path : str
        Path inside the data home, such as "oqmd/oqmd_4prop.csv.gz".
    dtype : dict, default=None
        Types of columns, for :func:`pandas.read_csv`.
    **where
        Parameters of :func:`read_content`.
    """
    content = read_content(path, **where)
    return pd.read_csv(
        io.BytesIO(content),
        dtype=dtype,
        # The string "NaN" is sodium nitride.
        keep_default_na=False,
        na_values=[""],
        # The default parser is sometimes off by a bit.
        float_precision="round_trip",
    )


def read_arrays(path, **where):
    """Read the arrays of an npz file of a data home as a dict. Parameters as `read_content`."""
    content = read_content(path, **where)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > _MOST_EXPANSION * len(content) + _MOST_EXPANSION * 2**20:
            raise ValueError(f"its {len(content):,} bytes claim to be {size:,}")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    # Errors of numpy and zipfile for damaged content. zipfile raises NotImplementedError for an
    # unknown compression.
    except (ValueError, OSError, EOFError, MemoryError, NotImplementedError, RuntimeError,
            KeyError, zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
        raise DatasetCorruptedError(
            f"The arrays of {get_data_home(where.get('data_home')) / path} cannot be read"
            f" ({error}). Restore the file from its source."
        ) from error


def read_content(
    path, *, data_home=None, download_if_missing=True, obtain=None, origin="", is_same=None
):
    """Return the verified content of a file of a data home, decompressed if it is a gzip file.

    Parameters
    ----------
    path : str
        Path inside the data home, with forward slashes.
    data_home : str or path-like, default=None
        Parameter of :func:`~skmat.datasets.get_data_home`.
    download_if_missing : bool, default=True
        Whether to call `obtain` if the file is missing.
    obtain : callable, default=None
        ``obtain(home)`` writes the file with :func:`write_file`. None if the file cannot be
        downloaded.
    origin : str
        Sentence about the origin of the contents, for the error.
    is_same : callable, default=None
        ``is_same(content)`` tells whether recorded content has the values of the manifest's in
        other bytes. None requires the bytes of the manifest's.

    Raises
    ------
    DatasetNotFoundError
        If the file is missing and is not downloaded.
    DatasetCorruptedError
        If the file is cut off or was altered.
    """
    home = get_data_home(data_home)
    file = home / path
    if not file.is_file():
        if obtain is None:
            raise DatasetNotFoundError(
                f"{file} is missing, and skmat has no address to download it from. {origin} Put it"
                f" into the data home as {path!r}. Or set data_home= or the environment variable"
                " SKMAT_DATA to the folder that holds it."
            )
        if not download_if_missing:
            raise DatasetNotFoundError(
                f"{file} is missing, and download_if_missing is False. {origin} Set"
                " download_if_missing=True. Or set data_home= or the environment variable"
                " SKMAT_DATA to the folder that holds it."
            )
        _check_writeable(home)
        obtain(home)
        if not file.is_file():
            raise DatasetNotFoundError(
                f"{file} is still missing after the download. {origin} Try again later, or put it"
                f" into the data home as {path!r} yourself."
            )
    elif obtain is not None:
        # Left by a fetcher that was killed while another one wrote the file.
        remove_stale(file)
        remove_stale(_record_of(file))
    remedy = f"Delete it and fetch it again, or restore {path!r} from its source."
    if obtain is None:
        remedy = f"Restore {path!r} from its source. {origin}".rstrip()
    try:
        known = _known_of(path, file, is_same)
        content = _read(file, known, is_compressed=path.endswith(".csv.gz"))
        _verify(content, known, file, convertible=obtain is not None)
        official, origin_of_build = manifest().get(path), _built_from(file)
        is_official = official is None or _fingerprint(content) == official
        if not is_official and origin_of_build is None and not is_same(content):
            raise _Unverified("was altered: its values differ from the known ones")
    except _Unverified as fault:
        raise DatasetCorruptedError(f"The file {file} {fault}. {remedy}") from fault
    if origin_of_build is not None and not is_official:
        warnings.warn(
            f"{file} was built from {origin_of_build}. It is as it was built, but not the file"
            " that skmat's documentation describes: rows and numbers can differ.",
            OwnBuildWarning,
            stacklevel=2,
        )
    return content


def write_file(home, path, content, *, record=False):
    """Write a file of a data home, whole or not at all.

    Parameters
    ----------
    home : pathlib.Path
        The data home. Missing folders are made.
    path : str
        Path inside the data home, with forward slashes.
    content : bytes
        The content for :func:`read_content` to return. It is compressed here.
    record : bool, default=False
        True records the hash as known: only for content made from a source with a verified hash.
        With False, the content must be the manifest's.

    Raises
    ------
    DatasetCorruptedError
        If `record` is False and the content is not the manifest's.
    """
    if not record:
        check_source(content, manifest()[path], f"The download for {path}")
    file = home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if record:
        _write_record(file, _fingerprint(content))
    _write(file, content)


def write_built(home, path, content, source):
    """Write a file that the user builds from `source`, and record that.

    Parameters
    ----------
    home, path, content
        See :func:`write_file`.
    source : str
        What it is built from, for the warning of :func:`read_content`.
    """
    file = home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    _write_record(file, {**_fingerprint(content), "built_from": source})
    _write(file, content)


def structures_content(structures, ids):
    """Return structures as the bytes of an npz file, in single precision.

    Parameters
    ----------
    structures : list of pymatgen.core.Structure
        The structures. Coordinates are moved into the cell.
    ids : sequence of str
        Their names.
    """
    exact = StructureArrays.from_structures(structures, ids)
    stream = io.BytesIO()
    StructureArrays(
        exact.lattice.astype(np.float32),
        exact.n_atoms,
        exact.atomic_number,
        (exact.frac % 1).astype(np.float32),
        exact.ids,
    ).save(stream)
    return stream.getvalue()


def check_source(content, known, what):
    """Raise DatasetCorruptedError unless the downloaded `content` is the known one.

    Parameters
    ----------
    content : bytes
        The download, or the result of its conversion.
    known : dict
        Its "size" in bytes and its "sha256".
    what : str
        Its name in the error.
    """
    if _fingerprint(content) != known:
        raise DatasetCorruptedError(
            f"{what} has unknown content: {_difference(content, [known])}. The source has changed,"
            " or the download was cut off. Nothing was written. Try again, and report the error if"
            " it persists."
        )


@cache
def manifest():
    """Return size and hash of each known file, by path inside the data home."""
    text = (resources.files("skmat.datasets") / "_manifest.json").read_text(encoding="utf-8")
    return json.loads(text)


def _write_record(file, record):
    # Before the file, which must never exist without its record.
    write_atomically(_record_of(file), (json.dumps(record) + "\n").encode())


def _write(file, content):
    if file.name.endswith(".csv.gz"):
        content = gzip.compress(content, mtime=0)
    write_atomically(file, content)


def _fingerprint(content):
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _record_of(file):
    return file.with_name(file.name + ".sha256")


def _recorded(file):
    """Return the recorded size and hash of a file, or None without a readable record."""
    try:
        record = read_json(_record_of(file), most_bytes=_LONGEST_RECORD)
        if type(record["size"]) is not int:
            return None
        return {"size": record["size"], "sha256": str(record["sha256"])}
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _built_from(file):
    """Return what the user built a file from, or None if skmat made it."""
    try:
        return str(read_json(_record_of(file), most_bytes=_LONGEST_RECORD)["built_from"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


class _Unverified(Exception):
    """Why a file cannot be trusted. The caller adds the remedy."""


def _known_of(path, file, is_same):
    """Return the allowed sizes and hashes of a file's content."""
    official, record = manifest().get(path), _recorded(file)
    if official is None:
        return [record] if record else []
    if record and _built_from(file) is not None:
        return [official, record]
    # The same values in other bytes have about the same size.
    may_differ = record and is_same is not None and record["size"] <= 2 * official["size"]
    return [official, record] if may_differ else [official]


def _read(file, known, *, is_compressed):
    """Return the content of a file, but refuse more bytes than the known content has."""
    largest = max((entry["size"] for entry in known), default=0)
    # Twice: bad compression may even enlarge the content.
    most_in_file = 2 * largest + 2**16 if is_compressed else largest
    found = file.stat().st_size
    if known and found > most_in_file:
        raise _Unverified(
            f"is unknown to skmat: it has {found:,} bytes, and {largest:,} bytes of content are"
            " expected"
        )
    if not known:
        return b""
    if not is_compressed:
        return file.read_bytes()
    try:
        with gzip.open(file) as stream:
            content = stream.read(largest + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _Unverified(
            f"is cut off or was altered: it cannot be decompressed: {error}"
        ) from error
    if len(content) > largest:
        raise _Unverified(
            f"was altered: it has more than the expected {largest:,} bytes of content"
        )
    return content


def _verify(content, known, file, convertible):
    record = _recorded(file)
    if _fingerprint(content) in known:
        return
    copied = ""
    if convertible and record is None:
        copied = (
            f" (if you copied a file that a fetcher wrote, also copy {_record_of(file).name} from"
            " the same folder)"
        )
    if not known:
        raise _Unverified(f"cannot be verified: its hash is unknown{copied}")
    raise _Unverified(f"is cut off or was altered: {_difference(content, known)}{copied}")


def _check_writeable(home):
    """Raise an error before a download whose result could not be written."""
    parent = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(parent, os.W_OK | os.X_OK) or not parent.is_dir():
        raise DatasetNotFoundError(
            f"Cannot download to {home}: {parent} is not a writable folder. Set data_home= or the"
            " environment variable SKMAT_DATA to another folder."
        )


def _difference(content, known):
    sizes = [entry["size"] for entry in known]
    if len(content) not in sizes:
        expected = " or ".join(f"{size:,}" for size in sizes)
        return f"{len(content):,} bytes of content instead of {expected}"
    found = hashlib.sha256(content).hexdigest()
    expected = " or ".join(entry["sha256"] for entry in known)
    return f"its SHA-256 is {found} instead of {expected}"
