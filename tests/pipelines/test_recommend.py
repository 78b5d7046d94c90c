import numpy as np
import pytest
from common.materials import many
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier, VotingRegressor

from skmat import (
    CGCNNClassifier,
    CGCNNEncoder,
    CGCNNRegressor,
    MTEncoderClassifier,
    MTEncoderRegressor,
    recommend,
)


@pytest.mark.parametrize(
    ("settings", "few", "some", "many"),
    [
        ({}, MTEncoderRegressor, MTEncoderRegressor, MTEncoderRegressor),
        ({"kind": "classification"}, MTEncoderClassifier, VotingClassifier, MTEncoderClassifier),
        ({"alloys": True}, MTEncoderRegressor, VotingRegressor, MTEncoderRegressor),
        ({"alloys": True, "n_properties": 2}, *[MTEncoderRegressor] * 3),
        ({"n_properties": 3, "kind": "classification"}, *[MTEncoderClassifier] * 3),
        ({"input": "structure", "n_properties": 2}, *[CGCNNRegressor] * 3),
        ({"input": "structure", "kind": "classification"}, *[CGCNNClassifier] * 3),
    ],
)
def test_every_case_has_an_estimator_and_a_reason(settings, few, some, many):
    for n_labels, expected in [(1, few), (49, few), (50, some), (10_000, some), (10_001, many)]:
        estimator, reason = recommend(np.int64(n_labels), random_state=7, **settings)
        assert type(estimator) is expected
        assert reason
        parameters = clone(estimator).get_params()
        seeds = [value for name, value in parameters.items() if name.endswith("random_state")]
        assert 7 in seeds


def test_averages_of_crystals_are_for_few_labels():
    kinds = [type(recommend(n, input="structure").estimator) for n in (49, 50, 200, 201)]
    assert kinds == [CGCNNRegressor, VotingRegressor, VotingRegressor, CGCNNRegressor]
    members = dict(recommend(50, input="structure").estimator.estimators)
    assert isinstance(members["fine_tuned"], CGCNNRegressor)
    assert isinstance(members["frozen"]["features"]["encoder"], CGCNNEncoder)


def test_recommended_averages_can_be_fitted():
    X = [
        f"{metal}{n}O{m}" for metal in ("Ti", "Zn", "Fe", "Mg") for n in (1, 2, 3) for m in (1, 5)
    ]
    y = np.arange(24) % 3
    model = recommend(50, kind="classification", random_state=0).estimator
    model.set_params(fine_tuned__max_epochs=1).fit(X, y)
    assert model.predict_proba(X).shape == (24, 3)
    crystals, numbers = many(12), np.arange(12.0)
    model = recommend(50, input="structure", random_state=0).estimator
    model.set_params(fine_tuned__max_epochs=1).fit(crystals, numbers)
    assert np.abs(model.predict(crystals) - numbers).mean() < 3.0  # the mean: 3.0


def test_reasons_are_those_of_the_case():
    assert "phonons" in recommend(50, input="structure").reason
    assert "five labels of each class" in recommend(60, kind="classification").reason
    assert "max_epochs=60" not in recommend(14_999).reason
    assert "max_epochs=60" in recommend(15_000).reason
    assert "steels" in recommend(100, alloys=True).reason
    assert "steels" not in recommend(100, alloys=True, kind="classification").reason
    assert "max_epochs=60" in recommend(20_000).reason
    assert "max_epochs=60" not in recommend(20_000, n_properties=2).reason


@pytest.mark.parametrize("n_labels", [4, 12])
@pytest.mark.parametrize("kind", ["regression", "classification"])
@pytest.mark.parametrize("alloys", [True, False])
def test_what_is_recommended_for_few_labels_can_be_fitted(n_labels, kind, alloys):
    X = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO", "SrTiO3", "CdTe", "KBr", "AlN", "Si", "Cu"]
    y = np.arange(12.0) if kind == "regression" else np.arange(12) % 2
    model = recommend(n_labels, kind=kind, alloys=alloys, random_state=0).estimator
    model.set_params(max_epochs=1).fit(X[:n_labels], y[:n_labels])
    assert model.predict(["LiF"]).shape == (1,)


@pytest.mark.parametrize(
    "settings",
    [{"n_labels": 0}, {"input": "formulas"}, {"kind": "class"}, {"n_properties": 0}],
)
def test_values_that_cannot_be_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        recommend(**{"n_labels": 100, **settings})
