"""Formulas: what one row of compositions may be."""

from pymatgen.core import Composition, Element
from readings.reading import Reading

__all__ = ["FORMULAS"]

_SPACE = "white space"
_HYDRATE = "hydrate, adduct"
_HYPHEN = "hyphen"
_NUMBER = "number"
_SMALL = "amount below 1e-8"
_DICT = "dict, Composition"
_OTHER = "no formula"

FORMULAS = (
    Reading("plain", "TiO2", "TiO2"),
    Reading("plain", "O2Ti", "TiO2"),
    Reading("plain", "NaN", "NaN"),
    Reading("plain", "TiO₂", "TiO2"),
    Reading("plain", "D2O", "H2O"),
    Reading("plain", "Y3N@C80", "Y3NC80"),
    Reading("brackets", "Ca(OH)2", "CaO2H2"),
    Reading("brackets", "(NH4)2[FeCl5(H2O)]", "FeN2Cl5H10O"),
    Reading("brackets", "Fe2(O3", refused="not a chemical formula"),
    Reading(_SPACE, "CaBi 2", "CaBi2"),
    Reading(_SPACE, "Ba Fe1.88 Co0.12 As2", "BaFe1.88Co0.12As2"),
    Reading(_SPACE, "Ca (O H) 2", "CaO2H2"),
    Reading(_SPACE, "CuSO4 5H2O", refused="white space in '4 5' is ambiguous"),
    Reading(_SPACE, "Li PS  3 4", refused="white space in '3 4' is ambiguous"),
    Reading(_SPACE, "Fe2 .5O3", refused="white space in '2 .' is ambiguous"),
    Reading(_SPACE, "C aO", refused="white space before the lower-case letter 'a'"),
    Reading(_HYDRATE, "CuSO4·5H2O", "CuSO9H10"),
    Reading(_HYDRATE, "CuSO4 • 5 H2O", "CuSO9H10"),
    Reading(_HYDRATE, "CuSO4*5H2O", "CuSO9H10"),
    Reading(_HYDRATE, "CuSO4 . 5 H2O", "CuSO9H10"),
    Reading(_HYDRATE, "CuSO4.5H2O", "CuSO9H10"),
    Reading(_HYDRATE, "CuSO4.5(H2O)", "CuSO9H10"),
    Reading(_HYDRATE, "CuSO4.H2O", "CuSO5H2"),
    Reading(_HYDRATE, "Zn(NO3)2.6H2O", "ZnN2O12H12"),
    Reading(_HYDRATE, "CaSO4.0.5H2O", "CaSO4.5H"),
    Reading(_HYDRATE, "MgCl2.6H2O", "MgCl2O6H12"),
    Reading(_HYDRATE, "NaCl.2H2O", "NaClO2H4"),
    Reading(_HYDRATE, "NiCl2.6NH3", "NiCl2N6H18"),
    Reading(_HYDRATE, "3CaO·2SiO2·3H2O", "Ca3Si2O10H6"),
    Reading(_HYDRATE, "CuSO4·xH2O", refused="a part of an adduct is an amount and a compound"),
    Reading(_HYDRATE, "Li0.95CoO2.5H2O", refused="may be 5 H2O or the decimals of 2.5"),
    Reading("decimals before water", "B3H2O7.5Pb2", "B6H4O15Pb4"),
    Reading("decimals before water", "Fe1.5H2O", "Fe3H4O2"),
    Reading("decimals before water", "NaFe2.5H2O", "Na2Fe5H4O2"),
    Reading(_NUMBER, "Fe.95Ni0.05", "Fe19Ni"),
    Reading(_NUMBER, "Fe9e-05Ni1", {"Fe": 9e-5, "Ni": 1}),
    Reading(_NUMBER, "Fe1.0E-05Ni1", {"Fe": 1e-5, "Ni": 1}),
    Reading(_NUMBER, "Fe1E-3Ni", {"Fe": 1e-3, "Ni": 1}),
    Reading(_NUMBER, "1.0E-05", refused="a number, not a chemical formula"),
    Reading(_NUMBER, "Fe1e13O", refused="larger than any formula's"),
    Reading(_HYPHEN, "Ti-6Al-4V", refused="alloy notation in percent by weight"),
    Reading(_HYPHEN, "mp-1234", refused="the identifier of a material"),
    Reading(_HYPHEN, "Fe-1O2", refused="negative amount"),
    Reading(_HYPHEN, "SO4-2", refused="leave out hyphens and charges"),
    Reading(_HYPHEN, "YBa2Cu3O7-x", refused="the amount 'x' is unknown"),
    Reading(_HYPHEN, "Fe-Co", refused="leave out the hyphens"),
    Reading(_SMALL, "TiO2Au1e-17", "TiO2"),
    Reading(_SMALL, {"Ti": 1, "O": 2, "Au": 1e-17}, "TiO2"),
    Reading(_SMALL, {"Ti": 1, "O": 2, "Au": -1e-17}, "TiO2"),
    Reading(_SMALL, "H2e-9O1e-9", "H2O"),
    Reading(_DICT, {"Fe": 2, "O": "3"}, "Fe2O3"),
    Reading(_DICT, {"Fe3+": 2, "O2-": 3}, "Fe2O3"),
    Reading(_DICT, {Element("Fe"): 2, "O": 3}, "Fe2O3"),
    Reading(_DICT, Composition("Fe2O3"), "Fe2O3", shown='Composition("Fe2O3")'),
    Reading(_DICT, {"Ti2": 1}, refused="'Ti2' is not an element"),
    Reading(_DICT, {"Ti ": 1, "O": 2}, refused="'Ti ' is not an element"),
    Reading(_DICT, {"SiO2": 1}, refused="'SiO2' is not an element"),
    Reading(_DICT, {"Ti": -1, "O": 2}, refused="negative amount"),
    Reading(_DICT, {"Ti": float("nan"), "O": 2}, refused="amount is not finite"),
    Reading(_OTHER, "", refused="empty formula"),
    Reading(_OTHER, "Xx2O3", refused="'Xx' is not an element"),
    Reading(_OTHER, "tio2", refused="not a chemical formula"),
    Reading(_OTHER, None, refused="missing value"),
    Reading(_OTHER, float("nan"), refused="missing value"),
    Reading(_OTHER, b"TiO2", refused="bytes are not text: decode them"),
    Reading(_OTHER, Element("Ti"), refused="Element is not a formula", shown='Element("Ti")'),
    Reading(_OTHER, "H" * 10_001, refused="longer than any formula", shown='"H" * 10_001'),
)
