"""Read JSON files from untrusted sources."""

import json
import os
import stat

__all__ = ["is_shallow", "parse_json", "read_json"]

#: Default limit for the size of a file, in bytes.
_MOST_BYTES = 100 * 2**20


def read_json(path, most_bytes=_MOST_BYTES):
    """Return the content of a JSON file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    most_bytes : int, default=100 MiB
        Limit for the size of the file.

    Raises
    ------
    OSError
        If the file does not exist or cannot be opened.
    ValueError
        If it is not a regular file, is too large, or does not hold JSON.
    """
    with open(path, "rb", opener=_open_without_waiting) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("it is not a regular file")
        content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"it has more than {most_bytes:,} bytes")
    return parse_json(content)


def parse_json(content):
    """Parse a JSON text (str, or bytes in UTF-8). Raise ValueError if it is not JSON."""
    try:
        return json.loads(content.decode("utf-8") if isinstance(content, bytes) else content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_shallow(value, most_levels=32):
    """Tell whether lists and dicts in `value` are nested at most `most_levels` deep."""
    level = [value]
    for _ in range(most_levels + 1):
        level = [
            inner
            for each in level
            if isinstance(each, list | dict)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return True
    return False


def _open_without_waiting(path, flags):
    """Open a file. If it is a pipe, do not wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
