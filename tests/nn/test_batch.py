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
