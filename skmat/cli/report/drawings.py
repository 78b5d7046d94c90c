"""Figures of the report: displays of ``skmat.inspection`` on figures of their own."""

from contextlib import contextmanager

import numpy as np

from skmat.cli.held_out import take
from skmat.composition import read_compositions
from skmat.inspection import (
    CalibrationDisplay,
    ElementAttributionDisplay,
    ParityDisplay,
    ResidualDisplay,
    element_attributions,
)

__all__ = ["calibration", "drawing_for_a_page", "elements", "parity", "residuals"]

#: Inches of a figure, and of a periodic table.
_SIZE, _TABLE = (4.4, 4.1), (7.4, 4.0)
#: Predictions that the contributions of elements may take, and formulas that they are means of.
_MOST_PREDICTIONS, _MOST_FORMULAS = 12_000, 300
#: Elements up to which all subsets are predicted; above, this many orders are. They are few,
#: because means over formulas average their noise.
_MOST_EXACT, _N_ORDERS = 8, 10


@contextmanager
def drawing_for_a_page():
    """Let matplotlib take names as they are, and write equal figures as equal files."""
    import matplotlib

    with matplotlib.rc_context({"text.parse_math": False, "svg.hashsalt": "skmat"}):
        yield


def parity(target):
    """Draw predictions against labels."""
    axes = _axes(_SIZE)
    ParityDisplay.from_predictions(*_known(target), ax=axes)
    return axes.figure


def residuals(target):
    """Draw errors against predictions."""
    axes = _axes(_SIZE)
    ResidualDisplay.from_predictions(*_known(target), ax=axes)
    return axes.figure


def calibration(target):
    """Draw the calibration of intervals or probabilities, None if there are none."""
    rows = target.rows
    if target.probabilities is not None:
        how = {
            "probabilities": target.probabilities[rows],
            "classes": np.array(target.classes),
        }
        truth = target.truth[rows].astype(str)
    elif target.intervals:
        how = {
            "intervals": {
                coverage: tuple(each[rows] for each in ends)
                for coverage, ends in target.intervals.items()
            }
        }
        truth = target.truth[rows].astype(np.float64)
    else:
        return None
    axes = _axes(_SIZE)
    CalibrationDisplay.from_predictions(truth, ax=axes, **how)
    return axes.figure


def elements(model, X, formulas, target, label, rows, seed):
    """Draw what elements contribute on average.

    Parameters
    ----------
    model : estimator
        Model that reads formulas.
    X : list or DataFrame
        Materials.
    formulas : list of str
        The same, as formulas.
    target : str
        Column, or class of a classifier.
    label : str
        What is explained, for the colour bar.
    rows : ndarray
        Rows to draw a sample from.
    seed : int
        Seed of the sample.

    Returns
    -------
    figure : Figure
    n_formulas : int
        Formulas in the sample.
    """
    rows = np.random.default_rng(seed).permutation(rows)[:_MOST_FORMULAS]
    counts = read_compositions([formulas[row] for row in rows]).n_elements.astype(int)
    costs = np.where(counts > _MOST_EXACT, _N_ORDERS * counts, 2.0**counts)
    # At least two, which their mean can tell apart.
    n_formulas = max(2, int(np.searchsorted(costs.cumsum(), _MOST_PREDICTIONS, side="right")))
    result = element_attributions(
        model,
        take(X, np.sort(rows[:n_formulas])),
        target=target,
        n_permutations=_N_ORDERS,
        random_state=seed,
    )
    axes = _axes(_TABLE)
    ElementAttributionDisplay.from_attributions(
        result, kind="periodic_table", target_name=label, ax=axes
    )
    return axes.figure, len(result.predictions)


def _known(target):
    rows = target.rows
    return target.truth[rows].astype(np.float64), target.predicted[rows]


def _axes(size):
    # Not by pyplot, which keeps figures and needs a screen in some settings.
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained").subplots()
