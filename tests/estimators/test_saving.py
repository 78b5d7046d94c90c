"""Fitted estimators in model folders."""

import copy
import datetime
import os
import subprocess
import sys
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import sklearn
from common.contract import assert_same, fitted, outputs
from common.folders import alter
from common.instances import CRYSTAL_ENCODERS, ENCODERS, labels_for, name_of
from common.materials import FORMULAS, GAPS, many
from joblib import Memory
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback

from skmat import (
    CGCNNRegressor,
    MagpieFeaturizer,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    load_model,
)
from skmat._utils import saved_models
from skmat.exceptions import InconsistentVersionWarning, InvalidInputError, SavedModelError
from skmat.objectives import Distillation, MaskedElements, Properties

FAST = {"preset": "tiny", "pretrained": None, "max_epochs": 2, "random_state": 0}
CRYSTALS = many(8)
ALL = [*ENCODERS, *CRYSTAL_ENCODERS]


def materials_of(estimator):
    return CRYSTALS if estimator in CRYSTAL_ENCODERS else FORMULAS


def again(model, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_model(model.save_model(folder / "model"))


def add_parameter(folder, name, value):
    alter(folder, lambda values: values["content"]["parameters"].update({name: value}))


def assert_equal(first, second, X):
    """Check all that a fitted estimator says and knows, the device and the machine apart."""
    assert type(first) is type(second)
    assert_same(outputs(first, X), outputs(second, X))
    assert repr(first) == repr(second)
    assert first.history_ == second.history_
    assert vars(first).keys() == vars(second).keys()
    assert first._hash_weights() == second._hash_weights()


_IN_A_NEW_PROCESS = """
import sys, warnings
from pathlib import Path
import numpy as np
from skmat import load_model
from common.materials import FORMULAS, many

def refuse(event, arguments):
    if event in ("pickle.find_class", "os.system", "subprocess.Popen"):
        raise RuntimeError(f"{event} {arguments}")

warnings.simplefilter("error")
load_model(Path(sys.argv[1]) / "0" / "model")  # imports what loading imports
sys.addaudithook(refuse)
n_compared = 0
for folder in Path(sys.argv[1]).iterdir():
    model = load_model(folder / "model")
    X = many(8) if (folder / "crystals").exists() else FORMULAS
    for path in folder.glob("*.npy"):
        expected = np.load(path, allow_pickle=False)
        found = np.asarray(getattr(model, path.stem)(X))
        assert found.dtype == expected.dtype and found.shape == expected.shape, path
        assert found.tobytes() == expected.tobytes(), path
        n_compared += 1
print(n_compared)
"""


def test_every_estimator_gives_the_same_bits_in_a_new_process_without_pickle(tmp_path):
    n_outputs = 0
    for number, estimator in enumerate(ALL):
        X = materials_of(estimator)
        model = fitted(clone(estimator).set_params(max_epochs=2), X)
        folder = tmp_path / str(number)
        model.save_model(folder / "model")
        if estimator in CRYSTAL_ENCODERS:
            (folder / "crystals").touch()
        for name, values in outputs(model, X).items():
            np.save(folder / f"{name}.npy", values, allow_pickle=False)
            n_outputs += 1
    tests = os.path.dirname(os.path.dirname(__file__))
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_NEW_PROCESS, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == n_outputs > 2 * len(ALL)


@pytest.mark.parametrize("estimator", ALL, ids=name_of)
def test_all_is_there_after_loading(estimator, tmp_path):
    X = materials_of(estimator)
    model = fitted(clone(estimator).set_params(max_epochs=2), X)
    loaded = again(model, tmp_path)
    assert_equal(model, loaded, X)
    assert loaded.get_params() == model.get_params()
    assert clone(loaded).get_params() == model.get_params()
    if hasattr(model, "score"):
        y = labels_for(model, len(X))
        assert loaded.score(X, y) == model.score(X, y)
    assert list(loaded.get_feature_names_out()) == list(model.get_feature_names_out())
    # What was loaded can be saved again.
    assert_equal(model, again(loaded, tmp_path), X)


@pytest.mark.parametrize("estimator", ALL, ids=name_of)
def test_training_continues_as_after_a_fit(estimator, tmp_path):
    X = materials_of(estimator)
    model = fitted(clone(estimator).set_params(max_epochs=2), X)
    if model._kind == "encoder" and not model.history_:
        pytest.skip("loaded weights have no training to continue")
    loaded = again(model, tmp_path)
    for each in (model, loaded):
        each.set_params(warm_start=True).fit(X, labels_for(each, len(X)))
    assert outputs(model, X).keys()
    assert_same(outputs(model, X), outputs(loaded, X))
    if hasattr(model, "partial_fit"):
        for each in (model, loaded):
            each.partial_fit(X, labels_for(each, len(X)))
        assert_same(outputs(model, X), outputs(loaded, X))
    for each in (model, loaded):
        each.set_params(warm_start=False).fit(X, labels_for(each, len(X)))
    assert_same(outputs(model, X), outputs(loaded, X))


def test_several_targets_with_missing_labels_and_names(tmp_path):
    X = pd.DataFrame({"formula": FORMULAS})
    y = pd.DataFrame({"gap": GAPS, "density": [np.nan, *GAPS[1:]], "same": 2.5})
    model = MTEncoderRegressor(**FAST, n_estimators=2, loss="robust_l1").fit(X, y)
    loaded = again(model, tmp_path)
    for first, second in zip(
        model.predict(X, return_std=True), loaded.predict(X, return_std=True), strict=True
    ):
        assert_array_equal(first, second)
    assert loaded.target_names_ == ["gap", "density", "same"]
    assert list(loaded.feature_names_in_) == ["formula"]
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(X.rename(columns={"formula": "other"}))
    assert {each["estimator"] for each in loaded.history_} == {0, 1}


def test_amounts_by_name(tmp_path):
    X = pd.DataFrame({"Fe": [1.0, 2, 3], "O": [1.0, 3, 4], "Al2O3": [0.0, 1, 0]})
    model = MTEncoderRegressor(**FAST).fit(X, [1, 2, 3])
    loaded = again(model, tmp_path)
    assert_array_equal(loaded.predict(X), model.predict(X))
    with pytest.raises(ValueError, match=r"O.*Fe|order"):
        loaded.predict(X[["O", "Fe", "Al2O3"]])


LABELS = {
    "text": np.array(["metal", "insulator"]),
    "wide text": np.array(["a", "b"], dtype="<U40"),
    "integers": np.array([3, -1], dtype=np.int16),
    "booleans": np.array([True, False]),
    "floats": np.array([1.0, 2.0], dtype=np.float32),
    "dates": np.array(["2026-01-02", "2026-01-03"], dtype="M8[D]"),
    "durations": np.array([3, 4], dtype="m8[s]"),
    "Python dates": np.array([datetime.date(2026, 1, 2), datetime.date(2026, 1, 3)]),
    "decimals": np.array([Decimal("0.1"), Decimal("0.20")]),
    "timestamps": pd.to_datetime(["2026-01-02", "2026-01-03"]).astype(object).to_numpy(),
    "categories": pd.Categorical(["low", "high"], categories=["low", "high"], ordered=True),
}


@pytest.mark.parametrize("kind", LABELS)
def test_class_labels_keep_their_type(kind, tmp_path):
    two = LABELS[kind]
    y = pd.Series(two.take([0, 1] * 5)) if kind == "categories" else two[[0, 1] * 5]
    model = MTEncoderClassifier(**FAST).fit(FORMULAS, y)
    loaded = again(model, tmp_path)
    assert loaded.classes_.dtype == model.classes_.dtype
    assert_array_equal(loaded.classes_, model.classes_)
    assert [type(each) for each in loaded.classes_] == [type(each) for each in model.classes_]
    assert_array_equal(loaded.predict(FORMULAS), model.predict(FORMULAS))
    assert loaded.predict(FORMULAS).dtype == model.predict(FORMULAS).dtype
    assert_array_equal(loaded.predict_proba(FORMULAS), model.predict_proba(FORMULAS))
    assert loaded.score(FORMULAS, y) == model.score(FORMULAS, y)


def test_several_tasks_of_other_types(tmp_path):
    y = pd.DataFrame({"kind": ["a", "b", "c"] * 3 + [None], "flag": [True, False] * 5})
    model = MTEncoderClassifier(**FAST).fit(FORMULAS, y)
    loaded = again(model, tmp_path)
    assert_array_equal(loaded.predict(FORMULAS), model.predict(FORMULAS))
    for first, second in zip(
        model.predict_proba(FORMULAS), loaded.predict_proba(FORMULAS), strict=True
    ):
        assert_array_equal(first, second)


class Label:
    def __init__(self, number):
        self.number = number

    def __lt__(self, other):
        return self.number < other.number

    def __eq__(self, other):
        return self.number == other.number

    def __hash__(self):
        return hash(self.number)


def test_class_labels_that_a_folder_cannot_hold_are_refused(tmp_path):
    y = np.array([Label(i % 2) for i in range(10)])
    model = MTEncoderClassifier(**FAST).fit(FORMULAS, y)
    with pytest.raises(InvalidInputError, match=r"'classes_': it holds .*Label"):
        model.save_model(tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "objectives",
    [
        *("properties", "joint", "barlow_twins", "fingerprint"),
        [Properties(hidden=(8,)), MaskedElements(ratio=0.5, hidden=[4])],
    ],
    ids=str,
)
def test_pretrained_encoders(objectives, tmp_path):
    y = pd.DataFrame({"gap": GAPS, "kind": ["a", "b"] * 5})
    model = MTEncoder(**FAST, objectives=objectives).fit(FORMULAS, y)
    loaded = again(model, tmp_path)
    assert_equal(model, loaded, FORMULAS)
    assert loaded.objectives == model.objectives
    assert loaded.estimators_[0].model.objectives == model.estimators_[0].model.objectives
    for each in (model, loaded):
        each.set_params(warm_start=True).fit(FORMULAS, y)
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))


