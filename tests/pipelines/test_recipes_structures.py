import numpy as np
import pytest
from common.materials import many
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict

from skmat import (
    CGCNNEncoder,
    CGCNNRegressor,
    MagpieFeaturizer,
    RoostRegressor,
    StructureToComposition,
    make_frozen_classifier,
    make_frozen_regressor,
    make_search_regressor,
    make_voting_classifier,
    make_voting_regressor,
)
from skmat.exceptions import InvalidInputError

CRYSTALS = many(12)
NUMBERS = np.linspace(0.0, 5.0, 12)
CLASSES = np.where(NUMBERS > 2.0, "gap", "none")


@pytest.fixture(scope="module")
def encoder():
    return CGCNNEncoder(preset="tiny", max_epochs=1, random_state=0).fit(CRYSTALS)


def test_features_are_the_vectors_and_magpie_of_the_compositions(encoder):
    model = make_frozen_regressor(Ridge(), pretrained=encoder, family="cgcnn")
    features = model.fit(CRYSTALS, NUMBERS)[0].transform(CRYSTALS)
    formulas = StructureToComposition().fit_transform(CRYSTALS)
    magpie = MagpieFeaturizer().fit_transform(formulas)
    np.testing.assert_allclose(features, np.hstack([encoder.transform(CRYSTALS), magpie]), 1e-5)
    assert cross_val_predict(model, CRYSTALS, NUMBERS, cv=3).shape == (12,)


def test_members_of_averages_read_crystals(encoder):
    model = make_voting_regressor(pretrained=encoder, family="cgcnn", random_state=0)
    model.set_params(fine_tuned__max_epochs=1).fit(CRYSTALS, NUMBERS)
    assert isinstance(model.estimators_[0], CGCNNRegressor)
    assert model.estimators_[2][-1].n_features_in_ == 32 + 132  # vectors and Magpie features
    each = [member.predict(CRYSTALS) for member in model.estimators_]
    np.testing.assert_allclose(model.predict(CRYSTALS), np.mean(each, axis=0), rtol=1e-6)
    classifier = make_voting_classifier(pretrained=encoder, family="cgcnn", random_state=0)
    head = make_frozen_classifier(LogisticRegression(), pretrained=encoder, family="cgcnn")
    classifier.set_params(fine_tuned__max_epochs=1, frozen=head).fit(CRYSTALS, CLASSES)
    assert classifier.predict_proba(CRYSTALS).shape == (12, 2)


def test_each_family_has_its_own_best_weights():
    assert make_frozen_regressor(family="cgcnn")["features"]["encoder"].pretrained == "auto"
    assert isinstance(make_search_regressor(family="roost").estimator, RoostRegressor)


@pytest.mark.parametrize(
    "make", [make_frozen_regressor, make_voting_classifier, make_search_regressor]
)
def test_a_family_without_a_default_wants_a_name(make):
    with pytest.raises(InvalidInputError, match="alignn-mp-mpt"):
        make(family="alignn")


def test_weights_of_alignn_are_taken_by_name():
    model = make_frozen_regressor(Ridge(), pretrained="alignn-mp-mpt", family="alignn")
    model.fit(CRYSTALS[:4], NUMBERS[:4])
    assert model["features"].named_transformers["encoder"].history_ == []
    assert make_search_regressor(["alignn-mp-mpt", None], family="alignn").cv is not None


@pytest.mark.parametrize("family", [None, ["cgcnn"]])
def test_a_family_is_a_name(family):
    with pytest.raises(InvalidInputError, match="must be the name of a family"):
        make_frozen_regressor(family=family)


@pytest.mark.parametrize("make", [make_frozen_regressor, make_voting_classifier])
def test_unknown_families_are_answered_with_the_known(make):
    with pytest.raises(InvalidInputError, match=r"'crabnet'.*mtencoder"):
        make(family="crabnet")
