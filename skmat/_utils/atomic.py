"""Write files whole or not at all.

The package writes all its files through this module. A killed writer leaves the old file, and at
most a temporary file. The next writer of the same file removes it.
"""

import os
import re
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: temporary files of killed writers stay
    fcntl = None  # type: ignore[assignment]

__all__ = ["atomic_file", "remove_stale", "write_atomically"]


def write_atomically(path, content):
    """Write `content` (bytes) to `path`, whole or not at all, even if killed."""
    with atomic_file(path) as stream:
        stream.write(content)


@contextmanager
def atomic_file(path):
    """Open a binary stream that becomes the file `path` when the block ends without an error.

    Until then, and after an error, `path` keeps its old content. Links are followed. Pipes and
    devices are written to directly.

    Raises
    ------
    OSError
        If the file cannot be written. The error names `path`.
    """
    given = Path(path)
    path = Path(os.path.realpath(given))
    try:
        # Test the given path: the real path of a shell's pipe behind /dev/stdout does not exist.
        if given.exists() and not given.is_file():
            with given.open("wb") as stream:
                yield stream
            return
        remove_stale(path)
        temporary, stream = _open_temporary(path)
        try:
            with stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
                if fcntl is None:
                    stream.close()  # Windows does not move open files
                # Elsewhere it stays open and locked: no other writer removes it as stale.
                os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno is None or error.filename == str(path):
            raise
        # Name `path`: the error of a full disk has no name, or that of the temporary file.
        raise OSError(error.errno, error.strerror, str(path)) from error


def _open_temporary(path):
    """Create a temporary file in the folder of `path`; return its path and a locked stream."""
    while True:
        # In the same folder: a rename across file systems is a copy, which can be cut off.
        # tempfile would make a file that only its owner may read.
        temporary = path.with_name(f"{_prefix(path)}{secrets.token_hex(8)}")
        stream = temporary.open("xb")
        if fcntl is not None:
            # Some file systems of clusters have no locks.
            with suppress(OSError):
                fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_nlink:
            return temporary, stream
        # Another writer removed it before it was locked.
        stream.close()


def remove_stale(path):
    """Remove temporary files of `path` that no writer holds locked.

    Writing `path` does this too.
    """
    if fcntl is None or not path.parent.is_dir():
        return
    pattern = re.compile(re.escape(_prefix(path)) + "[0-9a-f]{16}")
    for entry in os.scandir(path.parent):
        if not pattern.fullmatch(entry.name):
            continue
        try:
            with open(entry.path, "rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(entry.path)
        except OSError:
            continue  # its writer is alive, or another one removed it


def _prefix(path):
    # Cut: the temporary name must not exceed the limit of file names.
    return f".{path.name[:50]}."