def test_the_teacher_of_a_distillation_is_not_saved(tmp_path):
    objective = Distillation(MagpieFeaturizer(), hidden=(8,))
    model = MTEncoder(**FAST, objectives=[objective], warm_start=True).fit(FORMULAS)
    loaded = again(model, tmp_path)
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))
    for each in (loaded, clone(loaded).set_params(warm_start=False)):
        with pytest.raises(InvalidInputError, match=r"was not saved.*It was MagpieFeaturizer\(\)"):
            each.fit(FORMULAS)
    # The scale of its features is kept.
    for each in (model, loaded):
        each.set_params(objectives=[copy.deepcopy(objective)]).fit(FORMULAS)
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))


def test_weights_without_training_and_their_card(tmp_path):
    model = MTEncoder.from_pretrained()
    loaded = again(model, tmp_path)
    assert_equal(model, loaded, FORMULAS)
    assert loaded.model_card_ == model.model_card_
    assert loaded.load_report_ == model.load_report_
    first = model.save_pretrained(tmp_path / "first")
    second = loaded.save_pretrained(tmp_path / "second")
    assert (first / "config.json").read_bytes() == (second / "config.json").read_bytes()


@pytest.mark.parametrize("frozen", [False, True])
def test_an_encoder_as_pretrained_is_saved_too(frozen, tmp_path):
    source = MTEncoder(**FAST).fit(FORMULAS)
    second = MTEncoderRegressor(**{**FAST, "pretrained": source}).partial_fit(FORMULAS, GAPS)
    given = FrozenEstimator(second) if frozen else second
    model = MTEncoderRegressor(**{**FAST, "pretrained": given}).fit(FORMULAS, GAPS)
    loaded = again(model, tmp_path)
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))
    assert type(loaded.pretrained) is type(given)
    inner = loaded.pretrained.estimator if frozen else loaded.pretrained
    assert_same(outputs(second, FORMULAS), outputs(inner, FORMULAS))
    assert_same(outputs(source, FORMULAS), outputs(inner.pretrained, FORMULAS))
    expected = outputs(clone(model).fit(FORMULAS, GAPS), FORMULAS)
    assert_same(outputs(clone(loaded).fit(FORMULAS, GAPS), FORMULAS), expected)


