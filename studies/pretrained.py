"""Shipped encoders of formulas on official folds of Matbench, and what they are compared with.

The studies "large" and "long" are of larger tasks. "long" takes a GPU.
"""

from cells import FOLDS, SMALL, matbench_fold
from runner import MatbenchStudy, grid

MODELS = {
    "scratch": {"family": "mtencoder", "pretrained": None},
    "mtencoder-multi": {"pretrained": "mtencoder-multi"},
    "mtencoder-multimodal": {"pretrained": "mtencoder-multimodal"},
    # The default encoder; random weights for alloys.
    "auto": {"family": "mtencoder", "pretrained": "auto"},
    "frozen": {"recipe": "frozen"},
    "trees": {"recipe": "voting", "part": "trees"},
    "voting": {"recipe": "voting"},
}
OQMD = ("mtencoder-oqmd-joint", "mtencoder-oqmd-joint-none")
LONG = {name: {"pretrained": name, "max_epochs": 60} for name in OQMD}
LARGE = {name: MODELS[name] for name in ("scratch", "mtencoder-multi")}

STUDIES = [
    MatbenchStudy(
        "pretrained", grid(model=MODELS, task=SMALL, fold=FOLDS), matbench_fold, {"models": MODELS}
    ),
    MatbenchStudy(
        "pretrained/large",
        grid(model=LARGE, task=("perovskites", "log_gvrh", "log_kvrh"), fold=FOLDS),
        matbench_fold,
        {"models": LARGE},
    ),
    MatbenchStudy(
        "pretrained/long",
        [
            *grid(model=OQMD[:1], task=("mp_gap", "mp_is_metal"), fold=(0, 1, 2)),
            *grid(model=OQMD[:1], task=("mp_e_form",), fold=(0, 1)),
            *grid(model=OQMD[1:], task=("mp_gap", "mp_is_metal", "mp_e_form"), fold=(0,)),
        ],
        matbench_fold,
        {"models": LONG},
    ),
]
