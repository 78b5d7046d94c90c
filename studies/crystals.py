"""CGCNN on the official structures and folds of ``phonons``."""

from cells import FOLDS, matbench_fold
from runner import MatbenchStudy, grid

MODELS = {
    "cgcnn": {"family": "cgcnn", "pretrained": None},
    "cgcnn-mp-multitask": {"pretrained": "cgcnn-mp-multitask"},
}
STUDIES = [
    MatbenchStudy(
        "crystals",
        grid(model=MODELS, task=("phonons",), fold=FOLDS),
        matbench_fold,
        {"models": MODELS},
    )
]
