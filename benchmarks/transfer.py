"""Transfer between properties of crystals: from one large source, from several at once, or none.

``python benchmarks/transfer.py --folder FOLDER`` with ``SKMAT_DATA`` set. The six properties are
those of Devi et al. (npj Comput. Mater. 10, 300, 2024) of which there are structures here: the
formation energy, the gap and the logarithm of the shear modulus of Materials Project crystals,
the highest phonon frequency (matbench_phonons), and the dielectric constants and piezoelectric
moduli that came with matminer; crystals of at most 20 atoms. Of each property a tenth of the
compositions, 500 crystals at most, is for tests; no network sees a composition of any of these
test sets. Sources:

- "scratch";
- "e_form small" and "e_form large", "gap large": 941 and up to 20,000 crystals of one property;
- "mpt": all properties but the one that is predicted, a head for each (multi-property
  pretraining), of 20,000 crystals in all: those of which a rare property is known, and others of
  which the formation energy or the gap is; with all labels of these that are known by the same id
  (those of phonons have ids of their own); properties weigh by the square root of the number of
  their labels;
- "mpt wide": the same with four more that the Materials Project knows of these crystals (bulk
  modulus, Poisson's ratio, refractive index, electronic part of the dielectric constant), which
  with phonons are the kinds that ``cgcnn-mp-multitask`` has learned. Of shear moduli Poisson's
  ratio, which with the bulk modulus gives them, is left out too;
- "relative": one of these four alone, that which is nearest to the property: of shear moduli the
  bulk modulus, of gaps and dielectric constants the electronic part of the latter;
- "mean" and "median" predict these, "forest" is Magpie features and a random forest.

Every source is trained for as many steps as the others, so that a small one is read more often,
though 500 times at most.
Models learn from 10 to 800 labels (or all, where there are fewer), drawn anew for each trial, with
default settings, and predict the test set. Errors are mean absolute errors in units of half the
range of each property, which is scaled as published, but not comparable with it: ranges hang on
outliers. Ratios to "scratch" are. With ``--trainable`` they compare which layers are trained. With
``--held-out halides`` sources see no crystal with a halogen, and models learn from halides and
predict halides: another chemistry. Families that read formulas get those of the same crystals.
What was finished stays in FOLDER, which is that of one state of this script; rows go to
benchmarks/results/transfer/.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline
from transfer_data import load, load_relatives

from skmat import MagpieFeaturizer, StructureToComposition, make_frozen_regressor
from skmat._utils.atomic import write_atomically
from skmat.estimators import FAMILIES
from skmat.structure import StructureArrays

RESULTS = Path(__file__).parent / "results" / "transfer"
LARGE, SMALL = 20_000, 941
#: Of the small source, as published.
MOST_EPOCHS = 500
#: Properties that are known of tens of thousands of crystals.
COMMON = ("e_form", "gap")
#: What gives a property together with others that are learned.
IMPLIED = {"log_G": "poisson_ratio"}
SIZES = (10, 100, 200, 500, 800)
#: Whose mean is "average"; chosen on other labels than those that are learned or tested.
AVERAGED = ("fine_tuned", "support_vectors", "trees")
#: What learns from frozen vectors; None is the default of ``make_frozen_regressor``.
FROZEN = {"support_vectors": None, "trees": ExtraTreesRegressor(300)}
#: Of a fit.
NAMES = ("target", "source", "size", "trial", "trainable")
#: The single source that is nearest to a property; others have none.
RELATIVES = {"gap": "poly_electronic", "log_G": "K_VRH", "dielectric": "poly_electronic"}
BASELINES = ("mean", "median", "forest")
LEARNED = ("e_form small", "e_form large", "gap large", "relative", "mpt", "mpt wide")
SOURCES = ("scratch", *LEARNED, *BASELINES)


def draw(rows, n, seed):
    return np.random.default_rng(seed).permutation(rows)[:n]


def read_by(family, X):
    """Return the crystals as `family` reads them."""
    return X if family.input == "structure" else X.formulas()


def source_rows(source, target, held_out):
    """Return the crystals and labels that a source learns from, NaN where there is no label."""
    known = {
        name: (data.X.take(data.source), data.y[data.source])
        for name, data in load(held_out).items()
    }
    if source in ("relative", "mpt wide"):
        known |= load_relatives(held_out)
    if not source.startswith("mpt"):
        name, size = (RELATIVES[target], "large") if source == "relative" else source.split()
        X, y = known[name]
        rows = draw(np.arange(len(y)), SMALL if size == "small" else LARGE, 0)
        return X.take(rows), y[rows][:, None]
    names = [name for name in known if name not in (target, IMPLIED.get(target))]
    X = StructureArrays.concatenate([known[name][0] for name in names])
    labels = pd.DataFrame(
        {
            "crystal": X.ids,
            "property": np.repeat(names, [len(known[name][1]) for name in names]),
            "label": np.concatenate([known[name][1] for name in names]),
        }
    )
    table = labels.pivot_table(index="crystal", columns="property", values="label")[names]
    is_rare = table.drop(columns=list(COMMON), errors="ignore").notna().any(axis=1).to_numpy()
    common = draw(np.flatnonzero(~is_rare), LARGE - is_rare.sum(), 1)
    table = table.iloc[np.sort(np.r_[np.flatnonzero(is_rare), common])]
    _, first = np.unique(X.ids, return_index=True)  # sorted, as the table is
    places = first[np.searchsorted(X.ids[first], table.index)]
    return X.take(places), table.to_numpy()


def source_name(source, target):
    """Return the name of the weights, which several targets share unless they are left out."""
    if source == "relative":
        return RELATIVES[target]
    return f"{source} without {target}" if source.startswith("mpt") else source


def pretrain(source, target, arguments):
    """Return the folder of a source's weights, after training if there are none."""
    name = source_name(source, target)
    folder = arguments.folder / name.replace(" ", "-")
    if not (folder / "config.json").exists():
        torch.set_num_threads(1)
        X, y = source_rows(source, target, arguments.held_out)
        family = FAMILIES[arguments.family]
        encoder = family.encoder(
            pretrained=None, preset=arguments.preset, objectives="properties",
            loss_weights="sqrt_labels", batch_size=128, random_state=0,
            max_epochs=min(MOST_EPOCHS, round(arguments.source_epochs * max(1, LARGE / len(y)))),
        )  # fmt: skip
        if family.input == "structure":
            encoder.set_params(memory=str(arguments.folder / "graphs"))
        encoder.fit(read_by(family, X), y).save_pretrained(folder)
        print("pretrained", name, len(X), flush=True)
    return folder


