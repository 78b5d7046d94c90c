"""How much errors depend on the seed: five seeds on each of the five official folds.

A seed decides about random weights, the order of the rows, trees and inner splits.
"""

from cells import FOLDS, make_models
from matbench import DECLARED
from runner import Study, grid

from skmat.benchmark import run_matbench

SEEDS = (0, 1, 2, 3, 4)
FORMULAS = {
    "auto-fast": {"auto": "fast", "decision": "balanced_accuracy"},
    "mtencoder-multi": {"pretrained": "mtencoder-multi"},
    "scratch": DECLARED["pretrained"]["models"]["scratch"],
}
STRUCTURES = {
    name: DECLARED["crystals"]["models"][name] for name in ("cgcnn-mp-multitask", "alignn-mp-mpt")
}
CELLS = grid(task=("phonons",), fold=FOLDS, seed=SEEDS, model=STRUCTURES)
CELLS += grid(task=("steels", "jdft2d", "phonons"), fold=FOLDS, seed=SEEDS, model=FORMULAS)


def measure(cell, settings, work):
    """Measure a model on an official fold with a seed."""
    model = settings["models"][cell["model"]]
    results = run_matbench(
        make_models(model),
        [cell["task"]],
        folds=[cell["fold"]],
        input=model.get("input", "formula"),
        random_state=cell["seed"],
    )
    (fold,) = results.folds
    versions = ", ".join(" ".join(fact) for fact in fold.versions.items())
    return {"mae": fold.scores["mae"], "seconds_fit": fold.seconds_fit, "versions": versions}


STUDIES = [Study("seeds", CELLS, measure, {"models": FORMULAS | STRUCTURES})]
