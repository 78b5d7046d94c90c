import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
from common.instances import CRYSTAL_ENCODERS, CRYSTAL_FEATURIZERS, ESTIMATORS, name_of
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmat import MagpieFeaturizer, MTEncoderRegressor, StructureToComposition
from skmat._utils import saved_version
from skmat.exceptions import InconsistentVersionWarning

ALL = [*ESTIMATORS, *CRYSTAL_ENCODERS, *CRYSTAL_FEATURIZERS, StructureToComposition()]
FORMULAS = ["TiO2", "NaCl", "GaAs"]


def without_warnings(content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return pickle.loads(content)


@pytest.mark.parametrize("estimator", ALL, ids=name_of)
def test_the_version_is_in_every_pickle(estimator, monkeypatch):
    content = pickle.dumps(estimator)
    loaded = without_warnings(content)
    assert "_skmat_version" not in vars(loaded)
    assert repr(loaded) == repr(estimator)
    monkeypatch.setattr(saved_version, "__version__", "99.0")
    with pytest.warns(InconsistentVersionWarning) as caught:
        pickle.loads(content)
    (warning,) = {each.message for each in caught}
    assert warning.estimator_name == type(estimator).__name__
    assert warning.current_skmat_version == "99.0"
    assert f"skmat {warning.saved_skmat_version} and" in str(warning)
    assert str(pickle.loads(pickle.dumps(warning))) == str(warning)


@pytest.mark.parametrize("estimator", ALL, ids=name_of)
def test_pickles_without_a_version_are_told(estimator, monkeypatch):
    state = estimator.__getstate__()
    del state["_skmat_version"]
    empty = type(estimator).__new__(type(estimator))
    with pytest.warns(InconsistentVersionWarning, match="unknown version"):
        empty.__setstate__(state)


def test_parameters_that_a_pickle_lacks_get_their_defaults():
    model = MTEncoderRegressor(preset="tiny", n_estimators=2)
    state = model.__getstate__()
    for name in ("ema_decay", "on_invalid", "n_estimators"):
        del state[name]
    old = MTEncoderRegressor.__new__(MTEncoderRegressor)
    old.__setstate__(state)
    assert repr(old) == "MTEncoderRegressor(preset='tiny')"
    assert clone(old).get_params()["on_invalid"] == "raise"
    assert "ema_decay" in vars(old)


def test_copies_and_clones_are_of_this_version():
    model = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1, random_state=0)
    model.fit(FORMULAS, [1, 2, 3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(model)
        again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(FORMULAS), model.predict(FORMULAS))


def test_a_pipeline_comes_back_in_another_process(tmp_path):
    model = make_pipeline(
        MagpieFeaturizer(),
        StandardScaler(),
    ).fit(FORMULAS)
    joblib.dump(model, tmp_path / "model.joblib")
    program = (
        "import joblib, sys, warnings; warnings.simplefilter('error');"
        " model = joblib.load(sys.argv[1]); print(repr(model.transform(['TiO2']).sum()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "model.joblib"], capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.strip() == repr(model.transform(["TiO2"]).sum())
