"""Auto estimators in model folders, without pickle."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from common.folders import alter, put
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor

from skmat import AutoClassifier, AutoRegressor, MTEncoderRegressor, load_model
from skmat.exceptions import InvalidInputError, SavedModelError

ELEMENTS = ("Li", "Na", "K", "Rb", "Cs", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Al")
FORMULAS = [f"{metal}{anion}" for metal in ELEMENTS for anion in ("O", "S", "Se", "F", "Cl", "Br")]
Y = np.array([len(formula) + index % 5 for index, formula in enumerate(FORMULAS)], dtype=float)
TINY = ("net", MTEncoderRegressor(preset="tiny", max_epochs=1))

_READ = """
import sys, numpy as np, pickle
def refuse(event, arguments):
    if event == "pickle.find_class":
        raise RuntimeError(f"unpickled {arguments}")
sys.addaudithook(refuse)
from skmat import load_model
model = load_model(sys.argv[1])
formulas = sys.argv[3].split()
given = np.load(sys.argv[2])
for name in given.files:
    method, _, which = name.partition("-")
    found = getattr(model, method)(formulas)
    found = np.asarray(found[int(which)] if which else found)
    assert found.tobytes() == given[name].tobytes(), name
"""

RAN = []


def run():
    RAN.append(True)


class Planted:
    def __reduce__(self):
        return run, ()


@pytest.fixture(scope="module")
def regressor():
    y = np.column_stack([Y, np.maximum(0, Y - 5)])
    y[::4, 0] = np.nan
    y[:30, 1] = 0
    added = [TINY, ("forest", ExtraTreesRegressor(5))]
    model = AutoRegressor(
        preset=["svm"], candidates=added, cv=2, keep_candidates=True, random_state=0
    )
    return model.fit(FORMULAS, y)


@pytest.fixture
def saved(regressor, tmp_path):
    return regressor.save_model(tmp_path / "model")


def test_a_regressor_gives_the_same_bits_in_a_new_process(regressor, saved, tmp_path):
    low, high = regressor.predict_interval(FORMULAS[:9])
    values = {
        "predict": regressor.predict(FORMULAS[:9]),
        "predict_interval-0": low,
        "predict_interval-1": high,
        "novelty": regressor.novelty(FORMULAS[:9]),
    }
    np.savez(tmp_path / "values.npz", **values)
    arguments = [str(saved), str(tmp_path / "values.npz"), " ".join(FORMULAS[:9])]
    done = subprocess.run([sys.executable, "-c", _READ, *arguments], capture_output=True)
    assert not done.returncode, done.stderr.decode()


@pytest.mark.parametrize(
    "classes",
    [
        ["a", "b", "c"],
        pytest.param([True, False], marks=pytest.mark.slow),
        pytest.param([3, 7], marks=pytest.mark.slow),
    ],
)
def test_a_classifier_gives_the_same_bits_in_a_new_process(classes, tmp_path):
    y = np.array([classes[index % len(classes)] for index in range(len(FORMULAS))])
    model = AutoClassifier(preset=["svm"], cv=2, decision="balanced_accuracy", random_state=0)
    model.fit(FORMULAS, y)
    values = {name: getattr(model, name)(FORMULAS[:9]) for name in ("predict", "predict_proba")}
    np.savez(tmp_path / "values.npz", **values)
    saved = model.save_model(tmp_path / "model")
    arguments = [str(saved), str(tmp_path / "values.npz"), " ".join(FORMULAS[:9])]
    done = subprocess.run([sys.executable, "-c", _READ, *arguments], capture_output=True)
    assert not done.returncode, done.stderr.decode()
    assert_array_equal(load_model(saved).classes_, model.classes_)


def test_all_that_was_learned_comes_back(regressor, saved):
    again = load_model(saved)
    pd.testing.assert_frame_equal(again.leaderboard_, regressor.leaderboard_)
    assert_array_equal(again.oof_predictions_, regressor.oof_predictions_)
    assert again.error_name_ == regressor.error_name_
    assert again.target_names_ == regressor.target_names_
    for first, second in zip(
        again.predict_candidates(FORMULAS), regressor.predict_candidates(FORMULAS), strict=True
    ):
        assert first.keys() == second.keys()
        for name in first:
            assert_array_equal(first[name], second[name])
    # The candidates that the user gave are the one parameter that is lost.
    assert again.candidates is None
    given = regressor.get_params(deep=False) | {"candidates": None}
    assert again.get_params(deep=False) == given
    clone(again)


def test_further_columns_and_names(tmp_path):
    frame = pd.DataFrame(
        {"formula": FORMULAS, "T": np.arange(72.0), "p": pd.Categorical(["wet", "dry"] * 36)}
    )
    model = AutoRegressor(preset=[], candidates=[("ridge", Ridge())], cv=2, random_state=0).fit(
        frame, Y
    )
    again = load_model(model.save_model(tmp_path / "model"))
    assert_array_equal(again.predict(frame), model.predict(frame))
    assert list(again.feature_names_in_) == ["formula", "T", "p"]
    with pytest.raises(InvalidInputError, match="category 'moist' in row 0"):
        again.predict(frame.assign(p="moist"))


def test_requests_of_metadata(tmp_path):
    with sklearn.config_context(enable_metadata_routing=True):
        model = AutoRegressor(preset=["svm"], cv=2).set_fit_request(groups=True)
    again = load_model(model.fit(FORMULAS, Y).save_model(tmp_path / "model"))
    with sklearn.config_context(enable_metadata_routing=True):
        assert again.get_metadata_routing().fit.requests["groups"] is True


def test_a_candidate_that_cannot_be_saved_is_named(tmp_path):
    added = [("perceptron", MLPRegressor(max_iter=2))]
    model = AutoRegressor(preset=[], candidates=added, cv=2, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(FORMULAS, Y)
    with pytest.raises(InvalidInputError, match="The candidate 'perceptron'"):
        model.save_model(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_each_file_with_one_byte_changed_is_refused(saved):
    paths = [path for path in saved.rglob("*") if path.is_file()]
    assert {path.suffix for path in paths} >= {".json", ".safetensors", ".skops", ""}
    for path in paths:
        content = path.read_bytes()
        place = len(content) // 2
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(SavedModelError):
            load_model(saved)
        path.write_bytes(content)
    load_model(saved)


def test_a_planted_pickle_runs_nothing(saved):
    planted = pickle.dumps(Planted())
    (saved / "model-0-0.skops").write_bytes(planted)
    with pytest.raises(SavedModelError):
        load_model(saved)
    put(saved, "model-0-0.skops", planted)
    with pytest.raises(SavedModelError):
        load_model(saved)
    assert not RAN


@pytest.mark.parametrize(
    ("key", "value"),
    [("trials", []), ("averages", {}), ("leaderboard", 3), ("parameters", {"preset": 3}),
     ("attributes", {"predict": 1}), ("ranked", [[{"trial": 99}]])],
)  # fmt: skip
def test_content_of_a_wrong_form(saved, key, value):
    alter(saved, lambda values: values["content"].update({key: value}))
    with pytest.raises((SavedModelError, InvalidInputError)):
        load_model(saved)


def test_a_model_that_is_not_fitted_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        AutoRegressor().save_model(tmp_path / "model")
