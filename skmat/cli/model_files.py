"""Fitted estimators as joblib files."""

import bz2
import lzma
import re
import zlib
from pathlib import Path

from skmat._utils.atomic import atomic_file
from skmat.exceptions import InvalidInputError

__all__ = ["JOBLIB_WARNING", "holds_model", "load_joblib", "load_model", "save_model"]

JOBLIB_WARNING = (
    "Model files are joblib files, which can execute any code when they are read: load only"
    " those that you trust."
)

#: How pickles begin, and those of joblib that are compressed by what Python has not.
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_LZ4 = b"\x04\x22\x4d\x18"

# joblib is imported where it is used: the help of the command line shows the warning alone.


def save_model(model, path):
    """Write a fitted estimator; until it is whole, `path` is what it was."""
    import joblib

    with atomic_file(path) as stream:
        joblib.dump(model, stream, compress=3)


def holds_model(path):
    """Tell by its first bytes whether there is a file of joblib or pickle; nothing is run."""
    path = Path(path)
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        start = stream.read(1024)
    if _PICKLE.match(start) or start.startswith(_LZ4):
        return True
    for decompressor in (
        zlib.decompressobj(),
        zlib.decompressobj(wbits=31),  # gzip
        bz2.BZ2Decompressor(),
        lzma.LZMADecompressor(),
    ):
        try:
            inside = decompressor.decompress(start, 2)
        except (zlib.error, OSError, lzma.LZMAError):
            continue
        # A block of bzip2 is larger than what was read: it is opened where no table is inside.
        return bool(_PICKLE.match(inside)) or (not inside and _begins_with_pickle(path))
    return False


def load_joblib(path, advice=""):
    """Read a joblib file, which can execute any code.

    Raises
    ------
    InvalidInputError
        If it is none, or damaged. What does not begin as a pickle is not read at all.
    """
    import joblib

    if not holds_model(path):
        raise InvalidInputError(
            f"{path} is not a readable joblib file: it is of another kind. {advice}".rstrip()
        )
    try:
        return joblib.load(path)
    except Exception as error:  # pickle lets any error through that damaged bytes lead to
        reason = " ".join(str(error).split())
        raise InvalidInputError(
            f"{path} is not a readable joblib file ({type(error).__name__}: {reason})."
            f" {advice}".rstrip()
        ) from error


def load_model(path):
    """Read a fitted estimator of the package.

    A joblib file can execute any code while it is read; read none that you do not trust.

    Raises
    ------
    InvalidInputError
        If there is no such file, or it holds something else.
    """
    advice = "Give a file that `skmat train` or `joblib.dump(model, file)` wrote."
    if not Path(path).is_file():
        raise InvalidInputError(f"There is no model file {path}. {advice}")
    from skmat.estimators._base import EncoderEstimator  # takes seconds

    model = load_joblib(path, advice)
    if not isinstance(model, EncoderEstimator):
        raise InvalidInputError(
            f"{path} holds a {type(model).__name__}, not an estimator of skmat. {advice}"
        )
    if not hasattr(model, "estimators_"):
        raise InvalidInputError(f"{path} holds a {type(model).__name__} that is not fitted.")
    return model


def _begins_with_pickle(path):
    try:
        with bz2.open(path) as stream:
            return bool(_PICKLE.match(stream.read(2)))
    except (OSError, EOFError):
        return False
