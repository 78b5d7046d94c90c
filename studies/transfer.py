"""Transfer between properties of crystals: from one large source, from several, or from none.

The six properties are those of Devi et al. (npj Comput. Mater. 10, 300, 2024) of which there are
structures here. Of each a tenth of the compositions, 500 crystals at most, is for tests, and no
network sees a composition of any of these tests. Models learn from labels drawn anew for each
trial. Errors are in units of half the range of the property. ``transfer.toml`` lists the studies
and says what networks start from.
"""

from functools import cache

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from runner import Study, grid, read_plan
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from skmat import MagpieFeaturizer, StructureToComposition, make_frozen_pipeline
from skmat.benchmark._parameters import seed_estimator
from skmat.datasets import fetch_matbench, fetch_matminer, fetch_mp
from skmat.estimators import FAMILIES
from skmat.structure import StructureArrays

MAX_ATOMS = 20
N_TEST = 500
LARGE, SMALL = 20_000, 941
#: Of the small source, as published.
MOST_EPOCHS = 500
#: Properties that are known of tens of thousands of crystals.
COMMON = ("e_form", "gap")
IMPLIED = {"log_G": "poisson_ratio"}
RELATIVES = {"gap": "poly_electronic", "log_G": "K_VRH", "dielectric": "poly_electronic"}
BASELINES = {
    "forest": make_pipeline(
        StructureToComposition(), MagpieFeaturizer(), RandomForestRegressor(500)
    ),
    "median": DummyRegressor(strategy="median"),
    "mean": DummyRegressor(),
}
#: Learned from frozen vectors, by name; None is the default.
FROZEN = {"support_vectors": None, "trees": ExtraTreesRegressor(300)}
NO_SOURCE = ("scratch", *BASELINES)


def small_cells(X, y):
    kept = np.isfinite(y) & (X.n_atoms <= MAX_ATOMS)
    return X.take(kept), y[kept]


