"""Speed of the package, as ratios within one run.

Every figure is the median over repeats in which the compared things take turns, and every ratio
the median of the ratios within one turn, so that a machine whose speed drifts, or that others use
too, changes both alike; the lowest and highest ratio stand beside it. Formulas are those of
``load_transport``; nothing is downloaded. Writes studies/results/speed.json and speed.md.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from matminer.featurizers.composition import ElementProperty
from pymatgen.core import Composition
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from skmat import MagpieFeaturizer, MTEncoder, MTEncoderRegressor, RoostRegressor
from skmat.composition import MAX_ATOMIC_NUMBER, element_table, read_compositions
from skmat.datasets import load_transport
from skmat.nn import MASK_ID, CompositionBatch, MTEncoderNetwork, build_mlp
from skmat.nn import MTENCODER_PRESETS as PRESETS
from skmat.training import resolve_precision

RESULTS = Path(__file__).parent / "results"
DROPOUT = 0.1


def rate(n_items, function):
    """Return items per second of one call."""
    start = time.perf_counter()
    function()
    return n_items / (time.perf_counter() - start)


def compare(repeats, n_items, **functions):
    """Return the rates of each function, one per repeat; they take turns."""
    for function in functions.values():
        function()  # warm up
    rates = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            rates[name].append(rate(n_items, function))
    return rates


def import_seconds(module):
    code = f"import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)


def bare_loop(preset, formulas, y, batch_size, epochs, precision="float32", hides=False):
    """Return a function that trains the same network in the shortest possible torch loop.

    It has a head for each column of `y`, and with `hides` it guesses hidden elements too.
    """
    arrays = read_compositions(formulas)
    table = torch.from_numpy(element_table("matscholar"))
    y = y.reshape(len(y), -1)
    labels = torch.from_numpy(((y - y.mean(axis=0)) / y.std(axis=0)).astype(np.float32))
    parts = [np.arange(i, min(i + batch_size, len(y))) for i in range(0, len(y), batch_size)]
    batches = [(CompositionBatch.from_arrays(arrays, rows), labels[rows]) for rows in parts]

    def loss_of(network, batch, target):
        encoder, heads, *guess = network
        vectors = encoder(batch).material
        output = torch.cat([head(vectors) for head in heads], dim=1)
        loss = (output.float() - target).abs().mean()
        if hides:
            chosen = batch.site_mask & (torch.rand(batch.site_mask.shape) < 0.3)
            hidden = torch.where(chosen, MASK_ID, batch.atomic_numbers)
            sites = encoder(batch.with_atomic_numbers(hidden), sites=True).sites
            logits = guess[0](sites[chosen[batch.site_mask]]).float()
            loss = loss + F.cross_entropy(logits, batch.atomic_numbers[chosen] - 1)
        return loss

    def run():
        torch.manual_seed(0)
        encoder = MTEncoderNetwork(table, **PRESETS[preset], dropout=DROPOUT)
        width = encoder.out_features
        heads = [build_mlp(width, (width, width // 2), 1) for _ in range(labels.shape[1])]
        network = torch.nn.ModuleList([encoder, torch.nn.ModuleList(heads)])
        if hides:
            network.append(torch.nn.Linear(width, MAX_ATOMIC_NUMBER))
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)
        schedule = OneCycleLR(optimizer, max_lr=1e-4, total_steps=epochs * len(batches))
        for _ in range(epochs):
            for batch, target in batches:
                with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
                    loss = loss_of(network, batch, target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()

    return run


def estimator_fit(preset, formulas, y, batch_size, epochs, precision="float32"):
    def run():
        MTEncoderRegressor(
            preset=preset,
            dropout=DROPOUT,
            max_epochs=epochs,
            batch_size=batch_size,
            lr=1e-4,
            precision=precision,
            random_state=0,
        ).fit(formulas, y)

    return run


def matminer_magpie(formulas):
    featurizer = ElementProperty.from_preset("magpie")

    def run():
        for formula in formulas:
            featurizer.featurize(Composition(formula))

    return run


def measure(repeats, scale):
    formulas, y = load_transport(return_X_y=True, targets="PF_p")
    order = np.random.default_rng(0).permutation(len(formulas))
    formulas, y = formulas[order], y[order]
    report = Report()
    add = report.add

    seconds = {name: [import_seconds(name) for _ in range(repeats)] for name in ("torch", "skmat")}
    add("import skmat", "s", seconds["skmat"], "import torch", seconds["torch"])

    parsed = compare(repeats, len(formulas), read=lambda: read_compositions(formulas))
    add("read formulas, all distinct", "formulas/s", parsed["read"])

    few = formulas[: int(500 * scale)]
    many = formulas[: int(20_000 * scale)]
    magpie = MagpieFeaturizer().fit(many)
    magpie.transform(many)
    rates = [
        (rate(len(many), lambda: magpie.transform(many)), rate(len(few), matminer_magpie(few)))
        for _ in range(repeats)
    ]
    ours, theirs = zip(*rates, strict=True)
    add("Magpie from formulas", "rows/s", ours, "matminer, one process", theirs)

    sizes = {"base": (int(4096 * scale), (128, 512)), "paper": (int(2048 * scale), (128, 1024))}
    for preset, (n, batch_sizes) in sizes.items():
        X, labels = formulas[:n], y[:n]
        for batch_size in batch_sizes:
            arguments = (preset, X, labels, batch_size, 2)
            rates = compare(
                repeats, 2 * n, bare=bare_loop(*arguments), fit=estimator_fit(*arguments)
            )
            add(
                f"{preset}: fit, batch {batch_size}, float32",
                "materials/s",
                rates["fit"],
                "bare torch loop",
                rates["bare"],
            )
        arguments = (preset, X, labels, batch_sizes[-1], 1)
        rates = compare(
            max(1, repeats // 2),
            n,
            float32=estimator_fit(*arguments),
            bf16=estimator_fit(*arguments, precision="bf16"),
        )
        native = resolve_precision("auto", "cpu") == "bf16"
        add(
            f"{preset}: fit, batch {batch_sizes[-1]}, bf16 ({'native' if native else 'emulated'})",
            "materials/s",
            rates["bf16"],
            "float32",
            rates["float32"],
        )
        model = MTEncoderRegressor(preset=preset, max_epochs=1)
        model.fit(X[:64], labels[:64])
        rates = compare(repeats, n, predict=lambda model=model, X=X: model.predict(X))
        add(f"{preset}: predict", "materials/s", rates["predict"])

    X, labels = formulas[: int(4096 * scale)], y[: int(4096 * scale)]
    four = np.column_stack([labels] * 4)
    encoder = MTEncoder(
        pretrained=None, objectives="joint", dropout=DROPOUT, max_epochs=2, batch_size=512, lr=1e-4
    )
    rates = compare(
        repeats,
        2 * len(X),
        joint=lambda: encoder.fit(X, four),
        bare=bare_loop("base", X, four, 512, 2, resolve_precision("auto", "cpu"), hides=True),
    )
    what = "base: pretraining, hidden elements and 4 properties, batch 512"
    add(what, "materials/s", rates["joint"], "bare torch loop", rates["bare"])
    rates = compare(
        repeats,
        len(X),
        roost=lambda: RoostRegressor(pretrained=None, max_epochs=1, batch_size=128).fit(X, labels),
        mtencoder=estimator_fit("base", X, labels, 128, 1, precision="auto"),
    )
    add("roost: fit, batch 128", "materials/s", rates["roost"], "base", rates["mtencoder"])
    models = [RoostRegressor(max_epochs=1), MTEncoderRegressor(max_epochs=1)]
    first, second = (model.fit(X[:64], labels[:64]) for model in models)
    rates = compare(
        repeats, len(X), roost=lambda: first.predict(X), mtencoder=lambda: second.predict(X)
    )
    add("roost: predict", "materials/s", rates["roost"], "base", rates["mtencoder"])
    return report


class Report:
    """Rows of a table of speeds, printed as they come.

    Attributes
    ----------
    rows : list of dict
        What was measured: the median, and what it is compared with.
    """

    def __init__(self):
        self.rows = []

    def add(self, what, unit, values, beside="", others=()):
        """Add medians of `values`, and of their ratios to `others`, turn by turn."""
        row = {"what": what, "value": statistics.median(values), "unit": unit, "beside": beside}
        ratios = [value / other for value, other in zip(values, others, strict=False)]
        if ratios:
            row |= {
                "ratio": statistics.median(ratios),
                "lowest": min(ratios),
                "highest": max(ratios),
            }
        self.rows.append(row)
        print(f"{what:50s} {row['value']:10.4g} {unit:12s} {describe_ratio(row)}", flush=True)

    def save(self, name):
        """Write the table to the results, as json and as md."""
        RESULTS.mkdir(exist_ok=True)
        about = machine()
        record = {"machine": about, "rows": self.rows}
        (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
        (RESULTS / f"{name}.md").write_text(to_markdown(self.rows, about))


def describe_ratio(row):
    if "ratio" not in row:
        return ""
    return f"{row['ratio']:.3g} x {row['beside']} ({row['lowest']:.3g} to {row['highest']:.3g})"


def machine():
    return {
        "processor": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "bf16_in_hardware": resolve_precision("auto", "cpu") == "bf16",
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def to_markdown(rows, about):
    lines = ["| what | value | ratio |", "|---|---|---|"]
    for row in rows:
        value = f"{row['value']:,.4g} {row['unit']}"
        lines.append(f"| {row['what']} | {value} | {describe_ratio(row)} |")
    facts = ", ".join(f"{key} {value}" for key, value in about.items())
    return "\n".join(lines) + f"\n\nMeasured with: {facts}.\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual row counts")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measure(arguments.repeats, arguments.scale).save("speed")


if __name__ == "__main__":
    main()
