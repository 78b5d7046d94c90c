import numpy as np
import pytest

from skmat.estimators._objectives import OBJECTIVE_NAMES, resolve_objectives
from skmat.estimators._teachers import fit_teachers
from skmat.exceptions import InvalidInputError
from skmat.objectives import MaskedElements, Properties


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


def test_fingerprints_are_the_145_features_scaled_from_0_to_1():
    (objective,) = resolve_objectives("fingerprint")
    assert objective.task_names([]) == ["fingerprint"]
    formulas = ["TiO2", "Fe", "NaCl", "KMnO4"]
    _, (teacher,), (features,) = fit_teachers([objective], formulas, np.arange(4))
    assert features.shape == (4, 145)
    spread = features.max(axis=0) > 0
    assert spread.sum() > 100
    np.testing.assert_allclose(features[:, spread].min(axis=0), 0.0, atol=1e-6)
    np.testing.assert_allclose(features[:, spread].max(axis=0), 1.0, atol=1e-6)
    np.testing.assert_array_equal(teacher.targets(["TiO2"]), features[:1])


def test_unknown_names_are_answered_with_the_known():
    with pytest.raises(InvalidInputError, match="'barlow'") as error:
        resolve_objectives("barlow")
    assert all(name in str(error.value) for name in OBJECTIVE_NAMES)


@pytest.mark.parametrize("given", [["properties"], 3, MaskedElements, np.zeros(2)])
def test_what_is_no_objective_is_refused(given):
    with pytest.raises(InvalidInputError, match="Unknown objective"):
        resolve_objectives([given])


@pytest.mark.parametrize("given", ["multimodal", ["properties", "multimodal"]])
def test_multimodal_learning_needs_a_teacher(given):
    with pytest.raises(InvalidInputError, match=r"Distillation\(skmat.StructureEmbeddingLookup\("):
        resolve_objectives(given)


@pytest.mark.parametrize("given", [["joint", "properties"], [Properties(), Properties("mse")], []])
def test_each_objective_is_given_once(given):
    with pytest.raises(InvalidInputError, match="once"):
        resolve_objectives(given)
