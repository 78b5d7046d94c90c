import copy
import functools
import json
import operator
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process.kernels import RBF
from sklearn.metrics import make_scorer, mean_absolute_error, mean_squared_error
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmat import MagpieFeaturizer, MTEncoder, MTEncoderRegressor
from skmat.benchmark._parameters import (
    changed_parameters,
    describe_parameters,
    seed_estimator,
)


def test_what_describes_an_estimator_is_plain_and_repeats():
    def build(table):
        return make_pipeline(
            FunctionTransformer(np.log1p, kw_args={"where": True}),
            GridSearchCV(
                MTEncoderRegressor(element_features=table, loss_weights={"a": np.float64(2)}),
                {"lr": [1e-3, 1e-4]},
                cv=KFold(3),
            ),
        )

    table = np.arange(118.0)[:, None]
    found = describe_parameters(build(table))
    assert json.loads(json.dumps(found)) == found
    assert found == describe_parameters(build(table.copy()))
    assert found != describe_parameters(build(table + 1))
    assert found["functiontransformer__func"] == "numpy.log1p"
    assert found["gridsearchcv__estimator"]["lr"] == 5e-4
    assert found["gridsearchcv__estimator__loss_weights"] == {"a": 2.0}


def described(value):
    return describe_parameters(FunctionTransformer(value))["func"]


def make_counter(step):
    return lambda x: x + step


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x + 1, lambda x: x + 2),
        (lambda x: [y + 1 for y in x], lambda x: [y + 2 for y in x]),
        (lambda x: map(lambda y: y + 1, x), lambda x: map(lambda y: y * 1, x)),
        (lambda x, *, step=1: x + step, lambda x, *, step=2: x + step),
        (make_counter(1), make_counter(2)),
        (functools.partial(np.add, 1), functools.partial(np.add, 2)),
        (operator.itemgetter(0), operator.itemgetter(1)),
        (make_scorer(mean_absolute_error), make_scorer(mean_squared_error)),
        ({"model": [RandomForestRegressor(5)]}, {"model": [RandomForestRegressor(500)]}),
        ([RBF(1.0)], [RBF(2.0)]),
        (pd.DataFrame({"a": range(100)}), pd.DataFrame({"a": [*range(50), 0, *range(51, 100)]})),
        (np.random.RandomState(0), np.random.RandomState(1)),
        ({"a", "b", "c"}, {"a", "b"}),
    ],
)
def test_different_settings_are_described_differently(one, other):
    assert described(one) != described(other)
    assert described(one) == described(copy.deepcopy(one))


def test_encoders_are_told_apart_by_their_weights(tmp_path):
    def encoder(seed):
        model = MTEncoder(preset="tiny", max_epochs=1, random_state=seed, device="cpu")
        return model.fit(["TiO2", "NaCl"])

    def describe(pretrained):
        return describe_parameters(MTEncoderRegressor(pretrained=pretrained))["pretrained"]

    assert describe(encoder(0)) == describe(encoder(0)) != describe(encoder(1))
    assert describe(FrozenEstimator(encoder(0))) != describe(FrozenEstimator(encoder(1)))
    encoder(0).save_pretrained(tmp_path)
    first = describe(str(tmp_path))
    assert first == describe(tmp_path)
    encoder(1).save_pretrained(tmp_path)
    assert describe(str(tmp_path)) != first


def test_a_description_is_the_same_in_every_process():
    code = """
import operator
from sklearn.preprocessing import FunctionTransformer
from skmat.benchmark._parameters import describe_parameters
values = [lambda x: x + 1, operator.itemgetter(0), str.strip, {"a", "b", "c"}]
print([describe_parameters(FunctionTransformer(value)) for value in values])
"""
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_some_parameters_change_no_number():
    then = describe_parameters(forest_search(n_jobs=1))
    now = describe_parameters(forest_search(n_jobs=2))
    assert then != now
    assert changed_parameters(then, now) == []
    now = describe_parameters(forest_search(n_jobs=2, n_estimators=7))
    assert changed_parameters(then, now) == ["estimator", "estimator__n_estimators", "param_grid"]


def forest_search(n_estimators=5, **settings):
    forest = RandomForestRegressor(n_estimators, **settings)
    return GridSearchCV(forest, {"max_depth": [1], "forest": [forest]}, **settings)


def test_every_part_without_a_seed_gets_one():
    model = make_pipeline(
        MagpieFeaturizer(),
        GridSearchCV(
            RandomForestRegressor(), {"other": [ExtraTreesRegressor()]}, cv=KFold(2, shuffle=True)
        ),
    )
    assert seed_estimator(model, 3) is model
    assert model.get_params()["gridsearchcv__estimator__random_state"] == 3
    assert model.get_params()["gridsearchcv__cv"].random_state == 3
    assert model.get_params()["gridsearchcv__param_grid"]["other"][0].random_state == 3
    unshuffled = seed_estimator(GridSearchCV(RandomForestRegressor(), {}, cv=KFold(2)), 3)
    assert unshuffled.cv.random_state is None
    fixed = seed_estimator(RandomForestRegressor(random_state=0), 3)
    assert fixed.random_state == 0


def test_what_is_fitted_is_not_seeded():
    encoder = MTEncoder(preset="tiny", max_epochs=1, device="cpu").fit(["TiO2", "NaCl"])
    model = clone(MTEncoderRegressor(pretrained=encoder))
    seed_estimator(model, 3)
    assert model.random_state == 3
    assert encoder.random_state is None
