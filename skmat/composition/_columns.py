"""Column names of a table of amounts: elements, compounds and units."""

import re
from collections import Counter
from numbers import Integral
from typing import NamedTuple

import pandas as pd
from pymatgen.core import Element

from skmat.composition._formula import ATOMIC_NUMBERS, BadComposition, parse_formula
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError

__all__ = ["amounts_from_weight", "check_unique", "counts_amounts", "read_columns"]

_SHARE = r"(?:\.?[ -]?(?:%|percent|pct|perc|frac(?:tion)?|ratio))"
#: What a column counts, by the unit in its name.
_UNITS = {
    "atoms": rf"(?:at|atom|atoms|atomic){_SHARE}?\.?|a%",
    "moles": rf"(?:mol|mole|moles|molar){_SHARE}?\.?",
    "weight": rf"(?:wt|weight|mass){_SHARE}?\.?|w%",
    # The name does not say percent of what.
    "unknown": r"%|percent|pct|fraction|frac|ratio|ppmw?|wppm|ppma|appm|ppb|g|mg|kg|g/l|mg/l|m",
}
_UNIT = "|".join(f"(?P<{unit}>{pattern})" for unit, pattern in _UNITS.items())
_BRACKETS = re.compile(rf"(?P<what>.+?)[ _]*[(\[](?:{_UNIT})[)\]]", re.IGNORECASE)
_AFTER = re.compile(rf"(?P<what>.+?)[ _,/:;.-]+(?:{_UNIT})|(?P<whole>.+)%", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_UNIT})(?:[ _,:;-]+|(?<=%))(?P<what>.+)", re.IGNORECASE)

#: Prefixes of the names that libraries give to unnamed columns, before a position from 0:
#: "x0", "col0" and "col_0" in scikit-learn, "column_0" in polars.
_PLACEHOLDERS = ("x", "col", "col_", "column_")

#: Compounds written in capitals: an oxide with a digit, or a number after each symbol.
_CAPITALS = re.compile(r"(?=.*O)(?=.*\d).+|(?:[A-Z]\d++(?:\.\d++)?)+")

#: Names that rarely mean the element: what they usually mean, and the neighbours in the periodic
#: table. With a column for a neighbour, the name does mean the element.
_DOUBTFUL_ELEMENTS = {
    "No": ("the number of the row", "Md", "Lr"),
    "Tc": ("a temperature", "Mo", "Ru"),
}

#: A compound contains one of these. Two metals are more likely an abbreviation: "CoV" is a
#: coefficient of variation.
_PARTNERS = frozenset(["H", "C", "N", "O", "F", "P", "S", "Cl", "Se", "Br", "Te", "I"])


def read_columns(names):
    """Return what each column of a table counts.

    Parameters
    ----------
    names : sequence
        Names of the columns.

    Returns
    -------
    list or None
        For each column an atomic number, or a compound as a tuple of pairs (atomic number,
        amount). None if the names only number the columns.

    Raises
    ------
    InvalidInputError
        If a name is neither an element nor a compound, or if columns hold weights.
    """
    if _are_positions(names):
        return None
    read = _read(names)
    units = {unit for _, unit in read}
    kinds = {unit.kind for unit in units}
    if "weight" in kinds:
        weights = [n for n, (_, unit) in zip(names, read, strict=True) if unit.kind == "weight"]
        raise InvalidInputError(
            f"The columns {_listed(weights)} of X hold weights, but a composition counts atoms."
            " Convert the table with skmat.composition.amounts_from_weight(X)."
        )
    whats = [what for what, _ in read]
    compounds = [what for what in whats if what not in ATOMIC_NUMBERS]
    if len(units) > 1 or (compounds and "atoms" in kinds):
        raise InvalidInputError(
            f"The columns {_listed(names)} of X have different units. Use one unit for all of"
            " them: at.% of elements, or mol% of elements and compounds."
        )
    return [ATOMIC_NUMBERS.get(what) or _composition(what) for what in whats]


def counts_amounts(names):
    """Return the names that columns of amounts have: of elements and compounds, in any unit.

    A single letter, such as P or V, may be a symbol of physics. The list is therefore empty unless
    it has two names or more, and one of them is longer.
    """
    found = [
        name for name in names if _is_element(_split(name)[0]) or _is_compound(_split(name)[0])
    ]
    return found if len(found) > 1 and max(map(len, found)) > 1 else []


def amounts_from_weight(X):
    """Convert a table of weights to amounts of substance, by standard atomic weights.

    Use it for weight percentages of alloys and glasses. Rows are independent, so a
    ``FunctionTransformer`` makes it a step of a pipeline.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_columns)
        Weights, all in the same unit, as a table of pandas, polars, pyarrow or another library.
        Name each column after an element ("Fe") or a compound ("SiO2"), alone or with a unit of
        weight ("Fe (wt%)", "Cr_wt", "wt.% Ni"). Replace "balance" by its number.

    Returns
    -------
    DataFrame of shape (n_samples, n_columns)
        Amounts, in mol for weights in g. Columns are named after the element or compound alone,
        as composition estimators expect. Missing values stay missing.

    Raises
    ------
    InvalidInputError
        If X has no named columns, if a name is neither an element nor a compound, has another
        unit or occurs twice, or if a column does not hold numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmat.composition import amounts_from_weight
    >>> alloys = pd.DataFrame(
    ...     {"Ti (wt%)": [90.0], "Al (wt%)": [6.0], "V (wt%)": [4.0]}
    ... )
    >>> amounts_from_weight(alloys).round(3)
         Ti     Al      V
    0  1.88  0.222  0.079
    """
    frame = as_pandas(X)
    if frame is None:
        raise InvalidInputError(
            f"Expected a table with named columns, got {type(X).__name__}. Pass a DataFrame whose"
            " columns are named after elements or compounds."
        )
    read = _read(frame.columns)
    units = {unit for _, unit in read}
    if len(units) != 1 or next(iter(units)).kind not in ("weight", ""):
        raise InvalidInputError(
            f"The columns {_listed(frame.columns)} do not share one unit of weight. Give all of"
            " them in the same unit, such as wt%."
        )
    converted = {}
    for place, (what, _) in enumerate(read):
        try:
            column = frame.iloc[:, place].astype(float)
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"The column {frame.columns[place]!r} does not hold numbers. Replace 'balance' by"
                " its number, and drop columns of text."
            ) from None
        converted[what] = column / _molar_mass(what)
    return pd.DataFrame(converted, index=frame.index)


