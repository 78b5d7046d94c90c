"""What the encoders of an estimator have seen of a task."""

import re
import warnings
from contextlib import suppress

from sklearn.base import clone

from skmat.exceptions import PretrainedError, PretrainingOverlapWarning

__all__ = ["encoders_of", "warn_of_pretraining"]


def warn_of_pretraining(estimator, task, input):
    """Warn of encoders that were not kept from the materials of a task.

    Parameters
    ----------
    estimator : estimator
        Unfitted estimator.
    task : str
        Full name of the task.
    input : {"formula", "structure"}
        What the estimator gets.

    Warns
    -----
    PretrainingOverlapWarning
        If the card of an encoder does not say that the materials were left out.
    """
    seen = [
        name
        for name, card in encoders_of(estimator, input).items()
        if task not in re.findall(r"\w+", card.excluded)
    ]
    if seen:
        warnings.warn(
            f"{', '.join(sorted(seen))}: nothing kept these encoders from the materials of {task}"
            " when they were pretrained. They may have learned labels of the test rows, so that"
            " scores are too good. Start from another encoder (held_out of"
            " list_pretrained(as_frame=True) tells which), or from random weights"
            " (pretrained=None).",
            PretrainingOverlapWarning,
            stacklevel=3,
        )


def encoders_of(estimator, input):
    """Return the cards of the pretrained encoders that an estimator may start from, by name."""
    found: dict = {}
    for part in _parts(estimator):
        if hasattr(part, "_models_to_try"):
            for model in part._models_to_try(input):
                found |= encoders_of(model, input)
        if hasattr(part, "_card_to_start_from"):
            # What is wrong with the weights is said by the fit.
            with suppress(PretrainedError):
                found |= part._card_to_start_from()
    return found


def _parts(estimator):
    """Return an estimator, those inside of it, and one for each encoder of a grid."""
    parts = [estimator, *estimator.get_params(deep=True).values()]
    parts = [part for part in parts if hasattr(part, "get_params") and not isinstance(part, type)]
    for search in parts.copy():
        grid = getattr(search, "param_grid", getattr(search, "param_distributions", None))
        for key, value in _sources(grid):
            parts += _parts(clone(search.estimator).set_params(**{key: value}))
    return parts


def _sources(grid):
    """Return pairs of a parameter and a value of it, where the parameter names encoders."""
    for each in [grid] if isinstance(grid, dict) else grid or ():
        for key, values in each.items():
            if key.rpartition("__")[-1] == "pretrained" and isinstance(values, list | tuple):
                yield from ((key, value) for value in values)
