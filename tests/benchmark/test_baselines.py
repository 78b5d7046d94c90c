import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_regressor

from skmat.benchmark import make_baseline
from skmat.benchmark._baselines import BASELINES
from skmat.benchmark._selection import choose_estimator
from skmat.datasets import load_transport
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import InvalidInputError


@pytest.mark.parametrize("name", list(BASELINES))
def test_every_baseline_has_an_estimator_for_every_task(name):
    estimators = make_baseline(name)
    for task, info in MATBENCH_TASKS.items():
        estimator = choose_estimator(estimators, task)
        assert (is_regressor if info.kind == "regression" else is_classifier)(estimator)


@pytest.mark.parametrize("name", ["dummy", "magpie-forest", "magpie-boosting", "magpie-mlp"])
def test_baselines_learn_from_formulas(name):
    X, y = load_transport(targets="S_p", return_X_y=True)
    X, y = X[:200], y[:200]
    estimators = make_baseline(name)
    for model in estimators.values():
        if "forest" in name:
            model.set_params(
                **{key: 5 for key in model.get_params() if key.endswith("__n_estimators")}
            )
    predicted = clone(estimators["regression"]).fit(X, y).predict(X)
    error, spread = np.abs(predicted - y).mean(), np.abs(y - y.mean()).mean()
    assert error == pytest.approx(spread) if name == "dummy" else error < 0.8 * spread
    labels = y > np.median(y)
    probabilities = clone(estimators["classification"]).fit(X, labels).predict_proba(X)
    assert probabilities.shape == (200, 2)


def test_encoders_train_for_fewer_epochs_on_larger_tasks():
    estimators = make_baseline("mtencoder")
    epochs = [estimators[task].max_epochs for task in MATBENCH_TASKS]
    assert epochs[0] == 100
    assert epochs[-1] == 3
    assert epochs == sorted(epochs, reverse=True)


def test_an_unknown_baseline_is_refused():
    with pytest.raises(InvalidInputError, match="Unknown baseline 'oracle'"):
        make_baseline("oracle")
