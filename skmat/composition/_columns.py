"""What the columns of a table of amounts are named after."""

import re
from collections import Counter
from numbers import Integral
from typing import NamedTuple

import pandas as pd
from pymatgen.core import Composition

from skmat.composition._formula import ATOMIC_NUMBERS, BadComposition, parse_formula
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError

__all__ = ["amounts_from_weight", "check_unique", "read_columns"]

_SHARE = r"(?:\.?[ -]?(?:%|percent|pct|perc|frac(?:tion)?|ratio))"
#: What the numbers of a column are, by the unit in its name.
_UNITS = {
    "atoms": rf"(?:at|atom|atoms|atomic){_SHARE}?\.?|a%",
    "moles": rf"(?:mol|mole|moles|molar){_SHARE}?\.?",
    "weight": rf"(?:wt|weight|mass){_SHARE}?\.?|w%",
    # Percent of what?
    "unknown": r"%|percent|pct|fraction|frac|ratio|ppmw?|wppm|ppma|appm|ppb|g|mg|kg|g/l|mg/l|m",
}
_UNIT = "|".join(f"(?P<{unit}>{pattern})" for unit, pattern in _UNITS.items())
_BRACKETS = re.compile(rf"(?P<what>.+?)[ _]*[(\[](?:{_UNIT})[)\]]", re.IGNORECASE)
_AFTER = re.compile(rf"(?P<what>.+?)[ _,/:;.-]+(?:{_UNIT})|(?P<whole>.+)%", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_UNIT})(?:[ _,:;-]+|(?<=%))(?P<what>.+)", re.IGNORECASE)

#: Names that libraries give to columns that have none, by position, counted from 0:
#: scikit-learn's ("x0", and "col0", "col_0" in its checks) and polars' ("column_0").
_PLACEHOLDERS = ("x", "col", "col_", "column_")

#: Compounds in capitals: an oxide with a digit, or a number after each symbol.
_CAPITALS = re.compile(r"(?=.*O)(?=.*\d).+|(?:[A-Z]\d++(?:\.\d++)?+)++")

#: What a column is more likely named after than an element, where the elements beside it in the
#: periodic table have no columns.
_NO_ELEMENTS = {"No": ("the number of the row", "Md", "Lr"), "Tc": ("a temperature", "Mo", "Ru")}

