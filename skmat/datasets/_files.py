"""Files of a data home: read only if their hash is known, written whole or not at all.

A hash is known from the manifest inside the package. For files that a fetcher makes by conversion,
and of which the manifest knows nothing, it is known from ``<file>.sha256`` beside the file, which
the fetcher writes after the hash of its source was verified. One such record per file, because
fetchers may run side by side. A record does not overrule the manifest: where a conversion may be
written in other bytes than those of the manifest, the fetcher says whether the values are the
same. For gzip files, sizes and hashes are those of the decompressed content: which zlib compressed
it is nobody's concern.
"""

import gzip
import hashlib
import io
import json
import os
import zipfile
import zlib
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd

from skmat._utils.atomic import remove_stale, write_atomically
from skmat._utils.json_files import read_json
from skmat.datasets._home import get_data_home
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

__all__ = ["check_source", "manifest", "read_arrays", "read_content", "read_table", "write_file"]

#: How many times as large as their file arrays may be: deflate makes zeros 1,000 times smaller.
_MOST_EXPANSION = 64


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
    content = read_content(path, **where)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > _MOST_EXPANSION * len(content) + _MOST_EXPANSION * 2**20:
            raise ValueError(f"its {len(content):,} bytes claim to be {size:,}")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    # All that numpy and zipfile raise for damaged content; zipfile has NotImplementedError for a
    # compression that it does not know.
    except (ValueError, OSError, EOFError, MemoryError, NotImplementedError, RuntimeError,
            KeyError, zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
        raise DatasetCorruptedError(
            f"The file {get_data_home(where.get('data_home')) / path} holds no arrays that can be"
            f" read ({error}). Restore it from where it came."
        ) from error


def read_content(
    path, *, data_home=None, download_if_missing=True, obtain=None, origin="", is_same=None
):
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
    is_same : callable, default=None
        ``is_same(content)`` tells whether content that has a record, but is not the manifest's,
        has the values of the manifest's. None says that all of its bytes must be the manifest's.

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
        if not file.is_file():
            raise DatasetNotFoundError(
                f"{file} is not there after it was to be downloaded. {origin} Try again later, or"
                f" put it there as {path!r} yourself."
            )
    elif obtain is not None:
        # Of a fetcher that was killed while another one wrote the file: no one writes it again.
        remove_stale(file)
        remove_stale(_record_of(file))
    remedy = f"Delete it and fetch it again, or restore {path!r} from where it came."
    if obtain is None:
        remedy = f"Restore {path!r} from where it came. {origin}".rstrip()
    try:
        known = _known_of(path, file, is_same)
        content = _read(file, known, is_compressed=path.endswith(".csv.gz"))
        _verify(content, known, file, convertible=obtain is not None)
        official = manifest().get(path)
        if official and _fingerprint(content) != official and not is_same(content):
            raise _Unverified("was altered: its values are not those that are known")
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
        record = read_json(_record_of(file), most_bytes=1000)
        if type(record["size"]) is not int:
            return None
        return {"size": record["size"], "sha256": str(record["sha256"])}
    except (OSError, ValueError, TypeError, KeyError):
        return None


class _Unverified(Exception):
    """Why a file cannot be trusted, to be completed with what to do."""


def _known_of(path, file, is_same):
    """Return sizes and hashes of contents that a file may have."""
    official, record = manifest().get(path), _recorded(file)
    if official is None:
        return [record] if record else []
    # Other bytes of the same values have about as many.
    may_differ = record and is_same is not None and record["size"] <= 2 * official["size"]
    return [official, record] if may_differ else [official]


def _read(file, known, *, is_compressed):
    """Return the content of a file, but not more of it than a file of known content has."""
    largest = max((entry["size"] for entry in known), default=0)
    # Compressed, or else unusually badly compressed.
    most_in_file = 2 * largest + 2**16 if is_compressed else largest
    found = file.stat().st_size
    if known and found > most_in_file:
        raise _Unverified(
            f"is no file that skmat knows: it has {found:,} bytes, and {largest:,} bytes of"
            " content are expected"
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
            f"is truncated or was altered: it cannot be decompressed: {error}"
        ) from error
    if len(content) > largest:
        raise _Unverified(
            f"was altered: it has more than the {largest:,} bytes of content that are expected"
        )
    return content


def _verify(content, known, file, convertible):
    record = _recorded(file)
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
