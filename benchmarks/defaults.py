"""How the defaults of ``MTEncoderRegressor`` were chosen.

One setting is changed at a time. Each candidate is trained on a part of the training rows of
fold 0 of four small Matbench tasks and judged on the rest of them, split by composition; the
test rows of the fold are never read. The figure is the mean absolute error over the error of
predicting the training median (1 is no better than the median).

Run with ``SKMAT_DATA`` set; finished candidates are kept in benchmarks/results/defaults.json, so
a killed run goes on where it was.
"""

import importlib.util
import json
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit

from skmat import MTEncoderRegressor
from skmat.composition import read_compositions
from skmat.estimators import _mtencoder_family
from skmat.nn import MTENCODER_PRESETS

RESULTS = Path(__file__).parent / "results" / "defaults.json"
#: Task and the number of its rows that is used (None is all).
TASKS = {"phonons": None, "steels": None, "jdft2d": None, "expt_gap": 1000}
COMMON = {"max_epochs": 30, "lr": 5e-4}
SEEDS = (0, 1, 2)
CANDIDATES = {
    "element_features=matscholar": {"element_features": "matscholar"},
    "element_features=magpie": {"element_features": "magpie"},
    "element_features=None": {"element_features": None},
    "element_features=mat2vec": {"element_features": "mat2vec"},
    "element_features=megnet": {"element_features": "megnet"},
    "lr=1e-3": {"lr": 1e-3},
    "lr=3e-4": {"lr": 3e-4},
    "norm_first=False": {"preset": {"norm_first": False}},
    "dropout=0": {"dropout": 0.0},
    "readout=mean": {"readout": "mean"},
    "patience=10": {"patience": 10},
    "max_epochs=60": {"max_epochs": 60},
}
#: Compared over all seeds, because they lie close together.
TABLES = [f"element_features={name}" for name in ("matscholar", "magpie", "megnet", None)]


def load(task, n_rows):
    path = Path(os.environ["SKMAT_DATA"]) / "matbench" / f"matbench_{task}.csv.gz"
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    frame = frame[frame["test_fold"] != 0]
    if n_rows is not None:
        frame = frame.sample(n_rows, random_state=0)
    groups = read_compositions(frame["composition"]).group_ids()
    split = GroupShuffleSplit(1, test_size=0.2, random_state=0).split(frame, groups=groups)
    training, validation = next(split)
    X, y = frame["composition"].to_numpy(), frame["target"].to_numpy(dtype=float)
    return X[training], y[training], X[validation], y[validation]


def mat2vec():
    from elementembeddings.core import Embedding
    from pymatgen.core import Element

    vectors = Embedding.load_data("mat2vec").embeddings
    known = [vectors.get(Element.from_Z(z).symbol) for z in range(1, 119)]
    mean = np.mean([vector for vector in known if vector is not None], axis=0)
    return np.array([mean if vector is None else vector for vector in known])


def measure(settings, task, n_rows):
    settings = {**COMMON, **settings}
    preset = {**MTENCODER_PRESETS["base"], **settings.pop("preset", {})}
    X, y, X_validation, y_validation = load(task, n_rows)
    with mock.patch.dict(MTENCODER_PRESETS, base=preset):
        if settings.get("element_features") == "mat2vec":
            table = mat2vec()
            # In the place of another table: the package does not know this one.
            settings["element_features"] = "matscholar"
            with mock.patch.object(_mtencoder_family, "element_table", return_value=table):
                model = MTEncoderRegressor(**settings).fit(X, y)
        else:
            model = MTEncoderRegressor(**settings).fit(X, y)
    error = np.abs(model.predict(X_validation) - y_validation).mean()
    return float(error / np.abs(np.median(y) - y_validation).mean())


def main():
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name, settings in CANDIDATES.items():
        if "mat2vec" in name and importlib.util.find_spec("elementembeddings") is None:
            print("ElementEmbeddings is not installed: mat2vec is left out")
            continue
        row = results.setdefault(name, {})
        for seed in SEEDS if name in TABLES else SEEDS[:1]:
            for task, n_rows in TASKS.items():
                key = f"{task}, seed {seed}"
                if key not in row:
                    row[key] = measure({**settings, "random_state": seed}, task, n_rows)
                    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
        means = [
            np.mean([row[f"{task}, seed {seed}"] for task in TASKS])
            for seed in SEEDS
            if f"{list(TASKS)[-1]}, seed {seed}" in row
        ]
        print(f"{name:28s} {np.mean(means):.4f} ({len(means)} seeds)", flush=True)


if __name__ == "__main__":
    main()
