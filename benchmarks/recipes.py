"""Frozen or fine-tuned, beside descriptors or alone, under which model, and averaged with what.

``python benchmarks/recipes.py --folder PREDICTIONS`` with ``SKMAT_DATA`` set. Models on the
vectors of the frozen encoder, on Magpie features or on both, and networks that were fine-tuned
from several encoders, predict the validation rows of ``inner_splits.py``; then every average of up
to three of them is judged. Predictions stay in PREDICTIONS, so a killed run goes on where it was.
Figures go to benchmarks/results/recipes.json, by the name of the encoder.
"""

import argparse
import json
from itertools import combinations
from pathlib import Path

import inner_splits
import numpy as np
from joblib import Parallel, delayed
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmat import (
    MagpieFeaturizer,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    make_frozen_classifier,
    make_frozen_regressor,
)

RESULTS = Path(__file__).parent / "results" / "recipes.json"
FEATURES = ("embedding", "magpie", "both")
#: Glasses stand in the order of their formulas.
SHUFFLED = StratifiedKFold(5, shuffle=True, random_state=0)


def standardised(model):
    """Scale features, and the target too."""
    return make_pipeline(
        StandardScaler(), TransformedTargetRegressor(model, transformer=StandardScaler())
    )


def gaussian_process(n_features):
    # As many features, as many units of squared distance between standardised rows.
    kernel = ConstantKernel(1.0) * RBF(n_features**0.5) + WhiteKernel(0.1)
    return standardised(GaussianProcessRegressor(kernel, random_state=0))


REGRESSORS = {
    "ridge": lambda n: standardised(RidgeCV(np.logspace(-2, 4, 13))),
    "svm": lambda n: make_frozen_regressor().set_params(features="passthrough"),
    "gaussian process": gaussian_process,
    "boosting": lambda n: HistGradientBoostingRegressor(random_state=0),
    "forest": lambda n: RandomForestRegressor(300, random_state=0, max_features=1 / 3),
    "extra trees": lambda n: ExtraTreesRegressor(300, random_state=0),
}
CLASSIFIERS = {
    "ridge": lambda n: make_pipeline(
        StandardScaler(), LogisticRegressionCV(Cs=np.logspace(-4, 1, 6), cv=SHUFFLED, max_iter=500)
    ),
    "svm": lambda n: make_frozen_classifier().set_params(features="passthrough"),
    "boosting": lambda n: HistGradientBoostingClassifier(random_state=0),
    "forest": lambda n: RandomForestClassifier(300, random_state=0),
    "extra trees": lambda n: ExtraTreesClassifier(300, random_state=0),
}
#: O(n^3): left out above so many rows.
MAX_ROWS = {"gaussian process": 1500}


def candidates(y):
    makers = CLASSIFIERS if y.dtype == bool else REGRESSORS
    models = [model for model in makers if len(y) <= MAX_ROWS.get(model, len(y))]
    return makers, [(features, model) for model in models for features in FEATURES]


def predictions(arguments, task, split):
    """Return the validation labels, and what each candidate predicts for them."""
    path = arguments.folder / f"{task}-{split}.npz"
    found = dict(np.load(path)) if path.exists() else {}
    X, y, X_validation, y_validation = inner_splits.load(task, split)
    makers, names = candidates(y)
    missing = [name for name in names if ", ".join(name) not in found]
    if missing:
        both = np.concatenate([X, X_validation])
        embedding = MTEncoder(pretrained=arguments.pretrained).fit(both).transform(both)
        magpie = MagpieFeaturizer().fit_transform(both)
        features = {"embedding": embedding, "magpie": magpie}
        features["both"] = np.hstack([embedding, magpie])
        for kind, model in missing:
            values = features[kind]
            fitted = makers[model](values.shape[1]).fit(values[: len(X)], y)
            found[f"{kind}, {model}"] = inner_splits.predict(fitted, values[len(X) :])
        np.savez(path, **found)
    make = MTEncoderClassifier if y.dtype == bool else MTEncoderRegressor
    for source in arguments.fine_tune:
        key = f"fine-tuned {source}"
        if key not in found:
            model = make(pretrained=None if source == "scratch" else source, random_state=split)
            found[key] = inner_splits.predict(model.fit(X, y), X_validation)
            np.savez(path, **found)
    print(f"{task}, split {split}", flush=True)
    return y, y_validation, found


def report(name, found):
    """Print the best of everything, and of each task, and keep all figures."""
    figures = {}
    for (task, split), (y, y_validation, predicted) in found.items():
        for size in (1, 2, 3):
            for names in combinations(predicted, size):
                mean = np.mean([predicted[each] for each in names], axis=0)
                row = figures.setdefault(" + ".join(names), {})
                row[f"{task}, split {split}"] = inner_splits.figure(y, y_validation, mean)
    everything = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    everything[name] = {key: row for key, row in figures.items() if "+" not in key}
    RESULTS.write_text(json.dumps(everything, indent=1) + "\n")
    for task in dict.fromkeys(task for task, _ in found):
        keys = [f"{t}, split {s}" for t, s in found if t == task]
        show(task, figures, keys)
    show("all tasks", figures, [f"{t}, split {s}" for t, s in found])


def show(title, figures, keys, n=12):
    means = {
        name: np.mean([row[key] for key in keys])
        for name, row in figures.items()
        if all(key in row for key in keys)
    }
    print(f"\n{title}")
    single = {name: value for name, value in means.items() if "+" not in name}
    for table in (single, means):
        for name in sorted(table, key=table.get)[:n]:
            print(f"  {table[name]:.4f}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretrained", default="mtencoder-multi", help="which is frozen")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", default=list(inner_splits.TASKS))
    parser.add_argument("--splits", type=int, default=inner_splits.N_SPLITS)
    parser.add_argument(
        "--fine-tune",
        nargs="*",
        default=["mtencoder-multi", "mtencoder-oqmd-joint", "scratch"],
        help="encoders whose fine-tuned networks are candidates too",
    )
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    jobs = [(task, split) for split in range(arguments.splits) for task in arguments.tasks]
    rows = Parallel(n_jobs=arguments.n_jobs)(delayed(predictions)(arguments, *job) for job in jobs)
    report(Path(arguments.pretrained).name, dict(zip(jobs, rows, strict=True)))


if __name__ == "__main__":
    main()
