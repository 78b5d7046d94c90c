"""scikit-learn's whole suite on every estimator, fed with matrices of amounts."""

import pytest
from common.instances import ENCODERS, ESTIMATORS
from sklearn.utils.estimator_checks import parametrize_with_checks

_STOCHASTIC = (
    "training is stochastic: batches are drawn from the rows, so weighting a row is not repeating"
    " it; scikit-learn exempts its own MLPs from this check for the same reason"
)


def expected_failed_checks(estimator):
    if type(estimator) in map(type, ENCODERS):
        return {"check_sample_weight_equivalence_on_dense_data": _STOCHASTIC}
    return {}


@pytest.mark.filterwarnings("ignore::skmat.exceptions.EmptyCompositionWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failed_checks)
def test_check_estimator(estimator, check):
    check(estimator)
