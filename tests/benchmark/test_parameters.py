import json

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skmat import MagpieFeaturizer, MTEncoderRegressor
from skmat.benchmark._parameters import describe_parameters, seed_estimator


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
    described = describe_parameters(build(table))
    assert json.loads(json.dumps(described)) == described
    assert described == describe_parameters(build(table.copy()))
    assert described != describe_parameters(build(table + 1))
    assert described["functiontransformer__func"].endswith("log1p")
    assert described["gridsearchcv__estimator"].endswith("MTEncoderRegressor")
    assert described["gridsearchcv__estimator__loss_weights"] == {"a": 2.0}


def test_every_part_without_a_seed_gets_one():
    model = make_pipeline(
        MagpieFeaturizer(),
        GridSearchCV(RandomForestRegressor(), {"max_depth": [1]}, cv=KFold(2, shuffle=True)),
    )
    assert seed_estimator(model, 3) is model
    assert model.get_params()["gridsearchcv__estimator__random_state"] == 3
    fixed = seed_estimator(RandomForestRegressor(random_state=0), 3)
    assert fixed.random_state == 0
