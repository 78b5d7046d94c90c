"""Files that are written whole or not at all.

Everything the package writes goes through here. A writer that is killed leaves the old file, and
at most a temporary file, which the next writer of the same file removes.
"""

import os
import re
import secrets
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: temporary files of killed writers are left to the user
    fcntl = None  # type: ignore[assignment]

__all__ = ["atomic_file", "remove_stale", "write_atomically"]


def write_atomically(path, content):
    """Write `content` (bytes) to `path`, which never holds a part of it, even if killed."""
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
        If the file cannot be written; it names `path`.
    """
    given = Path(path)
    path = Path(os.path.realpath(given))
    try:
        # Not by the real path: that of a pipe of the shell, behind /dev/stdout, names no file.
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
                # Elsewhere while it is open and locked, so that nobody takes it for a stale one.
                os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno is None or error.filename == str(path):
            raise
        # A full disk is reported without a name, and the name of a temporary file tells nothing.
        raise OSError(error.errno, error.strerror, str(path)) from error


def _open_temporary(path):
    """Create a temporary file in the folder of `path`; return its path and a locked stream."""
    while True:
        # In the same folder: a rename across file systems is a copy, which can be cut. And not by
        # tempfile, whose files nobody else may read.
        temporary = path.with_name(f"{_prefix(path)}{secrets.token_hex(8)}")
        stream = temporary.open("xb")
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_nlink:
            return temporary, stream
        # Another writer found it before it was locked, and removed it.
        stream.close()


def remove_stale(path):
    """Remove temporary files of `path` whose writers are gone: nobody holds their lock.

    Writing the file does so by itself.
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
            continue  # its writer lives, or another one removed it


def _prefix(path):
    # Cut, so that the name of a temporary file is not too long where that of the file is not.
    return f".{path.name[:50]}."
