"""What displays with one panel per target share."""

from collections.abc import Mapping

import numpy as np

from skmat.exceptions import InvalidInputError
from skmat.inputs import check_order_of_targets

__all__ = [
    "PANEL_SIZE",
    "as_columns",
    "check_axes",
    "check_names",
    "check_targets_of",
    "check_units",
    "dots",
    "names_of",
    "new_axes",
    "new_panels",
    "unit_of_difference",
    "with_unit",
]

_MAX_COLUMNS = 4
#: Width and height of a panel in inches: a column of a paper.
PANEL_SIZE = 3.4


def new_axes(ax, width=PANEL_SIZE, height=PANEL_SIZE):
    """Return `ax`, or the axes of a new figure of this size in inches if it is None."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def new_panels(n_tasks, width=PANEL_SIZE, height=PANEL_SIZE):
    """Return the panels of a new figure, each of this size in inches."""
    from matplotlib import pyplot as plt

    n_columns = min(n_tasks, _MAX_COLUMNS)
    n_rows = -(-n_tasks // n_columns)
    _, grid = plt.subplots(
        n_rows,
        n_columns,
        figsize=(width * n_columns, height * n_rows),
        squeeze=False,
        layout="constrained",
    )
    panels = grid.ravel()
    for unused in panels[n_tasks:]:
        unused.remove()
    return panels[:n_tasks]


def dots(panel, x, y, scatter_kwargs):
    """Draw points, fainter and smaller if there are many, to show where they are dense."""
    style = {
        "s": 14 if len(x) <= 1000 else 5,
        "alpha": float(np.clip(15 / np.sqrt(max(len(x), 1)), 0.08, 0.7)),
        "color": "tab:blue",
        "linewidths": 0,
        "rasterized": True,
    }
    if "c" in scatter_kwargs:
        del style["color"]
    return panel.scatter(x, y, **(style | scatter_kwargs))


def with_unit(quantity, unit):
    """Return the label of an axis."""
    return f"{quantity} [{unit}]" if unit else quantity


def unit_of_difference(unit):
    """Return the unit of a difference: that of logarithms counts powers of ten."""
    return "decades" if unit.startswith("log10(") else unit


def as_columns(y_true, y_pred):
    """Return both as arrays of shape (n, n_tasks)."""
    y_true = np.asarray(y_true, dtype=np.float64)
    y_pred = np.asarray(y_pred, dtype=np.float64)
    if y_true.ndim not in (1, 2):
        raise InvalidInputError(
            f"y_true must have shape (n,) or (n, n_tasks), got {y_true.shape}."
        )
    true, predicted = (y[:, None] if y.ndim == 1 else y for y in (y_true, y_pred))
    if true.shape != predicted.shape:
        raise InvalidInputError(
            f"y_true of shape {y_true.shape} and y_pred of shape {y_pred.shape} do not match."
        )
    return true, predicted


def names_of(y):
    """Return the names of the columns of a Series or DataFrame, else None."""
    if hasattr(y, "columns"):
        return [str(name) for name in y.columns]
    name = getattr(y, "name", None)
    return None if name is None else [str(name)]


def check_targets_of(estimator, y):
    """Raise an error if y has the columns that the estimator was fitted to in another order."""
    names, learned = names_of(y), getattr(estimator, "target_names_", None)
    if names is not None and learned is not None:
        check_order_of_targets(names, list(learned))


def check_names(names, n_tasks):
    """Return one name per task."""
    if names is None:
        return [""] if n_tasks == 1 else [f"Task {task}" for task in range(n_tasks)]
    names = [names] if isinstance(names, str) else list(names)
    if len(names) != n_tasks:
        raise InvalidInputError(f"There are {n_tasks} tasks but {len(names)} target_names.")
    return names


def check_units(units, names, n_tasks):
    """Return one unit per task, empty if unknown."""
    if units is None or isinstance(units, str):
        return [units or ""] * n_tasks
    if isinstance(units, Mapping):
        return [units.get(name, "") for name in names]
    units = list(units)
    if len(units) != n_tasks:
        raise InvalidInputError(f"There are {n_tasks} tasks but {len(units)} units.")
    return units


def check_axes(ax, n_tasks):
    """Return the given axes as an array with one for each task."""
    axes = np.asarray(ax, dtype=object).ravel()
    if len(axes) != n_tasks:
        raise InvalidInputError(f"There are {n_tasks} tasks but {len(axes)} axes.")
    return axes
