"""Clean the text of a formula before it is parsed: white space, exponents, hyphens, adducts.

pymatgen defines the grammar. The accepted spellings differ from pymatgen's in these ways:

- Unicode subscripts are digits. An exponent may be written "E-05" or "e+05".
- A middle dot joins the parts of an adduct ("CuSO4·5H2O"). So do "•", "*" and a full stop between
  two spaces. pymatgen refuses them.
- A full stop before water or ammonia at the end is such a dot if it cannot be a decimal point
  ("CuSO4.5H2O"). pymatgen reads 4.5 oxygen atoms.
- Identifiers, numbers and alloy notation get an error of their own. pymatgen refuses them too.
- Texts that only look like formulas are refused: a zero for the letter O ("Ti02"), oxidation
  states ("Fe(III)2O3"), abbreviations ("ITO"), a full stop that may join two compounds
  ("Al2O3.2SiO2"). pymatgen reads them.

White space is allowed where pymatgen allows it: before a symbol or bracket, and before its number.
"""

import re
import unicodedata

from skmat.exceptions import shorten

__all__ = ["BadComposition", "adduct_parts", "clean", "doubt", "explain", "may_be_adduct"]

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
#: Hyphens, dashes and the minus sign.
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
#: Middle dot, bullet, bullet operator, dot operator, hyphenation point, katakana middle dot.
_DOTS = "\u00b7\u2022\u2219\u22c5\u2027\u30fb*"

#: Molecules that a full stop may join to a formula.
_SOLVENT = r"(?:H2O|D2O|NH3)"
_SPACED_STOP = re.compile(r" \. (?=[\d.]* ?(?:[HD] ?2 ?O|N ?H ?3)\Z)")
_SPACED_DIGITS = re.compile(r"[\d.] [\d.]")
_SPACED_EXPONENT = re.compile(r"[\d.]e(?: [-+\d]|[-+] )")
_SPACED_LETTER = re.compile(r"(?<=[A-Za-z\d.]) [a-z]")
_EXPONENT = re.compile(r"(?<=[\d.])[Ee]\+?(?=-?\d)")

_STOP = re.compile(rf"\.(\d++(?:\.\d++)?)?(?:\(({_SOLVENT})\)|({_SOLVENT}))\Z")
_PART = re.compile(r"(\d++(?:\.\d*+)?|\.\d++)?([A-Z(\[{].*)")
_LAST = re.compile(r"(?:([A-Z][a-z]?)|[)\]}])(\d*+)\Z")
_DECIMAL = re.compile(r"\.\d")
#: Elements that end the formula of a salt. Programs list each element once, by electronegativity
#: or alphabetically, and then none of these comes before hydrogen.
_ANIONS = frozenset({"F", "Cl", "Br", "I", "S", "Se", "N"})
#: Hydrates hold less water than this. Larger numbers are more likely decimals.
_MOST_WATER = 40

