"""Recording, comparing and seeding the parameters of an estimator."""

import functools
import hashlib
import json
import math
import os
import re
import types
from pathlib import Path

import joblib
import numpy as np

from skmat._utils.json_files import read_json

__all__ = ["changed_parameters", "describe_parameters", "seed_estimator"]

#: Parameters that do not change predictions.
_WITHOUT_EFFECT = ("n_jobs", "verbose", "memory")

#: Key of the class. It cannot be a parameter name.
_CLASS = "(class)"


def describe_parameters(estimator):
    """Return the class and parameters of an estimator as JSON values.

    Different settings give different descriptions. The description does not depend on the process.

    Parameters
    ----------
    estimator : estimator
        Any scikit-learn estimator or Pipeline.

    Returns
    -------
    dict of str to (str, float, int, bool, None, list or dict)
        The class as "(class)" and all parameters, nested ones as "step__parameter". Fitted parts,
        arrays and other objects become their class and a hash. Checkpoint folders include the hash
        of their weights.
    """
    described = {_CLASS: _name(type(estimator))}
    for name, value in sorted(estimator.get_params(deep=True).items()):
        described[name] = _plain(value)
    # A round trip turns tuples into lists, as a file would.
    return json.loads(json.dumps(described, allow_nan=False))


def changed_parameters(then, now):
    """Return the names of changed parameters that can change predictions."""
    then, now = _with_effect(then), _with_effect(now)
    absent = object()
    return [
        name for name in sorted({*then, *now}) if then.get(name, absent) != now.get(name, absent)
    ]


def seed_estimator(estimator, random_state):
    """Set every ``random_state`` of None in an estimator and its parts.

    Parts include splitters and estimators among the parameters, also in lists and dicts. Fitted
    parts do not change, because other code may share them.

    Parameters
    ----------
    estimator : estimator
        A clone of its own. It is changed in place.
    random_state : int
        The seed.

    Returns
    -------
    estimator
        The same object.
    """
    _seed(estimator, random_state)
    return estimator


def _seed(value, random_state):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            _seed(part, random_state)
    elif _is_estimator(value):
        if not _is_fitted(value):
            for name, part in value.get_params(deep=False).items():
                if name == "random_state" and part is None:
                    value.set_params(random_state=random_state)
                else:
                    _seed(part, random_state)
    # Splitters are not estimators. Only those that shuffle need a seed.
    elif getattr(value, "__dict__", {}).get("random_state", 0) is None and getattr(
        value, "shuffle", True
    ):
        value.random_state = random_state


def _plain(value):
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON cannot hold it, and nan != nan
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | os.PathLike):
        return _plain_path(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    if isinstance(value, np.ndarray) and value.dtype != object:
        # Unlike joblib.hash, this does not depend on the memory layout.
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array {value.shape} {value.dtype} {content}"
    if _is_estimator(value):
        shallow = {name: _plain(part) for name, part in value.get_params(deep=False).items()}
        fitted = {"(fitted)": _hash(value)} if _is_fitted(value) else {}
        return {_CLASS: _name(type(value)), **shallow, **fitted}
    if isinstance(value, functools.partial):
        return {"partial": _plain(value.func), "args": _plain([*value.args, value.keywords])}
    if isinstance(value, type):
        return _name(value)
    return f"{_name(value)} {_hash(value)}" if _has_content(value) else _name(value)


def _plain_path(value):
    """Return a string, with the hash of the weights if it is a checkpoint folder."""
    try:
        config = read_json(Path(value, "config.json"))
        return f"{os.fspath(value)} {config['sha256']}"
    except (OSError, KeyError, TypeError, ValueError):
        return os.fspath(value)


def _has_content(value):
    """Tell whether a hash must describe an object. Importable functions need only their name."""
    return not callable(value) or "<" in getattr(value, "__qualname__", "<")


def _hash(value):
    if hasattr(value, "_hash_weights"):  # an encoder, whose history does not matter
        return value._hash_weights()
    code = getattr(value, "__code__", None)
    if code is not None:  # a lambda or local function cannot be pickled
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        defaults = [value.__defaults__, value.__kwdefaults__]
        value = [_of_code(code), _text(defaults), _plain(cells)]
    try:
        return joblib.hash(value)
    except Exception:  # pickling foreign objects can raise any error
        return hashlib.sha256(_text(value).encode()).hexdigest()


def _of_code(code):
    """Return what a function does, and those that are defined within it."""
    constants = [
        _of_code(each) if isinstance(each, types.CodeType) else _text(each)
        for each in code.co_consts
    ]
    return [code.co_code, code.co_names, constants]


def _text(value):
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value), flags=re.IGNORECASE)


def _is_estimator(value):
    return hasattr(value, "get_params") and not isinstance(value, type)


def _is_fitted(estimator):
    """Tell whether an estimator itself has fitted attributes, such as ``coef_``.

    ``check_is_fitted`` also passes estimators that need no fit.
    """
    return any(name.endswith("_") for name in getattr(estimator, "__dict__", {}))


def _with_effect(described):
    """Drop parameters without effect, at every level."""
    if isinstance(described, list):
        return [_with_effect(item) for item in described]
    if not isinstance(described, dict):
        return described
    return {
        name: _with_effect(value)
        for name, value in described.items()
        if name.rsplit("__", 1)[-1] not in _WITHOUT_EFFECT
    }


def _name(thing):
    owner = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{getattr(owner, '__module__', None) or type(thing).__module__}.{owner.__qualname__}"
