"""Fitted scikit-learn estimators as bytes, without pickle, by skops.

skops builds only types that it is told to trust. It does not look at the numbers inside, which
scikit-learn's compiled code uses as addresses. ``sklearn_check.py`` does that.
"""

import io
import zipfile
import zlib

from skmat._utils.imports import importing
from skmat._utils.json_files import parse_json
from skmat._utils.sklearn_check import check_content
from skmat.exceptions import InvalidInputError, SavedModelError, shorten

__all__ = ["dump_sklearn", "load_sklearn"]

#: Types and functions besides those that skops trusts by itself. Building one of them runs no code
#: of the file.
_TRUSTED = [
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    # Their numbers are checked after loading.
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
    "sklearn.metrics._classification.accuracy_score",
    "sklearn.metrics._classification.balanced_accuracy_score",
    "sklearn.metrics._classification.f1_score",
    "sklearn.metrics._classification.log_loss",
    "sklearn.metrics._ranking.roc_auc_score",
    "sklearn.metrics._regression.mean_absolute_error",
    "sklearn.metrics._regression.mean_squared_error",
    "sklearn.metrics._regression.r2_score",
    "sklearn.metrics._regression.root_mean_squared_error",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.model_selection._split.GroupKFold",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.RepeatedKFold",
    "sklearn.model_selection._split.RepeatedStratifiedKFold",
    "sklearn.model_selection._split.ShuffleSplit",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.utils._bunch.Bunch",
]

#: Largest content after unpacking, in bytes, and relative to the size of the file.
_MOST_BYTES = 32 * 2**30
_MOST_RATIO = 1000

_SCHEMA = "schema.json"

# skops takes a second to import, so functions import it on use.


def dump_sklearn(estimator) -> bytes:
    """Return the content of a skops file that ``load_sklearn`` can read.

    These come back bit for bit: ExtraTrees, random forests, histogram gradient boosting without
    categorical features, support vectors, linear models, k nearest neighbours by brute force,
    scalers, SimpleImputer, Pipeline, voting, stacking, TransformedTargetRegressor with a
    transformer or functions of NumPy, GridSearchCV and CalibratedClassifierCV.

    Parameters
    ----------
    estimator : scikit-learn estimator
        A fitted estimator.

    Raises
    ------
    InvalidInputError
        If the estimator holds a type that ``load_sklearn`` does not load. The error names it.
    """
    with importing():
        import skops.io
    shown = shorten(estimator, 200)
    remedy = "Use another estimator or setting, or save with joblib, whose files must be trusted."
    try:
        check_content(estimator)
        # Level 1 makes trees three times smaller. Level 6 takes twice the time for 4 % more.
        content = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    # skops raises what the estimator's own parts raise.
    except Exception as error:
        raise InvalidInputError(
            f"{shown} cannot be saved without pickle ({error}). {remedy}"
        ) from error
    unknown = _untrusted(content)
    if unknown:
        raise InvalidInputError(
            f"{shown} cannot be saved without pickle: it holds {', '.join(unknown)}, which skmat"
            f" does not load from files.{_advice(unknown)} {remedy}"
        )
    return content


def load_sklearn(content: bytes):
    """Return the estimator in the content of a skops file, which may be untrusted.

    Raises
    ------
    SavedModelError
        If it holds a type that is not trusted; the error names it. If it is damaged, or holds
        numbers that would make scikit-learn read beyond its memory.
    """
    with importing():
        import skops.io
    _check_archive(content)
    try:
        unknown = _untrusted(content)
        estimator = None if unknown else skops.io.loads(content, trusted=_TRUSTED)
    # Damaged content can raise any error.
    except Exception as error:
        raise _damaged(error) from error
    if unknown:
        raise SavedModelError(
            f"A skops file holds {', '.join(unknown)}, which skmat does not load from files."
            " Nothing was loaded."
        )
    try:
        check_content(estimator)
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise _damaged(error) from error
    return estimator


def _untrusted(content):
    """Return the names of the types and functions that are not trusted. None of them is built."""
    import skops.io

    return sorted(set(skops.io.get_untrusted_types(data=content)) - set(_TRUSTED))


def _check_archive(content):
    """Refuse archives that take much more memory than their size."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            total = sum(each.file_size for each in archive.infolist())
            if total > min(_MOST_BYTES, _MOST_RATIO * len(content)):
                raise ValueError(f"it would unpack to {total:,} bytes")
            parse_json(archive.read(_SCHEMA))
    # A damaged archive can raise any of these.
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, OSError) as error:
        raise _damaged(error) from error


def _damaged(error):
    return SavedModelError(
        f"A skops file is damaged ({type(error).__name__}: {shorten(str(error), 200)}). Save the"
        " model again."
    )


def _advice(unknown):
    if any(each.startswith("sklearn.neighbors._") for each in unknown):
        return " Nearest neighbours need algorithm='brute'."
    return ""
