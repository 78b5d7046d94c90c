import pytest
from pymatgen.core import Composition

from skmat.composition import to_pymatgen
from skmat.exceptions import InvalidInputError


@pytest.mark.parametrize(
    "value",
    ["Fe4O6", "O6Fe4", "O2Fe4O4", {"O": 6, "Fe": "4"}, {26: 4, 8: 6}, Composition("Fe4O6")],
)
def test_amounts_are_kept_and_ordered(value):
    composition = to_pymatgen(value)
    assert isinstance(composition, Composition)
    assert [(str(el), amount) for el, amount in composition.items()] == [("O", 6.0), ("Fe", 4.0)]


@pytest.mark.parametrize("species", [{"O2-": 4, "Fe3+": 2, "Fe2+": 1}, Composition("Fe3O4")])
def test_oxidation_states_are_kept(species):
    if isinstance(species, Composition):
        species = species.add_charges_from_oxi_state_guesses()
    composition = to_pymatgen(species)
    assert composition == Composition(species)
    assert [element.Z for element in composition] == sorted(el.Z for el in composition)


def test_repeated_elements_add_up_whatever_their_order():
    first = to_pymatgen("O0.1O0.2O0.3Fe")
    second = to_pymatgen("O0.3FeO0.2O0.1")
    assert first["O"] == second["O"] == pytest.approx(0.6)


def test_strings_are_read_as_the_encoders_read_them():
    assert to_pymatgen("D2O") == Composition("H2O")
    assert to_pymatgen("NaN") == Composition({"Na": 1, "N": 1})


@pytest.mark.parametrize("scale", [1, 0.25, 1e-9, 1e-200])
def test_shares_below_1e_8_are_left_out_at_any_scale(scale):
    composition = to_pymatgen({"Ti": scale, "O": 2 * scale, "Au": 1e-9 * scale})
    assert [str(element) for element in composition] == ["O", "Ti"]
    assert composition["O"] == 2 * composition["Ti"]


@pytest.mark.parametrize("value", ["Xx2O", "CuSO4 5H2O", {"Xx)": 1}, {"Fe": -1}, {"Fe": "two"}, 3])
def test_what_cannot_be_read_is_an_error_of_the_package(value):
    with pytest.raises(InvalidInputError, match="cannot be read as a composition"):
        to_pymatgen(value)


@pytest.mark.parametrize(
    ("value", "reason"), [(None, "missing value"), (b"TiO2", "decode them"), (3, "int is not")]
)
def test_what_is_no_formula_is_named(value, reason):
    with pytest.raises(InvalidInputError, match=reason):
        to_pymatgen(value)