def _are_positions(names):
    """Tell whether names only number the columns, from 0 or from 1."""
    if all(isinstance(name, Integral) for name in names):
        return list(names) in (list(range(len(names))), list(range(1, len(names) + 1)))
    return any(
        list(names) == [f"{prefix}{place}" for place in range(len(names))]
        for prefix in _PLACEHOLDERS
    )


def _read(names):
    """Return the element or compound, and the unit, of each column."""
    read = [_split(name) for name in names]
    others, unclear = [], []
    for name, (what, unit) in zip(names, read, strict=True):
        if not (_is_element(what) or _is_compound(what)):
            others.append(name)
        elif unit.kind == "unknown":
            unclear.append(name)
    if others:
        raise InvalidInputError(
            f"The columns {_listed(others)} of X are not named after an element or a compound."
            " Name each column by a symbol ('Ti') or a compound ('SiO2', 'B1N1') and drop the"
            " others. To read by position, pass X.to_numpy(): column j is the element with atomic"
            " number j + 1."
        )
    if unclear:
        raise InvalidInputError(
            f"The columns {_listed(unclear)} of X do not say what is counted. Name them 'Fe"
            " (at.%)' for atoms, 'SiO2 (mol%)' for moles or 'Fe (wt%)' for weights."
        )
    whats = [what for what, _ in read]
    check_unique(whats)
    for name, (other, *neighbours) in _DOUBTFUL_ELEMENTS.items():
        if name in whats and not set(neighbours) & set(whats):
            raise InvalidInputError(
                f"The column {name!r} of X may hold {other} instead of the element. Drop it. If it"
                f" does hold the element, add a column of zeros for {neighbours[0]!r}."
            )
    return read


def check_unique(names):
    """Raise InvalidInputError if two columns have one name."""
    counts = Counter(names)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise InvalidInputError(
            f"X has more than one column for {_listed(twice)}. Keep one of each, or add them up."
        )


class _Unit(NamedTuple):
    kind: str = ""
    scale: str = ""


def _split(name):
    """Split a column name into element or compound, and unit."""
    text = " ".join(name.split()) if isinstance(name, str) else ""
    # "At" is astatine, "Mo" molybdenum.
    if not _is_element(text):
        for pattern in (_BRACKETS, _AFTER, _BEFORE):
            if found := pattern.fullmatch(text):
                groups = found.groupdict()
                kind = next((kind for kind in _UNITS if groups[kind] is not None), "unknown")
                return (groups["what"] or groups["whole"]).strip(), _Unit(kind, _scale(text))
    return text, _Unit()


def _scale(text):
    """Return "%" or "fraction" if the name says so: columns must agree in it."""
    if re.search(r"%|percent|pct|perc", text, re.IGNORECASE):
        return "%"
    return "fraction" if re.search(r"frac|ratio", text, re.IGNORECASE) else ""


def _is_element(text):
    # "T" is tritium, but a column of that name holds a temperature.
    return text in ATOMIC_NUMBERS and text != "T"


def _is_compound(text):
    """Tell whether a name is a compound, and cannot be an abbreviation.

    Compounds are "MgO", "CaF2", "K2O" and "B1N1". Refused are "CO" (may be cobalt in capitals),
    "HV" (hardness), "YS" (yield strength), "HV10", "D50" and "NaN" (a missing name).
    """
    symbols = re.findall(r"[A-Z][a-z]?", text)
    if len(set(symbols)) < 2 or {"D", "T"} & set(symbols) or not _PARTNERS & set(symbols):
        return False
    capitals = not any(letter.islower() for letter in text)
    if text == "NaN" or (capitals and not _CAPITALS.fullmatch(text)):
        return False
    try:
        parse_formula(text)
    except BadComposition:
        return False
    return True


def _composition(compound):
    amounts: dict[int, float] = {}
    for number, amount in zip(*parse_formula(compound), strict=True):
        amounts[number] = amounts.get(number, 0.0) + amount
    return tuple(sorted(amounts.items()))


def _molar_mass(what):
    """Return the mass of an element or a compound, in g/mol."""
    if what in ATOMIC_NUMBERS:
        return float(Element(what).atomic_mass)
    return sum(
        amount * float(Element.from_Z(number).atomic_mass) for number, amount in _composition(what)
    )


def _listed(names, most=5):
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:most])
    return f"[{shown}{', ...' if len(names) > most else ''}]"
