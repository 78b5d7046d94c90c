"""Speed of a fit while other processes compute, by what its threads do while they wait.

Each figure is materials per second of a fit of ``MTEncoderRegressor`` with its default settings,
in a process of its own, after a first fit that loads what all fits need. The first way is that of
skmat: batches below 128 materials have one thread, and threads that wait spin for a moment, then
sleep. The others set OMP_WAIT_POLICY and OMP_NUM_THREADS. "Active" is near OpenMP's own default.
The compared runs take turns, and every ratio is that within one turn. The other processes compute
without end and share the cores with the fit. Formulas are those of ``load_transport``; nothing is
downloaded. Writes studies/results/speed_threads.json and speed_threads.md.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

from timing import Report, options, rate

from skmat import MTEncoderRegressor
from skmat.datasets import load_transport

#: Numbers of rows, whose batches have 32 and 128 materials, and epochs.
SIZES = {512: 2, 2048: 1}
LOADS = (0, 2, 8)


def fit_rate(n_rows):
    """Return materials per second of a fit."""
    X, y = load_transport(return_X_y=True, targets="PF_p")
    n_epochs = SIZES[n_rows]
    model = MTEncoderRegressor(max_epochs=n_epochs, device="cpu", random_state=0)
    model.fit(X[:128], y[:128])
    return rate(n_rows * n_epochs, lambda: model.fit(X[:n_rows], y[:n_rows]))


@contextmanager
def busy_processes(n):
    """Run `n` processes that compute all the time."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


def run(n_rows, settings):
    """Return the rate of a fit in a new process, without what this process has set."""
    done = subprocess.run(
        [sys.executable, __file__, f"--fit={n_rows}"],
        env={name: value for name, value in os.environ.items() if "OMP_" not in name} | settings,
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(done.stdout)


def measure(report):
    """Add rows for each size and load: the default, and its ratios to the other ways."""
    n = os.cpu_count()
    ways = {
        f"active, {n} threads": {"OMP_WAIT_POLICY": "active", "OMP_NUM_THREADS": str(n)},
        "1 thread": {"OMP_NUM_THREADS": "1"},
        f"passive, {n} threads": {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(n)},
    }
    for n_rows in SIZES:
        idle = None
        for load in LOADS:
            with busy_processes(load):
                turns = [
                    [run(n_rows, settings) for settings in ({}, *ways.values())]
                    for _ in range(report.repeats)
                ]
            ours, *others = zip(*turns, strict=True)
            what = f"fit, {n_rows:,} rows, {load} busy processes"
            for name, values in zip(ways, others, strict=True):
                report.add(what, "materials/s", ours, name, values)
            if idle is None:
                idle = ours
            else:
                report.add(what, "materials/s", ours, "no busy process", idle)


if __name__ == "__main__":
    chosen = options(__doc__, repeats=3, fit=0)
    if chosen.fit:
        print(fit_rate(chosen.fit))
    else:
        report = Report(chosen.repeats)
        measure(report)
        report.save("speed_threads")
