"""Columns of a table of amounts, and containers of X."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from pymatgen.core import Composition
from readings.reading import Reading

__all__ = ["COLUMNS"]

_ELEMENTS = "elements"
_UNIT = "elements with a unit"
_COMPOUNDS = "compounds, in moles"
_NONE = "columns without a name"
_OTHER = "other names"
_FORMULAS = "list of formulas"
_X = "no list, no table"


def _frame(*names):
    """Return a table of one row with the amounts 1, 2, and so on."""
    return pd.DataFrame([range(1, len(names) + 1)], columns=list(names))


def _columns(kind, *names, gives=None, refused=None):
    shown = " | ".join(map(str, names))
    return Reading(kind, _frame(*names), gives, refused, shown=shown)


_TI_O = {"Ti": [1], "O": [2]}

COLUMNS = (
    _columns(_ELEMENTS, "Ti", "O", gives="TiO2"),
    _columns(_ELEMENTS, " O", "Ti ", gives="Ti2O"),
    Reading(_ELEMENTS, pl.DataFrame(_TI_O), "TiO2", shown="polars: Ti | O"),
    Reading(_ELEMENTS, pa.table(_TI_O), "TiO2", shown="pyarrow: Ti | O"),
    Reading(
        _ELEMENTS,
        np.array([(1.0, 2.0)], dtype=[("Ti", float), ("O", float)]),
        "TiO2",
        shown="structured array: Ti | O",
    ),
    Reading(
        _ELEMENTS,
        pd.DataFrame({"Ti": [1.0], "O": [2.0], "Au": [1e-17]}),
        "TiO2",
        shown="Ti | O | Au, where Au is 1e-17",
    ),
    Reading(
        _ELEMENTS,
        pd.DataFrame({"Ti": [1.0], "O": [np.nan]}),
        refused="X.fillna(0)",
        shown="Ti | O, where O is missing",
    ),
    _columns(_ELEMENTS, "Ti", "Ti", refused="more than one column for ['Ti']"),
    _columns(_ELEMENTS, "ti", "o", refused="symbol"),
    _columns(_UNIT, "Ni at.%", "Al (at. %)", gives="NiAl2"),
    _columns(_UNIT, "mol% Ni", "mol% Al", gives="NiAl2"),
    _columns(_UNIT, "Fe (wt%)", "Cr_wt%", refused="amounts_from_weight(X)"),
    _columns(_UNIT, "mass fraction Fe", "mass fraction Cr", refused="amounts_from_weight(X)"),
    _columns(_UNIT, "Fe", "Cr (at.%)", refused="different units"),
    _columns(_UNIT, "Fe (at.%)", "Cr (at. fraction)", refused="different units"),
    _columns(_UNIT, "Fe%", "Cr%", refused="do not say what is counted"),
    _columns(_UNIT, "Fe (ppm)", "Cr (ppm)", refused="do not say what is counted"),
    _columns(_COMPOUNDS, "SiO2", "Na2O", gives="SiO4Na4"),
    _columns(_COMPOUNDS, "SiO2 (mol%)", "CaF2 [mol%]", gives="SiO2Ca2F4"),
    _columns(_COMPOUNDS, "Al2O3", "O", gives="Al2O5"),
    _columns(_COMPOUNDS, "SiO2 (at.%)", "Na2O (at.%)", refused="different units"),
    _columns(_COMPOUNDS, "CO", "Ni", refused="['CO'] of X are not named after"),
    _columns(_NONE, *range(8), gives="HHe2Li3Be4B5C6N7O8"),
    _columns(_NONE, 1, 2, 3, gives="HHe2Li3"),
    _columns(_NONE, "x0", "x1", gives="HHe2"),
    _columns(_NONE, "col0", "col1", gives="HHe2"),
    _columns(_NONE, "column_0", "column_1", gives="HHe2"),
    Reading(_NONE, np.array([[1.0, 2.0]]), "HHe2", shown="[[1, 2]]"),
    _columns(_NONE, 22, 8, refused="X.to_numpy()"),
    _columns(_OTHER, "Ti", "O", "temperature", refused="['temperature'] of X are not named"),
    _columns(_OTHER, "Fe", "T", refused="['T'] of X are not named"),
    _columns(_OTHER, "No", "Fe", refused="may hold the number of the row"),
    _columns(_OTHER, "Fe", "Tc", refused="may hold a temperature"),
    _columns(_OTHER, "Fe", "HV10", refused="['HV10'] of X are not named"),
    _columns(_OTHER, "feature_0", "feature_1", refused="X.to_numpy()"),
    Reading(_FORMULAS, pd.DataFrame({"formula": ["TiO2"]}), "TiO2", shown="a table of 1 column"),
    Reading(_FORMULAS, pl.Series(["TiO2"]), "TiO2", shown='polars.Series(["TiO2"])'),
    Reading(_FORMULAS, pa.array(["TiO2"]), "TiO2", shown='pyarrow.array(["TiO2"])'),
    Reading(_FORMULAS, np.array(["TiO2"]), "TiO2", shown='numpy.array(["TiO2"])'),
    Reading(_FORMULAS, [["TiO2"]], "TiO2"),
    Reading(
        _FORMULAS,
        np.array([Composition("TiO2")]),
        refused="Pass a list of the Compositions",
        shown='numpy.array([Composition("TiO2")])',
    ),
    Reading(_FORMULAS, [], refused="0 sample(s)"),
    Reading(_X, "TiO2", refused="list of one, [X]"),
    Reading(_X, b"TiO2", refused="Pass a list of text"),
    Reading(_X, {"Ti": 1, "O": 2}, refused="list of one, [X]"),
    Reading(_X, {"Ti": [1], "O": [2]}, refused="Pass pandas.DataFrame(X)"),
    Reading(_X, {"TiO2"}, refused="no order"),
    Reading(_X, pl.LazyFrame(_TI_O), refused="X.collect()", shown="polars.LazyFrame"),
)
