"""Baselines and shipped encoders on official folds of Matbench.

The baselines take hours of two cores. "large" and "long" are of larger tasks; "long" takes a GPU.
"""

from cells import FOLDS, SMALL, matbench_study

from skmat.benchmark._baselines import BASELINES
from skmat.datasets._matbench_tasks import MATBENCH_TASKS

TASKS = [task.removeprefix("matbench_") for task in MATBENCH_TASKS]
#: On these, a forest takes five hours or more of a core.
TOO_LARGE = ("mp_gap", "mp_e_form")
BASELINE = {name: {"baseline": name} for name in BASELINES}
FOREST = "magpie-forest"
FORMULAS = {
    "scratch": {"family": "mtencoder", "pretrained": None},
    "mtencoder-multi": {"pretrained": "mtencoder-multi"},
    "mtencoder-multimodal": {"pretrained": "mtencoder-multimodal"},
    # The default encoder; random weights for alloys.
    "auto": {"family": "mtencoder", "pretrained": "auto"},
    "frozen": {"recipe": "frozen"},
    "trees": {"recipe": "voting", "part": "trees"},
    "voting": {"recipe": "voting"},
}
LARGE = {name: FORMULAS[name] for name in ("scratch", "mtencoder-multi")}
OQMD = ("mtencoder-oqmd-joint", "mtencoder-oqmd-joint-none")
LONG = {name: {"pretrained": name, "max_epochs": 60} for name in OQMD}
ROOST = {
    "roost-scratch": {"family": "roost", "pretrained": None},
    "roost-ssl": {"pretrained": "roost-ssl"},
    "roost-fingerprint": {"pretrained": "roost-fingerprint"},
    "roost-multimodal": {"pretrained": "roost-multimodal"},
}
CRYSTALS = {
    "cgcnn": {"family": "cgcnn", "pretrained": None},
    "cgcnn-mp-multitask": {"pretrained": "cgcnn-mp-multitask"},
}
STUDIES = [
    matbench_study(
        "matbench",
        BASELINE,
        ([name for name in BASELINES if name != FOREST], TASKS, FOLDS),
        ((FOREST,), [task for task in TASKS if task not in TOO_LARGE], FOLDS),
    ),
    matbench_study("pretrained", FORMULAS, (FORMULAS, SMALL, FOLDS)),
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
    matbench_study("roost", ROOST, (ROOST, SMALL[:-1], FOLDS)),
    matbench_study("crystals", CRYSTALS, (CRYSTALS, ("phonons",), FOLDS)),
]
