"""Predictions against labels."""

import numpy as np
from sklearn.metrics import mean_absolute_error, r2_score

from skmat.inspection._panels import (
    as_columns,
    check_axes,
    check_names,
    check_targets_of,
    check_units,
    dots,
    names_of,
    new_panels,
    unit_of_difference,
    with_unit,
)
from skmat.inspection._text import DisplayText

__all__ = ["ParityDisplay"]


class ParityDisplay(DisplayText):
    """Parity plot: predicted against true values, one panel per task.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. Each panel has equal axes
    and the diagonal of perfect prediction. It states the number of labels, the mean absolute error
    and the coefficient of determination. The error has the unit of `y`, or decades if the unit is
    "log10(...)". Panels leave out rows with a missing label or prediction (NaN).

    Parameters
    ----------
    y_true : ndarray of shape (n,) or (n, n_tasks)
        Labels. NaN means missing.
    y_pred : ndarray of the shape of `y_true`
        Predictions.
    target_names : sequence of str of length n_tasks, default=None
        Names of the tasks, used as titles of the panels.
    units : str, sequence of str of length n_tasks or dict of str to str, default=None
        Units of the tasks, for the axes. A string is the unit of every task. A dict has task names
        as keys, such as the ``Bunch.units`` of the loaders.

    Attributes
    ----------
    axes_ : ndarray of shape (n_tasks,), dtype object
        Axes of the panels.
    ax_ : matplotlib Axes
        The first panel.
    figure_ : matplotlib Figure
        Figure of the panels.
    scatters_ : list of PathCollection
        Points of each panel.
    texts_ : list of Text
        Scores of each panel.

    Raises
    ------
    InvalidInputError
        If shapes or numbers of names do not match.

    See Also
    --------
    HistoryDisplay : Loss per epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.inspection import ParityDisplay
    >>> display = ParityDisplay.from_predictions(
    ...     [1.0, 2.0, np.nan],
    ...     [1.1, 1.9, 3.0],
    ...     target_names=["band gap"],
    ...     units="eV",
    ... )
    >>> display.figure_.savefig("parity.png")  # doctest: +SKIP
    """

    def __init__(self, *, y_true, y_pred, target_names=None, units=None):
        self.y_true = y_true
        self.y_pred = y_pred
        self.target_names = target_names
        self.units = units

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, target_names=None, units=None, ax=None, scatter_kwargs=None
    ):
        """Predict `X` and plot the predictions against `y`.

        Parameters
        ----------
        estimator : object
            Fitted regressor with ``predict``.
        X : array-like of length n
            Materials, in the form that `estimator` takes.
        y : array-like of shape (n,) or (n, n_tasks)
            Labels. NaN means missing. A Series or DataFrame names the tasks.
        target_names, units, ax, scatter_kwargs
            See :meth:`from_predictions`.

        Returns
        -------
        ParityDisplay

        Raises
        ------
        InvalidInputError
            If y has the columns of the fit in another order.
        """
        check_targets_of(estimator, y)
        return cls.from_predictions(
            y,
            estimator.predict(X),
            target_names=target_names,
            units=units,
            ax=ax,
            scatter_kwargs=scatter_kwargs,
        )

    @classmethod
    def from_predictions(
        cls, y_true, y_pred, *, target_names=None, units=None, ax=None, scatter_kwargs=None
    ):
        """Plot predictions against labels.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, n_tasks)
            Labels. NaN means missing. A Series or DataFrame names the tasks.
        y_pred : array-like of the shape of `y_true`
            Predictions.
        target_names : sequence of str of length n_tasks, default=None
            Names of the tasks. None takes those of `y_true`.
        units : str, sequence of str of length n_tasks or dict of str to str, default=None
            Units of the tasks.
        ax : matplotlib Axes or sequence of n_tasks Axes, default=None
            Axes to draw on. None makes a new figure.
        scatter_kwargs : dict, default=None
            Keyword arguments for ``Axes.scatter``.

        Returns
        -------
        ParityDisplay
        """
        if target_names is None:
            target_names = names_of(y_true)
        display = cls(
            y_true=np.asarray(y_true, dtype=np.float64),
            y_pred=np.asarray(y_pred, dtype=np.float64),
            target_names=target_names,
            units=units,
        )
        return display.plot(ax=ax, scatter_kwargs=scatter_kwargs)

    def plot(self, ax=None, *, scatter_kwargs=None):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of n_tasks Axes, default=None
            Axes to draw on. None makes a new figure.
        scatter_kwargs : dict, default=None
            Keyword arguments for ``Axes.scatter``.

        Returns
        -------
        ParityDisplay
        """
        y_true, y_pred = as_columns(self.y_true, self.y_pred)
        n_tasks = y_true.shape[1]
        names = check_names(self.target_names, n_tasks)
        units = check_units(self.units, names, n_tasks)
        self.axes_ = new_panels(n_tasks) if ax is None else check_axes(ax, n_tasks)
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.scatters_, self.texts_ = [], []
        for task, panel in enumerate(self.axes_):
            known = np.isfinite(y_true[:, task]) & np.isfinite(y_pred[:, task])
            _draw_frame(panel, names[task], units[task])
            scatter, text = _draw_points(
                panel, y_true[known, task], y_pred[known, task], units[task], scatter_kwargs or {}
            )
            self.scatters_.append(scatter)
            self.texts_.append(text)
        return self


def _draw_frame(panel, name, unit):
    from matplotlib.ticker import MaxNLocator

    panel.set(title=name, xlabel=with_unit("True", unit), ylabel=with_unit("Predicted", unit))
    panel.set_aspect("equal", adjustable="box")
    # Both axes show the same quantity and range, so equal locators give equal ticks.
    panel.xaxis.set_major_locator(MaxNLocator(5))
    panel.yaxis.set_major_locator(MaxNLocator(5))


def _draw_points(panel, true, predicted, unit, scatter_kwargs):
    scatter = dots(panel, true, predicted, scatter_kwargs)
    if len(true):
        low, high = min(true.min(), predicted.min()), max(true.max(), predicted.max())
        margin = 0.05 * (high - low) or 0.5
        panel.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
    panel.axline((0, 0), slope=1, color="black", linewidth=0.8, linestyle="--", zorder=0)
    text = panel.text(
        0.04,
        0.96,
        _scores(true, predicted, unit),
        transform=panel.transAxes,
        ha="left",
        va="top",
        fontsize="small",
        zorder=0.5,  # points are drawn over it
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
    )
    return scatter, text


def _scores(true, predicted, unit):
    lines = [f"n = {len(true):,}"]
    if len(true):
        unit = unit_of_difference(unit)
        lines.append(f"MAE = {mean_absolute_error(true, predicted):.3g} {unit}".rstrip())
    if len(true) > 1:
        lines.append(f"R² = {r2_score(true, predicted):.3f}")
    return "\n".join(lines)