def test_pretrained_that_is_not_fitted_is_refused(tmp_path):
    model = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS).set_params(pretrained=MTEncoder())
    with pytest.raises(InvalidInputError, match="which is not fitted"):
        model.save_model(tmp_path / "model")


def test_parameters_of_every_type(tmp_path):
    state = np.random.RandomState(0)
    model = MTEncoderRegressor(
        **{**FAST, "pretrained": tmp_path / "somewhere", "random_state": state},
        lr=np.float32(1e-3),
        loss_weights={"y": 2},
        auxiliary_objective=["masked_elements"],
    )
    model = model.set_params(pretrained=None).fit(FORMULAS, GAPS)
    model.set_params(pretrained=tmp_path / "somewhere", freeze_epochs=(1, np.int64(2)))
    loaded = again(model, tmp_path)
    assert type(loaded.lr) is np.float32
    assert loaded.pretrained == tmp_path / "somewhere"
    assert loaded.freeze_epochs == (1, 2)
    assert type(loaded.freeze_epochs[1]) is np.int64
    assert loaded.loss_weights == {"y": 2}
    assert loaded.random_state is not state
    assert_array_equal(loaded.random_state.random(3), copy.deepcopy(model.random_state).random(3))


def test_parameters_of_the_machine_are_not_taken_from_a_file(tmp_path):
    for memory in (str(tmp_path / "cache"), Memory(tmp_path / "cache", verbose=0)):
        model = CGCNNRegressor(**FAST, memory=memory).fit(CRYSTALS, range(8))
        loaded = again(model, tmp_path)
        assert loaded.memory is None
        assert_array_equal(loaded.predict(CRYSTALS), model.predict(CRYSTALS))
    encoder = MTEncoder(**FAST, checkpoint_dir=tmp_path / "run").fit(FORMULAS)
    assert again(encoder, tmp_path).checkpoint_dir is None
    # A cache holds pickles: a file that names one is refused.
    for name, model in (("memory", loaded), ("checkpoint_dir", encoder)):
        model.save_model(tmp_path / "model")
        add_parameter(tmp_path / "model", name, str(tmp_path / "cache"))
        with pytest.raises(SavedModelError, match="has no saved parameters"):
            load_model(tmp_path / "model")


