"""Which settings of fine-tuning keep what an encoder has learned.

``python benchmarks/finetuning.py --pretrained FOLDER`` with ``SKMAT_DATA`` set. One setting is
changed at a time. Each candidate starts from the encoder in FOLDER and is trained on four fifths
of the training rows of fold 0 of seven small Matbench tasks, and judged on the rest of them,
split by composition; the test rows of the fold are never read. The figure of a regression is the
mean absolute error over that of predicting the training median, and of a classification
(1 - ROC-AUC) / 0.5: for both, 0 is perfect and 1 is no better than knowing nothing.

Finished fits are kept in benchmarks/results/finetuning.json, by the hash of the encoder's
weights, so a killed run goes on where it was and two encoders do not mix. All candidates are
run on one split before any is run on the next: a run that was cut short compares them fairly.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from skmat import MTEncoderClassifier, MTEncoderRegressor
from skmat._atomic import write_atomically
from skmat.benchmark import MatbenchTask
from skmat.composition import read_compositions
from skmat.nn import MTENCODER_PRESETS
from skmat.pretrained import load_checkpoint

RESULTS = Path(__file__).parent / "results" / "finetuning.json"
#: From the smallest to the largest.
TASKS = ("steels", "jdft2d", "phonons", "expt_gap", "dielectric", "expt_is_metal", "glass")
N_SPLITS = 3
#: What all candidates start from; written out, because the defaults may become what is found.
COMMON = {
    "max_epochs": 60,
    "lr": 5e-4,
    "weight_decay": 0.01,
    "trainable": "all",
    "encoder_lr_factor": 1.0,
    "layer_decay": 1.0,
    "head_epochs": 0,
    "ema": None,
    "keep_objective": None,
    "keep_weight": 0.1,
}
CANDIDATES = {
    "as before": {},
    "from scratch": {"pretrained": None},
    **{f"trainable={value}": {"trainable": value} for value in ("last", "head")},
    **{f"encoder_lr_factor={value}": {"encoder_lr_factor": value} for value in (0.03, 0.1, 0.3)},
    **{f"layer_decay={value}": {"layer_decay": value} for value in (0.5, 0.7, 0.85)},
    **{f"head_epochs={value}": {"head_epochs": value} for value in (3, 10, 30)},
    **{f"ema={value}": {"ema": value} for value in (0.99, 0.999)},
    **{
        f"keep_weight={value}": {"keep_objective": "masked_elements", "keep_weight": value}
        for value in (0.03, 0.1, 0.3, 1.0)
    },
    # A lower rate for everything is the rival of a lower one for the encoder.
    **{f"lr={value}": {"lr": value} for value in (2e-4, 1e-3)},
    **{f"weight_decay={value}": {"weight_decay": value} for value in (0.0, 0.1)},
}


def load(name, split, max_rows):
    """Return X and y of the inner training rows, then of the inner validation rows."""
    task = MatbenchTask(name)
    rows = task.folds[0][0]
    if max_rows is not None and len(rows) > max_rows:
        rows = np.random.default_rng(0).choice(rows, max_rows, replace=False)
    X, y = task.X[rows], task.y[rows]
    groups = read_compositions(X).group_ids()
    splitter = GroupShuffleSplit(N_SPLITS, test_size=0.2, random_state=0)
    training, validation = list(splitter.split(X, groups=groups))[split]
    return X[training], y[training], X[validation], y[validation]


def measure(settings, task, split, max_rows):
    X, y, X_validation, y_validation = load(task, split, max_rows)
    if y.dtype == bool:
        model = MTEncoderClassifier(random_state=split, **settings).fit(X, y)
        probability = model.predict_proba(X_validation)[:, list(model.classes_).index(True)]
        return (1.0 - roc_auc_score(y_validation, probability)) / 0.5
    model = MTEncoderRegressor(random_state=split, **settings).fit(X, y)
    error = mean_absolute_error(y_validation, model.predict(X_validation))
    return error / np.abs(np.median(y) - y_validation).mean()


def network_of(checkpoint):
    """Return the parameters with which a network from scratch has the sizes of the pretrained."""
    network = checkpoint.network
    for preset, sizes in MTENCODER_PRESETS.items():
        if sizes.items() <= network.items():
            names = ("readout", "element_features")
            return {"preset": preset, **{name: network[name] for name in names}}
    raise SystemExit(f"The encoder has the sizes of no preset: {network}.")


def read_results(path, encoder, setup):
    """Return all results, and those of `encoder`, which were all obtained with `setup`."""
    everything = json.loads(path.read_text()) if path.exists() else {}
    ours = everything.setdefault(encoder, {"setup": setup, "figures": {}})
    # Through JSON, as what was read came.
    if ours["setup"] != json.loads(json.dumps(setup)):
        raise SystemExit(
            f"{path} holds results of this encoder with other settings ({ours['setup']}, now"
            f" {setup}). Move the file away, or name another by --results."
        )
    return everything, ours["figures"]


def summarise(figures, names, keys):
    """Print the mean figure of each candidate, and how it differs from the first on equal fits."""
    reference = figures.get("as before", {})
    print(f"{'':24s} {'mean':>7s} {'change':>8s} {'error':>7s}  fits")
    for name in names:
        row = figures.get(name, {})
        shared = [key for key in keys if key in row and key in reference]
        if not shared:
            continue
        values = np.array([row[key] for key in shared])
        changes = values - [reference[key] for key in shared]
        error = changes.std(ddof=1) / len(shared) ** 0.5 if len(shared) > 1 else np.nan
        print(
            f"{name:24s} {values.mean():7.4f} {changes.mean():+8.4f} {error:7.4f}  {len(shared)}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretrained", required=True, help="folder, or name of shipped weights")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--splits", type=int, default=N_SPLITS, choices=range(1, N_SPLITS + 1))
    parser.add_argument("--max-epochs", type=int, default=COMMON["max_epochs"])
    parser.add_argument("--max-rows", type=int, help="of each task; default: all")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()

    checkpoint = load_checkpoint(arguments.pretrained)
    common = {**COMMON, **network_of(checkpoint), "max_epochs": arguments.max_epochs}
    setup = {**common, "max_rows": arguments.max_rows}
    everything, figures = read_results(arguments.results, checkpoint.card.sha256, setup)
    for split in range(arguments.splits):
        for name in arguments.candidates:
            row = figures.setdefault(name, {})
            settings = {"pretrained": arguments.pretrained, **common, **CANDIDATES[name]}
            for task in arguments.tasks:
                key = f"{task}, split {split}"
                if key not in row:
                    row[key] = float(measure(settings, task, split, arguments.max_rows))
                    content = json.dumps(everything, indent=2) + "\n"
                    write_atomically(arguments.results, content.encode())
            done = [row[f"{task}, split {split}"] for task in arguments.tasks]
            print(f"split {split}  {name:24s} {np.mean(done):.4f}", flush=True)
    keys = [f"{t}, split {s}" for t in arguments.tasks for s in range(arguments.splits)]
    summarise(figures, arguments.candidates, keys)


if __name__ == "__main__":
    main()
