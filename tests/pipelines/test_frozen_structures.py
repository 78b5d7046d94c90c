import numpy as np
import pytest
from common.materials import many
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict

from skmat import (
    CGCNNEncoder,
    MagpieFeaturizer,
    StructureToComposition,
    make_frozen_pipeline,
)
from skmat.exceptions import InvalidInputError
from skmat.pretrained import BEST

CRYSTALS = many(12)
NUMBERS = np.linspace(0.0, 5.0, 12)
CLASSES = np.where(NUMBERS > 2.0, "gap", "none")


@pytest.fixture(scope="module")
def encoder():
    return CGCNNEncoder(preset="tiny", max_epochs=1, random_state=0).fit(CRYSTALS)


def test_features_are_the_vectors_and_magpie_of_the_compositions(encoder):
    model = make_frozen_pipeline("regression", Ridge(), pretrained=encoder, family="cgcnn")
    features = model.fit(CRYSTALS, NUMBERS)[0].transform(CRYSTALS)
    formulas = StructureToComposition().fit_transform(CRYSTALS)
    magpie = MagpieFeaturizer().fit_transform(formulas)
    np.testing.assert_allclose(features, np.hstack([encoder.transform(CRYSTALS), magpie]), 1e-5)
    assert cross_val_predict(model, CRYSTALS, NUMBERS, cv=3).shape == (12,)


def test_classes_of_crystals(encoder):
    model = make_frozen_pipeline(
        "classification", LogisticRegression(), pretrained=encoder, family="cgcnn"
    )
    assert model.fit(CRYSTALS, CLASSES).predict_proba(CRYSTALS).shape == (12, 2)


@pytest.mark.parametrize("family", ["alignn", "cgcnn", "roost"])
def test_each_family_has_its_own_best_weights(family):
    assert make_frozen_pipeline(family=family)["features"]["encoder"].pretrained == "auto"


def test_a_family_without_a_default_wants_a_name(monkeypatch):
    monkeypatch.delitem(BEST, "alignn")
    with pytest.raises(InvalidInputError, match="alignn-mp-mpt"):
        make_frozen_pipeline(family="alignn")


def test_weights_of_alignn_stay_as_they_are():
    model = make_frozen_pipeline("regression", Ridge(), family="alignn")
    model.fit(CRYSTALS[:4], NUMBERS[:4])
    encoder = model["features"].named_transformers["encoder"]
    assert encoder.history_ == []
    assert encoder.model_card_.name == "alignn-mp-mpt"


@pytest.mark.parametrize("family", [None, ["cgcnn"]])
def test_a_family_is_a_name(family):
    with pytest.raises(InvalidInputError, match="must be the name of a family"):
        make_frozen_pipeline(family=family)


def test_unknown_families_are_answered_with_the_known():
    with pytest.raises(InvalidInputError, match=r"'crabnet'.*mtencoder"):
        make_frozen_pipeline(family="crabnet")
