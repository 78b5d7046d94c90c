"""The folder of the data sets."""

import os
from pathlib import Path

from skmat._utils.paths import read_path
from skmat.exceptions import InvalidInputError

__all__ = ["get_data_home"]

_VARIABLE = "SKMAT_DATA"
_DEFAULT = Path("~", "skmat_data")


def get_data_home(data_home=None):
    """Return the folder that fetchers read from and write to.

    The folder is not created. A fetcher makes it when it writes a file.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. ``~`` is expanded. None or "" means the environment variable ``SKMAT_DATA``. If
        that is unset or empty, the folder is ``skmat_data`` in the user's home.

    Returns
    -------
    pathlib.Path
        Absolute path of the folder, which need not exist.

    Raises
    ------
    InvalidInputError
        If the path is not valid.

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
