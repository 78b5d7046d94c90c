"""Shipped encoders of formulas on official folds of Matbench, and what they are compared with.

The studies "large" and "long" are of larger tasks. "long" takes a GPU.
"""

from cells import FOLDS, SMALL, matbench_study

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
    matbench_study("pretrained", MODELS, (MODELS, SMALL, FOLDS)),
    matbench_study(
        "pretrained/large", LARGE, (LARGE, ("perovskites", "log_gvrh", "log_kvrh"), FOLDS)
    ),
    matbench_study(
        "pretrained/long",
        LONG,
        (OQMD[:1], ("mp_gap", "mp_is_metal"), (0, 1, 2)),
        (OQMD[:1], ("mp_e_form",), (0, 1)),
        (OQMD[1:], ("mp_gap", "mp_is_metal", "mp_e_form"), (0,)),
    ),
]
