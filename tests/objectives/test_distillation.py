import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from skmat import MagpieFeaturizer, MTEncoder, MTEncoderRegressor
from skmat.estimators._plan import FitData
from skmat.estimators._teachers import fit_teachers
from skmat.exceptions import InvalidInputError, SkmatError
from skmat.nn import Representation
from skmat.objectives import Distillation, MaskedElements, Properties

FORMULAS = ["TiO2", "Fe2O3", "NaCl", "GaAs", "BaTiO3", "MgO", "ZnS", "Bi2Te3", "CuO", "LiCoO2"]
FAST = {"preset": "tiny", "max_epochs": 2, "random_state": 0}


class Lengths(TransformerMixin, BaseEstimator):
    """The length of a formula, its square, and a constant; not fitted before ``fit``."""

    def fit(self, X, y=None):
        self.seen_ = list(X)
        return self

    def transform(self, X):
        lengths = np.array([float(len(formula)) for formula in X])
        return np.column_stack([lengths, lengths**2, np.full(len(X), 7.0)])


class Given(TransformerMixin, BaseEstimator):
    """Features of FORMULAS; not fitted before ``fit``."""

    def __init__(self, features=None):
        self.features = features

    def fit(self, X, y=None):
        self.seen_ = list(X)
        return self

    def transform(self, X):
        return self.features[[FORMULAS.index(formula) for formula in X]]


def losses_of(objective, outputs, features, weights=None):
    weights = torch.ones(len(outputs)) if weights is None else weights
    seen = [Representation(outputs)]
    return objective.losses(torch.nn.Identity(), seen, [], None, features, weights)


def taught_by(objective, X, rows):
    """Return the fitted teacher of an objective and its scaled features."""
    _, (teacher,), (features,) = fit_teachers([objective], X, rows)
    return teacher, features


@pytest.mark.parametrize("scaling", ["standard", "min-max", None])
def test_features_are_scaled_by_the_training_rows(scaling):
    rows = np.arange(6)
    fitted, features = taught_by(Distillation(Lengths(), scaling=scaling), FORMULAS, rows)
    assert fitted.teacher.seen_ == FORMULAS[:6]
    raw = Lengths().transform(FORMULAS)[:, :2]
    first = raw[rows]
    if scaling == "standard":
        raw = (raw - first.mean(axis=0)) / first.std(axis=0)
    elif scaling == "min-max":
        raw = (raw - first.min(axis=0)) / (first.max(axis=0) - first.min(axis=0))
    np.testing.assert_allclose(features[:, :2], raw, rtol=1e-6)
    np.testing.assert_array_equal(features[:, 2], 7.0 if scaling is None else 0.0)
    np.testing.assert_array_equal(fitted.targets(FORMULAS), features)


def test_a_teacher_that_is_fitted_is_not_fitted_again():
    teacher = make_pipeline(MagpieFeaturizer(), PCA(3)).fit(FORMULAS)
    fitted, _ = taught_by(Distillation(teacher), FORMULAS[:4], np.arange(4))
    assert fitted.teacher is teacher


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_missing_features_teach_nothing(loss):
    outputs, features = torch.randn(2, 4, 2)
    features[0, 0] = features[3] = torch.nan
    weights = torch.tensor([1.0, 2.0, 0.0, 5.0])
    found = losses_of(Distillation(None, loss=loss), outputs, features, weights)
    errors = (outputs - features).abs() if loss == "l1" else (outputs - features).square()
    expected = errors[0, 1] / 2 + 2 * errors[1].mean()
    torch.testing.assert_close(found.sums[0], expected)
    assert found.counts.item() == 2.5


def test_cosine_is_of_materials_that_have_all_features():
    outputs = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    features = torch.tensor([[3.0, 0.0], [1.0, 0.0], [torch.nan, 1.0]])
    found = losses_of(Distillation(None, loss="cosine"), outputs, features)
    torch.testing.assert_close(found.sums, torch.tensor([1.0]))
    assert found.counts.item() == 2


@pytest.mark.parametrize("precomputed", [True, False])
def test_an_encoder_learns_what_the_teacher_knows(precomputed):
    magpie = MagpieFeaturizer()
    teacher = magpie.fit_transform(FORMULAS) if precomputed else magpie
    objective = Distillation(teacher, hidden=(32,))
    settings = {**FAST, "max_epochs": 150, "lr": 3e-3, "dropout": 0.0}
    encoder = MTEncoder(objectives=objective, **settings).fit(FORMULAS)
    losses = [row["train_loss_distillation"] for row in encoder.history_]
    # Of features of variance 1, a blind guess loses 1.
    assert losses[0] > 0.7
    assert losses[-1] < 0.1
    vectors = encoder.transform(FORMULAS)
    known = magpie.fit_transform(FORMULAS)
    assert Ridge(1e-3).fit(vectors, known).score(vectors, known) > 0.9


