"""Tasks of Matbench for tests that have no data."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from skmat.datasets import load_transport
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, resolve_task_name


def made_up_task(task, **_):
    """Give what fetch_matbench does, with the official ids, other materials and made-up labels."""
    info = MATBENCH_TASKS[resolve_task_name(task)]
    X, y = load_transport(targets="S_p", return_X_y=True)
    X, y = X[: info.n_samples], y[: info.n_samples]
    if info.kind == "classification":
        y = y > np.median(y)
    ids = [info.id_format.format(number) for number in range(1, info.n_samples + 1)]
    return Bunch(data=X, target=y, ids=np.array(ids, dtype=object))


def each_task(names=tuple(MATBENCH_TASKS)):
    """Parametrize a test by the `name` of a task; those of 100,000 materials are slow."""
    sizes = {name: MATBENCH_TASKS[resolve_task_name(name)].n_samples for name in names}
    return pytest.mark.parametrize(
        "name",
        [
            pytest.param(name, marks=pytest.mark.slow if size > 20_000 else ())
            for name, size in sizes.items()
        ],
    )
