"""Fitted estimators as joblib files or folders."""

import bz2
import lzma
import os
import re
import zlib
from pathlib import Path

from skmat._utils.atomic import atomic_file
from skmat._utils.folder_check import MODEL
from skmat._utils.hub import is_hub_address
from skmat._utils.json_files import read_json
from skmat.exceptions import InvalidInputError

__all__ = [
    "JOBLIB_WARNING",
    "METRICS",
    "MODEL",
    "PREDICTIONS",
    "WRITER",
    "check_is_model",
    "check_outside",
    "column_learned",
    "holds_model",
    "load_joblib",
    "load_model",
    "read_metrics",
    "save_model",
]

#: The scores and the held-out predictions in a folder of ``skmat train``.
METRICS, PREDICTIONS = "metrics.json", "predictions.csv"
#: What metrics.json says of its origin.
WRITER = "skmat train"

JOBLIB_WARNING = (
    "Model files are joblib files, which can execute any code when loaded: load only those that"
    " you trust."
)

_ADVICE = "Give what `skmat train` or `joblib.dump(model, file)` wrote."

#: First bytes of a pickle, and of a joblib file with LZ4, which the standard library lacks.
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_LZ4 = b"\x04\x22\x4d\x18"

# Functions import joblib on use, to keep `skmat --help` fast.


def save_model(model, path):
    """Write a fitted estimator. If writing fails, `path` is unchanged."""
    import joblib

    with atomic_file(path) as stream:
        joblib.dump(model, stream, compress=3)


def holds_model(path):
    """Tell by its first bytes whether a file is a joblib or pickle file, without loading it."""
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
        # A bzip2 block can be larger than these bytes. Then decompress the file.
        return bool(_PICKLE.match(inside)) or (not inside and _begins_with_pickle(path))
    return False


def load_joblib(path, advice=""):
    """Load a joblib file, which can execute any code.

    Raises
    ------
    InvalidInputError
        If the file is of another kind or damaged. Files of another kind are not loaded.
    """
    import joblib

    if not holds_model(path):
        raise InvalidInputError(
            f"{path} is not a readable joblib file but of another kind. {advice}".rstrip()
        )
    try:
        return joblib.load(path)
    except Exception as error:  # damaged bytes can raise any error
        reason = " ".join(str(error).split())
        raise InvalidInputError(
            f"{path} is not a readable joblib file ({type(error).__name__}: {reason})."
            f" {advice}".rstrip()
        ) from error


def read_metrics(folder):
    """Return the content of metrics.json, empty if `folder` is none of ``skmat train``."""
    if folder is None or is_hub_address(folder):
        return {}
    try:
        content = read_json(Path(folder, METRICS))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and content.get("written_by") == WRITER else {}


def check_outside(path):
    """Raise if a result at `path` would be in a folder of ``skmat train``, or replace one."""
    path = Path(path)
    real = Path(os.path.realpath(path))
    for folder in (real, *real.parents):
        if (folder / MODEL).is_dir() and read_metrics(folder):
            raise InvalidInputError(
                f"{path} is in {folder}, which holds a result of skmat train and nothing else."
                " Give a name outside of it."
            )


def column_learned(folder):
    """Return the column of materials that ``skmat train`` has read, None if that is not known."""
    column = read_metrics(folder).get("material_column")
    return column if isinstance(column, str) else None


def check_is_model(path):
    """Raise if `path` does not hold a model. It is fast, because it imports nothing.

    Raises
    ------
    InvalidInputError
        If the file does not exist or is of another kind.
    """
    if is_hub_address(path) or Path(path).is_dir():
        return
    if not Path(path).is_file():
        raise InvalidInputError(f"The model {path} does not exist. {_ADVICE}")
    if not holds_model(path):
        raise InvalidInputError(
            f"{path} is not a readable joblib file but of another kind. {_ADVICE}"
        )


def load_model(path):
    """Load a fitted estimator of skmat: a joblib file, a folder, or hf://...

    A folder is one of ``skmat train`` or of ``save_model``. It executes nothing. A joblib file can
    execute any code when loaded. Load only files that you trust.

    Raises
    ------
    InvalidInputError
        If the file does not exist or holds something else.
    """
    if is_hub_address(path) or Path(path).is_dir():
        from skmat.saving import load_model as load_folder

        return load_folder(path)
    check_is_model(path)
    from skmat.auto import AutoClassifier, AutoRegressor  # takes seconds
    from skmat.estimators._base import EncoderEstimator
    from skmat.inputs import is_fitted

    model = load_joblib(path, _ADVICE)
    if not isinstance(model, EncoderEstimator | AutoRegressor | AutoClassifier):
        raise InvalidInputError(
            f"{path} holds a {type(model).__name__}, not an estimator of skmat. {_ADVICE}"
        )
    if not is_fitted(model):
        raise InvalidInputError(f"{path} holds a {type(model).__name__} that is not fitted.")
    return model


def _begins_with_pickle(path):
    try:
        with bz2.open(path) as stream:
            return bool(_PICKLE.match(stream.read(2)))
    except (OSError, EOFError):
        return False