@cache
def load():
    """Return by property its crystals and labels, and the rows to learn from and to test on.

    Pretraining learns from the same rows.
    """
    mp = fetch_mp(targets=["e_form", "gap", "G_VRH"])
    phonons = fetch_matbench("phonons", input="structure")
    dielectric = fetch_matminer("dielectric", targets="poly_total")
    piezo = fetch_matminer("piezoelectric", targets="eij_max")
    labels = {
        "e_form": (mp.data, mp.target[:, 0]),
        "gap": (mp.data, mp.target[:, 1]),
        "log_G": (mp.data, np.log10(mp.target[:, 2])),
        "phonons": (phonons.data, np.asarray(phonons.target, dtype=float)),
        "dielectric": (dielectric.data, dielectric.target),
        "piezo": (piezo.data, piezo.target),
    }
    labels = {name: small_cells(*each) for name, each in labels.items()}
    ends = np.cumsum([len(y) for _, y in labels.values()])[:-1]
    everything = StructureArrays.concatenate([X for X, _ in labels.values()])
    groups = np.split(everything.group_ids(), ends)
    generator, tests = np.random.default_rng(0), []
    for group in groups:
        order = generator.permutation(np.unique(group))
        sizes = np.cumsum(np.bincount(group, minlength=order.max() + 1)[order])
        tests.append(order[: np.searchsorted(sizes, min(N_TEST, len(group) // 10)) + 1])
    found = {}
    for group, test, name in zip(groups, tests, labels, strict=True):
        X, y = labels[name]
        pool, rows = ~np.isin(group, np.concatenate(tests)), np.isin(group, test)
        found[name] = Bunch(X=X, y=y, pool=np.flatnonzero(pool), test=np.flatnonzero(rows))
    return found


@cache
def labelled(wide):
    """Return crystals and labels of no tested composition, by property; four more if `wide`."""
    known = {name: (data.X.take(data.pool), data.y[data.pool]) for name, data in load().items()}
    if wide:
        names = ("K_VRH", "poisson_ratio", "n_index", "poly_electronic")
        mp = fetch_mp(targets=names)
        tested = [data.X.take(data.test) for data in load().values()]
        groups = StructureArrays.concatenate([mp.data, *tested]).group_ids()
        free = ~np.isin(groups[: len(mp.data)], groups[len(mp.data) :])
        for name, y in zip(names, mp.target[free].T, strict=True):
            y = np.log10(y) if name in ("K_VRH", "poly_electronic") else y
            known[name] = small_cells(mp.data.take(free), y)
    return known


def draw(rows, n, seed):
    return np.random.default_rng(seed).permutation(rows)[:n]


def source_rows(source, target):
    """Return the crystals and labels that a source learns from, NaN where there is no label."""
    known = labelled(source in ("relative", "mpt wide"))
    if not source.startswith("mpt"):
        name, size = (RELATIVES[target], "large") if source == "relative" else source.split()
        X, y = known[name]
        rows = draw(np.arange(len(y)), SMALL if size == "small" else LARGE, 0)
        return X.take(rows), y[rows][:, None]
    known = {name: known[name] for name in known if name not in (target, IMPLIED.get(target))}
    X = StructureArrays.concatenate([X for X, _ in known.values()])
    columns = [pd.Series(y, X.ids).groupby(level=0).mean() for X, y in known.values()]
    table = pd.concat(columns, axis=1, keys=known).sort_index()
    # All crystals of which a rare property is known, then others.
    is_rare = table.drop(columns=list(COMMON), errors="ignore").notna().any(axis=1).to_numpy()
    common = draw(np.flatnonzero(~is_rare), LARGE - is_rare.sum(), 1)
    table = table.iloc[np.sort(np.r_[np.flatnonzero(is_rare), common])]
    places = pd.Series(np.arange(len(X)), X.ids).groupby(level=0).first()[table.index]
    return X.take(places.to_numpy()), table.to_numpy()


def weights_of(source, target, settings, work):
    """Return the folder of a source's weights, None for random ones."""
    if source == "scratch":
        return None
    name = RELATIVES[target] if source == "relative" else source
    name += f" without {target}" if source.startswith("mpt") else ""
    folder = "{family}-{preset}-{source_epochs}".format_map(settings)
    return work / "transfer" / folder / name.replace(" ", "-")


def read_by(settings, X):
    return X if FAMILIES[settings["family"]].input == "structure" else X.formulas()


def pretrain(source, target, settings, work):
    folder = weights_of(source, target, settings, work)
    if (folder / "config.json").exists():
        return
    X, y = source_rows(source, target)
    # All sources take as many steps.
    epochs = round(settings["source_epochs"] * max(1, LARGE / len(y)))
    encoder = FAMILIES[settings["family"]].encoder(
        pretrained=None, preset=settings["preset"], objectives="properties",
        loss_weights="sqrt_labels", max_epochs=min(MOST_EPOCHS, epochs), batch_size=128,
        random_state=0,
    )  # fmt: skip
    encoder.fit(read_by(settings, X), y).save_pretrained(folder)


def prepare(cells, settings, work, jobs):
    pairs = {(cell["source"], cell["target"]) for cell in cells if cell["source"] not in NO_SOURCE}
    by_folder = {weights_of(*pair, settings, work): pair for pair in sorted(pairs)}
    Parallel(jobs)(delayed(pretrain)(*pair, settings, work) for pair in by_folder.values())


def make_models(cell, settings, work):
    """Return what predicts, by name: a baseline, or a network and models of frozen vectors."""
    if cell["source"] in BASELINES:
        return {cell["source"]: BASELINES[cell["source"]]}
    weights = weights_of(cell["source"], cell["target"], settings, work)
    family, preset, trainable = settings["family"], settings["preset"], cell["trainable"]
    network = FAMILIES[family].regressor
    models = {"fine_tuned": network(pretrained=weights, preset=preset, trainable=trainable)}
    for name, head in FROZEN.items() if trainable == "all" else ():
        models[name] = make_frozen_pipeline("regression", head, pretrained=weights, family=family)
        if weights is None:  # random weights are no features
            models[name].set_params(features__encoder="drop")
    return models


def measure(cell, settings, work):
    data, trial = load()[cell["target"]], cell["trial"]
    rows = draw(data.pool, cell["size"], 100 + trial)
    learned, asked = data.X.take(rows), data.X.take(data.test)
    if cell["source"] not in BASELINES:
        learned, asked = read_by(settings, learned), read_by(settings, asked)
    predicted = {
        name: seed_estimator(clone(model), trial).fit(learned, data.y[rows]).predict(asked)
        for name, model in make_models(cell, settings, work).items()
    }
    if len(predicted) > 1:
        predicted["average"] = np.mean(list(predicted.values()), axis=0)
    found, truth = [], data.y[data.test]
    for name, values in predicted.items():
        mae = mean_absolute_error(truth, values)
        scaled, r2 = mae / (np.ptp(data.y) / 2), r2_score(truth, values)
        sizes = {"n_training": len(rows), "n_test": len(truth)}
        found.append({**sizes, "model": name, "mae": mae, "scaled_mae": scaled, "r2": r2})
    return found


def study(name, settings, **axes):
    """Return the study of an entry of ``transfer.toml``."""
    cells = [
        cell
        for cell in grid(**axes)
        # A property is no source for itself, and random weights are trained as a whole.
        if cell["source"].split()[0] != cell["target"]
        and (cell["source"] != "relative" or cell["target"] in RELATIVES)
        and (cell["source"] not in NO_SOURCE or cell["trainable"] == "all")
    ]
    return Study(f"transfer/{name}", cells, measure, settings, prepare)


STUDIES = [study(name, **plan) for name, plan in read_plan("transfer")["studies"].items()]
