"""What scikit-learn expects of all estimators, for those that choose among others."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
from common.auto import BINARIES, CLASSES, NUMBERS, classifier, regressor
from common.contract import assert_same, assert_same_in_another_process, outputs
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.ensemble import BaggingRegressor, StackingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils.metadata_routing import get_routing_for_object

from skmat import AutoClassifier, AutoRegressor

X = np.array(BINARIES, dtype=object)
FRAME = pd.DataFrame({"formula": BINARIES, "T": np.arange(60.0)}, index=range(100, 160))

both = pytest.mark.parametrize(
    "model", [regressor(), classifier()], ids=["regressor", "classifier"]
)


def y_of(model):
    return CLASSES if is_classifier(model) else NUMBERS


@both
def test_clone_and_copy(model):
    fitted = clone(model).fit(X, y_of(model))
    expected = outputs(fitted, X)
    assert_same(expected, outputs(copy.deepcopy(fitted), X))
    with pytest.raises(NotFittedError):
        clone(fitted).predict(X)
    assert_same(expected, outputs(clone(fitted).fit(X, y_of(model)), X))


@both
def test_parameters(model):
    given = model.get_params()
    assert given["candidates"] is model.candidates
    again = clone(model).set_params(cv=2, random_state=7)
    assert (again.cv, again.random_state) == (2, 7)
    fitted = clone(model)
    before = {name: repr(value) for name, value in fitted.get_params().items()}
    fitted.fit(X, y_of(model))
    assert {name: repr(value) for name, value in fitted.get_params().items()} == before


def test_both_have_the_same_parameters_in_the_same_order():
    first, second = (list(cls().get_params(deep=False)) for cls in (AutoRegressor, AutoClassifier))
    shared = set(first) & set(second)
    assert set(first) - shared == {"zero_inflated", "bounds"}
    assert set(second) - shared == {"decision"}


def test_in_another_process(tmp_path):
    models = [clone(each).fit(X, y_of(each)) for each in (regressor(), classifier())]
    assert_same_in_another_process(models, X, tmp_path)


@both
def test_in_a_pipeline(model):
    pipeline = make_pipeline("passthrough", clone(model)).fit(X, y_of(model))
    assert_array_equal(pipeline.predict(X), clone(model).fit(X, y_of(model)).predict(X))


@both
def test_cross_validation(model):
    predicted = cross_val_predict(clone(model), X, y_of(model), cv=3)
    assert len(predicted) == 60
    if is_classifier(model):
        given = cross_val_predict(clone(model), X, y_of(model), cv=3, method="predict_proba")
        assert_allclose(given.sum(axis=1), 1.0)
    # Rows of a frame keep their columns.
    predicted = cross_val_predict(clone(model), FRAME, y_of(model), cv=3)
    assert pd.notna(predicted).all()


@both
@pytest.mark.parametrize("n_jobs", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_grid_search(model, n_jobs):
    grid = {"cv": np.array([2, 3]), "keep_candidates": np.array([True, False])}
    search = GridSearchCV(clone(model), grid, cv=2, n_jobs=n_jobs, error_score="raise")
    search.fit(X, y_of(model))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(search.predict(X)) == 60


def test_inside_other_estimators():
    for outer in (
        BaggingRegressor(regressor(), n_estimators=2, random_state=0),
        StackingRegressor([("auto", regressor())], Ridge(), cv=2),
    ):
        amounts = np.zeros((60, 94))
        generator = np.random.default_rng(0)
        amounts[np.arange(60), generator.integers(0, 40, 60)] = 1
        amounts[np.arange(60), generator.integers(40, 90, 60)] += 1
        assert np.isfinite(outer.fit(amounts, NUMBERS).predict(amounts)).all()


@both
def test_feature_names(model):
    fitted = clone(model).fit(FRAME[["formula"]], y_of(model))
    assert_array_equal(fitted.feature_names_in_, ["formula"])
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(FRAME[["formula"]].rename(columns={"formula": "composition"}))
    wide = clone(model).fit(FRAME, y_of(model))
    assert_array_equal(wide.feature_names_in_, ["formula", "T"])
    assert wide.n_features_in_ == 2
    with pytest.raises(ValueError, match="feature names"):
        wide.predict(FRAME[["T", "formula"]])


@both
def test_pandas_and_polars(model):
    y = y_of(model)
    expected = outputs(clone(model).fit(FRAME, y), FRAME)
    for frame, labels in (
        (pl.from_pandas(FRAME), pl.Series(y.tolist())),
        (FRAME.sample(frac=1, random_state=0).loc[FRAME.index], pd.Series(y, index=FRAME.index)),
        (FRAME.set_axis(range(60)), y.tolist()),
    ):
        assert_same(expected, outputs(clone(model).fit(frame, labels), frame))


@both
def test_metadata_routing(model):
    seen = []

    class Watching(type(model)):
        def fit(self, X, y, sample_weight=None, groups=None):
            seen.append((sample_weight is not None, groups is not None))
            return super().fit(X, y, sample_weight, groups)

    watching = Watching(**model.get_params(deep=False))
    with config_context(enable_metadata_routing=True):
        watching.set_fit_request(sample_weight=True, groups=True)
        watching.set_score_request(sample_weight=False)
        requests = get_routing_for_object(watching).fit.requests
        assert requests == {"sample_weight": True, "groups": True}
        cross_validate(
            watching,
            X,
            y_of(model),
            cv=GroupKFold(2),
            params={"sample_weight": np.arange(60.0) + 1, "groups": np.arange(60) // 3},
            error_score="raise",
        )
        pipeline = make_pipeline("passthrough", watching)
        pipeline.fit(X, y_of(model), sample_weight=np.ones(60), groups=np.arange(60) // 3)
    assert seen == [(True, True)] * 3


@both
def test_weights_with_metadata_routing_switched_on(model):
    weights = np.arange(60.0) + 1
    expected = outputs(clone(model).fit(X, y_of(model), weights), X)
    with config_context(enable_metadata_routing=True):
        found = outputs(clone(model).fit(X, y_of(model), weights), X)
    assert_same(expected, found)
