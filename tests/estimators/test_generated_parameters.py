"""Generated parameters: refused by name, or used as they are, whatever number type holds them."""

import contextlib
import io

import numpy as np
import pytest
from common.generated import check_generated, on_generated
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from skmat import MTEncoder, MTEncoderClassifier, MTEncoderRegressor, RoostRegressor
from skmat.exceptions import DivergenceError

FORMULAS = ["TiO2", "ZnO", "NaCl", "GaAs", "TiO2", "Fe2O3"]
Y = np.column_stack([[3.2, 3.4, 8.5, 1.4, 3.0, 2.1], [5.0, np.nan, 7.0, np.nan, np.nan, 6.0]])
UNSEEN = ["CdTe", "TiO2"]

pytestmark = pytest.mark.filterwarnings("ignore:The number of unique classes")

SHARED = {
    "max_epochs": st.integers(1, 3),
    "batch_size": st.integers(1, 9),
    "lr": st.floats(1e-6, 1e-2),
    "weight_decay": st.floats(0, 1),
    "validation_fraction": st.floats(0, 0.99),
    "patience": st.integers(1, 3),
    "random_state": st.integers(0, 2**32 - 1),
    "warm_start": st.booleans(),
    "verbose": st.integers(0, 1),
    "encoder_lr_factor": st.floats(1e-3, 10),
    "layer_decay": st.floats(1e-3, 1),
    "freeze_epochs": st.integers(0, 3) | st.lists(st.integers(1, 2), max_size=2),
    "ema_decay": st.floats(1e-3, 0.999),
    "n_estimators": st.integers(1, 2),
    "loss_weights": st.lists(st.floats(0, 1e308), min_size=2, max_size=2),
    "dropout": st.floats(0, 0.99),
}
OTHERS = [
    "auxiliary_weight", "auxiliary_objective", "loss", "loss_weighting", "schedule", "trainable",
    "preset", "device", "precision", "on_invalid", "element_features", "readout", "objectives",
]  # fmt: skip
SOME = st.fixed_dictionaries({}, optional=SHARED)

ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(max_value=3),
    st.floats(max_value=3),
    st.text(max_size=2),
    st.lists(st.integers(-2, 3), max_size=2),
    st.dictionaries(st.sampled_from(["y0", "y1", 3, None]), st.floats() | st.none(), max_size=2),
    st.sampled_from([10**400, np.array(2), np.array([1.0]), np.float32(0.5), np.bool_(True)]),
)


def fitted(kind, parameters, y=Y):
    settings = {"preset": "tiny", "pretrained": None, "max_epochs": 1, "random_state": 0}
    model = clone(kind(**{**settings, **parameters}))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return model.fit(FORMULAS, y)


def as_numpy(value, small):
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return np.array(value) if small else np.int64(value)
    if isinstance(value, float):
        return np.array(value) if small else np.float64(value)
    return [as_numpy(each, small) for each in value]


@on_generated(15)
def test_numbers_of_numpy_and_python_do_the_same(n_inputs):
    def check(value):
        parameters, small = value
        others = {name: as_numpy(each, small) for name, each in parameters.items()}
        one = fitted(MTEncoderRegressor, parameters)
        predicted = one.predict(UNSEEN)
        assert predicted.shape == (2, 2)
        assert np.isfinite(predicted).all()
        assert_array_equal(fitted(MTEncoderRegressor, others).predict(UNSEEN), predicted)

    check_generated(n_inputs, st.tuples(SOME, st.booleans()), check)


@on_generated(35)
def test_anything_may_be_a_parameter(n_inputs):
    def check(value):
        kind, name, parameter = value
        if name not in kind().get_params():
            return
        y = np.where(Y > 3, "wide", "narrow") if kind is MTEncoderClassifier else Y
        try:
            model = fitted(kind, {name: parameter}, y)
        except (InvalidParameterError, DivergenceError):
            return
        result = model.transform(UNSEEN) if kind is MTEncoder else model.predict(UNSEEN)
        assert len(result) == len(UNSEEN)
        if result.dtype.kind == "f":
            assert np.isfinite(result).all()

    kinds = st.sampled_from([MTEncoderRegressor, MTEncoderClassifier, MTEncoder, RoostRegressor])
    names = st.sampled_from([*SHARED, *OTHERS])
    check_generated(n_inputs, st.tuples(kinds, names, ANYTHING), check)
