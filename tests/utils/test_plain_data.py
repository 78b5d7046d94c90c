import datetime
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from skmat._utils.plain_data import PlainData
from skmat.exceptions import InvalidInputError, SavedModelError


@dataclass(frozen=True)
class Point:
    x: Any
    y: Any = 0

    def __post_init__(self):
        if self.x == "bad":
            raise InvalidInputError("x is bad")


class Color(Enum):
    RED = 1


DATA = PlainData([Point])


def there_and_back(value):
    text = json.dumps(DATA.encode(value, "it"), allow_nan=False)
    return DATA.decode(json.loads(text), "it")


def same(first, second):
    if type(first) is not type(second):
        return False
    if isinstance(first, np.ndarray):
        return (
            first.dtype == second.dtype
            and first.shape == second.shape
            and all(same(a, b) for a, b in zip(first.flat, second.flat, strict=True))
        )
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second or (first != first and second != second)


VALUES = [
    *(None, True, 0, 10**30, 1.5, -0.0, 5e-324, "", "Å \ud800 $float"),
    *(math.nan, math.inf, -math.inf),
    *([], (), {}, [1, (2, [3.0])], {"a": {"b": (None,)}}, {"$float": "text"}, {1: "a", None: 2}),
    *(np.float32(0.1), np.int64(3), np.bool_(True), np.str_("a"), np.datetime64("2026-01-02")),
    *(np.arange(4, dtype=np.uint8).reshape(2, 2), np.array(2.5), np.empty((0, 3))),
    np.array([0.1, np.nan, -np.inf], dtype=np.float32),
    *(np.array(["a", "bcd"]), np.array(["a"], dtype="<U9"), np.array([True, False])),
    np.array(["2026-01-02", "NaT"], dtype="M8[ns]"),
    np.array([3, 4], dtype="m8[s]"),
    np.array([datetime.date(2026, 1, 2), datetime.date(2026, 1, 3)]),
    np.array([Decimal("0.10"), Decimal(2)]),
    *(datetime.datetime(2026, 1, 2, 3, 4, 5, 6), datetime.time(1, 2), datetime.timedelta(1, 2, 3)),
    datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
    *(Fraction(1, 3), Path("a/b")),
    *(pd.Timestamp("2026-01-02 03:04:05.123456789"), pd.Timedelta("1 day 2 ns")),
    *(Point(1), Point((1.5, None), [Point("x")]), {"a": Point(np.array([1]))}),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_with_their_types(value):
    assert same(there_and_back(value), value)


def test_the_sign_of_zero_is_kept():
    assert math.copysign(1, there_and_back(-0.0)) == -1
    assert np.signbit(there_and_back(np.array([-0.0])))[0]


def test_a_random_state_continues():
    state = np.random.RandomState(3)
    state.standard_normal(3)  # an odd number: one is kept for the next call
    again = there_and_back(state)
    np.testing.assert_array_equal(again.standard_normal(5), state.standard_normal(5))


@pytest.mark.parametrize(
    "value",
    [
        *(1j, b"bytes", {1, 2}, print, int, object(), Color.RED, range(3), slice(1)),
        *(np.array([1j]), np.array([b"a"]), np.array([print]), np.longdouble(1)),
        pd.Series([1]),
        pd.Timestamp("2026-01-02", tz="Europe/Oslo"),
        datetime.datetime(2026, 1, 2, tzinfo=ZoneInfo("Europe/Oslo")),
        np.random.RandomState(np.random.PCG64(0)),
        np.random.default_rng(0),
        type("Number", (float,), {})(1.5),
    ],
    ids=lambda value: str(type(value)),
)
def test_other_types_are_refused_by_name(value):
    for each in (value, [value], {"a": (value,)}):
        with pytest.raises(InvalidInputError, match="cannot write the parameter 'lr': it holds"):
            DATA.encode(each, "the parameter 'lr'")


def test_a_list_that_holds_itself():
    value = []
    value.append(value)
    with pytest.raises(InvalidInputError, match="too deeply"):
        DATA.encode(value, "it")


@pytest.mark.parametrize(
    "value",
    [
        *(
            {"$unknown": 1},
            {"$Path": "a"},
            {"$float": "x"},
            {"$float": [1]},
            {"$float": "1", "b": 2},
        ),
        *({"$tuple": 3}, {"$dict": [[1]]}, {"$dict": [[[1], 2]]}, {"$date": "no"}, {"$date": 3}),
        *({"$decimal": "x"}, {"$fraction": [1, 0]}, {"$timestamp": [1, "parsec"]}),
        *({"$Point": {"z": 1}}, {"$Point": [1]}, {"$Point": {"x": "bad"}}, {"$Point": None}),
        *({"$array": None}, {"$array": {"dtype": "<f8", "shape": [2]}}, {"$random_state": {}}),
        {"$array": {"dtype": "<f8", "shape": [2], "values": [1.0]}},
        {"$array": {"dtype": "<f8", "shape": [-1], "values": [1.0]}},
        {"$array": {"dtype": "<f8", "shape": [1], "values": ["text"]}},
        {"$array": {"dtype": "<f8,<f8", "shape": [1], "values": [1.0]}},
        {"$array": {"dtype": "|V99999999", "shape": [1], "values": [1.0]}},
        {"$array": {"dtype": "|i1", "shape": [1], "values": [1000]}},
        {"$array": {"dtype": "<U99999", "shape": [10**4], "values": ["a"] * 10**4}},
    ],
    ids=repr,
)
def test_damaged_values_are_refused(value):
    with pytest.raises(SavedModelError, match="it is damaged"):
        DATA.decode([value], "it")
