"""Errors and warnings of the package.

Errors for bad input are also :class:`ValueError`, as in scikit-learn. Catch :class:`SkmatError` to
catch all errors of skmat and no others.
"""

__all__ = [
    "CandidateWarning",
    "DivergenceError",
    "DatasetCorruptedError",
    "DatasetNotFoundError",
    "EmptyCompositionWarning",
    "FeaturizationError",
    "InconsistentVersionWarning",
    "InvalidCompositionError",
    "InvalidInputError",
    "InvalidLabelsError",
    "InvalidRowsError",
    "InvalidStructureError",
    "InvalidWeightsError",
    "LabelTypeError",
    "NoveltyWarning",
    "OwnBuildWarning",
    "PretrainedError",
    "PretrainingOverlapWarning",
    "SavedModelError",
    "SkmatError",
    "StarvedThreadsWarning",
    "StopTraining",
]

_MAX_LISTED = 10


class SkmatError(Exception):
    """Base class of all errors that skmat raises on purpose."""


class InvalidInputError(SkmatError, ValueError):
    """Input cannot be used. The message names the row, the value and the remedy."""


class DatasetNotFoundError(SkmatError, FileNotFoundError):
    """A data file is missing. The message says how to get it."""


class DatasetCorruptedError(SkmatError, ValueError):
    """A data file is cut off or was altered. The message names it and the remedy."""


class DivergenceError(SkmatError, ArithmeticError):
    """The training loss is not finite. The message says when, and what to change."""


class PretrainedError(SkmatError, ValueError):
    """A checkpoint is missing, was altered, or does not fit the encoder."""


class StopTraining(KeyboardInterrupt):
    """A callback raises it to end the training, and the network is kept as it is then.

    Any other exception of a callback aborts ``fit``. Like KeyboardInterrupt, it is no
    ``Exception``.
    """


class SavedModelError(SkmatError, ValueError):
    """A folder of ``save_model`` is missing, was altered, or holds something else."""


class InvalidRowsError(InvalidInputError):
    """One or more rows of ``X`` cannot be used.

    The error lists all bad rows, so one pass is enough to clean the data.

    Parameters
    ----------
    problems : list of tuple (int, object, str)
        Row number (counted from 0), offending value and what is wrong with it.
    n_rows : int
        Number of rows in total.

    Attributes
    ----------
    rows : list of int
        Positions of the bad rows, for ``X.drop(X.index[error.rows])``.
    """

    _fault = "cannot be used"

    def __init__(self, problems, n_rows):
        self.problems = list(problems)
        self.n_rows = n_rows
        self.rows = [row for row, _, _ in self.problems]
        super().__init__(self._describe())

    def _describe(self):
        shown = [
            f"  row {row}: {shorten(value)}: {reason}"
            for row, value, reason in self.problems[:_MAX_LISTED]
        ]
        hidden = len(self.problems) - len(shown)
        if hidden:
            shown.append(f"  ... and {hidden} more (all in the attribute `rows` of this error)")
        return (
            f"{len(self.problems)} of {self.n_rows} rows {self._fault}:\n"
            + "\n".join(shown)
            + "\nCorrect these rows or drop them, e.g. with `X.drop(X.index[error.rows])`. With"
            " on_invalid='nan', predict and transform return NaN for these rows instead."
        )

    def __reduce__(self):
        # __dict__ holds notes of add_note.
        return type(self), (self.problems, self.n_rows), self.__dict__


class InvalidCompositionError(InvalidRowsError):
    """One or more rows of ``X`` are not compositions."""

    _fault = "cannot be read as compositions"


class InvalidStructureError(InvalidRowsError):
    """One or more rows of ``X`` are not periodic structures, or are disordered."""

    _fault = "cannot be read as structures"


class FeaturizationError(InvalidRowsError):
    """A featurizer fails on one or more rows of ``X``."""

    _fault = "cannot be featurized"


class InvalidLabelsError(InvalidRowsError):
    """One or more labels of ``y`` cannot be used.

    Parameters
    ----------
    problems : list of tuple (int, object, str)
        Row number (counted from 0), offending label, and a text with target, label and fault.
    n_rows : int
        Number of rows in total.
    remedy : str, default=""
        Remedy in addition to the general one.
    """

    _fault = "of y cannot be used as labels"
    _remedy = "Correct these labels, set them to NaN (no label), or drop their rows."
    _max_listed = 5

    def __init__(self, problems, n_rows, remedy=""):
        self.remedy = remedy
        super().__init__(problems, n_rows)

    def _describe(self):
        shown = [f"  row {row}, {reason}" for row, _, reason in self.problems[: self._max_listed]]
        hidden = len(self.problems) - len(shown)
        if hidden:
            shown.append(f"  ... and {hidden} more (all in the attribute `rows` of this error)")
        n_rows = len(set(self.rows))
        lines = [f"{n_rows} of {self.n_rows} rows {self._fault}:", *shown, self._remedy]
        return "\n".join([*lines, self.remedy] if self.remedy else lines)

    def __reduce__(self):
        return type(self), (self.problems, self.n_rows, self.remedy), self.__dict__


class LabelTypeError(InvalidLabelsError, TypeError):
    """Class labels have several types, or a type without order. Also a ``TypeError``."""

    _fault = "of y cannot be class labels"
    _remedy = "Give all labels of a target one type, such as text."


class InvalidWeightsError(InvalidLabelsError):
    """One or more sample weights cannot be used."""

    _fault = "have a sample_weight that cannot be used"
    _remedy = "Weights must be finite and not negative. Use 0 to ignore a row."


class PretrainingOverlapWarning(UserWarning):
    """An encoder may have learned labels of the rows that it is scored on."""


class CandidateWarning(UserWarning):
    """A candidate of AutoRegressor or AutoClassifier failed and is left out."""


class NoveltyWarning(UserWarning):
    """Most materials of a prediction are unlike those of the training set."""


class StarvedThreadsWarning(UserWarning):
    """Other processes take the cores of a fit whose threads spin while they wait."""


class OwnBuildWarning(UserWarning):
    """A file of a data set was built by the user, so it is not the known one."""


class EmptyCompositionWarning(UserWarning):
    """Rows of a matrix of amounts hold no positive amount."""


class InconsistentVersionWarning(UserWarning):
    """An estimator was saved by another or an unknown version of skmat.

    scikit-learn has a warning of the same name for its own estimators.

    Parameters
    ----------
    estimator_name : str
        Class of the estimator.
    current_skmat_version : str
        Version that loads it.
    saved_skmat_version : str or None
        Version that saved it. None if unknown.
    """

    def __init__(self, *, estimator_name, current_skmat_version, saved_skmat_version):
        self.estimator_name = estimator_name
        self.current_skmat_version = current_skmat_version
        self.saved_skmat_version = saved_skmat_version
        super().__init__(
            f"{estimator_name} was saved by skmat"
            f" {saved_skmat_version or 'of an unknown version (0.1 or older)'} and is loaded by"
            f" skmat {current_skmat_version}. It may give other numbers or fail. Load it with the"
            " version that saved it, or fit it again."
        )

    def __reduce__(self):
        names = ("estimator_name", "current_skmat_version", "saved_skmat_version")
        return _make_warning, (type(self), {name: getattr(self, name) for name in names})


def _make_warning(kind, values):
    return kind(**values)


def shorten(value, width=60):
    """Return the repr of `value`, cut to at most `width` characters."""
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
