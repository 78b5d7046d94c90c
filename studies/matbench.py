"""Baselines on all tasks and folds of Matbench; hours of two cores."""

from cells import FOLDS, matbench_study

from skmat.benchmark._baselines import BASELINES
from skmat.datasets._matbench_tasks import MATBENCH_TASKS

TASKS = [task.removeprefix("matbench_") for task in MATBENCH_TASKS]
FOREST = "magpie-forest"
#: On these, a forest takes five hours or more of a core.
TOO_LARGE = ("mp_gap", "mp_e_form")

STUDIES = [
    matbench_study(
        "matbench",
        {name: {"baseline": name} for name in BASELINES},
        ([name for name in BASELINES if name != FOREST], TASKS, FOLDS),
        ((FOREST,), [task for task in TASKS if task not in TOO_LARGE], FOLDS),
    )
]
