"""Fitted estimators as joblib files."""

from pathlib import Path

from skmat.exceptions import InvalidInputError

__all__ = ["JOBLIB_WARNING", "load_model", "save_model"]

JOBLIB_WARNING = (
    "Model files are joblib files, which can execute any code when they are read: load only"
    " those that you trust."
)

# joblib is imported where it is used: the help of the command line shows the warning alone.


def save_model(model, path):
    """Write a fitted estimator."""
    import joblib

    joblib.dump(model, path, compress=3)


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
    import joblib

    from skmat.estimators._base import EncoderEstimator  # takes seconds

    try:
        model = joblib.load(path)
    except Exception as error:  # pickle lets any error through that damaged bytes lead to
        raise InvalidInputError(
            f"{path} is not a readable joblib file ({type(error).__name__}: {error}). {advice}"
        ) from error
    if not isinstance(model, EncoderEstimator):
        raise InvalidInputError(
            f"{path} holds a {type(model).__name__}, not an estimator of skmat. {advice}"
        )
    if not hasattr(model, "members_"):
        raise InvalidInputError(f"{path} holds a {type(model).__name__} that is not fitted.")
    return model
