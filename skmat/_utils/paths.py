"""Paths given by users."""

import os
from pathlib import Path

from skmat.exceptions import InvalidInputError

__all__ = ["make_folder", "read_path"]

_MOST_BYTES_PER_NAME = 255


def read_path(path, what, error) -> Path:
    """Return `path` as a Path, with ``~`` expanded. It need not exist.

    Parameters
    ----------
    path : str or path-like
        The given path.
    what : str
        Name of the parameter for the error, such as "data_home".
    error : type
        Class of the error.

    Raises
    ------
    error
        If the path is impossible: empty, ``~`` of an unknown user, a name of more than 255 bytes,
        or a character that paths cannot contain.
    TypeError
        If `path` is neither a string nor a path.
    """
    # Path("") would be the working folder.
    fault = "" if os.fspath(path) else "it is empty (the working folder is '.')"
    path = Path(path)
    try:
        path = path.expanduser()
        if any(len(os.fsencode(part)) > _MOST_BYTES_PER_NAME for part in path.parts):
            fault = f"a name in it is longer than {_MOST_BYTES_PER_NAME} bytes"
        elif "\0" in str(path):
            fault = "it has a NUL character"
    except RuntimeError:
        fault = f"{path.parts[0]!r} has no home folder"
    except UnicodeEncodeError:
        fault = "it has a character that paths cannot contain"
    if fault:
        text = repr(str(path) if path.parts else "")
        shown = text if len(text) <= 80 else text[:77] + "..."
        raise error(f"{what}={shown} is not a valid path: {fault}. Give another one.")
    return path


def make_folder(path, what):
    """Make a folder and its parents if they do not exist.

    Parameters
    ----------
    path : pathlib.Path
        The folder.
    what : str
        Name of the parameter for the error, such as "results_dir".

    Raises
    ------
    InvalidInputError
        If the folder or one of its parents is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InvalidInputError(
            f"{what}={str(path)!r} is a file, or lies in one. Give a folder."
        ) from None
