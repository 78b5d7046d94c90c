"""What is read as a label of a regressor, and of a classifier.

The spelling of each row is a whole y. What it gives is one word for each of its rows: the number,
the class or "missing"; for classes the type that they keep stands behind.
"""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
from readings.reading import Reading

__all__ = ["CLASS_LABELS", "LABELS"]


class PolarsSeries:
    """Stand-in for a polars.Series, which need not be installed: what is read of it."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    def is_null(self):
        return PolarsSeries(self.name, [value is None for value in self.values])

    def drop_nulls(self):
        return PolarsSeries(self.name, [value for value in self.values if value is not None])

    def to_numpy(self):
        return np.array(self.values)


class ArrowArray:
    """Stand-in for a pyarrow.Array."""

    def __init__(self, values):
        self.values = values

    def to_pylist(self):
        return self.values


def _generator():
    yield 1.5


LABELS: tuple[Reading, ...] = (
    Reading("numbers", [1, 2.5, -3e-19], gives="1, 2.5, -3e-19"),
    Reading(
        "missing",
        [1.5, None, float("nan"), pd.NA, pd.NaT],
        gives="1.5, missing, missing, missing, missing",
    ),
    Reading("booleans", [True, False], gives="1, 0"),
    Reading("numbers as text", ["1.5", " 2 ", "3e-4"], gives="1.5, 2, 0.0003"),
    Reading("NaN as text", ["1.5", "nan"], gives="1.5, missing"),
    Reading("decimal numbers", [Decimal("1.5"), Decimal("NaN")], gives="1.5, missing"),
    Reading("fractions", [Fraction(3, 2)], gives="1.5"),
    Reading(
        "masked arrays",
        np.ma.masked_array([1.5, 9.0], [False, True]),
        gives="1.5, missing",
        shown="np.ma.masked_array([1.5, 9.0], [False, True])",
    ),
    Reading(
        "pandas, nullable",
        pd.Series([1, None], dtype="Int64"),
        gives="1, missing",
        shown='pd.Series([1, None], dtype="Int64")',
    ),
    Reading(
        "pandas, another index",
        pd.Series([1.5, 2.5], index=[1, 0]),
        gives="1.5, 2.5",
        shown="pd.Series([1.5, 2.5], index=[1, 0])",
    ),
    Reading(
        "polars",
        PolarsSeries("gap", [1.5, None]),
        gives="1.5, missing",
        shown='pl.Series("gap", [1.5, None])',
    ),
    Reading(
        "pyarrow", ArrowArray([1.5, None]), gives="1.5, missing", shown="pa.array([1.5, None])"
    ),
    Reading("text", [1.5, "high"], refused="row 1, target 'y': 'high' is text, not a number"),
    Reading("empty text", ["1.5", ""], refused="'' is text, not a number"),
    Reading("infinity", [1.5, float("inf")], refused="inf is infinite"),
    Reading(
        "numbers beyond 1e300",
        [10**400],
        refused="beyond 1e+300: use another unit",
        shown="[10**400]",
    ),
    Reading("complex numbers", [1.5, 2j], refused="2j is a complex number"),
    Reading(
        "dates",
        np.array(["2020-01-01"], dtype="M8[D]"),
        refused="'2020-01-01' is a date or a time",
        shown='np.array(["2020-01-01"], dtype="M8[D]")',
    ),
    Reading(
        "times",
        [datetime.timedelta(seconds=3)],
        refused="is a date or a time",
        shown="[datetime.timedelta(seconds=3)]",
    ),
    Reading("other objects", [{"gap": 1.5}], refused="is a dict, not a number"),
    Reading("no label at all", [None, float("nan")], refused="y has no label at all"),
    Reading("sets", {1.5, 2.5}, refused="y is a set, which has no rows in order"),
    Reading("dicts", {"TiO2": 1.5}, refused="y is a dict, which has no rows in order"),
    Reading(
        "generators",
        _generator(),
        refused="y is a generator, which can be read only once",
        shown="(gap for gap in gaps)",
    ),
    Reading("single values", 1.5, refused="y is the single value 1.5"),
    Reading(
        "rows of unequal length",
        [[1.5, 2.5], [3.5]],
        refused="Row 0 is [1.5, 2.5], row 1 is [3.5]",
    ),
)

CLASS_LABELS: tuple[Reading, ...] = (
    Reading("text", ["metal", "insulator"], gives="metal, insulator (text)"),
    Reading(
        "missing",
        ["metal", None, float("nan"), pd.NA],
        gives="metal, missing, missing, missing (text)",
    ),
    Reading("integers", [3, 7, None], gives="3, 7, missing (int64)"),
    Reading("integers with NaN", [3, 7, float("nan")], gives="3, 7, missing (int64)"),
    Reading(
        "small integers",
        np.array([3, 7], dtype="int8"),
        gives="3, 7 (int8)",
        shown='np.array([3, 7], dtype="int8")',
    ),
    Reading(
        "whole numbers",
        np.array([3.0, 7.0, np.nan]),
        gives="3.0, 7.0, missing (float64)",
        shown="np.array([3.0, 7.0, np.nan])",
    ),
    Reading("booleans", [True, None, False], gives="True, missing, False (bool)"),
    Reading(
        "masked arrays",
        np.ma.masked_array([3, 7], [False, True]),
        gives="3, missing (int64)",
        shown="np.ma.masked_array([3, 7], [False, True])",
    ),
    Reading(
        "pandas, nullable integers",
        pd.Series([3, None, 7], dtype="Int32"),
        gives="3, missing, 7 (int32)",
        shown='pd.Series([3, None, 7], dtype="Int32")',
    ),
    Reading(
        "pandas, nullable booleans",
        pd.Series([True, None], dtype="boolean"),
        gives="True, missing (bool)",
        shown='pd.Series([True, None], dtype="boolean")',
    ),
    Reading(
        "pandas, text",
        pd.Series(["metal", None], dtype="string"),
        gives="metal, missing (text)",
        shown='pd.Series(["metal", None], dtype="string")',
    ),
    Reading(
        "pandas, categories",
        pd.Series([3, None, 7], dtype=pd.CategoricalDtype([3, 7])),
        gives="3, missing, 7 (int64)",
        shown="pd.Categorical([3, None, 7])",
    ),
    Reading(
        "polars",
        PolarsSeries("site", [3, None, 7]),
        gives="3, missing, 7 (int64)",
        shown='pl.Series("site", [3, None, 7])',
    ),
    Reading(
        "pyarrow",
        ArrowArray(["a", None]),
        gives="a, missing (text)",
        shown='pa.array(["a", None])',
    ),
    Reading(
        "NumPy dates",
        np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
        gives="2020-01-01, missing (datetime64[D])",
        shown='np.array(["2020-01-01", "NaT"], dtype="M8[D]")',
    ),
    Reading("dates", [datetime.date(2020, 1, 1)], gives="2020-01-01 (object)"),
    Reading(
        "missing labels as text",
        np.array(["a", np.nan]),
        refused="row 1, target 'y': 'nan' is the text of a missing label",
        shown='np.array(["a", np.nan])',
    ),
    Reading(
        "text beside numbers",
        [1, "a", 1],
        refused="row 1, target 'y': 'a' is no number, as most labels are",
    ),
    Reading(
        "dates beside text",
        ["a", "b", datetime.date(2020, 1, 1)],
        refused="is no text, as most labels are",
    ),
    Reading("tuples in a list", [("a", "b"), ("a", "c")], refused="('a', 'b') is a tuple"),
    Reading(
        "tuples in a series",
        pd.Series([(1, 2), (3, 4)]),
        refused="(1, 2) is a tuple: convert it to text",
        shown="pd.Series([(1, 2), (3, 4)])",
    ),
    Reading(
        "sets as labels",
        pd.Series([{1}, {2}]),
        refused="{1} is a set, which has no order",
        shown="pd.Series([{1}, {2}])",
    ),
    Reading("bytes", [b"a", b"b"], refused="b'a' is a bytes: convert it to text"),
    Reading("complex numbers", [1j, 2j], refused="1j is a complex, which has no order"),
    Reading("fractional numbers", [0.1, 0.2, 0.3], refused="Unknown label type: continuous"),
    Reading("infinity", [1.0, float("inf")], refused="Infinity is not a class"),
    Reading("no label at all", [None, None], refused="y has no label at all"),
)
