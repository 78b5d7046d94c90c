import re
from pathlib import Path

import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition
from readings.formulas import FORMULAS

import skmat
from skmat.composition import read_compositions
from skmat.composition._spelling import explain
from skmat.exceptions import InvalidCompositionError


@pytest.mark.parametrize("reading", FORMULAS, ids=lambda reading: repr(reading.spelling)[:40])
def test_every_row_of_the_table(reading):
    if reading.refused is not None:
        with pytest.raises(InvalidCompositionError) as error:
            read_compositions(["TiO2", reading.spelling])
        assert error.value.rows == [1]
        assert reading.refused in error.value.problems[0][2]
    else:
        arrays = read_compositions([reading.spelling, reading.gives])
        assert_array_equal(arrays.atomic_numbers[0], arrays.atomic_numbers[1])
        assert_allclose(arrays.fractions[0], arrays.fractions[1], rtol=1e-14)


def test_no_pattern_has_a_possessive_group():
    """Behind a group, Python 3.11.2 skips characters: it reads "CaO.SiO2" as "CaOSiO2"."""
    for path in sorted(Path(skmat.__file__).parent.rglob("*.py")):
        patterns = re.findall(r".*re\.compile.*|.*r\".*", path.read_text(encoding="utf-8"))
        assert not [each for each in patterns if re.search(r"\)[?*+]\+", each)], path


def same(first, second):
    arrays = read_compositions([first, second])
    assert_array_equal(arrays.atomic_numbers[0], arrays.atomic_numbers[1])
    assert_allclose(arrays.fractions[0], arrays.fractions[1], rtol=1e-14)


@pytest.mark.parametrize(
    "formula",
    ["TiO2 2", "Fe1. 5O2", "Na2CO3 10H2O", "Fe 0 .5 O", "H2 \t 3O", "Al₂ ₃O", "(OH)2 3", "1 2"],
)
def test_white_space_between_digits_is_refused(formula):
    with pytest.raises(InvalidCompositionError, match="white space in"):
        read_compositions([formula])


@pytest.mark.parametrize("formula", ["Fe9e -05Ni", "Fe9e- 05Ni", "N aCl", "Fe9 e-05Ni"])
def test_white_space_inside_a_symbol_or_an_exponent_is_refused(formula):
    # pymatgen refuses it too; without the white space it would be another formula.
    with pytest.raises(ValueError, match=r"invalid|could not convert"):
        Composition(formula)
    with pytest.raises(InvalidCompositionError, match="white space"):
        read_compositions([formula])


@pytest.mark.parametrize(
    ("formula", "same_as"),
    [
        ("Na2CO3.10H2O", "Na2CO13H20"),
        ("Al2(SO4)3.18H2O", "Al2S3O30H36"),
        ("FeCl3.6H2O", "FeCl3O6H12"),
        ("LiOH.H2O", "LiO2H3"),
        ("Ba(OH)2.8H2O", "BaO10H18"),
        ("K2SO4.Al2(SO4)3.24H2O", "K2Al2S4O40H48"),
        ("K4Fe(CN)6.3H2O", "K4FeC6N6O3H6"),
        ("CaSO4.1.5H2O", "CaSO5.5H3"),
        ("Na3C6H5O7.2H2O", "Na3C6H9O9"),
        ("C6H5O7Na3.2H2O", "Na3C6H9O9"),
        ("LiI.3D2O", "LiIO3H6"),
        ("CoCl2⋅6 H2O", "CoCl2O6H12"),
        ("CuSO4·5H2O·NH3", "CuSO9H13N"),
        ("(NH4)2Fe(SO4)2∙6H2O", "FeN2S2O14H20"),
        ("CaO·0.5Al2O3", "CaAlO2.5"),
    ],
)
def test_hydrates(formula, same_as):
    same(formula, same_as)


@pytest.mark.parametrize(
    "formula",
    [
        "Li0.5H2O",
        "B3H2O7.5Pb2",
        "Na1Fe0.5H2O",
        "(LiFe)1.5H2O",
        "FeCo2.5H2O",
        "Cl2.6H2O",
        "Ge2.05H2O",
    ],
)
def test_decimals_are_read_as_pymatgen_reads_them(formula):
    same(formula, Composition(formula))


@pytest.mark.parametrize(
    "formula", ["WO3.333H2O", "Al2O3.2SiO2.2H2O", "Mg0.9Ca0.1Cl2.6H2O", "HgO1.5H2O"]
)
def test_a_full_stop_that_may_be_either_is_refused_with_both_spellings(formula):
    with pytest.raises(InvalidCompositionError, match=r"write '.*·.*a dict of amounts"):
        read_compositions([formula])


