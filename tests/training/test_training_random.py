import random

import numpy as np
import torch

from skmat.training import isolated_seed, spawn_seeds
from skmat.training._random import random_state, set_random_state


def test_the_block_is_seeded_and_the_state_comes_back():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    drawn = []
    for seed in (1, 1, 2):
        with isolated_seed(seed):
            drawn.append(torch.randn(3).tolist())
    assert drawn[0] == drawn[1] != drawn[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_the_state_comes_back_after_an_error():
    before = torch.get_rng_state()
    try:
        with isolated_seed(1):
            torch.randn(3)
            raise RuntimeError
    except RuntimeError:
        pass
    assert torch.equal(torch.get_rng_state(), before)


def test_no_other_generator_is_touched(monkeypatch):
    states = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002

    def refuse(*args):
        raise AssertionError("the generators of GPUs are the caller's")

    # On the CPU nothing may be seeded elsewhere, not even lazily.
    monkeypatch.setattr(torch.cuda, "manual_seed_all", refuse)
    monkeypatch.setattr(torch.cuda, "manual_seed", refuse)
    with isolated_seed(1):
        torch.randn(3)
    assert random.getstate() == states[0]
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002


def test_seeds_are_many_different_and_follow_from_one():
    seeds = spawn_seeds(0, 100)
    assert seeds == spawn_seeds(0, 100)
    assert len({*seeds, *spawn_seeds(1, 100)}) == 200
    assert all(isinstance(seed, int) and 0 <= seed < 2**32 for seed in seeds)
    assert spawn_seeds(0, 3) == seeds[:3]
    assert spawn_seeds(0, 0) == []


def test_a_state_that_is_put_back_draws_the_same():
    held = random_state("cpu")
    first = torch.rand(3)
    set_random_state(held, "cpu")
    assert torch.equal(torch.rand(3), first)


def test_gpus_have_a_state_of_their_own(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: torch.tensor([7]))
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda *given: calls.append(given))
    held = random_state("cuda:1")
    assert held["cuda"].tolist() == [7]
    set_random_state(held, "cuda:1")
    assert calls == [(held["cuda"], "cuda:1")]