_IDENTIFIER = re.compile(r"(?:mp|mvc|oqmd|jvasp|aflow|icsd|cod|agm|mb|nomad)[-_:]", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[\d.]++(?:e[-+]?\d++)?", re.IGNORECASE)
_ALLOY = re.compile(r"[A-Z][a-z]?(?:-\d++(?:\.\d++)? ?(?:wt\.?)?%?[A-Z][a-z]?)+")
_UNKNOWN = re.compile(r"[-+±]([xyzδ])")
_NEGATIVE = re.compile(r"(?<![\d.]e)-\d")
_HYPHEN = re.compile(r"(?<![\d.]e)-")

#: A zero before digits is meant as the letter O, except in an exponent.
_ZERO = re.compile(r"(?<![\d.][eE])(?<=[A-Za-z)\]}])0\d")
#: A last amount such as that of "Fe203", in a formula without oxygen. Large cells
#: ("Li32Mg160B192Rh304") have further numbers of several digits.
_ZERO_INSIDE = re.compile(r"(?<=[A-Za-z)\]}])(?:20[13457]|30[478])\Z")
_OXYGEN = re.compile(r"O(?![a-z])")
_LARGE = re.compile(r"\d\d+")
#: "(III)", and "II" without brackets. Iodine and vanadium are not written so.
_OXIDATION = re.compile(r"(?<=[A-Za-z])\((?:I{1,3}|IV|VI{0,3})\)|II(?![a-z])")
#: A full stop that may join two compounds: no zero is next to it.
_JOINT = re.compile(r"[A-Za-z)\]}](?:[1-9]\d*)?\.(?:[1-9]\d*)?(?=[A-Z(\[{])")
#: One with a number, behind an anion or a bracket, and not before the same anion. "1" behind a
#: bracket begins a decimal number.
_JOINED = re.compile(r"(F|Cl|Br|I|S|Se|N|O|[)\]}](?!1\.))\d*\.\d+(?![(\[{]*\1(?![a-z]))[A-Z(\[{]")
#: Names of materials and phases (and "to be determined") that consist of element symbols.
_ABBREVIATION = re.compile(
    "BCC|BCT|BFO|BNT|BSCCO|BSCF|BST|BTO|CFO|FCC|FTO|HBCCO|HCP|ITO|KBT|KNN|KTN|NBT|NVP|PTO|PVDF"
    "|SBN|SS304|SS316|STO|TBCCO|TBC|TBD|YBCO"
)

#: Frequent mistakes in the order in which they are tried, and their remedies.
_WRONG = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in [
        (r"[$_^]|</?\w+>", "write digits alone, without markup, as in 'TiO2'"),
        (r"\((?:s|l|g|aq|cr|am)\)", "leave out the state, such as '(s)'"),
        (r"%", "leave out percent signs: amounts count atoms"),
        (r",", "leave out commas: write a decimal point, and an amount for each element"),
        (r"[/:]", "name one compound, with an amount for each element"),
        (r"\+", "leave out charges and plus signs"),
        (r"[A-Za-z)\]}]\.[A-Z(\[{]", "write a middle dot between compounds, as in 'CaO·SiO2'"),
        (r"^[\d.]+[A-Z(\[{]", "leave out the number before the formula"),
    ]
)


class BadComposition(Exception):
    """What is wrong with one value. `_read` adds the row and collects all of them."""


def clean(formula):
    """Remove white space, Unicode subscripts and capital exponents from a formula.

    Raises
    ------
    BadComposition
        If white space splits a number or a symbol. The message says which.
    """
    text = " ".join(formula.split())
    if not text.isascii():
        text = text.translate(_SUBSCRIPTS).translate(_DASHES)
    if " " in text:
        text = _without_spaces(text)
    return _EXPONENT.sub("e", text)


def _without_spaces(text):
    text = _SPACED_STOP.sub("·", text)
    if found := _SPACED_DIGITS.search(text):
        raise BadComposition(
            f"white space in {found[0]!r} is ambiguous: remove it, or write a middle dot before"
            " the water of a hydrate, as in 'CuSO4·5H2O'"
        )
    if _SPACED_EXPONENT.search(text):
        raise BadComposition("white space in a number: remove it")
    if found := _SPACED_LETTER.search(text):
        raise BadComposition(
            f"not a chemical formula (white space before the lower-case letter {found[0][1]!r})"
        )
    return text.replace(" ", "")


def may_be_adduct(text):
    """Tell whether a text without middle dots may still be an adduct."""
    return text.endswith(("H2O", "D2O", "NH3", ")")) and _STOP.search(text) is not None


def adduct_parts(text):
    """Split the formula of an adduct.

    Parameters
    ----------
    text : str
        Formula, as `clean` returns it.

    Returns
    -------
    list of tuple (float, str)
        Amount and formula of each part. A single part of amount 1 if it is not an adduct.

    Raises
    ------
    BadComposition
        If a part has no formula, or if a full stop may be either a decimal point or a dot.
    """
    if not any(dot in text for dot in _DOTS):
        return _split_at_stop(text)
    parts = []
    for each in re.split(f"[{re.escape(_DOTS)}]", text):
        found = _PART.fullmatch(each)
        if found is None or not _has_two_elements(found[2]):
            raise BadComposition(
                f"not a chemical formula: a part of an adduct is an amount and a compound, such"
                f" as '5H2O', not {shorten(each)}"
            )
        count = float(found[1] or 1)
        parts += [(count * amount, part) for amount, part in _split_at_stop(found[2])]
    return parts


