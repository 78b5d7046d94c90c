"""What came of one fold of one task."""

import json
from dataclasses import asdict, dataclass, field

from skmat.exceptions import shorten

__all__ = ["FoldResult", "without_nan"]


@dataclass(frozen=True)
class FoldResult:
    """What came of one fold of one task.

    Attributes
    ----------
    task : str
        Official name of the task.
    fold : int
        Number of the fold, 0 to 4.
    n_train, n_test : int
        Number of materials.
    scores : dict of str to float
        As :func:`~skmat.benchmark.score_predictions` returns them.
    parameters : dict
        Parameters of the estimator, as plain values that JSON can hold.
    random_state : int
        Seed of every part of the estimator that had none.
    seconds_fit, seconds_predict : float
        Wall-clock time.
    peak_memory_mb : float
        Largest resident memory of the process during the fold, in 1e6 bytes; processes that the
        estimator starts itself are not counted.
    versions : dict of str to str
        Versions of Python and of the packages.
    predictions : dict of str to float or bool
        By official id; empty if they were not stored.
    """

    task: str
    fold: int
    n_train: int
    n_test: int
    scores: dict
    parameters: dict
    random_state: int
    seconds_fit: float
    seconds_predict: float
    peak_memory_mb: float
    versions: dict
    predictions: dict = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, values):
        """Build from what ``dataclasses.asdict`` returned.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError
            If `values` are others.
        """
        for name, kind in _TYPES.items():
            if not _is_of(kind, values[name]):
                raise ValueError(f"{name} is {shorten(values[name])}")
        # JSON has no NaN of its own; it is written as null.
        scores = {
            name: float("nan") if score is None else score
            for name, score in values["scores"].items()
        }
        for name, number in [*scores.items(), *values.get("predictions", {}).items()]:
            if not isinstance(number, int | float):
                raise ValueError(f"{name} is {shorten(number)}")
        return cls(**{**values, "scores": scores})

    def to_json(self):
        """Return the text of a file that holds this fold."""
        return json.dumps(without_nan(asdict(self)), allow_nan=False)


#: Kinds of the fields that every file of a fold has.
_TYPES = {
    "task": str,
    **dict.fromkeys(("fold", "n_train", "n_test", "random_state"), int),
    **dict.fromkeys(("scores", "parameters", "versions"), dict),
    **dict.fromkeys(("seconds_fit", "seconds_predict", "peak_memory_mb"), float),
}


def _is_of(kind, value):
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number if kind is float else isinstance(value, kind) and value is not True


def without_nan(values):
    """Write scores that are NaN as None, which JSON has a word for."""
    scores = {name: None if score != score else score for name, score in values["scores"].items()}
    return {**values, "scores": scores}
