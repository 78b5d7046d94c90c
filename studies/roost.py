"""The shipped encoders of Roost on official folds of the tasks under 5,000 rows but ``glass``."""

from cells import FOLDS, SMALL, matbench_fold
from runner import MatbenchStudy, grid

MODELS = {
    "roost-scratch": {"family": "roost", "pretrained": None},
    **{
        name: {"pretrained": name}
        for name in ("roost-ssl", "roost-fingerprint", "roost-multimodal")
    },
}
STUDIES = [
    MatbenchStudy(
        "roost", grid(model=MODELS, task=SMALL[:-1], fold=FOLDS), matbench_fold, {"models": MODELS}
    )
]