def ways(source, arguments):
    """Return which layers are trained and what is made of the encoder, for each fit."""
    if source in BASELINES:
        return [("all", source)]
    layers = ["all"] if source == "scratch" else arguments.trainable
    frozen = [] if arguments.fine_tuned_only else [("all", "frozen")]
    return [(trainable, "fine_tuned") for trainable in layers] + frozen


def make_models(source, target, trial, trainable, way, arguments):
    """Return what predicts, by name: a baseline, a network, or models of frozen vectors."""
    if source in ("mean", "median"):
        return {source: DummyRegressor(strategy=source)}
    if source == "forest":
        forest = RandomForestRegressor(500, random_state=trial)
        return {source: make_pipeline(StructureToComposition(), MagpieFeaturizer(), forest)}
    weights = None if source == "scratch" else pretrain(source, target, arguments)
    if way == "fine_tuned":
        model = FAMILIES[arguments.family].regressor(
            pretrained=weights, preset=arguments.preset, random_state=trial, trainable=trainable,
            encoder_lr_factor=1.0 if weights is None else arguments.encoder_lr_factor,
        )  # fmt: skip
        return {way: model}
    models = {}
    for name, head in FROZEN.items():
        head = None if head is None else clone(head).set_params(random_state=trial)
        frozen = make_frozen_regressor(head, pretrained=weights, family=arguments.family)
        # Random weights are no features.
        models[name] = frozen.set_params(features__encoder="drop") if weights is None else frozen
    return models


