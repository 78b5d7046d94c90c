"""Forked processes do not wait for threads that they do not have."""

import subprocess
import sys
import textwrap

import pytest

START = """
import faulthandler, multiprocessing, os, sys, threading, time
faulthandler.dump_traceback_later(100, exit=True)
import numpy as np
import torch

torch.set_num_threads({threads})
from skmat import CGCNNRegressor, MTEncoderRegressor

F = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO", "SrTiO3", "CdTe"] * 5
Y = np.arange(40.0)
fork = multiprocessing.get_context("fork")

def new(precision="float32"):
    settings = dict(preset="tiny", pretrained=None, max_epochs=1, random_state=0, device="cpu")
    return MTEncoderRegressor(**settings, precision=precision)

def learn(precision):
    model = new(precision).fit(F, Y)
    return torch.get_num_threads(), model.predict(F)
"""

AFTER = """
model = new().fit(F, Y)
expected = model.predict(F)
assert torch.get_num_threads() == {threads}
with fork.Pool(2) as pool:
    (predicted,) = pool.map(model.predict, [F])
    learned = pool.map(learn, ["float32", "bf16"])
np.testing.assert_allclose(predicted, expected, rtol=1e-4)
np.testing.assert_allclose(learned[0][1], expected, rtol=1e-3)
assert [threads for threads, _ in learned] == [1, 1]
from joblib import Parallel, delayed
for found in Parallel(n_jobs=2, backend="multiprocessing")([delayed(model.predict)(F)] * 2):
    np.testing.assert_allclose(found, expected, rtol=1e-4)
assert torch.get_num_threads() == {threads}
new().fit(F, Y)
"""

MEANWHILE = """
begun, done = threading.Event(), threading.Event()

def keep_learning():
    while not done.is_set():
        begun.set()
        learn("float32")

thread = threading.Thread(target=keep_learning)
thread.start()
begun.wait()
for pause in (0.0, 0.3, 0.1, 0.03):
    time.sleep(pause)
    with fork.Pool(1) as pool:
        pool.map(learn, ["float32"])
done.set()
thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.parametrize(
    "threads",
    [pytest.param(1, marks=pytest.mark.slow), 2, pytest.param(8, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("script", [AFTER, MEANWHILE], ids=["after a fit", "meanwhile"])
def test_children_do_not_hang(script, threads, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    code = textwrap.dedent(START + script).format(threads=threads)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=110)
    assert run.returncode == 0, run.stderr[-3000:]
