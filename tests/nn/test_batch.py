import pytest
import torch

from skmat.composition import read_compositions
from skmat.nn import MASK_ID, CompositionBatch


def test_rows_are_taken_in_their_order_and_trimmed():
    arrays = read_compositions(["Ca(OH)2", "Fe", "TiO2"])
    batch = CompositionBatch.from_arrays(arrays, [2, 1])
    assert batch.atomic_numbers.tolist() == [[8, 22], [26, 0]]
    assert batch.atomic_numbers.dtype == torch.int64
    assert batch.fractions.dtype == torch.float32
    torch.testing.assert_close(batch.fractions, torch.tensor([[2 / 3, 1 / 3], [1, 0]]))
    assert batch.n_materials == 2
    assert batch.site_mask.tolist() == [[True, True], [True, False]]


def test_other_elements_stand_at_the_same_fractions():
    batch = CompositionBatch(torch.tensor([[8, 22]]), torch.tensor([[0.75, 0.25]]))
    hidden = batch.with_atomic_numbers(torch.tensor([[MASK_ID, 22]]))
    assert hidden.fractions is batch.fractions
    assert hidden.site_mask.all()
    assert batch.atomic_numbers.tolist() == [[8, 22]]


def test_all_tensors_move():
    batch = CompositionBatch(torch.tensor([[8, 22]]), torch.tensor([[0.75, 0.25]]))
    assert {tensor.device.type for tensor in batch.to("meta")} == {"meta"}


def test_a_mixture_has_the_elements_of_its_parts_each_once():
    batch = CompositionBatch(
        torch.tensor([[8, 22], [26, 0], [8, 26]]),
        torch.tensor([[2 / 3, 1 / 3], [1.0, 0.0], [0.6, 0.4]]),
    )
    rows = torch.tensor([[0, 2], [1, 1], [0, 1]])
    shares = torch.tensor([[0.3, 0.7], [0.5, 0.5], [0.9, 0.1]])
    mixed = batch.mixed(rows, shares)
    found = [
        {z: f for z, f in zip(*row, strict=True) if z}
        for row in zip(mixed.atomic_numbers.tolist(), mixed.fractions.tolist(), strict=True)
    ]
    expected = [{8: 0.62, 22: 0.1, 26: 0.28}, {26: 1.0}, {8: 0.6, 22: 0.3, 26: 0.1}]
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other)
    assert mixed.atomic_numbers.shape == (3, 3)
    assert torch.equal(mixed.fractions > 0, mixed.site_mask)
