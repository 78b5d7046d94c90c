import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from joblib import Parallel, delayed, parallel_config

import skmat
from skmat.exceptions import StarvedThreadsWarning
from skmat.training import _spinning
from skmat.training._spinning import SpinningThreads, threads_may_spin
from skmat.training._threads import n_training_threads

COUNT_THREADS = """
from skmat import MTEncoderRegressor
import torch
from skorch.callbacks import Callback

class Count(Callback):
    def on_batch_end(self, net, **kwargs):
        print(torch.get_num_threads())

torch.set_num_threads(2)
settings = dict(preset="tiny", pretrained=None, max_epochs=1, device="cpu", callbacks=[Count()])
model = MTEncoderRegressor(**settings, batch_size={batch_size})
model.fit(["NaCl", "KCl"], [1.0, 2.0])
model.partial_fit(["NaCl", "KCl"], [1.0, 2.0])
print(torch.get_num_threads())
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["passive", "1000"]),
        ({"OMP_WAIT_POLICY": "active"}, ["active", "None"]),
        ({"OMP_WAIT_POLICY": "passive"}, ["passive", "None"]),
        ({"GOMP_SPINCOUNT": "7"}, ["passive", "7"]),
    ],
)
def test_threads_spin_for_a_moment_unless_the_user_says_otherwise(given, expected):
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    code = (
        "import os, sys, skmat; assert 'torch' not in sys.modules;"
        f" print(*(os.environ.get(name) for name in {names}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | given,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == expected


@pytest.mark.parametrize(
    ("imports", "given", "expected"),
    [
        ("torch, skmat", None, True),
        ("skmat, torch", None, False),
        ("torch, skmat", "active", False),
    ],
)
def test_threads_spin_if_torch_was_first(imports, given, expected):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    code = f"import {imports}, skmat.training._spinning as s; print(s.threads_may_spin(2))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(expected)


def test_one_thread_waits_for_none(monkeypatch):
    monkeypatch.setattr(skmat, "_THREADS_SPIN", True)
    assert threads_may_spin(2)
    assert not threads_may_spin(1)


@pytest.mark.parametrize(
    ("batch_size", "variable", "expected"), [(127, None, 1), (128, None, 2), (16, "2", 2)]
)
def test_a_fit_uses_as_many_threads_as_pay(batch_size, variable, expected):
    """Small batches use one thread, unless the user says how many. It ends with the fit."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    if variable:
        environment["OMP_NUM_THREADS"] = variable
    done = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS.format(batch_size=batch_size)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(expected), str(expected), "2"]


@pytest.mark.parametrize(
    ("seconds", "switches", "warns"), [(10, 5000, True), (10, 50, False), (1, 5000, False)]
)
def test_threads_that_share_their_cores_are_reported_once(seconds, switches, warns, monkeypatch):
    monkeypatch.setattr(SpinningThreads, "_has_warned", False)
    usages = iter([(3, 7), (3 + seconds, 7 + switches)] * 2)
    monkeypatch.setattr(_spinning, "_usage", lambda: next(usages))
    callback, caught = SpinningThreads(), []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            callback.on_train_begin(None)
            callback.on_train_end(None)
        caught += found
    assert [each.category for each in caught] == [StarvedThreadsWarning] * warns


def asked_in(backend, monkeypatch, batch_size=512):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    with parallel_config(backend=backend, n_jobs=2):
        calls = (delayed(n_training_threads)(batch_size, 128) for _ in range(2))
        return Parallel()(calls)


def test_trainings_in_threads_of_joblib_have_one_each(monkeypatch):
    assert asked_in("threading", monkeypatch) == [1, 1]
    assert asked_in("sequential", monkeypatch) == [7, 7]
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert n_training_threads(1, 128) == 7


def test_a_thread_of_the_user_keeps_its_number(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(n_training_threads, 512, 128).result() == 7
