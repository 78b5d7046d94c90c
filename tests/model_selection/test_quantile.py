import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_val_score

from skmat.exceptions import InvalidInputError
from skmat.model_selection import QuantileShuffleSplit

SKEWED = np.random.default_rng(0).exponential(size=200)


@pytest.mark.parametrize("train_size", [20, 0.1])
def test_every_tenth_of_the_targets_gives_its_share(train_size):
    tenth = SKEWED.argsort().argsort() // 20
    for train, test in QuantileShuffleSplit(5, train_size=train_size).split(SKEWED, SKEWED):
        assert np.bincount(tenth[train]).tolist() == [2] * 10
        assert len(test) == 180
        assert not set(train) & set(test)


def test_samples_differ_and_follow_from_the_seed():
    splits = [
        [train.tolist() for train, _ in splitter.split(SKEWED, SKEWED)]
        for splitter in (
            QuantileShuffleSplit(3, train_size=20, random_state=seed) for seed in (0, 0, 1)
        )
    ]
    assert splits[0] == splits[1] != splits[2]
    assert splits[0][0] != splits[0][1]


@pytest.mark.parametrize("n_rows", [4, 7, 25])
def test_few_rows_are_cut_into_fewer_groups(n_rows):
    train, test = next(QuantileShuffleSplit(train_size=2).split(SKEWED[:n_rows], SKEWED[:n_rows]))
    half = SKEWED[:n_rows].argsort().argsort() >= n_rows / 2
    assert sorted(half[train]) == [False, True]
    assert len(test) == n_rows - 2


@pytest.mark.parametrize(
    ("n_rows", "settings"),
    [(30, {}), (9, {}), (100, {"train_size": 0.95}), (100, {"train_size": 97})],
)
def test_a_small_test_set_makes_groups_fewer_too(n_rows, settings):
    y = SKEWED[:n_rows]
    train, test = next(QuantileShuffleSplit(**settings).split(y, y))
    assert len(train) + len(test) == n_rows


def test_equal_targets_are_no_obstacle():
    train, _ = next(QuantileShuffleSplit(train_size=9).split(np.zeros(30), np.zeros(30)))
    assert len(train) == 9


def test_scikit_learn_takes_it():
    cv = QuantileShuffleSplit(4, train_size=20, test_size=50, random_state=0)
    scores = cross_val_score(DummyRegressor(), SKEWED[:, None], SKEWED, cv=cv)
    assert len(scores) == cv.get_n_splits() == 4
    assert "n_quantiles=10" in repr(cv)


def test_targets_must_be_known_numbers():
    with pytest.raises(InvalidInputError, match=r"2 missing or infinite labels, .* in row 3"):
        list(QuantileShuffleSplit().split(SKEWED[:9], [0, 1, 2, np.nan, 4, 5, 6, np.inf, 8]))
    with pytest.raises(InvalidInputError, match="one column of numbers"):
        list(QuantileShuffleSplit().split(SKEWED[:9], np.zeros((9, 2))))
    with pytest.raises(InvalidInputError, match="one column of numbers"):
        list(QuantileShuffleSplit().split(SKEWED[:2], ["a", "b"]))


@pytest.mark.parametrize("n_quantiles", [0, -3, 2.0, "ten", None, True, np.nan])
def test_the_number_of_groups_is_a_number(n_quantiles):
    with pytest.raises(InvalidInputError, match=rf"n_quantiles={n_quantiles!r}"):
        QuantileShuffleSplit(n_quantiles=n_quantiles)


def test_one_group_is_a_random_sample():
    cv = QuantileShuffleSplit(train_size=20, n_quantiles=np.int64(1), random_state=0)
    train, test = next(cv.split(SKEWED, SKEWED))
    assert sorted([*train, *test]) == list(range(200))
