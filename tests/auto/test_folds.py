import warnings

import numpy as np
import pytest
from sklearn.model_selection import KFold, LeaveOneGroupOut, PredefinedSplit, ShuffleSplit

from skmat.auto import _folds
from skmat.auto._folds import join_groups, make_folds
from skmat.exceptions import InvalidInputError
from skmat.model_selection import LeaveOneElementOut, TargetExtrapolationSplit

#: Forty rows of twenty groups.
GROUPS = np.arange(40) % 20


def split(cv="auto", groups=GROUPS, n_folds=5, n_repeats=1, **settings):
    return make_folds(cv, groups, n_folds=n_folds, n_repeats=n_repeats, **settings)


def assert_groups_apart(folds, groups):
    assert folds
    for training, held_out in folds:
        assert len(training)
        assert len(held_out)
        assert not set(groups[training]) & set(groups[held_out])


def test_rows_that_share_any_label_are_connected():
    compositions = np.array([0, 0, 1, 2, 3, 4])
    papers = np.array([0, 1, 1, 2, 3, 2])
    joined = join_groups(compositions, papers)
    assert joined[0] == joined[1] == joined[2]
    assert joined[3] == joined[5]
    assert len(np.unique(joined)) == 3


def test_long_chains_are_one_group():
    n = 200
    first, second = np.arange(n) // 2, (np.arange(n) + 1) // 2
    order = np.random.default_rng(0).permutation(n)
    assert len(np.unique(join_groups(first[order], second[order]))) == 1


def test_join_groups_agrees_with_components_of_a_graph():
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    generator = np.random.default_rng(0)
    for _ in range(20):
        labels = generator.integers(0, 30, size=(2, 40))
        edges = [
            (i, j) for i in range(40) for j in range(i) if (labels[:, i] == labels[:, j]).any()
        ]
        rows, columns = np.array(edges).T
        graph = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(40, 40))
        _, expected = connected_components(graph, directed=False)
        joined = join_groups(*labels)
        same = joined[:, None] == joined
        assert (same == (expected[:, None] == expected)).all()


@pytest.mark.parametrize("cv", ["auto", 3, 7])
def test_every_row_is_held_out_once_and_groups_stay_together(cv):
    folds = split(cv)
    assert len(folds) == (5 if cv == "auto" else cv)
    assert_groups_apart(folds, GROUPS)
    held_out = np.sort(np.concatenate([each for _, each in folds]))
    np.testing.assert_array_equal(held_out, np.arange(40))


def test_repeats_are_other_splits():
    folds = split(n_repeats=2)
    assert len(folds) == 10
    assert_groups_apart(folds, GROUPS)
    first, second = ({tuple(each) for _, each in part} for part in (folds[:5], folds[5:]))
    assert first != second


def test_a_seed_gives_one_split():
    def held_out(seed):
        return [each.tolist() for _, each in split(seed=seed)]

    assert held_out(0) == held_out(0)
    assert held_out(0) != held_out(1)


def test_classes_are_alike_in_all_folds():
    groups = np.arange(100)
    classes = (groups % 5 == 0).astype(int)
    for _, held_out in split(groups=groups, classes=classes):
        assert 3 <= classes[held_out].sum() <= 5


def test_rare_classes_do_not_warn_the_caller():
    groups, classes = np.arange(30), np.zeros(30, dtype=int)
    classes[3] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_groups_apart(split(groups=groups, classes=classes), groups)


@pytest.mark.parametrize("n_large", [1, 5, 30])
def test_large_groups_leave_no_fold_empty(n_large):
    groups = np.array([0] * n_large + [1])
    classes = np.array([0] * n_large + [1])
    for seed in range(10):
        folds = split(2, groups=groups, classes=classes, seed=seed)
        assert len(folds) == 2
        assert_groups_apart(folds, groups)


def test_parts_are_as_even_as_the_groups_allow():
    groups = np.repeat(np.arange(7), [230, 40, 37, 21, 15, 12, 1])
    for seed in range(5):
        splits = make_folds(3, groups, n_folds=0, n_repeats=1, seed=seed)
        assert sorted(len(test) for _, test in splits) == [59, 67, 230]


def test_fewer_groups_than_folds():
    groups = np.repeat([0, 1, 2], 10)
    folds = split(groups=groups)
    assert len(folds) == 3
    assert_groups_apart(folds, groups)


def test_many_rows_get_one_hold_out_part(monkeypatch):
    monkeypatch.setattr(_folds, "HOLD_OUT_ABOVE", 39)
    ((training, held_out),) = split(n_repeats=3)
    assert_groups_apart([(training, held_out)], GROUPS)
    assert len(training) + len(held_out) == 40
    assert len(held_out) == 4


