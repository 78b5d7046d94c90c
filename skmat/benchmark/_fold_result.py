"""The result of one fold of one task."""

import json
from dataclasses import asdict, dataclass, field

import numpy as np

from skmat.benchmark._metrics import AT_HALF
from skmat.exceptions import shorten

__all__ = ["FoldResult", "without_nan"]


@dataclass(frozen=True)
class FoldResult:
    """The result of one fold of one task.

    Attributes
    ----------
    task : str
        Official name of the task.
    fold : int
        Number of the fold, 0 to 4.
    n_train, n_test : int
        Number of materials.
    scores : dict of str to float
        Output of :func:`~skmat.benchmark.score_predictions`. "coverage_90" and "width_90" are
        there if the estimator has ``predict_interval``, "ece" if it has ``predict_proba``.
    parameters : dict
        Parameters of the estimator, as JSON values.
    random_state : int
        Seed of every part of the estimator without its own seed.
    seconds_fit, seconds_predict : float
        Wall-clock time.
    peak_memory_mb : float
        Largest resident memory of the process during the fold, in 1e6 bytes, without the child
        processes of the estimator.
    versions : dict of str to str
        Versions of Python and of the packages.
    predictions : dict of str to float or bool
        Predictions by official id. Empty if not stored.
    labels : dict of str to bool
        What ``predict`` gives, by official id, if the predictions are probabilities. Empty
        otherwise, or if not stored.
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
    labels: dict = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, values):
        """Build from the output of ``dataclasses.asdict``.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError
            If `values` have another form.
        """
        for name, kind in _TYPES.items():
            if not _is_of(kind, values[name]):
                raise ValueError(f"{name} is {shorten(values[name])}")
        # JSON files hold null for NaN.
        scores = {
            name: float("nan") if score is None else score
            for name, score in values["scores"].items()
        }
        for name, number in [*scores.items(), *values.get("predictions", {}).items()]:
            if not isinstance(number, int | float):
                raise ValueError(f"{name} is {shorten(number)}")
        for name, label in values.get("labels", {}).items():
            if not isinstance(label, bool):
                raise ValueError(f"{name} is {shorten(label)}")
        return cls(**{**values, "scores": _with_both_rules(scores)})

    def to_json(self):
        """Return the JSON text of this fold."""
        return json.dumps(without_nan(asdict(self)), allow_nan=False)


def _with_both_rules(scores):
    """Rename scores at a probability of 0.5 that older files hold as those of labels."""
    if "balanced_accuracy" not in scores or AT_HALF["balanced_accuracy"] in scores:
        return scores
    unknown = dict.fromkeys(AT_HALF, float("nan"))
    # Only without probabilities were predicted labels scored.
    if np.isnan(scores["roc_auc"]):
        return {**scores, **{AT_HALF[name]: score for name, score in unknown.items()}}
    return {**scores, **unknown, **{AT_HALF[name]: scores[name] for name in AT_HALF}}


#: Types of the fields in the file of a fold.
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
    """Replace NaN scores by None, which JSON can hold."""
    scores = {name: None if score != score else score for name, score in values["scores"].items()}
    return {**values, "scores": scores}