def measure(target, source, size, trial, trainable, way, arguments):
    """Fit once and return the predictions, or read what was found before."""
    words = (target, source, size, trial, trainable)
    factor = 1.0 if source in ("scratch", *BASELINES) else arguments.encoder_lr_factor
    if way == "frozen":
        words += (way,)
    elif factor != 1:
        words += (f"rate {factor:g}",)
    path = arguments.folder / ("-".join(map(str, words)).replace(" ", "_") + ".json")
    if path.exists():
        row = json.loads(path.read_text())
        # Older files hold all ways.
        kept = FROZEN if way == "frozen" else (way,)
        return row | {"predicted": {name: row["predicted"][name] for name in kept}}
    torch.set_num_threads(1)
    data = load(arguments.held_out)[target]
    rows = draw(data.pool, size, 100 + trial)  # all of them where there are fewer
    learned, asked = data.X.take(rows), data.X.take(data.test)
    if source not in BASELINES:
        family = FAMILIES[arguments.family]
        learned, asked = read_by(family, learned), read_by(family, asked)
    models = make_models(source, target, trial, trainable, way, arguments)
    row = dict(zip(NAMES, words, strict=False)) | {
        "held_out": arguments.held_out or "",
        "preset": arguments.preset,
        "source_epochs": arguments.source_epochs,
        "n_training": len(rows),
        "n_test": len(data.test),
        "predicted": {
            name: model.fit(learned, data.y[rows]).predict(asked).tolist()
            for name, model in models.items()
        },
    }
    write_atomically(path, json.dumps(row).encode())
    return row


def merged(rows):
    """Return one row for all ways to use an encoder that learned the same labels."""
    found = {}
    for row in rows:
        key = tuple(row[name] for name in NAMES)
        known = found.setdefault(key, row | {"predicted": {}})
        known["predicted"] |= row["predicted"]
    return list(found.values())


def scored(row, arguments):
    """Return the row with the errors of its predictions in their place."""
    data = load(arguments.held_out)[row["target"]]
    truth = data.y[data.test]
    predicted = {name: np.array(values) for name, values in row["predicted"].items()}
    if set(AVERAGED) <= set(predicted):
        predicted["average"] = np.mean([predicted[name] for name in AVERAGED], axis=0)
    shared = {key: value for key, value in row.items() if key != "predicted"}
    # Of the whole comparison, of which random weights and baselines are parts too.
    shared["encoder_lr_factor"] = arguments.encoder_lr_factor
    return [
        shared
        | {
            "model": name,
            "mae": mean_absolute_error(truth, values),
            "scaled_mae": mean_absolute_error(truth, values) / (np.ptp(data.y) / 2),
            "r2": r2_score(truth, values),
        }
        for name, values in predicted.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--family", choices=FAMILIES, default="cgcnn")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--targets", nargs="+", help="default: all")
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--trainable", nargs="+", default=["all"])
    parser.add_argument("--held-out", choices=["halides"])
    parser.add_argument("--source-epochs", type=int, default=15)
    parser.add_argument(
        "--encoder-lr-factor", type=float, default=1.0, help="of encoders that have learned"
    )
    parser.add_argument("--fine-tuned-only", action="store_true", help="no frozen encoders")
    parser.add_argument("--to", default="sources", help="name of the file of rows")
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    # What one network found is not another's.
    words = (arguments.family, arguments.preset, arguments.source_epochs, arguments.held_out)
    name = "-".join(str(word) for word in words if word)
    arguments.folder /= name
    arguments.folder.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    properties = load(arguments.held_out)
    targets = arguments.targets or list(properties)
    # A property is no source for itself.
    pairs = [
        (target, source)
        for target in targets
        for source in arguments.sources
        if source.split()[0] != target and (source != "relative" or target in RELATIVES)
    ]
    weights = {source_name(s, t): (s, t) for t, s in pairs if s in LEARNED}
    Parallel(arguments.n_jobs)(delayed(pretrain)(*each, arguments) for each in weights.values())
    jobs = [
        (target, source, size, trial, *way)
        for size in arguments.sizes
        for trial in range(arguments.trials)
        for target, source in pairs
        for way in ways(source, arguments)
    ]
    rows = Parallel(arguments.n_jobs)(delayed(measure)(*job, arguments) for job in jobs)
    rows = [each for row in merged(rows) for each in scored(row, arguments)]
    content = {"family": arguments.family, "preset": arguments.preset, "rows": rows}
    path = RESULTS / f"{name}-{arguments.to}.json"
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
