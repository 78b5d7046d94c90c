"""Where data sets are kept."""

import os
from pathlib import Path

from skmat._utils.paths import read_path
from skmat.exceptions import InvalidInputError

__all__ = ["get_data_home"]

_VARIABLE = "SKMAT_DATA"
_DEFAULT = Path("~", "skmat_data")


def get_data_home(data_home=None):
    """Return the folder that the fetchers read from and write to.

    Nothing is created: a fetcher makes the folder when it has something to write.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. None or "" takes the environment variable ``SKMAT_DATA`` or, where that is not
        set or empty, the folder ``skmat_data`` in the user's home. ``~`` is expanded.

    Returns
    -------
    pathlib.Path
        Absolute path of the folder; it need not exist.

    Raises
    ------
    InvalidInputError
        If it is no path that a folder can have.

    Examples
    --------
    >>> from skmat.datasets import get_data_home
    >>> get_data_home("~/materials").name
    'materials'
    """
    what = "data_home"
    if data_home is None or data_home == "":
        data_home, what = os.environ.get(_VARIABLE) or _DEFAULT, _VARIABLE
    return read_path(data_home, what, InvalidInputError).absolute()