def test_beside_other_objectives_and_another_teacher(tmp_path):
    objectives = [
        Properties(),
        MaskedElements(),
        Distillation(MagpieFeaturizer(), hidden=(), name="magpie"),
        Distillation(Lengths(), hidden=(), name="lengths"),
    ]
    y = np.linspace(0, 1, len(FORMULAS))
    encoder = MTEncoder(objectives=objectives, loss_weights={"magpie": 0.5}, **FAST)
    encoder.fit(FORMULAS, y)
    row = encoder.history_[-1]
    assert {"train_loss_magpie", "train_loss_lengths", "train_loss_y"} <= set(row)
    joblib.dump(encoder, tmp_path / "encoder.joblib")
    again = joblib.load(tmp_path / "encoder.joblib")
    np.testing.assert_array_equal(again.transform(FORMULAS), encoder.transform(FORMULAS))
    folder = encoder.save_pretrained(tmp_path / "encoder")
    card = MTEncoder(pretrained=folder).fit(FORMULAS).model_card_
    described = {each["name"]: each for each in card.objectives}
    assert described["magpie"]["teacher"] == "MagpieFeaturizer()"
    assert described["lengths"]["scaling"] == "standard"


def test_kept_while_fine_tuning():
    kept = Distillation(MagpieFeaturizer(), hidden=(8,))
    model = MTEncoderRegressor(pretrained=None, auxiliary_objective=kept, **FAST)
    model.fit(FORMULAS, np.arange(10.0))
    assert "train_loss_distillation" in model.history_[-1]
    model.partial_fit(FORMULAS[:5], np.arange(5.0))
    assert len(model.history_) == 3


def test_goes_on_with_the_scaling_of_the_first_fit():
    encoder = MTEncoder(objectives=Distillation(Lengths(), hidden=()), warm_start=True, **FAST)
    encoder.fit(FORMULAS)
    (before,) = encoder.estimators_[0].teachers
    encoder.fit(FORMULAS[:5])
    (after,) = encoder.estimators_[0].teachers
    assert after.shift is before.shift
    assert after.unit is before.unit
    # It was fitted to the first rows, and is the same transformer still.
    assert after.teacher is before.teacher
    assert after.teacher.seen_ == FORMULAS


@pytest.fixture
def taught(monkeypatch):
    """What the networks are trained on, one array per training of a network."""
    taught = []
    original = FitData.for_training

    def record(self, scaling, teacher_targets, extra_scaling=None):
        taught.append(teacher_targets[-1])
        return original(self, scaling, teacher_targets, extra_scaling)

    monkeypatch.setattr(FitData, "for_training", record)
    return taught


@pytest.mark.parametrize("kind", ["array", "fitted", "not fitted"])
def test_a_new_teacher_teaches_in_the_old_units(taught, kind):
    old, new = np.random.default_rng(0).normal(size=(2, len(FORMULAS), 3)) * [1.0, 10.0, 100.0]
    teacher = {
        "array": new,
        "fitted": Given(new).fit(FORMULAS),
        "not fitted": Given(new),
    }[kind]
    expected = (new - old.mean(axis=0)) / old.std(axis=0)
    encoder = MTEncoder(objectives=Distillation(old, hidden=()), warm_start=True, **FAST)
    encoder.fit(FORMULAS)
    encoder.set_params(objectives=Distillation(teacher, hidden=())).fit(FORMULAS)
    np.testing.assert_allclose(taught[-1], expected, rtol=1e-5)
    model = MTEncoderRegressor(
        pretrained=None, auxiliary_objective=Distillation(old, hidden=()), n_estimators=2, **FAST
    )
    y = np.arange(10.0)
    model.partial_fit(FORMULAS, y)
    model.set_params(auxiliary_objective=Distillation(teacher, hidden=())).partial_fit(FORMULAS, y)
    for features in taught[-2:]:
        np.testing.assert_allclose(features, expected, rtol=1e-5)
    # Once it teaches, it is not fitted again.
    kept = model.estimators_[0].teachers[-1].teacher
    model.partial_fit(FORMULAS, y)
    assert model.estimators_[0].teachers[-1].teacher is kept


def test_files_hold_no_features_of_the_teacher(taught):
    features = np.random.default_rng(0).normal(size=(len(FORMULAS), 3))
    objective = Distillation(features, hidden=())
    encoder = MTEncoder(objectives=objective, warm_start=True, **FAST).fit(FORMULAS)
    model = MTEncoderRegressor(pretrained=None, auxiliary_objective=objective, **FAST)
    y = np.arange(10.0)
    model.partial_fit(FORMULAS, y)
    for each in (encoder, model):
        content = pickle.dumps(each)
        # Once, in the parameter.
        assert content.count(features.tobytes()) == 1
        assert features.tobytes() not in pickle.dumps(each.estimators_)
        again = pickle.loads(content)
        said = [objective.describe() for objective in again.estimators_[0].model.objectives]
        assert said == [objective.describe() for objective in each.estimators_[0].model.objectives]
        n_taught = len(taught)
        again.fit(FORMULAS) if each is encoder else again.partial_fit(FORMULAS, y)
        assert len(taught) == n_taught + 1
        np.testing.assert_array_equal(taught[-1], taught[0])
    stored = pickle.loads(pickle.dumps(encoder)).estimators_[0].teachers[0]
    with pytest.raises(SkmatError, match="is not in the file"):
        stored.targets(FORMULAS)


