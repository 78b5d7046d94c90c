"""The package in scikit-learn's own machinery."""

import numpy as np
import pytest
from common import materials
from sklearn.ensemble import RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline

from skmat import MagpieFeaturizer, MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.exceptions import PretrainedError

FORMULAS = np.array(materials.FORMULAS * 3, dtype=object)
Y = np.random.default_rng(0).normal(size=(30, 2))
Y[::4, 1] = np.nan
FAST = {"preset": "tiny", "max_epochs": 2, "random_state": 0}


@pytest.fixture(scope="module")
def encoder():
    return MTEncoder(**FAST).fit(FORMULAS)


@pytest.fixture(scope="module")
def folder(encoder, tmp_path_factory):
    return encoder.save_pretrained(tmp_path_factory.mktemp("encoder"))


def test_over_loss_weights_weighting_and_pretraining(encoder, folder):
    search = GridSearchCV(
        Pipeline([("model", MTEncoderRegressor(**FAST))]),
        {
            "model__loss_weights": [None, [1, 3], {"y1": 2.0}],
            "model__loss_weighting": ["equal", "rlw-normal"],
            "model__pretrained": [None, str(folder), FrozenEstimator(encoder)],
        },
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(FORMULAS, Y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    # Every parameter reaches the training: no two settings of one axis come out alike.
    assert len(np.unique(scores)) > len(scores) / 2
    assert search.predict(["TiO2"]).shape == (1, 2)


def test_over_encoders_in_a_feature_union_beside_magpie(folder):
    union = FeatureUnion(
        [("magpie", MagpieFeaturizer()), ("encoder", MTEncoder(pretrained=folder))]
    )
    search = GridSearchCV(
        Pipeline([("features", union), ("model", Ridge())]),
        {
            "features__encoder": [MTEncoder(pretrained=folder), MTEncoder(**FAST), "drop"],
            "model__alpha": [0.1, 1.0],
        },
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(FORMULAS, Y[:, 0])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(["TiO2"]).shape == (1,)


def test_frozen_and_saved_encoders_are_the_same(encoder, folder):
    by_folder, by_object = (
        MTEncoderRegressor(pretrained=source, **FAST).fit(FORMULAS, Y).predict(FORMULAS)
        for source in (folder, encoder)
    )
    np.testing.assert_array_equal(by_folder, by_object)


def test_a_fitted_encoder_survives_the_clones_of_cross_validation(encoder):
    model = MTEncoderRegressor(pretrained=encoder, **FAST)
    assert np.isfinite(cross_val_score(model, FORMULAS, Y, cv=2, error_score="raise")).all()


def test_a_bare_encoder_in_a_grid_is_refused_with_the_remedy(encoder):
    search = GridSearchCV(
        MTEncoderRegressor(**FAST), {"pretrained": [encoder]}, cv=2, error_score="raise"
    )
    with pytest.raises(PretrainedError, match="FrozenEstimator"):
        search.fit(FORMULAS, Y)


def test_groups_and_sample_weight_are_routed():
    model = MTEncoderRegressor(**FAST)
    groups = [str(formula) for formula in FORMULAS]
    scores = [
        GridSearchCV(model, {"lr": [1e-3]}, cv=GroupKFold(2), error_score="raise")
        .fit(FORMULAS, Y, groups=groups, sample_weight=weights)
        .best_score_
        for weights in (np.ones(30), np.arange(30) % 10 + 0.1)
    ]
    assert scores[0] != scores[1]


def test_classifier_scores_multi_task_labels():
    y = np.array([["a", "x"], ["b", None], ["a", "y"]] * 10, dtype=object)
    # An integer cv makes scikit-learn sort the labels, and None does not sort.
    scores = cross_val_score(
        MTEncoderClassifier(**FAST), FORMULAS, y, cv=KFold(2), error_score="raise"
    )
    assert np.isfinite(scores).all()


def test_beside_a_forest_on_the_same_pipeline():
    pipeline = Pipeline([("features", MagpieFeaturizer()), ("model", RandomForestRegressor(5))])
    search = GridSearchCV(
        pipeline,
        [
            {"features": [MagpieFeaturizer()]},
            {"features": ["passthrough"], "model": [MTEncoderRegressor(**FAST)]},
        ],
        cv=2,
        error_score="raise",
    ).fit(FORMULAS.reshape(-1, 1), Y[:, 0])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
