import joblib
import numpy as np
import pytest
from common.materials import FORMULAS
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

from skmat import MagpieFeaturizer, MTEncoder, make_frozen_pipeline
from skmat.exceptions import InvalidInputError

X = FORMULAS * 2
NUMBERS = [3.2, 2.1, 8.5, 0.0, 1.4, 3.3, 7.8, 3.6, 9.0, 0.2] * 2
CLASSES = ["gap" if number > 1.5 else "none" for number in NUMBERS]


@pytest.fixture(scope="module")
def encoder():
    return MTEncoder(preset="tiny", max_epochs=1, random_state=0).fit(X)


def test_features_are_the_vectors_and_magpie(encoder):
    model = make_frozen_pipeline("regression", Ridge(), pretrained=encoder).fit(X, NUMBERS)
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
    model = make_frozen_pipeline(pretrained=encoder).fit(X, NUMBERS)
    assert np.abs(model.predict(X) - NUMBERS).mean() < 0.5
    larger = clone(model).fit(X, 1000 * np.array(NUMBERS))
    np.testing.assert_allclose(larger.predict(X), 1000 * model.predict(X), rtol=1e-6)


def test_classifier_has_probabilities(encoder):
    model = make_frozen_pipeline("classification", pretrained=encoder).fit(X, CLASSES)
    assert model.predict(["Cu", "NaCl"]).tolist() == ["none", "gap"]
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    other = make_frozen_pipeline("classification", LogisticRegression(), pretrained=encoder)
    assert other.fit(X, CLASSES).score(X, CLASSES) == 1.0


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_the_default_encoder_is_the_best_frozen_one(task):
    pipeline = make_frozen_pipeline(task)
    assert pipeline["features"]["encoder"].pretrained == "mtencoder-multimodal"
    pipeline = make_frozen_pipeline(task, pretrained=None)
    assert pipeline["features"]["encoder"].pretrained is None


def test_in_a_grid_and_in_a_file(encoder, tmp_path):
    folder = encoder.save_pretrained(tmp_path / "encoder")
    grid = {"features__magpie": ["drop", MagpieFeaturizer()], "model__regressor__alpha": [0.1, 10]}
    model = make_frozen_pipeline(
        "regression", Ridge(), pretrained=folder, memory=str(tmp_path / "memory")
    )
    search = GridSearchCV(model, grid, cv=2).fit(X, NUMBERS)
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
    model = make_frozen_pipeline("classification").fit(formulas, y)
    assert model.score(formulas, y) > 0.85  # parts in the order of the rows: 0.55


@pytest.mark.parametrize("task", ["regressor", None, 1, ["regression"], Ridge()])
def test_an_unknown_task_is_answered_with_the_known(task):
    with pytest.raises(InvalidInputError, match="'regression' or 'classification'"):
        make_frozen_pipeline(task)
