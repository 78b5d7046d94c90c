"""What the tests of the estimators' contract share, for formulas and for structures."""

import copy
import subprocess
import sys

import joblib
import numpy as np
from common.instances import labels_for
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

_kept = {}


def fit(estimator, X, seed=0):
    """Return a clone that is fitted now."""
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=seed)
    return estimator.fit(X, labels_for(estimator, len(X)))


def fitted(estimator, X, seed=0):
    """Return a fitted clone of one's own, a copy of what this process has fitted before."""
    key = joblib.hash((type(estimator), estimator.get_params(), X, seed))
    if key not in _kept:
        _kept[key] = fit(estimator, X, seed)
    return copy.deepcopy(_kept[key])


def outputs(estimator, X):
    """Return everything that a fitted estimator says about X."""
    return {
        name: np.asarray(getattr(estimator, name)(X))
        for name in ("predict", "predict_proba", "transform")
        if hasattr(estimator, name)
    }


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        assert_array_equal(first[name], second[name], err_msg=name)


def assert_close(first, second, rtol=1e-4, atol=1e-4):
    assert first.keys() == second.keys()
    for name in first:
        if first[name].dtype.kind == "f":
            assert_allclose(first[name], second[name], rtol=rtol, atol=atol, err_msg=name)
        else:
            assert_array_equal(first[name], second[name], err_msg=name)


_IN_ANOTHER_PROCESS = """
import joblib, numpy as np, sys

for number, (model, X, expected) in enumerate(joblib.load(sys.argv[1])):
    for name, values in expected.items():
        again = np.asarray(getattr(model, name)(X))
        assert again.dtype == values.dtype, (number, name)
        equal = again.tobytes() == values.tobytes() if again.dtype.kind == "f" else again == values
        assert np.all(equal), (number, name)
"""


def assert_same_in_another_process(estimators, X, folder):
    """Check that fitted estimators give the same bits where they are loaded elsewhere."""
    path = folder / "estimators.joblib"
    joblib.dump([(each, X, outputs(each, X)) for each in estimators], path)
    subprocess.run([sys.executable, "-c", _IN_ANOTHER_PROCESS, str(path)], check=True)