def test_the_hold_out_part_has_a_largest_size(monkeypatch):
    monkeypatch.setattr(_folds, "HOLD_OUT_ABOVE", 100)
    monkeypatch.setattr(_folds, "_MOST_HELD_OUT", 20)
    ((_, held_out),) = split(groups=np.arange(1000))
    assert len(held_out) == 20


@pytest.mark.parametrize("seed", range(5))
def test_a_large_group_is_not_held_out(monkeypatch, seed):
    monkeypatch.setattr(_folds, "HOLD_OUT_ABOVE", 100)
    groups = np.repeat(np.arange(11), [200, *[10] * 10])
    ((training, held_out),) = split(groups=groups, seed=seed)
    assert len(held_out) == 30
    assert 0 not in groups[held_out]
    assert_groups_apart([(training, held_out)], groups)


def test_the_smallest_of_large_groups_is_held_out(monkeypatch):
    monkeypatch.setattr(_folds, "HOLD_OUT_ABOVE", 100)
    groups = np.repeat([0, 1], [120, 80])
    ((_, held_out),) = split(groups=groups)
    assert set(groups[held_out]) == {1}


def test_a_splitter_gets_materials_and_labels():
    y = np.random.default_rng(0).permutation(40) + 0.5
    ((_, held_out),) = split(TargetExtrapolationSplit(0.25), groups=np.arange(40), labels=y)
    assert set(held_out) == set(np.argsort(y)[-10:])
    y[::8] = np.nan
    rows = np.flatnonzero(~np.isnan(y))
    ((_, held_out),) = split(
        TargetExtrapolationSplit(0.2), groups=np.arange(40), labels=y, rows=rows
    )
    assert set(held_out) == set(np.argsort(np.where(np.isnan(y), -1, y))[-7:])
    formulas = ["NaCl", "KCl", "NaBr", "KBr", "LiF"] * 8
    folds = split(LeaveOneElementOut(), groups=np.arange(40), materials=formulas)
    held_out = [{formulas[row] for row in test} for _, test in folds]
    assert {"NaCl", "NaBr"} in held_out
    assert {"LiF"} in held_out


def test_only_some_rows_are_split():
    rows = np.arange(0, 40, 3)
    folds = split(rows=rows)
    held_out = np.sort(np.concatenate([each for _, each in folds]))
    np.testing.assert_array_equal(held_out, rows)
    assert all(np.isin(training, rows).all() for training, _ in folds)


@pytest.mark.parametrize(
    "cv", [KFold(4), ShuffleSplit(3, random_state=0), LeaveOneGroupOut()], ids=repr
)
def test_a_splitter_that_does_not_know_groups(cv):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_groups_apart(split(cv), GROUPS)


def test_a_splitter_numbers_all_rows():
    # Rows 0 to 9 are to be held out, whichever rows have a label.
    cv = PredefinedSplit(np.where(np.arange(40) < 10, 0, -1))
    rows = np.arange(5, 40)
    ((training, held_out),) = split(cv, groups=np.arange(40), rows=rows)
    np.testing.assert_array_equal(held_out, np.arange(5, 10))
    np.testing.assert_array_equal(training, np.arange(10, 40))


def test_a_list_of_splits_numbers_all_rows():
    cv = [(np.arange(20, 40), np.arange(20))]
    ((training, held_out),) = split(cv, groups=np.arange(40), rows=np.arange(1, 40, 2))
    np.testing.assert_array_equal(held_out, np.arange(1, 20, 2))
    np.testing.assert_array_equal(training, np.arange(21, 40, 2))


def test_masks_as_splits():
    mask = np.arange(40) < 10
    ((training, held_out),) = split([(~mask, mask)], groups=np.arange(40))
    np.testing.assert_array_equal(held_out, np.arange(10))
    np.testing.assert_array_equal(training, np.arange(10, 40))


def test_a_splitter_that_leaves_nothing_to_train_on():
    with pytest.raises(InvalidInputError, match="leaves no rows to train on"):
        split(KFold(2))  # every group is in both halves


def test_a_splitter_that_holds_out_no_label():
    with pytest.raises(InvalidInputError, match="holds out no row with a label"):
        split([(np.arange(20), np.arange(20, 40))], groups=np.arange(40), rows=np.arange(20))


@pytest.mark.parametrize("cv", [1, 0, -3])
def test_too_few_folds(cv):
    with pytest.raises(InvalidInputError, match="at least 2"):
        split(cv)
