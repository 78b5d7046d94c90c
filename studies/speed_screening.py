"""Memory and time of many materials: reading, fitting, predictions in a stream, and kills.

Each figure has a process of its own. Memory is its largest, less what it took before, with
everything imported and the formulas made. Time is that of the processor, with one thread. Formulas
are enumerated. Ten times as many are read. The fit is of one epoch of a small network. Vectors are
those of a tenth of the rows, in chunks of 1,000. A hundredth are structures of eight atoms, in CIF
files. The last rows kill a stream at random times, continue it, and compare its files with those
of a stream that was not killed. The speed of two processes needs a quiet machine. Writes
studies/results/speed_screening.json and .md.

``python studies/speed_screening.py --few 1000 --many 10000 --kills 3 --kill_rows 20000`` is fast.
"""

import itertools
import multiprocessing
import os
import random
import signal
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from memory_crystals import largest_memory
from pymatgen.core import Lattice, Structure
from timing import Report, options, rate

from skmat import CGCNNRegressor, MTEncoder, MTEncoderRegressor
from skmat.composition import read_compositions
from skmat.screening import merge_parts, predict_stream, transform_stream

ELEMENTS = ("Li", "Na", "K", "Mg", "Ca", "Sr", "Ti", "Fe", "Ni", "Zn", "Al", "O", "S", "F", "Cl")
#: Corner and centres of the faces of a cube.
FACES = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
#: The same, and the middles of the edges.
ROCK_SALT = np.concatenate([FACES, FACES + np.array([0.5, 0, 0])])


def formulas(n):
    """Yield `n` distinct formulas of three elements."""
    amounts = itertools.product(range(1, 30), repeat=3)
    every = (
        f"{a}{i}{b}{j}{c}{k}"
        for i, j, k in amounts
        for a, b, c in itertools.combinations(ELEMENTS, 3)
    )
    return itertools.islice(every, n)


def read(n, folder):
    """Return what reads `n` formulas."""
    X = list(formulas(n))
    return lambda: read_compositions(X)


def fit(n, folder):
    """Return what fits a small network to `n` formulas, with early stopping."""
    X, y = list(formulas(n)), np.random.default_rng(0).normal(size=n)
    model = MTEncoderRegressor(
        pretrained=None,
        preset="tiny",
        max_epochs=1,
        patience=1,
        batch_size=1024,
        precision="float32",
        random_state=0,
    )
    return lambda: model.fit(X, y)


def predict(n, folder):
    """Return what predicts for a table of `n` formulas."""
    source = alone(table, n, folder)
    model = alone(small_model, folder)
    return lambda: predict_stream(model, source, folder / "parts", verbose=0)


def predict_structures(n, folder):
    """Return what predicts for a folder of `n` CIF files."""
    alone(write_structures, n, folder / "cifs")
    model = alone(network_of_structures, folder)
    return lambda: predict_stream(
        model, folder / "cifs", folder / "parts", chunk_size=200, verbose=0
    )


def embed(n, folder):
    """Return what embeds a table of `n` formulas with the default encoder."""
    source, encoder = alone(table, n, folder), MTEncoder.from_pretrained()
    return lambda: transform_stream(
        encoder, source, folder / "parts", chunk_size=1_000, format="parquet", verbose=0
    )


#: What is measured: the name, the function, whether memory must not depend on the rows, and what
#: the smaller and the larger number of rows are multiplied by.
MEASURES = {
    "read formulas": (read, False, (1, 10)),
    "predict_stream": (predict, True, (1, 1)),
    "predict_stream of CIF files": (predict_structures, True, (0.01, 0.01)),
    "fit a small network for one epoch": (fit, False, (1, 1)),
    "transform_stream": (embed, True, (0.1, 0.1)),
}


def table(n, folder):
    """Write a table of `n` formulas, with a row in a thousand that cannot be read."""
    path = folder / "candidates.csv"
    with path.open("w") as stream:
        stream.write("formula\n")
        for row, formula in enumerate(formulas(n)):
            stream.write("what?\n" if row % 1000 == 500 else f"{formula}\n")
    return path


def structures(n):
    """Yield `n` structures of eight atoms: rock salt with two metals."""
    metals, others = ELEMENTS[:11], ELEMENTS[11:]
    kinds = itertools.cycle(itertools.product(metals, metals, others))
    for row, (one, two, other) in enumerate(itertools.islice(kinds, n)):
        sites = [one] * 3 + [two] + [other] * 4
        yield Structure(Lattice.cubic(4.5 + row / n), sites, ROCK_SALT)


def write_structures(n, folder):
    """Write `n` CIF files."""
    folder.mkdir()
    for row, structure in enumerate(structures(n)):
        structure.to(str(folder / f"{row:07d}.cif"))


def network_of_structures(folder):
    """Fit a small network of structures, and return its folder."""
    X = list(structures(64))
    model = CGCNNRegressor(pretrained=None, max_epochs=1, precision="float32", random_state=0)
    return model.fit(X, np.arange(64.0)).save_model(folder / "model")