@pytest.mark.parametrize("formula", ["Fe*2Ni", "FeO*", "*H2O", "CuSO4··5H2O", "2·H2O", "CuSO4·5"])
def test_parts_of_an_adduct_are_compounds(formula):
    with pytest.raises(InvalidCompositionError, match="a part of an adduct"):
        read_compositions([formula])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Al-4.5Cu", "weight percent"),
        ("Fe-18Cr-8Ni", "amounts_from_weight"),
        ("Mg-3Al-1Zn", "weight percent"),
        ("Ti-6wt%Al", "weight percent"),
        ("MP-149", "identifier"),
        ("JVASP-1002", "identifier"),
        ("mp-aaabc", "identifier"),
        ("-3.5", "a number"),
        ("1e5", "a number"),
        ("Li2-1O", "negative amount"),
        ("La1-xSrxMnO3", "'x' is unknown"),
        ("Cu-Zn", "leave out the hyphens"),
    ],
)
def test_what_is_no_formula_is_called_by_its_name(text, words):
    assert words in explain(text)
    with pytest.raises(InvalidCompositionError):
        read_compositions([text])


@pytest.mark.parametrize("text", ["Fe2O3", "(Fe1e-05O)2", "Ca(OH)2"])
def test_formulas_are_not_explained_away(text):
    assert explain(text) is None


@pytest.mark.parametrize(
    ("formula", "same_as"),
    [
        ("(Fe1e-05O)2", "Fe1e-05O"),
        ("(Fe1E+2O)2", "Fe100O"),
        ("Fe2.5E1Er2", "Fe25Er2"),
        ("Fe1e+3Eu1", "Fe1000Eu"),
    ],
)
def test_exponents(formula, same_as):
    same(formula, same_as)


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("SiO2Se02", "'02'"),
        ("(La0.7Sr0.3)Mn03", "'03'"),
        ("Ca(OH)02", "'02'"),
        ("LiMn204", "'204'"),
        ("YBa2Cu307", "'307'"),
        ("Cu(I)2O", r"'\(I\)'"),
        ("[Fe(III)(CN)6]", r"'\(III\)'"),
        ("FeIIIO", "'II'"),
        ("Na2O.5SiO2", "'Na2O·5SiO2'"),
        ("BaF2.2NaF", "'BaF2·2NaF'"),
        ("Na2O.2CaO.3SiO2", "'Na2O·2CaO·3SiO2'"),
        ("Al2O3.CaO.2SiO2", "'Al2O3·CaO·2SiO2'"),
        ("Al2(SO4)3.2FeSO4", r"'Al2\(SO4\)3·2FeSO4'"),
        ("CaCl2.4CH3OH", "'CaCl2·4CH3OH'"),
        ("YBCO", "abbreviation"),
        ("FCC", "abbreviation"),
    ],
)
def test_what_is_spelled_in_elements_by_accident_is_refused(formula, shown):
    with pytest.raises(InvalidCompositionError, match=shown):
        read_compositions([formula])


@pytest.mark.parametrize(
    ("formula", "as_before"),
    [
        ("Si302Zr15", {"Si": 302, "Zr": 15}),
        ("O512Si203", {"O": 512, "Si": 203}),
        ("Li32Mg160B192Rh304", {"Li": 32, "Mg": 160, "B": 192, "Rh": 304}),
        ("Cu60Zr201", {"Cu": 60, "Zr": 201}),
        ("Na201Cl", {"Na": 201, "Cl": 1}),
        ("C60", {"C": 1}),
        ("Fe1e05Ni", {"Fe": 1e5, "Ni": 1}),
        ("BiIIn2", {"Bi": 1, "I": 1, "In": 2}),
        ("Pb(I0.5Br0.5)2", {"Pb": 1, "I": 1, "Br": 1}),
        ("MnO1.5(OH)0.5", {"Mn": 1, "O": 2, "H": 0.5}),
        ("Na4(PO4)1.5SiO4", {"Na": 4, "P": 1.5, "O": 10, "Si": 1}),
        ("LaO0.9F0.1FeAs", {"La": 1, "O": 0.9, "F": 0.1, "Fe": 1, "As": 1}),
        ("CsPbI1.5Br1.5", {"Cs": 1, "Pb": 1, "I": 1.5, "Br": 1.5}),
        ("FeO1.5OH", {"Fe": 1, "O": 2.5, "H": 1}),
        ("Bi1.5Zn1.5O2.5(OH)2", {"Bi": 1.5, "Zn": 1.5, "O": 4.5, "H": 2}),
        ("(NH4)2.5Cs0.5PW12O40", {"N": 2.5, "H": 10, "Cs": 0.5, "P": 1, "W": 12, "O": 40}),
        ("HTO", {"H": 2, "O": 1}),
    ],
)
def test_formulas_that_only_resemble_an_accident_are_read(formula, as_before):
    same(formula, as_before)
