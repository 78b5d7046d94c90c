import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from skmat import MTEncoderRegressor
from skmat.nn import Dropout
from skmat.training import isolated_seed, spawn_seeds
from skmat.training._random import own_generator, random_state, set_random_state


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


def test_blocks_of_several_threads_do_not_disturb_each_other():
    network = Dropout(0.5)

    def draw(seed):
        with own_generator(seed):
            return torch.stack([network(torch.ones(50)) for _ in range(200)])

    expected = [draw(seed) for seed in range(4)]
    stop = threading.Event()

    def disturb():
        while not stop.is_set():
            torch.rand(3)

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(draw, range(4)))
    finally:
        stop.set()
        disturber.join()
    assert all(torch.equal(*pair) for pair in zip(expected, found, strict=True))


def test_fits_in_several_threads_are_reproducible():
    def fit(seed):
        model = MTEncoderRegressor(
            preset="tiny", pretrained=None, max_epochs=3, random_state=seed, device="cpu"
        )
        return model.fit(["TiO2", "ZnO", "NaCl", "GaAs"], [1.0, 2.0, 3.0, 4.0])._hash_weights()

    expected = [fit(seed) for seed in range(6)]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(fit, range(6))) == expected
    assert torch.equal(torch.get_rng_state(), before)


def test_the_generator_is_not_changed_even_inside_the_block():
    before = torch.get_rng_state()
    with isolated_seed(1):
        drawn = torch.rand(3), torch.nn.Linear(2, 2).weight
    with own_generator(1):
        Dropout(0.5)(torch.ones(9))
        assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        assert torch.equal(drawn[0], torch.rand(3))
        assert torch.equal(drawn[1], torch.nn.Linear(2, 2).weight)
