"""How far the materials of each task of Matbench are from OQMD; takes the package ElMD."""

from runner import Study, grid

from skmat.benchmark import dataset_distance
from skmat.datasets import fetch_matbench, fetch_oqmd
from skmat.datasets._matbench_tasks import MATBENCH_TASKS


def measure(cell, settings, work):
    distance = dataset_distance(fetch_matbench(cell["task"]).data, fetch_oqmd().data)
    return {name: float(value) for name, value in distance.items()}


TASKS = [task.removeprefix("matbench_") for task in MATBENCH_TASKS]
STUDIES = [Study("distances", grid(task=TASKS), measure)]
