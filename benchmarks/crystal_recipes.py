"""Ways of using a pretrained encoder of crystals where labels are few.

``python benchmarks/crystal_recipes.py --folder FOLDER`` with ``SKMAT_DATA`` set, FOLDER being
that of ``transfer.py``, whose multi-property sources it takes. Of each property some labels are
drawn to learn from and 400 others to judge by, none of which transfer.py tests on. Compared
are fine-tuning, with automatic epochs or gently (60 epochs, a tenth of the rate for the encoder),
support vectors and trees on frozen vectors beside Magpie features, and averages; the same from
random weights, where the features are Magpie's alone. Errors go to
benchmarks/results/crystal_recipes.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.metrics import mean_absolute_error
from transfer_data import load

from skmat import CGCNNRegressor, make_frozen_regressor
from skmat._utils.atomic import write_atomically

RESULTS = Path(__file__).parent / "results" / "crystal_recipes.json"
N_VALIDATION = 400
GENTLY = {"max_epochs": 60, "encoder_lr_factor": 0.1}
AVERAGES = {
    "average": ("fine-tuned", "support vectors", "trees"),
    "average with gently": ("fine-tuned", "gently", "support vectors", "trees"),
    "fine-tuned and trees": ("fine-tuned", "trees"),
    "scratch average": ("scratch", "Magpie, support vectors", "Magpie, trees"),
}


def make_models(weights, seed):
    """Return what is compared, by name."""
    models = {
        "fine-tuned": CGCNNRegressor(pretrained=weights, random_state=seed),
        "gently": CGCNNRegressor(pretrained=weights, random_state=seed, **GENTLY),
        "scratch": CGCNNRegressor(pretrained=None, random_state=seed),
    }
    for name in ("support vectors", "trees"):
        head = ExtraTreesRegressor(300, random_state=0) if name == "trees" else None
        models[name] = make_frozen_regressor(head, pretrained=weights, family="cgcnn")
        plain = make_frozen_regressor(head, pretrained=weights, family="cgcnn")
        models[f"Magpie, {name}"] = plain.set_params(features__encoder="drop")
    return models


def measure(target, size, draw, folder):
    """Return the errors of one draw."""
    torch.set_num_threads(1)
    data = load()[target]
    rows = np.random.default_rng(1000 + draw).permutation(data.pool)
    training, validation = rows[:size], rows[size : size + N_VALIDATION]
    learned, asked = data.X.take(training), data.X.take(validation)
    predicted = {
        name: model.fit(learned, data.y[training]).predict(asked)
        for name, model in make_models(folder / f"mpt-without-{target}", draw).items()
    }
    for name, members in AVERAGES.items():
        predicted[name] = np.mean([predicted[member] for member in members], axis=0)
    truth = data.y[validation]
    errors = {name: mean_absolute_error(truth, values) for name, values in predicted.items()}
    return {"target": target, "size": size, "draw": draw, "errors": errors}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--draws", type=int, nargs="+", default=[0])
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    folder = arguments.folder / "cgcnn-base-15"
    jobs = [
        (t, size, draw) for size in arguments.sizes for draw in arguments.draws for t in load()
    ]
    rows = Parallel(arguments.n_jobs)(delayed(measure)(*job, folder) for job in jobs)
    write_atomically(RESULTS, (json.dumps(rows, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
