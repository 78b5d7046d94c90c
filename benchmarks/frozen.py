"""Which model on which features, when the encoder stays frozen.

``python benchmarks/frozen.py --pretrained FOLDER`` with ``SKMAT_DATA`` set. Features are the
encoder's vectors, the Magpie features, or both; each is judged under the same models on the splits
of ``inner_splits.py``. Finished fits are kept in benchmarks/results/frozen.json, by the hash of
the encoder's weights, so a killed run goes on where it was.
"""

import argparse
import json
from pathlib import Path

import inner_splits
import numpy as np
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
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from skmat import MagpieFeaturizer, MTEncoder
from skmat._atomic import write_atomically
from skmat.pretrained import load_checkpoint

RESULTS = Path(__file__).parent / "results" / "frozen.json"
FEATURES = ("embedding", "magpie", "both")


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
    **{
        f"svr C={C}": (lambda n, C=C: standardised(SVR(C=C, epsilon=0.02))) for C in (1, 3, 10, 30)
    },
    "gaussian process": gaussian_process,
    "boosting": lambda n: HistGradientBoostingRegressor(random_state=0),
    "forest": lambda n: RandomForestRegressor(300, random_state=0),
    "extra trees": lambda n: ExtraTreesRegressor(300, random_state=0),
}
CLASSIFIERS = {
    "ridge": lambda n: make_pipeline(
        StandardScaler(), LogisticRegressionCV(np.logspace(-4, 1, 6), max_iter=500)
    ),
    **{
        f"svr C={C}": (lambda n, C=C: make_pipeline(StandardScaler(), _Margin(C=C)))
        for C in (1, 3, 10, 30)
    },
    "boosting": lambda n: HistGradientBoostingClassifier(random_state=0),
    "forest": lambda n: RandomForestClassifier(300, random_state=0),
    "extra trees": lambda n: ExtraTreesClassifier(300, random_state=0),
}
#: O(n^3): left out above so many rows.
MAX_ROWS = {"gaussian process": 2000}


class _Margin(SVC):
    """Support vectors whose distance from the boundary serves as the score of a class."""

    def predict_proba(self, X):
        score = self.decision_function(X)
        return np.column_stack([-score, score])


def featurize(pretrained, X):
    """Return the features by name."""
    embedding = MTEncoder(pretrained=pretrained).fit(X).transform(X)
    magpie = MagpieFeaturizer().fit_transform(X)
    return {"embedding": embedding, "magpie": magpie, "both": np.hstack([embedding, magpie])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretrained", required=True, help="folder, or name of shipped weights")
    parser.add_argument("--tasks", nargs="+", default=list(inner_splits.TASKS))
    parser.add_argument("--models", nargs="+", choices=REGRESSORS, default=list(REGRESSORS))
    parser.add_argument("--splits", type=int, default=inner_splits.N_SPLITS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()

    checkpoint = load_checkpoint(arguments.pretrained)
    everything, figures = inner_splits.read_results(
        arguments.results, checkpoint.card.sha256, {"name": checkpoint.card.name}
    )
    for split in range(arguments.splits):
        for task in arguments.tasks:
            X, y, X_validation, y_validation = inner_splits.load(task, split)
            features = featurize(arguments.pretrained, np.concatenate([X, X_validation]))
            for model in arguments.models:
                if len(X) > MAX_ROWS.get(model, len(X)):
                    continue
                makers = CLASSIFIERS if y.dtype == bool else REGRESSORS
                if model not in makers:
                    continue
                for name in FEATURES:
                    row = figures.setdefault(f"{name}, {model}", {})
                    key = f"{task}, split {split}"
                    if key in row:
                        continue
                    values = features[name]
                    fitted = makers[model](values.shape[1]).fit(values[: len(X)], y)
                    predicted = inner_splits.predict(fitted, values[len(X) :])
                    row[key] = inner_splits.figure(y, y_validation, predicted)
                    content = json.dumps(everything, indent=2) + "\n"
                    write_atomically(arguments.results, content.encode())
            print(f"{task}, split {split}", flush=True)
    for task in arguments.tasks:
        print(f"\n{task}")
        keys = [f"{task}, split {split}" for split in range(arguments.splits)]
        inner_splits.summarise(figures, list(figures), keys, "magpie, forest")


if __name__ == "__main__":
    main()
