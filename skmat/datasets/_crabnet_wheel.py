"""Tables from the wheel of crabnet, whose benchmark data contain several data sets."""

import io
import zipfile

import pandas as pd

from skmat.datasets._files import write_file
from skmat.datasets._pip import download_release

__all__ = ["ORIGIN", "make_table", "write_table"]

_RELEASE = "crabnet==2.0.8"
_WHEEL = {
    "size": 34739062,
    "sha256": "4901565abaa5b4cd1a7841b9de647a3906df21676b226a7abf972d113f92054a",
}
# The wheel is pure Python, but declares an older version.
_OPTIONS = ["--python-version", "3.10", "--only-binary", ":all:"]
_SPLITS = ("train", "val", "test")

ORIGIN = f"Its contents are part of the Python package {_RELEASE}."


def write_table(home, *, path, folders, with_splits=False):
    """Download the wheel, verify it and write a table made from it.

    Parameters
    ----------
    home : pathlib.Path
        The data home.
    path : str
        Path of the table inside the data home.
    folders, with_splits
        Parameters of :func:`make_table`.

    Raises
    ------
    DatasetNotFoundError
        If the download fails.
    DatasetCorruptedError
        If the wheel or the table made from it is not the known one.
    """
    wheel = download_release(_RELEASE, _OPTIONS, _WHEEL, path)
    write_file(home, path, make_table(wheel, folders, with_splits))


def make_table(wheel, folders, with_splits=False):
    """Merge the wheel's three files per property into one table.

    Parameters
    ----------
    wheel : bytes
        The wheel.
    folders : dict of str to str
        Name of the column, and its folder in the wheel's benchmark data.
    with_splits : bool, default=False
        Whether to add columns ``split_<name>`` with the file of each label.

    Returns
    -------
    bytes
        A CSV file: the outer join by formula, sorted.
    """
    columns = []
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for name, folder in folders.items():
            parts = []
            for split in _SPLITS:
                with archive.open(f"crabnet/data/benchmark_data/{folder}/{split}.csv") as stream:
                    part = pd.read_csv(stream, keep_default_na=False, na_values=[""])
                part.columns = ["formula", name]
                if with_splits:
                    part[f"split_{name}"] = split
                parts.append(part.set_index("formula"))
            columns.append(pd.concat(parts))
    table = columns[0].join(columns[1:], how="outer").sort_index().reset_index()
    return table.to_csv(index=False, lineterminator="\n").encode()