def test_parameters_changed_after_the_fit_change_no_prediction(tmp_path):
    model = MTEncoderRegressor(**FAST, dropout=0.3).fit(FORMULAS, GAPS)
    model.set_params(preset="base", dropout=0.7, loss="mse", element_features=None)
    loaded = again(model, tmp_path)
    assert_equal(model, loaded, FORMULAS)
    for each in (model, loaded):
        each.set_params(warm_start=True, loss="l1").fit(FORMULAS, GAPS)
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))


def test_parameters_that_a_folder_cannot_hold_are_refused(tmp_path):
    model = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS)
    model.set_params(loss_weights=pd.Series([1.0]))
    with pytest.raises(InvalidInputError, match=r"(?s)'loss_weights': it holds .*Series"):
        model.save_model(tmp_path / "model")
    model.set_params(loss_weights=None).note = print
    with pytest.raises(InvalidInputError, match="the attribute 'note': it holds"):
        model.save_model(tmp_path / "model")
    assert not list(tmp_path.iterdir())


class OwnObjective(MaskedElements):
    name = "own"


class OwnRegressor(MTEncoderRegressor):
    pass


def test_code_of_the_user_is_not_saved(tmp_path):
    model = MTEncoderRegressor(**FAST, auxiliary_objective=OwnObjective()).fit(FORMULAS, GAPS)
    with pytest.raises(InvalidInputError, match="OwnObjective"):
        model.save_model(tmp_path / "model")
    with pytest.raises(InvalidInputError, match=r"cannot write a \S+\.OwnRegressor"):
        OwnRegressor(**FAST).fit(FORMULAS, GAPS).save_model(tmp_path / "model")


