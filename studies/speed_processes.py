"""Speed of training on several processes, as ratios to one process with as many threads or one.

Each figure is materials per second of a fit, after a first one that loads what all fits need. The
compared runs take turns, each in a process of its own, and every ratio is that within one turn. A
machine whose speed drifts changes both alike. On a machine that others use too, processes wait for
each other at every step, so that the ratio is too low. Formulas are those of ``load_transport``;
nothing is downloaded. Writes studies/results/speed_processes.json and speed_processes.md.
"""

import os
import socket
import subprocess
import sys

import numpy as np
from timing import Report, options, rate

from skmat import MTEncoder, MTEncoderRegressor
from skmat.datasets import load_transport
from skmat.training import is_first_process

FORMULAS = 4096
N_EPOCHS = 2
SETTINGS = {"pretrained": None, "max_epochs": N_EPOCHS, "random_state": 0, "device": "cpu"}

#: Name, batch size and whether the fit pretrains.
FITS = (
    ("base: fit, batch 128", 128, False),
    ("base: fit, batch 512", 512, False),
    ("base: pretraining, hidden elements and a property, batch 512", 512, True),
)


def fit_rate(number, scale):
    """Return materials per second of the fit with this number."""
    _, batch_size, pretrains = FITS[number]
    formulas, y = load_transport(return_X_y=True, targets="PF_p")
    rows = np.random.default_rng(0).permutation(len(formulas))[: int(FORMULAS * scale)]
    kind = MTEncoder if pretrains else MTEncoderRegressor
    model = kind(**SETTINGS, batch_size=batch_size)
    if pretrains:
        model.set_params(objectives="joint")
    model.fit(formulas[rows[:batch_size]], y[rows[:batch_size]])
    return rate(len(rows) * N_EPOCHS, lambda: model.fit(formulas[rows], y[rows]))


def run(number, scale, n_processes, n_threads):
    """Return the rate of a fit on new processes."""
    python = [sys.executable]
    if n_processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        python += ["-m", "torch.distributed.run", f"--nproc-per-node={n_processes}"]
        python += [f"--master-port={port}"]
    script = [__file__, f"--fit={number}", f"--scale={scale}"]
    threads = {"OMP_NUM_THREADS": str(n_threads), "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run(
        [*python, *script], env={**os.environ, **threads}, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


def measure(report, scale, n):
    """Add rows for each fit on `n` processes: their ratios to one process."""
    for number, (what, *_) in enumerate(FITS):
        turns = [
            [run(number, scale, *way) for way in ((n, 1), (1, n), (1, 1))]
            for _ in range(report.repeats)
        ]
        ours, many, one = zip(*turns, strict=True)
        what = f"{what}, {n} processes"
        report.add(what, "materials/s", ours, f"one process, {n} threads", many)
        report.add(what, "materials/s", ours, "one process, one thread", one)


if __name__ == "__main__":
    chosen = options(__doc__, repeats=5, scale=1.0, processes=2, fit=-1)
    if chosen.fit >= 0:
        found = fit_rate(chosen.fit, chosen.scale)
        if is_first_process():
            print(found)
    else:
        report = Report(chosen.repeats)
        measure(report, chosen.scale, chosen.processes)
        report.save("speed_processes")
