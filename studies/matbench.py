"""Baselines on all tasks and folds of Matbench; hours of two cores."""

from cells import FOLDS, matbench_fold
from runner import MatbenchStudy, grid

from skmat.benchmark._baselines import BASELINES
from skmat.datasets._matbench_tasks import MATBENCH_TASKS

TASKS = [task.removeprefix("matbench_") for task in MATBENCH_TASKS]
#: Pairs that take five hours or more of a core.
TOO_LARGE = [("magpie-forest", "mp_gap"), ("magpie-forest", "mp_e_form")]

STUDIES = [
    MatbenchStudy(
        "matbench",
        [
            cell
            for cell in grid(model=BASELINES, task=TASKS, fold=FOLDS)
            if (cell["model"], cell["task"]) not in TOO_LARGE
        ],
        matbench_fold,
        {"models": {name: {"baseline": name} for name in BASELINES}},
    )
]
