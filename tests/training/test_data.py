import numpy as np
import pytest
import torch
from skorch.dataset import get_len

from skmat.objectives import MaskedElements, Objective, Properties, View
from skmat.training import split_by_group
from skmat.training._data import BatchLoader


class WholeView(Properties):
    """Asks for a view of its own in which nothing is selected."""

    def views(self, batch, generator):
        return [View(batch)]


PROPERTIES = (Properties(),)


def loader_of(data, objectives=PROPERTIES, batch_size=4, seed=0):
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    return BatchLoader(data, batch_size, objectives, generator)


def rows_of(loader, data):
    """Return the rows of `data` in the order of one pass, found by their unique labels."""
    position = {label: row for row, label in enumerate(data.y[:, 0].tolist())}
    return [position[label] for batch, _ in loader for label in batch.y[:, 0].tolist()]


@pytest.fixture
def data(make_data):
    data = make_data(11)
    data.y[:, 0] = np.arange(11) / 8
    return data


@pytest.mark.parametrize("batch_size", [1, 4, 11, 50])
def test_each_epoch_covers_every_row_once_in_a_new_order(data, batch_size):
    loader = loader_of(data, batch_size=batch_size)
    first, second = rows_of(loader, data), rows_of(loader, data)
    assert sorted(first) == sorted(second) == list(range(11))
    assert first != second != list(range(11))
    assert len(loader) == len(list(loader)) == -(-11 // batch_size)
    assert all(len(batch) <= batch_size for batch, _ in loader)


def test_the_order_follows_from_the_seed(data):
    assert rows_of(loader_of(data), data) == rows_of(loader_of(data), data)
    assert rows_of(loader_of(data), data) != rows_of(loader_of(data, seed=1), data)


def test_rows_keep_their_composition_label_and_weight(data):
    data.sample_weight[:] = np.arange(11) + 1
    for batch, y in loader_of(data):
        assert torch.equal(batch.y, y)
        for i, label in enumerate(y[:, 0].tolist()):
            row = int(label * 8)
            n = data.materials.n_elements[row]
            expected = data.materials.atomic_numbers[row, :n].tolist()
            assert batch.materials.atomic_numbers[i][batch.materials.site_mask[i]].tolist() == (
                expected
            )
            assert batch.sample_weight[i] == row + 1


def masks_of(loader):
    return [batch.views[0][0].selected for batch, _ in loader]


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_masks_are_new_at_each_epoch(make_data):
    data = make_data(40)
    data.y[:, 0] = np.arange(40)
    # One batch in one order, so that only the masks can differ.
    loader = loader_of(data, [MaskedElements()], batch_size=40)
    numbers, masks = [], []
    for _ in range(2):
        ((batch, _),) = list(loader)
        order = batch.y[:, 0].argsort()
        numbers.append(batch.materials.atomic_numbers[order])
        masks.append(batch.views[0][0].selected[order])
    assert torch.equal(*numbers)
    assert not torch.equal(*masks)


def test_validation_is_the_same_at_each_pass(data):
    loader = loader_of(data, [MaskedElements(ratio=0.6)], seed=None)
    assert same(masks_of(loader), masks_of(loader))
    order = rows_of(loader, data)
    assert order == rows_of(loader, data)
    assert sorted(order) == list(range(11))


def test_validation_does_not_go_through_a_sorted_table_in_its_order(data):
    """What compares the rows of a batch would see rows that are alike."""
    first = rows_of(loader_of(data, seed=None), data)[:4]
    assert first != list(range(4))


@pytest.mark.parametrize(
    ("n_rows", "expected"), [(9, [3, 3, 3]), (11, [4, 4, 3]), (1, [1]), (0, [])]
)
def test_no_batch_is_much_smaller_than_the_others(make_data, n_rows, expected):
    loader = loader_of(make_data(11).take(np.arange(n_rows)))
    assert [len(batch) for batch, _ in loader] == expected
    assert len(loader) == len(expected)


def test_batches_leave_the_global_generators_alone(data):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    list(loader_of(data, [MaskedElements()]))
    list(loader_of(data, [MaskedElements()], seed=None))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


@pytest.mark.parametrize("objective", [Properties(), MaskedElements(), WholeView()])
def test_skorch_sees_the_number_of_materials(data, objective):
    assert isinstance(objective, Objective)
    assert [get_len(batch) for batch, _ in loader_of(data, [objective])] == [4, 4, 3]


def test_batches_move_with_their_views(data):
    batch, _ = next(iter(loader_of(data, [Properties(), MaskedElements()])))
    moved = batch.to("meta")
    tensors = [*moved.materials, moved.y, moved.sample_weight]
    tensors += [*moved.views[1][0].batch, moved.views[1][0].selected]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert moved.views[0] == [View(None)]


def test_taken_rows_stay_together(data):
    taken = data.take(np.array([7, 2]))
    assert len(taken) == 2
    assert taken.y[:, 0].tolist() == [7 / 8, 2 / 8]
    for i, row in enumerate((7, 2)):
        width = taken.materials.atomic_numbers.shape[1]
        expected = data.materials.atomic_numbers[row, :width]
        assert (taken.materials.atomic_numbers[i] == expected).all()


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_split(fraction, seed):
    groups = np.random.default_rng(seed).integers(0, 30, 100) * 7 - 50
    training, validation = split_by_group(groups, fraction, np.random.default_rng(seed))
    assert sorted([*training, *validation]) == list(range(100))
    assert not set(groups[training]) & set(groups[validation])
    assert len(set(groups[validation])) == round(fraction * len(set(groups)))
    assert (np.diff(training) > 0).all()
    assert (np.diff(validation) > 0).all()


def test_the_split_follows_from_the_generator():
    groups = np.arange(50)
    splits = [split_by_group(groups, 0.3, np.random.default_rng(s))[1] for s in (0, 0, 1)]
    assert splits[0].tolist() == splits[1].tolist() != splits[2].tolist()


@pytest.mark.parametrize(
    ("groups", "fraction", "n_validation"),
    [
        ([3, 3, 3], 0.5, 0),  # one group is always trained on
        ([3, 3, 3], 0.99, 0),
        ([0, 1, 2], 0.1, 0),  # rounds to none
        ([0, 1], 0.99, 1),  # rounds to all
        ([], 0.1, 0),
    ],
)
def test_small_splits(groups, fraction, n_validation):
    training, validation = split_by_group(np.array(groups), fraction, np.random.default_rng(0))
    assert len(validation) == n_validation
    assert len(training) == len(groups) - n_validation
