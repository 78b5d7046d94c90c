import pytest
import torch
from torch import nn

from skmat.nn import Dropout, current_generator, drawing_from, randn_like, with_own_dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_numbers_are_those_that_torch_draws(p, dtype):
    values = torch.linspace(-3, 3, 1001, dtype=dtype).view(7, 143)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        theirs = nn.Dropout(p)(values), torch.randn_like(values), nn.Dropout(p)(values)
    with drawing_from(torch.Generator().manual_seed(3)):
        ours = Dropout(p)(values), randn_like(values), Dropout(p)(values)
    assert all(torch.equal(*pair) for pair in zip(theirs, ours, strict=True))


def test_torch_s_generator_is_not_read_inside_and_is_the_one_outside():
    before = torch.get_rng_state()
    with drawing_from(torch.Generator().manual_seed(3)):
        Dropout(0.5)(torch.ones(9))
        randn_like(torch.ones(9))
    assert torch.equal(torch.get_rng_state(), before)
    assert current_generator() is None
    with torch.random.fork_rng():
        Dropout(0.5)(torch.ones(9))
        assert not torch.equal(torch.get_rng_state(), before)


def test_a_prediction_drops_nothing():
    with drawing_from(torch.Generator().manual_seed(3)):
        assert torch.equal(Dropout(0.5).eval()(torch.ones(9)), torch.ones(9))


def test_dropout_of_other_networks_becomes_ours():
    network = with_own_dropout(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.3), nn.Dropout1d(0.3)))
    assert [type(each) for each in network] == [nn.Linear, Dropout, nn.Dropout1d]
    assert repr(network[1]) == repr(nn.Dropout(0.3))
