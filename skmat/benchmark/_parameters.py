"""Parameters of an estimator as plain data: to record them, compare them and seed them."""

import hashlib
import math
import re

import numpy as np

__all__ = ["describe_parameters", "seed_estimator"]


def describe_parameters(estimator):
    """Return what an estimator is and how it is set, as data that JSON can hold.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator or Pipeline.

    Returns
    -------
    dict of str to (str, float, int, bool, None, list or dict)
        Its class as "estimator" and all its parameters, nested ones as "step__parameter".
        Estimators are given by their class, functions by their name, arrays by their shape and
        hash.
    """
    described = {"estimator": _name(type(estimator))}
    for name, value in sorted(estimator.get_params(deep=True).items()):
        described[name] = _plain(value)
    return described


def seed_estimator(estimator, random_state):
    """Set every ``random_state`` of an estimator and of its parts that is None.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    random_state : int
        The seed.

    Returns
    -------
    estimator
        The same object.
    """
    seeds = {
        name: random_state
        for name, value in estimator.get_params(deep=True).items()
        if name.rsplit("__", 1)[-1] == "random_state" and value is None
    }
    return estimator.set_params(**seeds)


def _plain(value):
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it, and nan is not even equal to itself
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        # An array of objects has addresses for bytes.
        content = str(value.tolist()).encode() if value.dtype == object else value.tobytes()
        return f"array{value.shape} {value.dtype} {hashlib.sha256(content).hexdigest()[:16]}"
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, type) or callable(value):
        return _name(value)
    if hasattr(value, "get_params"):
        return _name(type(value))
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def _name(thing):
    return f"{thing.__module__}.{getattr(thing, '__qualname__', type(thing).__qualname__)}"
