"""Parse one formula into elements and amounts.

pymatgen defines the grammar. A regular expression reads plain formulas (only symbols and numbers)
with the same result, but faster. pymatgen reads formulas with brackets. `_spelling` lists which
further spellings are read. The results differ from pymatgen's in three ways:

- Deuterium and tritium become hydrogen. Placeholders (pymatgen's DummySpecies) are refused.
- Elements are dropped by fraction, not by amount: "H1e-9O1e-9" is HO.
- Amounts above 1e12 and formulas of more than 10,000 characters are refused.
"""

import re
from functools import lru_cache

from pymatgen.core import Composition, DummySpecies, Element, Species

from skmat.composition._arrays import MAX_ATOMIC_NUMBER, NEGLIGIBLE
from skmat.composition._spelling import (
    BadComposition,
    adduct_parts,
    clean,
    doubt,
    explain,
    may_be_adduct,
)

__all__ = ["ATOMIC_NUMBERS", "BadComposition", "parse_formula", "parse_mapping"]

# Possessive quantifiers: a number has one reading, so backtracking is useless. Not behind groups,
# where Python 3.11.2 skips characters.
_NUMBER = r"(?:\d++(?:\.\d*+)?|\.\d++)(?:e[-+]?\d++)?"
_ENTRY = re.compile(rf"([A-Z][a-z]?)({_NUMBER})?")
# "E" before a digit is an exponent. No element has the symbol E.
_PLAIN = re.compile(rf"(?:(?!E\d)[A-Z][a-z]?(?:{_NUMBER})?)+")
_LARGEST_AMOUNT = 1e12
#: In characters. pymatgen's time grows with the square of the length.
_LONGEST = 10_000
_LONGEST_FOR_PYMATGEN = 2_000
_SYMBOL = re.compile(r"[A-Z][a-z]*")
#: Species as pymatgen writes them: "Fe3+", "O2-", "Fe2+,spin=5", "Fe,spin=5".
_SPECIES = re.compile(
    r"([A-Z][a-z]?)(?:(?:\d++(?:\.\d++)?)?[-+]++(?:,?spin=[-\d.e]++)?|,?spin=[-\d.e]++)"
)

#: Symbol to atomic number. Deuterium and tritium map to hydrogen: encoders and element tables do
#: not distinguish isotopes.
ATOMIC_NUMBERS = {Element.from_Z(z).symbol: z for z in range(1, MAX_ATOMIC_NUMBER + 1)}
ATOMIC_NUMBERS.update(D=1, T=1)


def parse_formula(formula):
    """Return atomic numbers and amounts of a formula string, as two lists.

    Raises
    ------
    BadComposition
        If the string is not a composition. The message says why.
    """
    if len(formula) > _LONGEST:
        raise BadComposition(f"longer than any formula ({len(formula)} characters)")
    if _PLAIN.fullmatch(formula) and not may_be_adduct(formula):
        return _parse_plain(formula)
    text = clean(formula)
    if not text:
        raise BadComposition("empty formula")
    parts = adduct_parts(text)
    if len(parts) == 1:
        return _parse_part(text)
    numbers, amounts = [], []
    for count, part in parts:
        of_part = _parse_part(part)
        numbers += of_part[0]
        amounts += [count * amount for amount in of_part[1]]
    return _checked(numbers, amounts)


def _parse_part(text):
    return _parse_plain(text) if _PLAIN.fullmatch(text) else _parse_with_pymatgen(text)


def _parse_plain(text):
    numbers, amounts = [], []
    for symbol, amount in _ENTRY.findall(text):
        number = ATOMIC_NUMBERS.get(symbol)
        if number is None:
            raise BadComposition(_not_an_element(symbol))
        numbers.append(number)
        amounts.append(float(amount) if amount else 1.0)
    if reason := doubt(text):
        raise BadComposition(reason)
    return _checked(numbers, amounts)


def _not_an_element(symbol):
    if symbol[:-1] in ATOMIC_NUMBERS and symbol[-1] in "xyz":
        return f"not a chemical formula: the amount {symbol[-1]!r} is unknown (write a number)"
    return f"{symbol!r} is not an element"


def parse_mapping(mapping):
    """Return atomic numbers and amounts of a Composition or a {symbol: amount} dict.

    Raises
    ------
    BadComposition
        If it is not a composition. The message says why.
    """
    numbers, amounts = [], []
    for key, amount in mapping.items():
        numbers.append(_atomic_number(key))
        try:
            amounts.append(float(amount))
        except OverflowError:
            amounts.append(float("inf"))
        except (TypeError, ValueError):
            raise BadComposition(f"amount {amount!r} of {key} is not a number") from None
    return _checked(numbers, amounts)


def _checked(numbers, amounts):
    for amount in amounts:
        if not 0 < amount <= _LARGEST_AMOUNT:
            return _without_zeros(numbers, amounts)
    return numbers, amounts


def _without_zeros(numbers, amounts):
    # Rounding may leave a negative rest, as in 1 - 0.9 - 0.1. pymatgen drops it too.
    noise = NEGLIGIBLE * sum(amount for amount in amounts if amount > 0)
    for amount in amounts:
        if amount < -noise:
            raise BadComposition("negative amount")
        if not amount <= _LARGEST_AMOUNT:
            raise BadComposition(f"amount is not finite, or above {_LARGEST_AMOUNT:.0e}")
    kept = [
        (number, amount) for number, amount in zip(numbers, amounts, strict=True) if amount > 0
    ]
    if not kept:
        raise BadComposition("empty formula (no element with a positive amount)")
    return [number for number, _ in kept], [amount for _, amount in kept]


@lru_cache(maxsize=1024)
def _atomic_number(key):
    if isinstance(key, Element | Species) and not isinstance(key, DummySpecies):
        return key.Z
    symbol = key
    if isinstance(key, str) and (species := _SPECIES.fullmatch(key)):
        symbol = species[1]
    # Refuse a digit without a sign: pymatgen reads the key "Ti2" as the ion Ti2+.
    number = ATOMIC_NUMBERS.get(symbol) if isinstance(symbol, str) else None
    if number is None:
        shown = repr(str(key)) if isinstance(key, DummySpecies) else repr(key)
        raise BadComposition(f"{shown} is not an element")
    return number


def _parse_with_pymatgen(text):
    if reason := explain(text):
        raise BadComposition(reason)
    for symbol in _SYMBOL.findall(text):
        if symbol not in ATOMIC_NUMBERS:
            raise BadComposition(_not_an_element(symbol))
    if reason := doubt(text):
        raise BadComposition(reason)
    if len(text) > _LONGEST_FOR_PYMATGEN:
        raise BadComposition(f"longer than any formula with brackets ({len(text)} characters)")
    try:
        composition = Composition(text)
        if sum(composition.values()) < 1:
            # pymatgen drops amounts below 1e-8, which may be a large fraction here.
            scaled = Composition(f"({text})1e8")
            composition = scaled if len(scaled) > len(composition) else composition
    except Exception:
        raise BadComposition("not a chemical formula") from None
    if not composition:
        raise BadComposition("empty formula (no element with a positive amount)")
    return parse_mapping(composition)
