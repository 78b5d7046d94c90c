import pytest

from skmat.exceptions import InvalidInputError
from skmat.objectives import OBJECTIVE_NAMES, MaskedElements, Properties, resolve_objectives


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("masked_elements", (MaskedElements(),)),
        ("properties", (Properties(),)),
        ("joint", (Properties(), MaskedElements())),
        (MaskedElements(ratio=0.2), (MaskedElements(ratio=0.2),)),
        (["masked_elements", Properties("mse")], (MaskedElements(), Properties("mse"))),
    ],
)
def test_names_and_objects(given, expected):
    assert resolve_objectives(given) == expected


def test_unknown_names_are_answered_with_the_known():
    with pytest.raises(InvalidInputError, match="'barlow'") as error:
        resolve_objectives("barlow")
    assert all(name in str(error.value) for name in OBJECTIVE_NAMES)


@pytest.mark.parametrize("given", [["joint", "properties"], [Properties(), Properties("mse")], []])
def test_each_objective_is_given_once(given):
    with pytest.raises(InvalidInputError, match="once"):
        resolve_objectives(given)
