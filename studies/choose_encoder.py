"""Which encoder of formulas is the default: fine-tuned, or frozen beside Magpie features."""

import numpy as np
from cells import fit, loss
from runner import Study, grid
from sklearn.model_selection import GroupShuffleSplit

from skmat.benchmark import MatbenchTask
from skmat.composition import read_compositions

#: Validation splits inside the training rows of fold 0.
SPLITS = (0, 1, 2)


def measure(cell, settings, work):
    """Return the error on a fifth of the compositions of at most 1,500 training rows of fold 0.

    It is relative to that of the training median: 1 is no better.
    """
    model = {"pretrained": cell["encoder"]}
    if cell["use"] == "frozen":
        model["recipe"] = "frozen"
    data = MatbenchTask(cell["task"])
    rows = data.folds[0][0]
    if len(rows) > 1500:
        rows = np.random.default_rng(0).choice(rows, 1500, replace=False)
    X, y = data.X[rows], data.y[rows]
    splitter = GroupShuffleSplit(len(SPLITS), test_size=0.2, random_state=0)
    parts = list(splitter.split(X, groups=read_compositions(X).group_ids()))
    training, validation = parts[cell["split"]]
    fitted = fit(model, data.info.kind, cell["split"], X[training], y[training])
    of_median = np.abs(np.median(y[training]) - y[validation]).mean()
    return {"error": float(loss(fitted, X[validation], y[validation]) / of_median)}


STUDIES = [
    Study(
        "choose_encoder",
        grid(
            use=("fine-tuned", "frozen"),
            encoder=("mtencoder-multi", "mtencoder-multimodal"),
            task=("jdft2d", "phonons", "expt_gap", "dielectric"),
            split=SPLITS,
        ),
        measure,
    )
]
