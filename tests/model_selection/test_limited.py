import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_val_score

from skmat.model_selection import LimitedShuffleSplit


@pytest.mark.parametrize(
    ("n_rows", "expected"), [(5, (4, 1)), (100, (80, 20)), (400, (300, 80)), (9000, (300, 200))]
)
def test_sizes(n_rows, expected):
    splitter = LimitedShuffleSplit(4, max_train_size=300, max_test_size=200)
    splits = list(splitter.split(np.zeros(n_rows)))
    assert [(len(train), len(test)) for train, test in splits] == [expected] * 4
    assert all(not set(train) & set(test) for train, test in splits)


def test_classes_keep_their_share():
    y = np.repeat(["often", "seldom"], [900, 100])
    splitter = LimitedShuffleSplit(max_train_size=50, max_test_size=20, stratify=True)
    for train, test in splitter.split(y, y):
        assert (y[train] == "seldom").sum() == 5
        assert (y[test] == "seldom").sum() == 2


def test_splits_follow_from_the_seed_and_scikit_learn_takes_them():
    first, second, other = (
        [train.tolist() for train, _ in LimitedShuffleSplit(random_state=seed).split(np.ones(50))]
        for seed in (0, 0, 1)
    )
    assert first == second != other
    assert first[0] != first[1]
    X = np.arange(50.0)[:, None]
    scores = cross_val_score(DummyRegressor(), X, X[:, 0], cv=LimitedShuffleSplit(2))
    assert len(scores) == 2
