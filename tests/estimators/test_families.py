import pytest

from skmat import CGCNNRegressor, MTEncoderRegressor, RoostRegressor
from skmat.estimators import FAMILIES, choose_family
from skmat.estimators._element_family import CompositionFamily
from skmat.estimators._encoder import EncoderTransformer
from skmat.estimators._params import param
from skmat.estimators._registry import estimator
from skmat.exceptions import InvalidInputError


@pytest.mark.parametrize(
    ("arguments", "regressor"),
    [
        ({}, MTEncoderRegressor),
        ({"input": "formula", "pretrained": None}, MTEncoderRegressor),
        ({"input": "structure"}, CGCNNRegressor),
        ({"pretrained": "roost-ssl"}, RoostRegressor),
        ({"name": "mtencoder", "pretrained": "roost-ssl"}, MTEncoderRegressor),
        ({"input": "structure", "pretrained": "cgcnn-mp-ssl"}, CGCNNRegressor),
    ],
)
def test_a_name_comes_before_the_weights_and_these_before_the_default(arguments, regressor):
    assert choose_family(**arguments).regressor is regressor


def test_unknown_families_and_those_that_read_something_else_are_refused():
    with pytest.raises(InvalidInputError, match=r"Unknown family 'crabnet'.*'mtencoder'"):
        choose_family("crabnet")
    with pytest.raises(InvalidInputError, match=r"'roost' reads formulas.*\['alignn', 'cgcnn'\]"):
        choose_family("roost", input="structure")


@pytest.mark.parametrize("name", ["roost-ssl", "cgcnn-mp-ssl"])
def test_an_encoder_is_loaded_by_name(name):
    encoder = choose_family(pretrained=name).encoder.from_pretrained(name)
    assert encoder.model_card_.name == name
    assert encoder.pretrained == name


def test_mistakes_in_a_new_family_are_named():
    class Family(CompositionFamily):
        preset: str = param("tiny", [str])

    with pytest.raises(TypeError, match="Family has parameters; decorate it"):
        estimator(type("ToyEncoder", (Family, EncoderTransformer), {}))

    class Sizes(CompositionFamily):
        _presets = {"tiny": {"widths": (64, 64)}}

    with pytest.raises(TypeError, match=r"preset 'tiny' of ToyEncoder has widths=\(64, 64\)"):
        estimator(type("ToyEncoder", (Sizes, EncoderTransformer), {}))
    assert set(FAMILIES) == {"alignn", "cgcnn", "mtencoder", "roost"}
