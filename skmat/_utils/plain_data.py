"""Python and NumPy values as JSON values, and back, without loss.

JSON has text, finite numbers, true, false, null, lists, and dicts with text as keys. Every other
value becomes a dict with one key that begins with "$".
"""

import datetime
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from skmat.exceptions import InvalidInputError, SavedModelError, shorten

__all__ = ["PlainData"]

#: Types of arrays: booleans, numbers of 64 bits at most, text, dates, objects.
_DTYPE = re.compile(r"\|b1|\|[iu]1|[<>][iuf][248]|[<>]U\d{1,5}|[<>][Mm]8(\[\w+\])?|\|O")

#: Largest array of text, in bytes.
_MOST_TEXT = 2**28


class PlainData:
    """Turn values into JSON values, and back.

    Supported values:

    - None, booleans, numbers, text, paths, dates, decimal numbers and fractions
    - lists, tuples and dicts of these
    - NumPy scalars and arrays of these, and RandomState instances
    - dataclasses from an allow-list

    Parameters
    ----------
    dataclasses : iterable of type, default=()
        Dataclasses that may occur, with all their fields as arguments of ``__init__``. Nothing
        else is ever built.
    """

    def __init__(self, dataclasses: Iterable[type] = ()):
        self._dataclasses = {each.__name__: each for each in dataclasses}

    def encode(self, value, what: str):
        """Return `value` as a JSON value.

        Parameters
        ----------
        value : object
            The value.
        what : str
            What it is, for errors, such as "the parameter 'lr'".

        Raises
        ------
        InvalidInputError
            If some part of the value is of another type.
        """
        try:
            return self._encode(value)
        except _UnknownTypeError as error:
            raise InvalidInputError(
                f"save_model cannot write {what}: {error}. Use plain data, such as numbers, text"
                " and lists, or save with joblib, whose files must be trusted."
            ) from None
        except RecursionError:
            raise InvalidInputError(
                f"save_model cannot write {what}: it is nested too deeply."
            ) from None

    def decode(self, value, what: str):
        """Return the value of a result of ``encode``.

        Raises
        ------
        SavedModelError
            If no value has this form.
        """
        try:
            return self._decode(value)
        # Values of a wrong form can raise any of these.
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            raise SavedModelError(
                f"{what} is damaged ({shorten(str(error), 200)}). Save the model again."
            ) from error

    def _encode(self, value):
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"$float": str(value)}
        if kind is list:
            return [self._encode(each) for each in value]
        if kind is tuple:
            return {"$tuple": [self._encode(each) for each in value]}
        if kind is dict:
            return self._encode_dict(value)
        if kind is np.ndarray:
            return {"$array": self._encode_array(value)}
        if isinstance(value, np.generic):
            return {"$scalar": self._encode_array(np.asarray(value))}
        if kind is np.random.RandomState:
            return {"$random_state": self._encode(_random_state(value))}
        if isinstance(value, Path):
            return {"$path": str(value)}
        if self._dataclasses.get(kind.__name__) is kind:
            parts = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
            return {f"${kind.__name__}": self._encode(parts)}
        return _encode_label(value)

    def _encode_dict(self, value):
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: self._encode(each) for key, each in value.items()}
        return {"$dict": [[self._encode(key), self._encode(each)] for key, each in value.items()]}

    def _encode_array(self, array):
        array = np.asarray(array, dtype=array.dtype.newbyteorder("="))
        if not _DTYPE.fullmatch(array.dtype.str):
            raise _UnknownTypeError(f"it holds an array of the type {array.dtype}")
        flat = array.reshape(-1)
        values = flat.view(np.int64) if array.dtype.kind in "mM" else flat
        return {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "values": [self._encode(each) for each in values.tolist()],
        }

    def _decode(self, value):
        if isinstance(value, list):
            return [self._decode(each) for each in value]
        if not isinstance(value, dict):
            return value
        tag = next(iter(value), "")
        if not tag.startswith("$"):
            return {key: self._decode(each) for key, each in value.items()}
        (content,) = value.values()
        if tag == "$dict":
            return {self._decode(key): self._decode(each) for key, each in content}
        if tag == "$tuple":
            return tuple(self._decode(content))
        if tag == "$array":
            return self._decode_array(content)
        if tag == "$scalar":
            return self._decode_array(content)[()]
        if tag == "$random_state":
            state = np.random.RandomState(np.random.MT19937(0))
            state.set_state(self._decode(content))
            return state
        if tag in _LABELS:
            return _LABELS[tag](content)
        if tag[1:] in self._dataclasses:
            return self._dataclasses[tag[1:]](**self._decode(content))
        raise ValueError(f"{shorten(tag)} is unknown to this version of skmat")

    def _decode_array(self, content):
        dtype, shape = content["dtype"], content["shape"]
        values = [self._decode(each) for each in content["values"]]
        if not _DTYPE.fullmatch(dtype):
            raise ValueError(f"{shorten(dtype)} is not a type of an array")
        if any(type(each) is not int or each < 0 for each in shape):
            raise ValueError(f"{shorten(shape)} is not a shape")
        dtype = np.dtype(dtype)
        if dtype.kind == "O":
            array = np.empty(len(values), dtype=object)
            array[:] = values
        elif dtype.kind in "mM":
            array = np.array(values, dtype=np.int64).view(dtype)
        elif dtype.kind == "U" and dtype.itemsize * len(values) > _MOST_TEXT:
            raise ValueError("an array of text is too large")
        else:
            array = np.array(values, dtype=dtype)
        return array.reshape(shape)


class _UnknownTypeError(Exception):
    """A value is of a type that JSON cannot hold."""


def _random_state(value):
    state = value.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise _UnknownTypeError(f"it holds a RandomState of the kind {state['bit_generator']}")
    return state


def _encode_label(value):
    """Encode the types of class labels that are neither text nor numbers."""
    kind = type(value)
    if kind is datetime.date:
        return {"$date": value.isoformat()}
    if kind in (datetime.datetime, datetime.time):
        if type(value.tzinfo) not in (type(None), datetime.timezone) or value.fold:
            raise _UnknownTypeError(f"it holds {shorten(value)}, which has a time zone")
        return {f"${kind.__name__}": value.isoformat()}
    if kind is datetime.timedelta:
        return {"$timedelta": [value.days, value.seconds, value.microseconds]}
    if kind is Decimal:
        return {"$decimal": str(value)}
    if kind is Fraction:
        return {"$fraction": [value.numerator, value.denominator]}
    if kind is pd.Timestamp and value.tzinfo is None:
        return {"$timestamp": [value.asm8.astype(np.int64).item(), value.unit]}
    if kind is pd.Timedelta:
        return {"$pandas_timedelta": [value.asm8.astype(np.int64).item(), value.unit]}
    raise _UnknownTypeError(f"it holds {shorten(value)}, a {kind.__module__}.{kind.__qualname__}")


_LABELS: dict[str, Callable[[Any], Any]] = {
    "$float": float,
    "$path": Path,
    "$date": datetime.date.fromisoformat,
    "$datetime": datetime.datetime.fromisoformat,
    "$time": datetime.time.fromisoformat,
    "$timedelta": lambda parts: datetime.timedelta(*parts),
    "$decimal": Decimal,
    "$fraction": lambda parts: Fraction(*parts),
    "$timestamp": lambda parts: pd.Timestamp(np.datetime64(*parts)),
    "$pandas_timedelta": lambda parts: pd.Timedelta(np.timedelta64(*parts)),
}
