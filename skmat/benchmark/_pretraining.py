"""What the encoders of an estimator may have seen of a task."""

import re
import warnings
from contextlib import suppress
from itertools import product

from sklearn.base import clone

from skmat.exceptions import PretrainedError, PretrainingOverlapWarning

__all__ = ["encoders_of", "warn_of_pretraining"]


def warn_of_pretraining(estimator, task, input, n_rows):
    """Warn of encoders whose card does not say that a task was left out of pretraining.

    Parameters
    ----------
    estimator : estimator
        Unfitted estimator.
    task : str
        Full name of the task.
    input : {"formula", "structure"}
        What the estimator gets.
    n_rows : int
        Number of rows that it learns from.

    Warns
    -----
    PretrainingOverlapWarning
        If there are such encoders.
    """
    unsaid = [
        name
        for name, cards in encoders_of(estimator, input, n_rows).items()
        if not all(_leaves_out(card, task) for card in cards)
    ]
    if unsaid:
        warnings.warn(
            f"The model cards of {', '.join(sorted(unsaid))} do not say that the materials of"
            f" {task} were left out of pretraining. If these encoders have learned labels of the"
            " test rows, scores are too good. Start from an encoder that left the task out"
            " (column held_out of list_pretrained(as_frame=True)), or from random weights"
            " (pretrained=None).",
            PretrainingOverlapWarning,
            stacklevel=3,
        )


def _leaves_out(card, task):
    return not {task, task.removeprefix("matbench_")}.isdisjoint(re.findall(r"\w+", card.excluded))


def encoders_of(estimator, input, n_rows):
    """Return the pretrained encoders that an estimator may start from.

    Returns
    -------
    dict of str to list of ModelCard
        By name: the card of the encoder, and those of the encoders that it was trained from.
    """
    found: dict = {}
    for part in _parts(estimator):
        if hasattr(part, "_models_to_try"):
            for model in part._models_to_try(input, n_rows):
                found |= encoders_of(model, input, n_rows)
        if hasattr(part, "_cards_to_start_from"):
            # What is wrong with the weights is said by the fit.
            with suppress(PretrainedError):
                found |= part._cards_to_start_from()
    return found


def _parts(value):
    """Return an estimator and those inside of it. Of a search, return what it tries."""
    if isinstance(value, list | tuple):
        return [part for each in value for part in _parts(each)]
    if not hasattr(value, "get_params") or isinstance(value, type):
        return []
    grid = getattr(value, "param_grid", getattr(value, "param_distributions", None))
    if grid is None:
        return [value, *_parts(list(value.get_params(deep=False).values()))]
    return [
        part
        for axes in ([grid] if isinstance(grid, dict) else grid)
        for chosen in _choices_of_encoders(axes)
        for part in _parts(clone(value.estimator).set_params(**chosen))
    ]


def _choices_of_encoders(axes):
    """Return the settings of a grid, of the parameters that bring encoders."""
    axes = {
        name: values
        for name, values in axes.items()
        if isinstance(values, list | tuple)
        and (name.rpartition("__")[-1] == "pretrained" or any(map(_parts, values)))
    }
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