def _split_at_stop(text):
    found = _STOP.search(text)
    if found is None:
        return [(1.0, text)]
    base, count, solvent = text[: found.start()], found[1], found[2] or found[3]
    if not _is_dot(base, count, solvent):
        return [(1.0, text)]
    return [(1.0, base), (float(count or 1), solvent)]


def _is_dot(base, count, solvent):
    """Tell whether a full stop before a solvent is the dot of an adduct, not a decimal point."""
    last = _LAST.search(base)
    if last is None:
        return False
    if count is None or "." in count:
        # "CuSO4.H2O", "CaSO4.0.5H2O": the stop cannot be part of a number.
        return True
    if count.startswith("0") or last[2].startswith("0"):
        return False
    symbols = set(re.findall(r"[A-Z][a-z]?", base))
    repeats = not symbols.isdisjoint(re.findall(r"[A-Z]", solvent.replace("D", "H")))
    ends_a_salt = len(symbols) > 1 and (last[1] is None or last[1] in _ANIONS)
    if not repeats and (not ends_a_salt or last[2] == "1"):
        return False
    if _DECIMAL.search(base) or last[2] == "1" or int(count[:4]) > _MOST_WATER:
        raise BadComposition(
            f"'.{count}{solvent}' may be {count} {solvent} or the decimals of {last[2]}.{count}:"
            f" for {count} {solvent} write '{base}·{count}{solvent}', for the decimals pass a dict"
            " of amounts"
        )
    return True


def doubt(text):
    """Return why a readable formula is probably something else, or None."""
    if len(text) < 6 and _ABBREVIATION.fullmatch(text):
        return "an abbreviation, not a chemical formula: write the formula"
    found = _ZERO.search(text) if "0" in text else None
    if "0" in text and not found and not _OXYGEN.search(text) and len(_LARGE.findall(text)) == 1:
        found = _ZERO_INSIDE.search(text)
    if found:
        return f"the zero of {found[0]!r} may be the letter O: write the letter, or another number"
    if "I" in text and (found := _OXIDATION.search(text)):
        return (
            f"{found[0]!r} is an oxidation state, and would be read as elements: leave it out"
            " (write iodine without brackets: 'I', 'I2')"
        )
    if "." in text and _may_be_joined(text):
        return (
            "a full stop may join two compounds or be a decimal point: for compounds write"
            f" '{text.replace('.', '·')}', for a decimal point pass a dict of amounts"
        )
    return None


def _may_be_joined(text):
    """Tell whether all full stops may join compounds, as in "Na2O.2CaO.3SiO2"."""
    symbols = re.findall(r"[A-Z][a-z]?", text)
    return (
        len(set(symbols)) < len(symbols)  # programs list each element once
        and _JOINED.search(text) is not None
        and len(_JOINT.findall(text)) == text.count(".")
        and all(map(_has_two_elements, text.split(".")))
    )


def _has_two_elements(text):
    return len(set(re.findall(r"[A-Z][a-z]?", text))) > 1


def explain(text):
    """Return why a text is refused, or None to leave the decision to the grammar."""
    if _IDENTIFIER.match(text):
        return "the identifier of a material, not its chemical formula: look up the formula"
    if _NUMBER.fullmatch(text):
        return "a number, not a chemical formula"
    if _ALLOY.fullmatch(text):
        return (
            "alloy notation in weight percent, not a chemical formula: convert the weights of"
            " all elements with skmat.composition.amounts_from_weight"
        )
    if found := _UNKNOWN.search(text):
        return f"not a chemical formula: the amount {found[1]!r} is unknown (write a number)"
    if _NEGATIVE.search(text):
        return "negative amount (a hyphen before a number): leave out hyphens and charges"
    if _HYPHEN.search(text):
        return "not a chemical formula: leave out the hyphens"
    foreign = next((letter for letter in text if not letter.isascii()), None)
    if foreign is not None and not foreign.isdigit():
        name = unicodedata.name(foreign, f"U+{ord(foreign):04X}")
        return f"not a chemical formula: {foreign!r} is the character {name}"
    for pattern, remedy in _WRONG:
        if pattern.search(text):
            return f"not a chemical formula: {remedy}"
    return None
