"""Paths that people give."""

import os
from pathlib import Path

from skmat.exceptions import InvalidInputError

__all__ = ["make_folder", "read_path"]

_MOST_BYTES_PER_NAME = 255


def read_path(path, what, error) -> Path:
    """Return `path` as a Path, with ``~`` expanded; it need not exist.

    Parameters
    ----------
    path : str or path-like
        What was given.
    what : str
        What it was given as, for the error, such as "data_home".
    error : type
        Class of the error.

    Raises
    ------
    error
        If no file can have this path: it is empty, ``~`` names nobody's home, a name is longer
        than 255 bytes, or there is a character that no path can have.
    TypeError
        If it is neither a string nor a path.
    """
    # An empty text would be the working folder.
    fault = "" if os.fspath(path) else "it is empty; '.' is the working folder"
    path = Path(path)
    try:
        path = path.expanduser()
        if any(len(os.fsencode(part)) > _MOST_BYTES_PER_NAME for part in path.parts):
            fault = f"a name in it is longer than {_MOST_BYTES_PER_NAME} bytes"
        elif "\0" in str(path):
            fault = "it has a NUL character"
    except RuntimeError:
        fault = f"there is no home folder of {path.parts[0]!r}"
    except UnicodeEncodeError:
        fault = "it has a character that no path can have"
    if fault:
        text = repr(str(path) if path.parts else "")
        shown = text if len(text) <= 80 else text[:77] + "..."
        raise error(f"{what}={shown} is no path: {fault}. Give another one.")
    return path


def make_folder(path, what):
    """Make a folder and those above it, if they are not there.

    Parameters
    ----------
    path : pathlib.Path
        The folder.
    what : str
        What it was given as, for the error, such as "results_dir".

    Raises
    ------
    InvalidInputError
        If it, or one above it, is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InvalidInputError(
            f"{what}={str(path)!r} is a file, or in one; name a folder."
        ) from None
