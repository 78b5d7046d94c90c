"""Files that are written whole or not at all."""

import os
import secrets
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path, content):
    """Write `content` (bytes) to `path`, which never holds a part of it, even if killed."""
    path = Path(path)
    # In the same folder: a rename across file systems is a copy, which can be cut. And not by
    # tempfile, whose files nobody else may read.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