#: Elements that make a compound of those they are with. Two metals in a name are more likely an
#: abbreviation: "CoV" is a coefficient of variation.
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
        Per column an atomic number, or the composition of a compound as a tuple of pairs (atomic
        number, amount); None where the names say nothing but the position.

    Raises
    ------
    InvalidInputError
        If columns are named after anything else, or hold weights.
    """
    if _are_positions(names):
        return None
    read = _read(names)
    units = {unit for _, unit in read}
    kinds = {unit.kind for unit in units}
    if "weight" in kinds:
        weights = [n for n, (_, unit) in zip(names, read, strict=True) if unit.kind == "weight"]
        raise InvalidInputError(
            f"The columns {_listed(weights)} of X hold weights, and a composition counts atoms."
            " Convert all of them with skmat.composition.amounts_from_weight(X)."
        )
    whats = [what for what, _ in read]
    compounds = [what for what in whats if what not in ATOMIC_NUMBERS]
    if len(units) > 1 or (compounds and "atoms" in kinds):
        raise InvalidInputError(
            f"The columns {_listed(names)} of X have different units. Give all of them in one:"
            " at.% of elements, or mol% of elements and compounds."
        )
    return [ATOMIC_NUMBERS.get(what) or _composition(what) for what in whats]


def amounts_from_weight(X):
    """Convert a table of weights to amounts of substance, by standard atomic weights.

    Use it on percent by weight, as alloys and glasses are given in. It treats each row alone, so
    a ``FunctionTransformer`` can make it a step of a pipeline.

    Parameters
    ----------
    X : DataFrame of shape (n_samples, n_columns)
        Weights in any one unit; the table is of pandas, polars, pyarrow or another library. Every
        column is named after an element ("Fe") or a compound ("SiO2"), alone or with a unit of
        weight ("Fe (wt%)", "Cr_wt", "wt.% Ni"). A rest such as "balance" must be filled in.

    Returns
    -------
    DataFrame of shape (n_samples, n_columns)
        Amounts in mol per unit of weight: the weight in g gives mol. The columns are named after
        the element or compound alone; estimators of compositions read them. What is missing
        stays so.

    Raises
    ------
    InvalidInputError
        If X has no named columns, or a name is no element or compound, has another unit, or occurs
        twice, or a column does not hold numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmat.composition import amounts_from_weight
    >>> alloys = pd.DataFrame({"Ti (wt%)": [90.0], "Al (wt%)": [6.0], "V (wt%)": [4.0]})
    >>> amounts_from_weight(alloys).round(3)
         Ti     Al      V
    0  1.88  0.222  0.079
    """
    frame = as_pandas(X)
    if frame is None:
        raise InvalidInputError(
            f"Weights are converted by the names of their columns, and a {type(X).__name__} has"
            " none. Pass a DataFrame whose columns are named after elements or compounds."
        )
    read = _read(frame.columns)
    units = {unit for _, unit in read}
    if len(units) != 1 or next(iter(units)).kind not in ("weight", ""):
        raise InvalidInputError(
            f"The columns {_listed(frame.columns)} do not hold weights alone. Give all of them in"
            " one unit of weight."
        )
    converted = {}
    for place, (what, _) in enumerate(read):
        try:
            column = frame.iloc[:, place].astype(float)
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"The column {frame.columns[place]!r} holds values that are no numbers. Fill in a"
                " rest such as 'balance', and drop columns that hold text."
            ) from None
        converted[what] = column / float(Composition(what).weight)
    return pd.DataFrame(converted, index=frame.index)


def _are_positions(names):
    """Tell whether names give the position of a column, or its atomic number, and no more."""
    if all(isinstance(name, Integral) for name in names):
        return list(names) in (list(range(len(names))), list(range(1, len(names) + 1)))
    return any(
        list(names) == [f"{prefix}{place}" for place in range(len(names))]
        for prefix in _PLACEHOLDERS
    )


def _read(names):
    """Return per column the element or compound, and the unit."""
    read = [_split(name) for name in names]
    others, unclear = [], []
    for name, (what, unit) in zip(names, read, strict=True):
        if not (_is_element(what) or _is_compound(what)):
            others.append(name)
        elif unit.kind == "unknown":
            unclear.append(name)
    if others:
        raise InvalidInputError(
            f"The columns {_listed(others)} of X are not named after the symbol of an element or a"
            " compound. Name each column by a symbol ('Ti') or a compound ('SiO2', 'B1N1') and"
            " drop the others; X.to_numpy() is read by position, column j as the element with"
            " atomic number j + 1."
        )
    if unclear:
        raise InvalidInputError(
            f"The columns {_listed(unclear)} of X do not say what is counted. Name them 'Fe"
            " (at.%)' for atoms, 'SiO2 (mol%)' for moles or 'Fe (wt%)' for weights."
        )
    whats = [what for what, _ in read]
    check_unique(whats)
    for name, (other, *beside) in _NO_ELEMENTS.items():
        if name in whats and not set(beside) & set(whats):
            raise InvalidInputError(
                f"The column {name!r} of X may hold {other} instead of the element. Drop it; if it"
                f" is the element, add a column of zeros for {beside[0]!r}."
            )
    return read


def check_unique(names):
    """Raise InvalidInputError if two columns have one name."""
    counts = Counter(names)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise InvalidInputError(
            f"X has more than one column for {_listed(twice)}: keep one of each, or add them up."
        )


class _Unit(NamedTuple):
    kind: str = ""
    scale: str = ""


def _split(name):
    """Return what a column is named after, and the unit."""
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
    """Return "%" or "fraction" where a name has such a word, so that they are not mixed."""
    if re.search(r"%|percent|pct|perc", text, re.IGNORECASE):
        return "%"
    return "fraction" if re.search(r"frac|ratio", text, re.IGNORECASE) else ""


def _is_element(text):
    # A column "T" is a temperature; as an element it would be tritium.
    return text in ATOMIC_NUMBERS and text != "T"


def _is_compound(text):
    """Tell whether a name is that of a compound, and cannot be an abbreviation.

    "MgO", "CaF2", "K2O" and "B1N1" are; "CO" (cobalt in capitals?), "HV" (hardness), "YS" (yield
    strength), "HV10", "D50" and "NaN" (a name that is missing) are not.
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


def _listed(names, most=5):
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:most])
    return f"[{shown}{', ...' if len(names) > most else ''}]"