def test_batches_may_each_have_features_of_their_own(taught):
    features = np.random.default_rng(0).normal(size=(len(FORMULAS), 3))
    model = MTEncoderRegressor(pretrained=None, **FAST)
    for rows in (slice(0, 6), slice(6, 10)):
        model.set_params(auxiliary_objective=Distillation(features[rows], hidden=()))
        model.partial_fit(FORMULAS[rows], np.arange(10.0)[rows])
    first = features[:6]
    expected = (features[6:] - first.mean(axis=0)) / first.std(axis=0)
    np.testing.assert_allclose(taught[-1], expected, rtol=1e-5)


def test_a_new_teacher_has_as_many_features():
    features = np.random.default_rng(0).normal(size=(len(FORMULAS), 3))
    encoder = MTEncoder(objectives=Distillation(features, hidden=()), warm_start=True, **FAST)
    encoder.fit(FORMULAS)
    encoder.set_params(objectives=Distillation(features[:, :2], hidden=()))
    with pytest.raises(InvalidInputError, match="has 2 features, but the model was fitted with 3"):
        encoder.fit(FORMULAS)


def test_a_fitted_teacher_outlives_a_file(tmp_path):
    teacher = make_pipeline(MagpieFeaturizer(), PCA(3))
    encoder = MTEncoder(objectives=Distillation(teacher, hidden=()), warm_start=True, **FAST)
    encoder.fit(FORMULAS)
    joblib.dump(encoder, tmp_path / "encoder.joblib")
    again = joblib.load(tmp_path / "encoder.joblib").fit(FORMULAS[:5])
    # Components of other rows would be other features.
    (before,) = encoder.estimators_[0].teachers
    (after,) = again.estimators_[0].teachers
    np.testing.assert_array_equal(after.targets(FORMULAS), before.targets(FORMULAS))


def test_a_run_knows_its_teacher(tmp_path):
    run = {"checkpoint_dir": tmp_path / "run", **FAST}
    features = np.random.default_rng(0).normal(size=(len(FORMULAS), 3))
    MTEncoder(objectives=Distillation(features, hidden=()), **run).fit(FORMULAS)
    with pytest.raises(ValueError, match="teacher_targets"):
        MTEncoder(objectives=Distillation(features + 1e-3 * features**2, hidden=()), **run).fit(
            FORMULAS
        )


@pytest.mark.parametrize(
    "teacher", [np.zeros((3, 2)), np.zeros(10), np.zeros((10, 0)), np.full((10, 2), np.nan)]
)
def test_a_teacher_that_knows_other_materials_or_nothing_is_refused(teacher):
    with pytest.raises(InvalidInputError, match="teacher of 'distillation'"):
        MTEncoder(objectives=Distillation(teacher), **FAST).fit(FORMULAS)


@pytest.mark.parametrize("settings", [{"loss": "huber"}, {"scaling": "robust"}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(InvalidInputError, match=next(iter(settings.values()))):
        Distillation(Lengths(), **settings)


@pytest.mark.parametrize("settings", [{"hidden": 512}, {"hidden": None}, {"scale": "auto"}])
def test_settings_of_a_wrong_type_are_refused(settings):
    with pytest.raises(InvalidInputError, match=f"{next(iter(settings))} must be a"):
        Distillation(Lengths(), **settings)


@pytest.mark.parametrize("weights", ["cgcnn-mp-multitask", Path("cgcnn-mp-multitask")])
def test_weights_are_no_teacher(weights):
    message = r"StructureEmbeddingLookup\('cgcnn-mp-multitask'\).* encoder .*pretrained='cgcnn"
    with pytest.raises(InvalidInputError, match=message):
        Distillation(weights)


def test_a_class_is_no_teacher():
    with pytest.raises(InvalidInputError, match=r"an instance, such as MagpieFeaturizer\(\)"):
        Distillation(MagpieFeaturizer)


def test_several_crystals_of_one_formula_are_averaged():
    formulas = ["TiO2", "NaCl", "Ti2O4", "O4Ti2"]
    features = np.array([[1.0, 5.0], [7.0, np.nan], [2.0, np.nan], [6.0, 6.0]])
    objective = Distillation(features, average=True, scaling=None)
    expected = [[3.0, 5.5], [7.0, np.nan], [3.0, 5.5], [3.0, 5.5]]
    np.testing.assert_allclose(taught_by(objective, formulas, np.arange(4))[1], expected)
    with pytest.raises(InvalidInputError, match="average=True"):
        taught_by(objective, np.eye(4), np.arange(4))
