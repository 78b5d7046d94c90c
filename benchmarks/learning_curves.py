"""How many labels pretraining is worth.

``python benchmarks/learning_curves.py --folder FOLDER`` with ``SKMAT_DATA`` set. On each official
fold of the smaller Matbench tasks, models learn from 50 to 1,000 rows of the training set (or from
the numbers in ``--sizes``, or the shares in ``--fractions``), drawn at random, the smaller samples
being parts of the larger ones, and predict the whole test set; what they learn from all rows is
what matbench.py and pretrained.py measure. Models of families that read crystals get the crystals
of the same rows. Finished fits stay in FOLDER; the losses go to
benchmarks/results/learning_curves.json, or where ``--to`` says.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from inner_splits import TASKS
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import mean_absolute_error, roc_auc_score
from sklearn.pipeline import make_pipeline

from skmat import (
    MagpieFeaturizer,
    make_frozen_classifier,
    make_frozen_regressor,
    make_voting_classifier,
    make_voting_regressor,
)
from skmat._utils.atomic import write_atomically
from skmat.benchmark import MatbenchTask
from skmat.estimators import choose_family

RESULTS = Path(__file__).parent / "results" / "learning_curves.json"
SIZES = (50, 100, 200, 500, 1000)


def make_model(name, is_classification, seed):
    if name in RECIPES:
        make = RECIPES[name][is_classification]
        return make(random_state=seed) if name == "voting" else make()
    if name == "Magpie + forest":
        make = RandomForestClassifier if is_classification else RandomForestRegressor
        return make_pipeline(MagpieFeaturizer(), make(500, random_state=seed))
    family, source = family_of(name)
    make = family.classifier if is_classification else family.regressor
    return make(pretrained=source, random_state=seed)


def family_of(name):
    """Return the family of a network and its weights."""
    family, source = NETWORKS.get(name, (None, name))
    return choose_family(family, source), source


def read_by(name):
    """Return what the model reads, as a task's ``input``."""
    if name in RECIPES or name == "Magpie + forest":
        return "composition"
    return "structure" if family_of(name)[0].input == "structure" else "composition"


#: Family and weights by name; other names are those of shipped weights.
NETWORKS = {
    "pretrained": ("mtencoder", "mtencoder-multimodal"),
    "scratch": ("mtencoder", None),
    "roost-scratch": ("roost", None),
    "cgcnn-scratch": ("cgcnn", None),
}
#: For regression, for classification.
RECIPES = {
    "frozen": (make_frozen_regressor, make_frozen_classifier),
    "voting": (make_voting_regressor, make_voting_classifier),
}
MODELS = ("pretrained", "scratch", *RECIPES, "Magpie + forest")


def measure(folder, task, fold, size, model):
    """Fit once and return the loss, or read what was found before."""
    path = folder / f"{task}-{fold}-{size}-{model.replace(' ', '')}.json"
    if path.exists():
        return json.loads(path.read_text())
    data = MatbenchTask(task, input=read_by(model))
    training, test = data.folds[fold]
    rows = np.random.default_rng(fold).permutation(training)[:size]
    X, y, asked = data.X[rows], data.y[rows], data.X[test]
    is_classification = y.dtype == bool
    fitted = make_model(model, is_classification, fold).fit(X, y)
    if is_classification:
        scores = fitted.predict_proba(asked)[:, list(fitted.classes_).index(True)]
        loss = 1 - roc_auc_score(data.y[test], scores)
    else:
        loss = mean_absolute_error(data.y[test], fitted.predict(asked))
    row = {"task": task, "fold": fold, "size": len(rows), "model": model, "loss": float(loss)}
    write_atomically(path, json.dumps(row).encode())
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--sizes", type=int, nargs="+", help="default: 50 to 1,000")
    parser.add_argument("--fractions", type=float, nargs="+", help="of each training set")
    parser.add_argument("--to", type=Path, default=RESULTS)
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    jobs = []
    for task in arguments.tasks:
        n_training = min(len(training) for training, _ in MatbenchTask(task).folds)
        sizes = [size for size in arguments.sizes or SIZES if size < n_training]
        if arguments.fractions:
            sizes = [round(fraction * n_training) for fraction in arguments.fractions]
        jobs += [(task, f, s, m) for s in sizes for f in arguments.folds for m in arguments.models]
    rows = Parallel(arguments.n_jobs)(delayed(measure)(arguments.folder, *job) for job in jobs)
    content = json.dumps(rows, indent=1) + "\n"
    write_atomically(arguments.to, content.encode())


if __name__ == "__main__":
    main()
