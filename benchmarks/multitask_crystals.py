"""Single-task against multi-task CGCNN (Sanyal et al. 2018), on crystals of the Materials Project.

``python benchmarks/multitask_crystals.py --folder FOLDER`` with ``SKMAT_DATA`` set. Crystals of at
most 20 atoms whose formation energy and band gap are known are drawn, and split 60/20/20 by
composition, anew with each seed. Networks learn one property, or both with the weighting that
``GridSearchCV`` finds on the validation crystals of the first seed; test crystals are read once by
each. Errors are per property: an average over units would hide that one gets worse. Beside them,
what two users ask for: Spearman's rank correlation of formation energies, and the ROC-AUC of the
gap as a judge of metals (gap below 0.025 eV).

Finished fits stay in FOLDER; results go to benchmarks/results/crystals/multitask.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, PredefinedSplit

from skmat import CGCNNRegressor
from skmat._atomic import write_atomically
from skmat.datasets import fetch_mp

RESULTS = Path(__file__).parent / "results" / "crystals" / "multitask.json"
TARGETS = ("e_form", "gap")
MAX_ATOMS = 20
METAL = 0.025
#: Weights of the formation energy and of the gap, of which the paper searched from 1 to 7 for
#: each; and weights that are learned.
GRID = [
    {"loss_weights": [[7, 1], [3, 1], [1, 1], [1, 3], [1, 7]]},
    {"loss_weighting": ["uncertainty"]},
]


def load(n):
    """Return structures, labels and groups of equal composition."""
    data = fetch_mp(targets=list(TARGETS))
    kept = np.isfinite(data.target).all(axis=1) & (data.data.n_atoms <= MAX_ATOMS)
    rows = np.flatnonzero(kept)
    rows = np.sort(np.random.default_rng(0).choice(rows, min(n, len(rows)), replace=False))
    X = data.data.take(rows)
    return X, data.target[rows], X.group_ids()


def split(groups, seed):
    """Return rows to train on (60 %), to choose by and to test on (20 % each)."""
    everything = np.arange(len(groups))
    rest, test = next(
        GroupShuffleSplit(1, test_size=0.2, random_state=seed).split(everything, groups=groups)
    )
    inner = GroupShuffleSplit(1, test_size=0.25, random_state=seed)
    training, validation = next(inner.split(rest, groups=groups[rest]))
    return rest[training], rest[validation], test


def model(seed, arguments, weighting=None):
    return CGCNNRegressor(
        pretrained=None, max_epochs=arguments.max_epochs, random_state=seed,
        memory=str(arguments.folder / "graphs"), **(weighting or {}),
    )  # fmt: skip


def measure(X, y, groups, seed, kind, weighting, fraction, arguments):
    """Fit one network, or read what was found before."""
    path = arguments.folder / f"{kind}-{fraction:g}-{seed}.json"
    if path.exists():
        return json.loads(path.read_text())
    training, _, test = split(groups, seed)
    rows = np.random.default_rng(seed).permutation(training)[: round(fraction * len(X))]
    columns = [0, 1] if kind == "both" else [TARGETS.index(kind)]
    fitted = model(seed, arguments, weighting if kind == "both" else None)
    predicted = fitted.fit(X[rows], y[rows][:, columns]).predict(X[test]).reshape(len(test), -1)
    found = {"kind": kind, "fraction": fraction, "seed": seed, "n_training": len(rows)}
    for place, column in enumerate(columns):
        truth, guess = y[test, column], predicted[:, place]
        found[f"{TARGETS[column]} MAE"] = mean_absolute_error(truth, guess)
        if TARGETS[column] == "e_form":
            found["e_form Spearman"] = float(spearmanr(truth, guess).statistic)
        else:
            found["metal ROC-AUC"] = roc_auc_score(truth < METAL, -guess)
    write_atomically(path, json.dumps(found).encode())
    return found


def search(X, y, groups, arguments):
    """Return the weighting that is best on the validation crystals of the first seed."""
    path = arguments.folder / "weighting.json"
    if path.exists():
        return json.loads(path.read_text())
    training, validation, _ = split(groups, 0)
    rows = np.concatenate([training, validation])
    parts = PredefinedSplit(np.where(np.arange(len(rows)) < len(training), -1, 0))
    # Errors of both properties count alike in units of their scatter.
    scaled = y[rows] / y[training].std(axis=0)
    found = GridSearchCV(
        model(0, arguments), GRID, scoring="neg_mean_absolute_error", cv=parts, refit=False,
        n_jobs=arguments.n_jobs, error_score="raise",
    ).fit(X[rows], scaled)  # fmt: skip
    tried, scores = found.cv_results_["params"], found.cv_results_["mean_test_score"]
    best = {
        "best": found.best_params_,
        "scores": [[each, float(score)] for each, score in zip(tried, scores, strict=True)],
    }
    write_atomically(path, json.dumps(best).encode())
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--n", type=int, default=6000, help="crystals")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.6])
    parser.add_argument("--max-epochs", type=int, default=60)
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    X, y, groups = load(arguments.n)
    best = search(X, y, groups, arguments)
    jobs = [(s, k, f) for f in arguments.fractions for s in arguments.seeds for k in KINDS]
    rows = Parallel(arguments.n_jobs)(
        delayed(measure)(X, y, groups, s, k, best["best"], f, arguments) for s, k, f in jobs
    )
    content = {
        "n": len(X), "max_atoms": MAX_ATOMS, "max_epochs": arguments.max_epochs, "search": best,
        "correlation": float(np.corrcoef(y.T)[0, 1]), "fits": rows,
    }  # fmt: skip
    write_atomically(RESULTS, (json.dumps(content, indent=1) + "\n").encode())
    for kind in KINDS:
        found = [row for row in rows if row["kind"] == kind]
        means = {
            name: np.mean([row[name] for row in found])
            for name in found[0]
            if name.endswith(("MAE", "Spearman", "AUC"))
        }
        print(kind, {name: round(float(value), 4) for name, value in means.items()})


KINDS = ("e_form", "gap", "both")


if __name__ == "__main__":
    main()
