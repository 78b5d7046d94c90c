import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_val_score

from skmat.exceptions import InvalidInputError
from skmat.model_selection import TargetExtrapolationSplit

Y = np.random.default_rng(0).normal(size=50)


@pytest.mark.parametrize(("test_size", "n_test"), [(0.2, 10), (0.06, 3), (0.58, 29), (0.98, 49)])
def test_the_largest_values_are_tested(test_size, n_test):
    ((train, test),) = TargetExtrapolationSplit(test_size).split(Y, Y)
    assert len(test) == n_test
    assert Y[test].min() > Y[train].max()
    assert sorted([*train, *test]) == list(range(50))


def test_both_tails():
    splitter = TargetExtrapolationSplit(tail="both")
    (_, upper), (train, lower) = splitter.split(Y, Y)
    assert Y[lower].max() < Y[train].min()
    assert Y[upper].min() > Y[lower].max()
    assert splitter.get_n_splits() == 2
    assert len(cross_val_score(DummyRegressor(), Y[:, None], Y, cv=splitter)) == 2


def test_rows_that_share_a_value_stay_together():
    y = [0.0, 0.0, 0.0, 0.0, 1.0]
    _, test = next(TargetExtrapolationSplit(0.4).split(y, y))
    assert test.tolist() == [4]
    with pytest.raises(InvalidInputError, match="leaves 0 of 5 rows to test on"):
        next(TargetExtrapolationSplit(0.4, tail="lower").split(y, y))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"test_size": 2}, "test_size=2 must be"), ({"tail": "up"}, "tail='up' must be")],
)
def test_wrong_settings(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        next(TargetExtrapolationSplit(**settings).split(Y, Y))


def test_missing_targets():
    with pytest.raises(InvalidInputError, match="1 missing or infinite labels"):
        next(TargetExtrapolationSplit().split([1.0, 2.0], [1.0, np.nan]))
