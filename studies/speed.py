"""Speed of the package, as ratios within one run.

Every figure is the median over repeats in which the compared things take turns. Every ratio is
the median of the ratios within one turn, with the lowest and the highest. A machine whose speed
drifts, or that others use too, changes both alike. Formulas are those of ``load_transport``;
nothing is downloaded. Writes studies/results/speed.json and speed.md.
"""

import subprocess
import sys

import numpy as np
import torch
from matminer.featurizers.composition import ElementProperty
from pymatgen.core import Composition
from timing import Report, options
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from skmat import MagpieFeaturizer, MTEncoder, MTEncoderRegressor, RoostRegressor
from skmat.composition import MAX_ATOMIC_NUMBER, element_table, read_compositions
from skmat.datasets import load_transport
from skmat.nn import MASK_ID, CompositionBatch, MTEncoderNetwork, build_mlp
from skmat.nn import MTENCODER_PRESETS as PRESETS
from skmat.training import resolve_precision

DROPOUT = 0.1


def import_seconds(module):
    code = f"import time; s = time.perf_counter(); import {module}; print(time.perf_counter() - s)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True).stdout)


def bare_loop(preset, formulas, y, batch_size, epochs, precision="float32", hides=False):
    """Return rows, and a function that trains the same network in the shortest torch loop.

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

    return epochs * len(y), run


def estimator_fit(preset, formulas, y, batch_size, epochs, precision="float32"):
    model = MTEncoderRegressor(
        preset=preset, dropout=DROPOUT, max_epochs=epochs, batch_size=batch_size, lr=1e-4,
        precision=precision, random_state=0,
    )  # fmt: skip
    return epochs * len(y), lambda: model.fit(formulas, y)


def measure(report, scale):
    formulas, y = load_transport(return_X_y=True, targets="PF_p")
    order = np.random.default_rng(0).permutation(len(formulas))
    formulas, y = formulas[order], y[order]
    native = resolve_precision("auto", "cpu") == "bf16"

    ours, theirs = ([import_seconds(n) for _ in range(report.repeats)] for n in ("skmat", "torch"))
    report.add("import skmat", "s", ours, "import torch", theirs)
    read = len(formulas), lambda: read_compositions(formulas)
    report.time("read formulas, all distinct", "formulas/s", read)
    few, many = (formulas[: int(n * scale)] for n in (500, 20_000))
    magpie = MagpieFeaturizer().fit(many)
    featurizer = ElementProperty.from_preset("magpie")
    ours = len(many), lambda: magpie.transform(many)
    theirs = len(few), lambda: [featurizer.featurize(Composition(each)) for each in few]
    report.time("Magpie from formulas", "rows/s", ours, {"matminer, one process": theirs})

    for preset, usual, batch_sizes in (("base", 4096, (128, 512)), ("paper", 2048, (128, 1024))):
        n = int(usual * scale)
        X, labels = formulas[:n], y[:n]
        for size in batch_sizes:
            arguments = (preset, X, labels, size, 2)
            what = f"{preset}: fit, batch {size}, float32"
            fit, bare = estimator_fit(*arguments), bare_loop(*arguments)
            report.time(what, "materials/s", fit, {"bare torch loop": bare})
        bf16, float32 = (
            estimator_fit(preset, X, labels, batch_sizes[-1], 1, precision)
            for precision in ("bf16", "float32")
        )
        what = (
            f"{preset}: fit, batch {batch_sizes[-1]}, bf16 ({'native' if native else 'emulated'})"
        )
        report.time(what, "materials/s", bf16, {"float32": float32}, max(1, report.repeats // 2))
        model = MTEncoderRegressor(preset=preset, max_epochs=1)
        predict = predictions(model, X, labels)
        for size in (64, 256):
            bare = len(X), bare_predictions(model, read_compositions(X), size)
            rival = {f"bare torch loop, batch {size}": bare}
            report.time(f"{preset}: predict", "materials/s", predict, rival)
        share = predict[0], lambda X=X: read_compositions(X)
        report.time(f"{preset}: predict", "materials/s", predict, {"reading formulas": share})

    X, labels = formulas[: int(4096 * scale)], y[: int(4096 * scale)]
    four = np.column_stack([labels] * 4)
    encoder = MTEncoder(
        pretrained=None, objectives="joint", dropout=DROPOUT, max_epochs=2, batch_size=512, lr=1e-4
    )
    joint = 2 * len(X), lambda: encoder.fit(X, four)
    bare = bare_loop("base", X, four, 512, 2, resolve_precision("auto", "cpu"), hides=True)
    what = "base: pretraining, hidden elements and 4 properties, batch 512"
    report.time(what, "materials/s", joint, {"bare torch loop": bare})
    model = RoostRegressor(pretrained=None, max_epochs=1, batch_size=128)
    roost = len(X), lambda: model.fit(X, labels)
    base = estimator_fit("base", X, labels, 128, 1, precision="auto")
    report.time("roost: fit, batch 128", "materials/s", roost, {"base": base})
    roost = predictions(RoostRegressor(max_epochs=1), X, labels)
    base = predictions(MTEncoderRegressor(max_epochs=1), X, labels)
    report.time("roost: predict", "materials/s", roost, {"base": base})


def bare_predictions(model, arrays, size):
    """Return a function that predicts with the network in the shortest torch loop."""
    network = model.estimators_[0].model
    head = network.heads["properties"][0]
    order = np.argsort(arrays.n_elements, kind="stable")

    def run():
        with torch.inference_mode():
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                encoded = network.encoder(CompositionBatch.from_arrays(arrays, rows))
                head.predict(head(head.read(encoded))).numpy()

    return run


def predictions(model, X, y):
    """Return rows, and a function that predicts them."""
    model.fit(X[:64], y[:64])
    return len(X), lambda: model.predict(X)


if __name__ == "__main__":
    chosen = options(__doc__, repeats=5, scale=1.0)
    report = Report(chosen.repeats)
    measure(report, chosen.scale)
    report.save("speed")
