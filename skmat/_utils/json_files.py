"""JSON files that others may have written."""

import json
import os
import stat

__all__ = ["is_shallow", "parse_json", "read_json"]

#: Bytes that a file may have, unless its reader knows better.
_MOST_BYTES = 100 * 2**20


def read_json(path, most_bytes=_MOST_BYTES):
    """Return the content of a JSON file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    most_bytes : int, default=100 MiB
        A larger file is not read.

    Raises
    ------
    OSError
        If the file does not exist, or cannot be opened.
    ValueError
        If it is not a regular file, is too large, or does not hold JSON text.
    """
    with open(path, "rb", opener=_open_without_waiting) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("it is no regular file")
        content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ValueError(f"it has more than {most_bytes:,} bytes")
    return parse_json(content)


def parse_json(content):
    """Return what a JSON text (str or bytes in UTF-8) says; ValueError if it is none."""
    try:
        return json.loads(content.decode("utf-8") if isinstance(content, bytes) else content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_shallow(value, most_levels=32):
    """Tell whether lists and dicts are nested in a value at most so many levels deep."""
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
    """Open a file; of a pipe that nobody writes to, do not wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
