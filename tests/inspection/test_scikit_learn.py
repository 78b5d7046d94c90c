"""scikit-learn's own inspection of models that read formulas and further columns."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import (
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)

from skmat import AutoRegressor, MTEncoderRegressor
from skmat.metrics import get_scorer

pytestmark = pytest.mark.usefixtures("pyplot")

FORMULAS = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl", "MgO", "CaO"]


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    X = pd.DataFrame({"formula": FORMULAS * 4, "T": np.repeat([300.0, 500.0, 700.0, 900.0], 10)})
    X["noise"] = generator.random(40)
    y = X["T"] / 100 + X["formula"].str.contains("Cl")
    y[::9] = np.nan
    return X, y


@pytest.fixture(scope="module", params=["average", "network"])
def model(request, table):
    if request.param == "average":
        return AutoRegressor(preset=["trees"], cv=2, random_state=0).fit(*table)
    network = MTEncoderRegressor(preset="tiny", max_epochs=60, lr=0.01, random_state=0)
    return network.fit(*table)


def test_permutation_importance(model, table):
    X, y = table
    for scoring in (None, get_scorer("neg_mean_absolute_error")):
        found = permutation_importance(
            model, X, y, scoring=scoring, n_repeats=2, random_state=0
        ).importances_mean
        assert found.shape == (3,)
        assert found[1] > 10 * abs(found[2])
        assert found[1] > found[0]


def test_partial_dependence(model, table):
    X, _ = table
    found = partial_dependence(model, X, ["T"], grid_resolution=4)
    by_hand = [model.predict(X.assign(T=T)).mean() for T in found["grid_values"][0]]
    np.testing.assert_allclose(found["average"][0], by_hand, rtol=1e-5)
    assert found["average"][0, -1] - found["average"][0, 0] > 2


def test_partial_dependence_on_formulas(model, table):
    X, _ = table
    found = partial_dependence(model, X, ["formula"], categorical_features=["formula"])
    assert found["average"].shape == (1, 10)
    assert sorted(found["grid_values"][0]) == sorted(FORMULAS)


def test_partial_dependence_display(model, table):
    display = PartialDependenceDisplay.from_estimator(
        model, table[0], ["T", ("T", "noise")], grid_resolution=3
    )
    assert len(display.axes_.ravel()) == 2