def small_model(folder):
    """Fit a small network, and return its folder."""
    X = list(formulas(200))
    model = MTEncoderRegressor(
        pretrained=None, preset="tiny", max_epochs=1, precision="float32", random_state=0
    )
    return model.fit(X, np.arange(200.0)).save_model(folder / "model")


def measured(name, n):
    """Return bytes of memory and seconds of the processor that a measure takes in this process."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        function = MEASURES[name][0](n, Path(folder))
        before, start = largest_memory(), time.process_time()
        function()
        return largest_memory() - before, time.process_time() - start


def alone(function, *given):
    """Call a function in a process that has done nothing else."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *given).result()


def measure(report, name, few, many):
    """Add the memory and the time of a measure at two sizes, and how memory grows."""
    found = {}
    few, many = (int(n * each) for n, each in zip((few, many), MEASURES[name][2], strict=True))
    for n in (few, many):
        found[n], seconds = alone(measured, name, n)
        report.add(f"{name}: memory, {n:,} rows", "MB", [found[n] / 1e6])
        report.add(f"{name}: {n:,} rows", "rows/s", [n / seconds])
    if MEASURES[name][1]:
        ratio = found[many] / found[few]
        report.add(f"{name}: memory of {many:,} rows by that of {few:,}", "", [ratio])
    else:
        each = (found[many] - found[few]) / (many - few)
        report.add(f"{name}: memory per further row", "bytes", [each])


def pair(report, n):
    """Add the speed of a stream with two processes, relative to one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, model = alone(table, n, folder), alone(small_model, folder)

        def run(n_jobs):
            sink = folder / f"parts-{n_jobs}"
            predict_stream(model, source, sink, n_jobs=n_jobs, verbose=0)

        both, one = (rate(n, partial(run, n_jobs)) for n_jobs in (2, 1))
    what = f"predict_stream, {n:,} rows, two processes"
    report.add(what, "rows/s", [both], "one process", [one])


def stream(folder, sink, chunk_size, shard=None):
    """Predict for the table of a folder, or for a shard of it."""
    torch.set_num_threads(1)
    predict_stream(
        folder / "model",
        folder / "candidates.csv",
        folder / sink,
        chunk_size=chunk_size,
        shard=shard,
        verbose=0,
    )


def killed_once(folder, n_parts, generator, *given):
    """Run a stream until it has written some parts, and kill it a moment later."""
    # A server that has imported everything starts the process: it is there at once.
    run = multiprocessing.get_context("forkserver").Process(target=stream, args=(folder, *given))
    run.start()
    while len(list((folder / given[0]).glob("part-*"))) < n_parts and run.is_alive():
        time.sleep(0.001)
    time.sleep(generator.uniform(0, 0.2))
    run.kill()
    run.join()
    return run.exitcode == -signal.SIGKILL


def kill(report, n, n_kills, chunk_size):
    """Kill a stream and a shard of another, continue them, and compare their files to the byte."""
    generator = random.Random(0)
    n_chunks = -(-n // chunk_size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone(table, n, folder)
        alone(small_model, folder)
        alone(stream, folder, "whole", chunk_size)
        # In the order of their numbers, at random numbers of parts.
        stops = sorted(generator.sample(range(1, n_chunks), n_kills))
        hits = sum(killed_once(folder, each, generator, "killed", chunk_size) for each in stops)
        alone(stream, folder, "killed", chunk_size)
        killed_once(folder, n_chunks // 4, generator, "shards", chunk_size, (1, 2))
        for shard in ((1, 2), (0, 2)):
            alone(stream, folder, "shards", chunk_size, shard)
        merged = {}
        for sink in ("whole", "killed", "shards"):
            merge_parts(folder / sink, folder / "merged.csv")
            merged[sink] = (folder / "merged.csv").read_bytes()
            bad = [path.read_bytes() for path in sorted((folder / sink).glob("bad-*.csv"))]
            merged[sink] += b"".join(bad)
    for sink, what in (
        ("killed", f"killed {hits} times"),
        ("shards", "in two shards, one killed"),
    ):
        differing = int(merged[sink] != merged["whole"])
        report.add(f"predict_stream, {n:,} rows, {what}: files that differ", "", [differing])


def main():
    chosen = options(
        __doc__,
        few=100_000,
        many=1_000_000,
        only=",".join([*MEASURES, "pair", "kill"]),
        kills=20,
        kill_rows=1_000_000,
        kill_chunk=10_000,
    )
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that are started
    report = Report()
    for name in chosen.only.split(","):
        if name in MEASURES:
            measure(report, name, chosen.few, chosen.many)
        elif name == "pair":
            pair(report, chosen.many)
        elif chosen.kills:
            kill(report, chosen.kill_rows, chosen.kills, chosen.kill_chunk)
    report.save("speed_screening")


if __name__ == "__main__":
    main()
