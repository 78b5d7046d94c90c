"""What it is worth how a small training set is drawn.

``python benchmarks/sampling.py`` with ``SKMAT_DATA`` set. On the official folds of Matbench's
smaller regression tasks, models learn from 50, 100 and 200 rows of the training set, drawn ten
times in each of three ways, and predict the test set: at random, by quantiles of the target, and
far from one another by the vectors of the default encoder. Models are a ridge regression on these
vectors and a random forest on Magpie features. Writes benchmarks/results/sampling.json and .md.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from matbench_table import to_markdown
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmat import MagpieFeaturizer, MTEncoder
from skmat.benchmark import MatbenchTask
from skmat.model_selection import FarthestPointSplit, QuantileShuffleSplit

RESULTS = Path(__file__).parent / "results"
TASKS = ("steels", "jdft2d", "phonons", "expt_gap", "dielectric")
SIZES = (50, 100, 200)
SAMPLERS = {"random": ShuffleSplit, "quantiles": QuantileShuffleSplit, "far": FarthestPointSplit}


def models():
    return {
        "encoder + ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 5, 11))),
        "Magpie + forest": RandomForestRegressor(200, random_state=0),
    }


def measure(task, fold, n_draws):
    data = MatbenchTask(task)
    training, test = data.folds[fold]
    vectors = {
        "encoder + ridge": MTEncoder().fit_transform(data.X),
        "Magpie + forest": MagpieFeaturizer().fit_transform(data.X),
    }
    far = vectors["encoder + ridge"][training]
    rows = []
    for name, splitter in SAMPLERS.items():
        for size in SIZES:
            draws = splitter(n_splits=n_draws, train_size=size, random_state=fold)
            for drawn, _ in draws.split(far, data.y[training]):
                chosen = training[drawn]
                for model, estimator in models().items():
                    X = vectors[model]
                    predicted = estimator.fit(X[chosen], data.y[chosen]).predict(X[test])
                    mae = mean_absolute_error(data.y[test], predicted)
                    keys = {"task": task, "fold": fold, "size": size, "drawn": name}
                    rows.append({**keys, "model": model, "mae": mae})
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n-draws", type=int, default=10)
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    jobs = [(task, fold) for task in TASKS for fold in range(5)]
    found = Parallel(arguments.n_jobs)(delayed(measure)(*job, arguments.n_draws) for job in jobs)
    table = pd.DataFrame([row for rows in found for row in rows])
    means = table.groupby(["model", "size", "task", "drawn"])["mae"].mean().unstack()
    # Per task in percent of the error of a random sample: units differ.
    change = means[["quantiles", "far"]].div(means["random"], axis=0).sub(1).mul(100)
    scatter = table.groupby(["model", "size", "task", "fold", "drawn"])["mae"].std().unstack()
    of_random = means["random"].reindex(scatter.index.droplevel("fold")).to_numpy()
    scatter = scatter.div(of_random, axis=0).mul(100)
    lines = []
    for (model, size), part in change.groupby(level=["model", "size"]):
        cells = [f"{part[way].loc[model, size, task]:+.1f}" for way in part for task in TASKS]
        means_of = [f"{part[way].mean():+.1f}" for way in part]
        lines.append([model, str(size), *cells[:5], means_of[0], *cells[5:], means_of[1]])
    header = [f"{way}: {task}" for way in ("quantiles", "far") for task in (*TASKS, "mean")]
    text = to_markdown(["model", "labels", *header], lines)
    spread = scatter.mean().round(2).to_dict()
    content = {"n_draws": arguments.n_draws, "scatter of draws, percent": spread}
    content["rows"] = change.round(2).reset_index().to_dict("records")
    (RESULTS / "sampling.json").write_text(json.dumps(content, indent=1) + "\n")
    (RESULTS / "sampling.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
