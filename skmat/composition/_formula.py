"""One formula to its elements and amounts.

pymatgen defines the grammar. Plain formulas (element symbols and numbers, nothing else), which
are nearly all of them, are read by one regular expression that gives the same answer faster;
parentheses and every other case go to pymatgen.
"""

import re
from functools import lru_cache

from pymatgen.core import Composition, DummySpecies, Element, Species

from skmat.composition._arrays import MAX_ATOMIC_NUMBER

__all__ = ["BadComposition", "parse_formula", "parse_mapping"]

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_ENTRY = re.compile(rf"([A-Z][a-z]?)({_NUMBER})?")
_PLAIN = re.compile(rf"(?:[A-Z][a-z]?(?:{_NUMBER})?)+")
_NEGATIVE = re.compile(r"-\s*\d")
_LARGEST_AMOUNT = 1e12
_SYMBOL = re.compile(r"[A-Z][a-z]*")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

#: Symbol to atomic number. Deuterium and tritium are hydrogen: encoders and element tables know
#: no isotopes.
ATOMIC_NUMBERS = {Element.from_Z(z).symbol: z for z in range(1, MAX_ATOMIC_NUMBER + 1)}
ATOMIC_NUMBERS.update(D=1, T=1)


class BadComposition(Exception):
    """What is wrong with one value; `_read` adds the row and collects them."""


def parse_formula(formula):
    """Return atomic numbers and amounts of a formula string, as two lists.

    Raises
    ------
    BadComposition
        If the string is not a composition; its text says why.
    """
    text = "".join(formula.split())
    if not text.isascii():
        text = text.translate(_SUBSCRIPTS)
    if not text:
        raise BadComposition("empty formula")
    if not _PLAIN.fullmatch(text):
        return _parse_with_pymatgen(text)
    numbers, amounts = [], []
    for symbol, amount in _ENTRY.findall(text):
        number = ATOMIC_NUMBERS.get(symbol)
        if number is None:
            raise BadComposition(f"{symbol!r} is not an element")
        numbers.append(number)
        amounts.append(float(amount) if amount else 1.0)
    return _checked(numbers, amounts)


def parse_mapping(mapping):
    """Return atomic numbers and amounts of a Composition or a {symbol: amount} dict."""
    numbers, amounts = [], []
    for key, amount in mapping.items():
        numbers.append(_atomic_number(key))
        try:
            amounts.append(float(amount))
        except (TypeError, ValueError):
            raise BadComposition(f"amount {amount!r} of {key} is not a number") from None
    return _checked(numbers, amounts)


def _checked(numbers, amounts):
    for amount in amounts:
        if not 0 < amount <= _LARGEST_AMOUNT:
            return _without_zeros(numbers, amounts)
    return numbers, amounts


def _without_zeros(numbers, amounts):
    for amount in amounts:
        if amount < 0:
            raise BadComposition("negative amount")
        if not amount <= _LARGEST_AMOUNT:
            raise BadComposition("amount is not finite, or larger than any formula's")
    kept = [(number, amount) for number, amount in zip(numbers, amounts, strict=True) if amount]
    if not kept:
        raise BadComposition("empty formula (no element with a positive amount)")
    return [number for number, _ in kept], [amount for _, amount in kept]


@lru_cache(maxsize=1024)
def _atomic_number(key):
    if isinstance(key, DummySpecies):
        raise BadComposition(f"{str(key)!r} is not an element")
    if isinstance(key, Element | Species):
        return key.Z
    number = ATOMIC_NUMBERS.get(key) if isinstance(key, str) else None
    if number is not None:
        return number
    try:
        return Species.from_str(key).Z
    except (ValueError, TypeError, AttributeError):
        raise BadComposition(f"{key!r} is not an element") from None


def _parse_with_pymatgen(text):
    if _NEGATIVE.search(text):
        raise BadComposition("negative amount")
    for symbol in _SYMBOL.findall(text):
        if symbol not in ATOMIC_NUMBERS:
            raise BadComposition(f"{symbol!r} is not an element")
    try:
        composition = Composition(text)
    except Exception:
        raise BadComposition("not a chemical formula") from None
    if not composition:
        raise BadComposition("empty formula (no element with a positive amount)")
    return parse_mapping(composition)
