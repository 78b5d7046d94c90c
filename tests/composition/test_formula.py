import pytest
from pymatgen.core import Composition

from skmat.composition._formula import BadComposition, parse_formula, parse_mapping


def amounts_of(parsed):
    totals = {}
    for number, amount in zip(*parsed, strict=True):
        totals[number] = totals.get(number, 0) + amount
    return totals


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("TiO2", {22: 1, 8: 2}),
        ("Ca(OH)2", {20: 1, 8: 2, 1: 2}),
        ("[Fe(CN)6]K4", {26: 1, 6: 6, 7: 6, 19: 4}),
        ("Fe0.95Ni.05", {26: 0.95, 28: 0.05}),
        ("Fe2.O3", {26: 2, 8: 3}),
        ("H1e-3O1", {1: 0.001, 8: 1}),
        ("NaN", {11: 1, 7: 1}),
        ("CHO", {6: 1, 1: 1, 8: 1}),
        ("OO", {8: 2}),
        ("D2O", {1: 2, 8: 1}),
        (" Fe2 O3\n", {26: 2, 8: 3}),
        ("H₂O", {1: 2, 8: 1}),
        ("LiO0", {3: 1}),
        ("Og", {118: 1}),
    ],
)
def test_formula(formula, expected):
    assert amounts_of(parse_formula(formula)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("", "empty formula"),
        ("  ", "empty formula"),
        ("O0", "empty formula"),
        ("Xx2O3", "'Xx' is not an element"),
        ("(Xx)2O3", "'Xx' is not an element"),
        ("tio2", "not a chemical formula"),
        ("123", "not a chemical formula"),
        ("Fe2(O3", "not a chemical formula"),
        ("Fe-1O2", "negative amount"),
        ("Fe1e999", "not finite"),
        ("Vac", "'Vac' is not an element"),
    ],
)
def test_bad_formula(formula, reason):
    with pytest.raises(BadComposition, match=reason):
        parse_formula(formula)


@pytest.mark.parametrize(
    "formula", ["Fe2O3", "LiFePO4", "Ca(OH)2", "Mg0.5(Al2O4)1.5", "Cu2(OH)2(CO3)", "Fe1.5O1e0"]
)
def test_formula_agrees_with_pymatgen(formula):
    expected = {element.Z: amount for element, amount in Composition(formula).items()}
    assert amounts_of(parse_formula(formula)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "mapping",
    [
        {"Fe": 2, "O": 3},
        {"Fe3+": 2, "O2-": 3},
        {"Fe2+": 1, "Fe3+": 1, "O": 3.0},
        Composition("Fe2O3"),
        Composition({"Fe3+": 2, "O2-": 3}),
        {"Fe": 2, "O": 3, "Ti": 0},
    ],
)
def test_mapping(mapping):
    assert amounts_of(parse_mapping(mapping)) == {26: 2, 8: 3}


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ({"Xx": 1}, "'Xx' is not an element"),
        ({"Fe": "two"}, "'two' of Fe is not a number"),
        ({"Fe": None}, "is not a number"),
        ({"Fe": -1}, "negative amount"),
        ({"Fe": float("nan")}, "not finite"),
        ({"Fe": float("inf")}, "not finite"),
        ({"Fe": 0}, "empty formula"),
        ({26: 1}, "26 is not an element"),
        (Composition({"X": 1}), "is not an element"),
    ],
)
def test_bad_mapping(mapping, reason):
    with pytest.raises(BadComposition, match=reason):
        parse_mapping(mapping)