def test_output_and_metadata_settings(tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        model = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS)
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight="weights")
        model.set_output(transform="pandas")
        loaded = again(model, tmp_path)
        assert str(loaded.get_metadata_routing()) == str(model.get_metadata_routing())
        assert loaded.get_metadata_routing().fit.requests["sample_weight"] is True
    pd.testing.assert_frame_equal(loaded.transform(FORMULAS), model.transform(FORMULAS))


def test_the_optimizer_is_not_kept(tmp_path):
    model = MTEncoderRegressor(**FAST).partial_fit(FORMULAS, GAPS)
    loaded = again(model, tmp_path)
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))
    assert loaded.history_ == model.history_
    assert model.net_.optimizer_ is not None
    assert loaded.net_.optimizer_ is None
    loaded.partial_fit(FORMULAS, GAPS)
    assert len(loaded.history_) == 2


def test_another_version_is_told(tmp_path, monkeypatch):
    model = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS)
    model.save_model(tmp_path / "model")
    monkeypatch.setattr(saved_models, "__version__", "99.0")
    with pytest.warns(InconsistentVersionWarning, match="MTEncoderRegressor was saved by skmat"):
        loaded = load_model(tmp_path / "model")
    assert_array_equal(loaded.predict(FORMULAS), model.predict(FORMULAS))


def test_parameters_that_the_file_lacks_get_their_defaults(tmp_path):
    folder = MTEncoderRegressor(**FAST, patience=3).fit(FORMULAS, GAPS).save_model(tmp_path)
    alter(folder, lambda values: values["content"]["parameters"].pop("patience"))
    assert load_model(folder).patience is None
    add_parameter(folder, "new", 1)
    with pytest.raises(SavedModelError, match=r"no saved parameters \['new'\]"):
        load_model(folder)


@pytest.mark.parametrize(
    "name", ["predict", "estimators_", "history_", "lr", "net_", "a b", "_fit"]
)
def test_attributes_that_a_fit_does_not_set_are_refused(name, tmp_path):
    folder = MTEncoderRegressor(**FAST).fit(FORMULAS, GAPS).save_model(tmp_path)
    alter(folder, lambda values: values["content"]["attributes"].update({name: 1}))
    with pytest.raises(SavedModelError, match="is not an attribute of a fitted"):
        load_model(folder)


class Recorder(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.record("rows", [1, 2])
        net.history.record("scores", np.float32(0.5))
        net.history.record("net", net)


def test_callbacks_are_code_and_what_they_recorded_is_kept_if_it_is_plain(tmp_path):
    model = MTEncoderRegressor(**FAST, callbacks=[Recorder()]).fit(FORMULAS, GAPS)
    loaded = again(model, tmp_path)
    assert loaded.callbacks is None
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))
    expected = [{key: row[key] for key in row if key != "net"} for row in model.history_]
    assert loaded.history_ == expected
    assert loaded.history_[0]["rows"] == [1, 2]


def test_gates_of_zero_inflated_targets(tmp_path):
    y = np.stack([[0.0, 3.2] * 5, GAPS], axis=1)
    model = MTEncoderRegressor(**FAST, zero_inflated=True, loss="robust_l1").fit(FORMULAS, y)
    loaded = again(model, tmp_path)
    assert_array_equal(loaded.lowest_labels_, [0.0, min(GAPS)])
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))
    for first, second in zip(
        (*model.predict(FORMULAS, return_std=True), *model.predict_mixture(FORMULAS)),
        (*loaded.predict(FORMULAS, return_std=True), *loaded.predict_mixture(FORMULAS)),
        strict=True,
    ):
        assert_array_equal(first, second)
    for each in (model, loaded):
        each.set_params(warm_start=True).fit(FORMULAS, y)
    assert_same(outputs(model, FORMULAS), outputs(loaded, FORMULAS))
