import joblib
import numpy as np
import pytest
from common.materials import FORMULAS
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

from skmat import (
    MagpieFeaturizer,
    MTEncoder,
    make_frozen_classifier,
    make_frozen_regressor,
    make_search_classifier,
    make_search_regressor,
    make_voting_classifier,
    make_voting_regressor,
)
from skmat.model_selection import LimitedShuffleSplit

X = FORMULAS * 2
NUMBERS = [3.2, 2.1, 8.5, 0.0, 1.4, 3.3, 7.8, 3.6, 9.0, 0.2] * 2
CLASSES = ["gap" if number > 1.5 else "none" for number in NUMBERS]


@pytest.fixture(scope="module")
def encoder():
    return MTEncoder(preset="tiny", max_epochs=1, random_state=0).fit(X)


def test_features_are_the_vectors_and_magpie(encoder):
    model = make_frozen_regressor(Ridge(), pretrained=encoder).fit(X, NUMBERS)
    features = model[0].transform(["ZnO", "KBr"])
    vectors, magpie = (
        encoder.transform(["ZnO", "KBr"]),
        MagpieFeaturizer().fit_transform(["ZnO", "KBr"]),
    )
    np.testing.assert_allclose(features, np.hstack([vectors, magpie]), rtol=1e-6)
    # Nothing was trained.
    loaded = model[0].named_transformers["encoder"]
    assert loaded.history_ == []


def test_regressor_learns_and_its_scale_follows_the_labels(encoder):
    model = make_frozen_regressor(pretrained=encoder).fit(X, NUMBERS)
    assert np.abs(model.predict(X) - NUMBERS).mean() < 0.5
    larger = clone(model).fit(X, 1000 * np.array(NUMBERS))
    np.testing.assert_allclose(larger.predict(X), 1000 * model.predict(X), rtol=1e-6)


def test_classifier_has_probabilities(encoder):
    model = make_frozen_classifier(pretrained=encoder).fit(X, CLASSES)
    assert model.predict(["Cu", "NaCl"]).tolist() == ["none", "gap"]
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    other = make_frozen_classifier(LogisticRegression(), pretrained=encoder)
    assert other.fit(X, CLASSES).score(X, CLASSES) == 1.0


def test_each_way_of_use_has_its_best_encoder():
    assert make_frozen_regressor()["features"]["encoder"].pretrained == "mtencoder-multimodal"
    voting = dict(make_voting_classifier().estimators)
    assert voting["frozen"]["features"]["encoder"].pretrained == "mtencoder-multimodal"
    assert voting["fine_tuned"].pretrained == "auto"
    assert make_frozen_regressor(pretrained=None)["features"]["encoder"].pretrained is None


def test_in_a_grid_and_in_a_file(encoder, tmp_path):
    folder = encoder.save_pretrained(tmp_path / "encoder")
    grid = {"features__magpie": ["drop", MagpieFeaturizer()], "model__regressor__alpha": [0.1, 10]}
    model = make_frozen_regressor(Ridge(), pretrained=folder, memory=str(tmp_path / "memory"))
    search = GridSearchCV(model, grid, cv=2).fit(X, NUMBERS)
    joblib.dump(search, tmp_path / "search.joblib")
    again = joblib.load(tmp_path / "search.joblib")
    np.testing.assert_array_equal(again.predict(["ZnO"]), search.predict(["ZnO"]))


def test_regressor_is_the_average_of_its_members(encoder):
    model = make_voting_regressor(pretrained=encoder, random_state=0)
    model.set_params(fine_tuned__max_epochs=1).fit(X, NUMBERS)
    each = [member.predict(X) for member in model.estimators_]
    assert len({tuple(prediction) for prediction in each}) == 3
    np.testing.assert_allclose(model.predict(X), np.mean(each, axis=0))


def test_classifier_averages_probabilities(encoder):
    model = make_voting_classifier(pretrained=encoder, random_state=0)
    model.set_params(fine_tuned__max_epochs=1).fit(X, CLASSES)
    each = [member.predict_proba(X) for member in model.estimators_]
    np.testing.assert_allclose(model.predict_proba(X), np.mean(each, axis=0))
    assert model.predict(["Cu", "NaCl"]).tolist() == ["none", "gap"]


def test_voting_in_a_grid_and_in_a_file(encoder, tmp_path):
    folder = encoder.save_pretrained(tmp_path / "encoder")
    model = make_voting_regressor(pretrained=folder, random_state=0, n_jobs=2)
    model.set_params(fine_tuned__max_epochs=1)
    search = GridSearchCV(model, {"frozen": ["drop", model.named_estimators["frozen"]]}, cv=2)
    search.fit(X, NUMBERS)
    joblib.dump(search, tmp_path / "search.joblib")
    again = joblib.load(tmp_path / "search.joblib")
    np.testing.assert_array_equal(again.predict(["ZnO"]), search.predict(["ZnO"]))


def test_a_table_sorted_by_family_is_calibrated_too():
    """Parts cut in the order of the rows are whole families: nothing is learned of them."""
    generator = np.random.default_rng(0)
    formulas, y = [], []
    for metal in ("Zr", "Cu", "Al", "Ni", "Ti", "Mg", "Ca", "La", "Fe", "B"):
        for other in ("Si", "P", "Ge", "Sn"):
            formulas += [f"{metal}{n}{other}" for n in range(1, 6)]
            # A family is of one kind but for a tenth; its neighbours do not tell which.
            kind = generator.random() < 0.5
            y += [kind == (generator.random() < 0.9) for _ in range(5)]
    model = make_frozen_classifier().fit(formulas, y)
    assert model.score(formulas, y) > 0.85  # parts in the order of the rows: 0.55


@pytest.mark.parametrize("make", [make_search_regressor, make_search_classifier])
def test_search_takes_the_weights_that_are_best_on_its_splits(encoder, tmp_path, make):
    y = NUMBERS if make is make_search_regressor else CLASSES
    folder = encoder.save_pretrained(tmp_path / "encoder")
    search = make([folder, None], random_state=0)
    search.set_params(estimator__preset="tiny", estimator__max_epochs=2).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert search.n_splits_ == 3
    assert len(set(scores)) == 2
    assert search.best_params_["pretrained"] == [folder, None][scores.argmax()]
    assert search.best_estimator_.pretrained == search.best_params_["pretrained"]
    assert len(search.predict(["ZnO", "KBr"])) == 2


def test_a_rare_class_leaves_no_search_without_scores(encoder):
    y = ["often"] * 18 + ["seldom"] * 2
    search = make_search_classifier([encoder, None], random_state=0)
    search.set_params(
        estimator__preset="tiny",
        estimator__max_epochs=2,
        param_grid={"pretrained": [FrozenEstimator(encoder), None]},
        cv=LimitedShuffleSplit(max_train_size=5, stratify=True, random_state=0),
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    # Of few rows, some of each class are left to test on.
    few = [0, 1, 2, 3, 16, 17, 18, 19]
    search.fit([X[row] for row in few], [y[row] for row in few])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
