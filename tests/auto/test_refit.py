import numpy as np
import pandas as pd
import pytest
from common.auto import BINARIES, CLASSES, NUMBERS, Odd, classifier, logistic, regressor, ridge
from common.materials import many, mixed_salt
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Lattice, Structure
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skmat import MTEncoderRegressor
from skmat.auto import _refit
from skmat.exceptions import InvalidInputError, InvalidStructureError
from skmat.featurizers import FractionFeaturizer

TAILS = np.exp(1.5 * NUMBERS)


@pytest.mark.parametrize("labels", [NUMBERS, TAILS], ids=["labels", "logarithms"])
def test_a_candidate_alone_predicts_about_what_it_predicts_in_the_average(labels):
    model = regressor(bounds=None, keep_candidates=True).fit(BINARIES, labels)
    expected = model.predict_candidates(BINARIES)
    for name in expected:
        # The average of the models of the folds is near the model of all rows.
        alone = model.refit_candidate(name, BINARIES, labels).predict(BINARIES)
        assert np.corrcoef(alone, expected[name])[0, 1] > 0.97
        assert np.median(alone / expected[name]) == pytest.approx(1.0, abs=0.1)
    if labels is TAILS:
        assert "ridge, log" in expected


def test_a_classifier_gets_its_labels():
    model = classifier().fit(BINARIES, CLASSES)
    alone = model.refit_candidate("logistic", BINARIES, CLASSES)
    assert_array_equal(alone.classes_, ["chalcogenide", "halide"])
    assert alone.score(BINARIES, CLASSES) > 0.9


def test_weights_arrive():
    seen = []
    odd = Odd(on_fit=lambda X, y, weights: seen.append(weights))
    model = regressor(candidates=[("odd", odd)]).fit(BINARIES, NUMBERS)
    weights = np.arange(60.0) + 1
    model.refit_candidate("odd", BINARIES, NUMBERS, sample_weight=weights)
    assert_array_equal(seen[-1], weights)


def test_a_candidate_that_reads_materials():
    pipeline = make_pipeline(FractionFeaturizer(), Ridge())
    X = pd.Series(BINARIES, index=np.arange(60)[::-1])
    model = regressor(candidates=[("mine", pipeline)]).fit(X, NUMBERS)
    alone = model.refit_candidate("mine", X, NUMBERS)
    assert_allclose(alone.predict(X), model.predict(X), rtol=0.3)


def test_a_network_of_the_user():
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1)
    model = regressor(candidates=[("net", network)], cv=2).fit(BINARIES, NUMBERS)
    assert model.refit_candidate("net", BINARIES, NUMBERS).predict(BINARIES).shape == (60,)


def test_a_network_of_formulas_reads_structures():
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1)
    structures = many(12)
    model = regressor(candidates=[("net", network)], cv=2).fit(structures, NUMBERS[:12])
    weights = np.arange(12.0) + 1
    alone = model.refit_candidate("net", structures, NUMBERS[:12], sample_weight=weights)
    assert alone.predict(structures).shape == (12,)


def test_logarithms_have_the_ceiling_of_the_fit():
    odd = Odd(on_predict=lambda X: np.full(len(X), 99.0))
    model = regressor(candidates=[("odd", odd)], bounds=None, keep_candidates=True)
    model.fit(BINARIES, TAILS)
    alone = model.refit_candidate("odd, log", BINARIES, TAILS).predict(BINARIES)
    assert_allclose(alone, model.predict_candidates(BINARIES)["odd, log"])


def test_a_network_learns_logarithms_as_in_the_fit():
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=2)
    # The first candidate decides that logarithms are better.
    candidates = [("ridge", ridge()), ("net", network)]
    model = regressor(candidates=candidates, bounds=None).fit(BINARIES, TAILS)
    assert "net, log" in set(model.leaderboard_["candidate"])
    alone = model.refit_candidate("net, log", BINARIES, TAILS)
    assert alone.predict(BINARIES).min() > 0
    unit = model._shapes[0].log_unit
    inner = alone.regressor_.predict(BINARIES)
    assert_allclose(alone.predict(BINARIES), unit * np.expm1(inner), rtol=1e-6)


def test_a_network_learns_logarithms_of_some_targets():
    network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=2)
    candidates = [("ridge", ridge()), ("net", network)]
    y = np.column_stack([NUMBERS - 4, TAILS])
    model = regressor(candidates=candidates).fit(BINARIES, y)
    alone = model.refit_candidate("net, log", BINARIES, y)
    units = np.array([each.log_unit or np.nan for each in model._shapes])
    assert list(np.isnan(units)) == [True, False]
    inner = alone.regressor_.predict(BINARIES)
    expected = np.where(np.isnan(units), inner, units * np.expm1(inner))
    assert_allclose(alone.predict(BINARIES), expected, rtol=1e-6)
    y[3, 0] = np.nan
    with pytest.raises(InvalidInputError, match="Row 3 has a missing label"):
        model.refit_candidate("net, log", BINARIES, y)


def test_rows_without_a_label_are_left_out():
    y = NUMBERS.copy()
    y[::4] = np.nan
    known = ~np.isnan(y)
    model = regressor().fit(BINARIES, y)
    alone = model.refit_candidate("ridge", BINARIES, y).predict(BINARIES)
    X = [each for each, is_known in zip(BINARIES, known, strict=True) if is_known]
    assert_allclose(alone, model.refit_candidate("ridge", X, y[known]).predict(BINARIES))


def test_support_vectors_get_weights():
    model = regressor(preset=["svm"], candidates=None).fit(BINARIES, NUMBERS)
    weights = np.where(np.arange(60) < 30, 1.0, 1e-3)
    given = model.refit_candidate("svm", BINARIES, NUMBERS, sample_weight=weights)
    equal = model.refit_candidate("svm", BINARIES, NUMBERS)
    assert np.abs(given.predict(BINARIES) - equal.predict(BINARIES)).max() > 0.1


@pytest.mark.parametrize("name", ["forest", "ridge, gated", "ridge, log", ""])
def test_unknown_names(name):
    model = regressor().fit(BINARIES, NUMBERS)
    with pytest.raises(InvalidInputError, match="not"):
        model.refit_candidate(name, BINARIES, NUMBERS)


def test_what_cannot_be_fitted_alone():
    both = regressor().fit(BINARIES, np.stack([NUMBERS, NUMBERS], axis=1))
    with pytest.raises(InvalidInputError, match="one target"):
        both.refit_candidate("ridge", BINARIES, np.stack([NUMBERS, NUMBERS], axis=1))
    frame = pd.DataFrame({"formula": BINARIES, "T": -NUMBERS})
    wide = regressor().fit(frame, NUMBERS)
    with pytest.raises(InvalidInputError, match="further columns"):
        wide.refit_candidate("ridge", frame, NUMBERS)


def test_the_estimators_of_the_user_are_not_fitted():
    given = [("ridge", ridge())]
    model = regressor(candidates=given).fit(BINARIES, NUMBERS)
    model.refit_candidate("ridge", BINARIES, NUMBERS)
    assert not hasattr(given[0][1][-1], "coef_")
    mine = [("logistic", logistic())]
    classifier(candidates=mine).fit(BINARIES, CLASSES)
    assert not hasattr(mine[0][1][-1], "coef_")


def test_one_network_per_target_cannot_be_fitted_to_several():
    y = np.stack([NUMBERS, TAILS], axis=1)
    model = regressor().fit(BINARIES, y).set_params(preset=["mtencoder-alone"])
    with pytest.raises(InvalidInputError, match="'mtencoder-alone' learns one target"):
        model.refit_candidate("mtencoder-alone", BINARIES, y)


OVERLAPPING = Structure(Lattice.cubic(4), ["Na", "Na", "Cl"], [[0, 0, 0], [0, 0, 1], [0.5] * 3])


@pytest.fixture(scope="module")
def of_structures():
    """A model of structures, its X and its y."""
    X, y = many(12), NUMBERS[:12]
    return regressor(preset=["trees", "trees-structure"], candidates=None, cv=2).fit(X, y), X, y


@pytest.mark.parametrize("name", ["trees", "trees-structure"])
@pytest.mark.parametrize(
    ("odd", "fault"), [(mixed_salt(0.5), "disordered"), (OVERLAPPING, "remove one of them")]
)
def test_structures_are_checked_as_in_the_fit(of_structures, name, odd, fault):
    model, X, y = of_structures
    with pytest.raises(InvalidStructureError, match=f"row 12.*{fault}"):
        model.refit_candidate(name, [*X, odd], [*y, 1.0])


@pytest.mark.parametrize("name", ["trees", "trees-structure"])
def test_features_of_structures_treat_disorder_as_the_average_does(of_structures, name):
    model, X, y = of_structures
    alone = model.refit_candidate(name, X, y)
    for each in (model, alone):
        with pytest.raises(InvalidStructureError, match="disordered"):
            each.predict([mixed_salt(0.5)])


@pytest.mark.parametrize("disorder", ["raise", "average"])
def test_every_candidate_of_structures_treats_disorder_as_the_average_does(
    of_structures, disorder, monkeypatch
):
    model, X, y = of_structures
    monkeypatch.setattr(_refit, "fit_with_weights", lambda model, *data: model)
    names = ["cgcnn", "alignn", "svm", "trees", "boosting", "roost", "mtencoder"]
    monkeypatch.setattr(model, "preset", names)
    monkeypatch.setattr(model, "disorder", disorder)
    for name in names:
        parameters = model.refit_candidate(name, X, y).get_params()
        found = {value for key, value in parameters.items() if key.split("__")[-1] == "disorder"}
        assert found == {disorder}
