"""Residuals against predictions or a column."""

import numpy as np

from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError, shorten
from skmat.inputs import as_numbers, read_columns
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

__all__ = ["ResidualDisplay"]

#: Parts of equal count whose medians the trend joins, and the fewest points of a part.
_N_PARTS, _FEWEST = 10, 8


class ResidualDisplay(DisplayText):
    """Residuals: true minus predicted values, one panel per task.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. A good model leaves a band
    around zero without a trend. The orange line joins the medians of ten groups of equal count,
    if there are at least 80 points. Above each panel are the number of labels, the mean absolute
    error and the bias, which is the mean residual. Panels leave out rows with a missing label or
    prediction (NaN).

    Parameters
    ----------
    y_true : ndarray of shape (n,) or (n, n_tasks)
        Labels. NaN means missing.
    y_pred : ndarray of the shape of `y_true`
        Predictions.
    against : ndarray of shape (n,), default=None
        Numbers of the horizontal axis. None takes the predictions.
    against_name : str, default=None
        Label of the horizontal axis, if `against` is given.
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
    trends_ : list of (Line2D or None)
        Trend of each panel.
    texts_ : list of Text
        Scores of each panel.

    Raises
    ------
    InvalidInputError
        If shapes or numbers of names do not match.

    See Also
    --------
    ParityDisplay : Predictions against labels.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.inspection import ResidualDisplay
    >>> display = ResidualDisplay.from_predictions(
    ...     [1.0, 2.0, np.nan],
    ...     [1.1, 1.9, 3.0],
    ...     target_names=["band gap"],
    ...     units="eV",
    ... )
    >>> display.figure_.savefig("residuals.png")  # doctest: +SKIP
    """

    def __init__(
        self, *, y_true, y_pred, against=None, against_name=None, target_names=None, units=None
    ):
        self.y_true = y_true
        self.y_pred = y_pred
        self.against = against
        self.against_name = against_name
        self.target_names = target_names
        self.units = units

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        against=None,
        against_name=None,
        target_names=None,
        units=None,
        ax=None,
        scatter_kwargs=None,
    ):
        """Predict `X` and plot the residuals.

        Parameters
        ----------
        estimator : object
            Fitted regressor with ``predict``.
        X : array-like of length n
            Materials, in the form that `estimator` takes.
        y : array-like of shape (n,) or (n, n_tasks)
            Labels. NaN means missing. A Series or DataFrame names the tasks.
        against : str or array-like of shape (n,), default=None
            Horizontal axis: the name of a numeric column of `X`, or numbers. None takes the
            predictions.
        against_name, target_names, units, ax, scatter_kwargs
            See :meth:`from_predictions`.

        Returns
        -------
        ResidualDisplay

        Raises
        ------
        InvalidInputError
            If y has the columns of the fit in another order.
        """
        check_targets_of(estimator, y)
        if isinstance(against, str):
            against, against_name = _column_of(X, against), against_name or against
        return cls.from_predictions(
            y,
            estimator.predict(X),
            against=against,
            against_name=against_name,
            target_names=target_names,
            units=units,
            ax=ax,
            scatter_kwargs=scatter_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        against=None,
        against_name=None,
        target_names=None,
        units=None,
        ax=None,
        scatter_kwargs=None,
    ):
        """Plot the residuals of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, n_tasks)
            Labels. NaN means missing. A Series or DataFrame names the tasks.
        y_pred : array-like of the shape of `y_true`
            Predictions.
        against : array-like of shape (n,), default=None
            Numbers of the horizontal axis. None takes the predictions.
        against_name : str, default=None
            Label of the horizontal axis. None takes the name of a Series.
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
        ResidualDisplay
        """
        if target_names is None:
            target_names = names_of(y_true)
        if against is not None:
            against_name = against_name or (names_of(against) or [None])[0]
            against = _as_one_column(against)
        display = cls(
            y_true=np.asarray(y_true, dtype=np.float64),
            y_pred=np.asarray(y_pred, dtype=np.float64),
            against=against,
            against_name=against_name,
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
        ResidualDisplay
        """
        y_true, y_pred = as_columns(self.y_true, self.y_pred)
        n_rows, n_tasks = y_true.shape
        names = check_names(self.target_names, n_tasks)
        units = check_units(self.units, names, n_tasks)
        if self.against is not None and np.shape(self.against) != (n_rows,):
            raise InvalidInputError(
                f"against has the shape {np.shape(self.against)}, but y_true has {n_rows} rows."
            )
        self.axes_ = new_panels(n_tasks) if ax is None else check_axes(ax, n_tasks)
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.scatters_, self.trends_, self.texts_ = [], [], []
        for task, panel in enumerate(self.axes_):
            place = y_pred[:, task] if self.against is None else np.asarray(self.against)
            residual = y_true[:, task] - y_pred[:, task]
            known = np.isfinite(residual) & np.isfinite(place)
            place, residual = place[known], residual[known]
            self._draw_frame(panel, names[task], units[task])
            panel.axhline(0, color="black", linewidth=0.8, linestyle="--", zorder=0)
            self.scatters_.append(dots(panel, place, residual, scatter_kwargs or {}))
            self.trends_.append(_draw_trend(panel, place, residual))
            self.texts_.append(_write_scores(panel, residual, units[task]))
        return self

    def _draw_frame(self, panel, name, unit):
        if self.against is None:
            across = with_unit("Predicted", unit)
        else:
            across = self.against_name or ""
        panel.set(
            xlabel=across,
            ylabel=with_unit("True \N{MINUS SIGN} predicted", unit_of_difference(unit)),
        )
        # The scores are between the title and the panel.
        panel.set_title(name, pad=20)


def _draw_trend(panel, place, residual):
    """Join the medians of parts of equal count, unless there are too few points."""
    if len(place) < _N_PARTS * _FEWEST:
        return None
    parts = np.array_split(np.argsort(place, kind="stable"), _N_PARTS)
    x, y = ([np.median(each[part]) for part in parts] for each in (place, residual))
    return panel.plot(x, y, color="tab:orange", linewidth=1.8, marker="o", markersize=3)[0]


def _write_scores(panel, residual, unit):
    parts = [f"n = {len(residual):,}"]
    if len(residual):
        unit = unit_of_difference(unit)
        parts.append(f"MAE = {np.abs(residual).mean():.3g} {unit}".rstrip())
        parts.append(f"bias = {residual.mean():+.2g} {unit}".rstrip())
        # Equal parts above and below zero show a bias.
        limit = 1.08 * np.abs(residual).max() or 0.5
        panel.set_ylim(-limit, limit)
    return panel.text(
        0.5,
        1.02,
        ", ".join(parts),
        transform=panel.transAxes,
        ha="center",
        va="bottom",
        fontsize="small",
    )


def _column_of(X, name):
    frame = as_pandas(X)
    if frame is None:
        raise InvalidInputError(
            f"against={name!r} is the name of a column, but X is a {type(X).__name__}. Pass a"
            " DataFrame, or the numbers themselves."
        )
    if list(frame.columns).count(name) != 1:
        raise InvalidInputError(
            f"against={name!r} is not one column of X, whose columns are"
            f" {shorten(list(frame.columns))}."
        )
    return _as_one_column(frame[name])


def _as_one_column(against):
    columns = read_columns(against, "against").columns
    if len(columns) > 1:
        raise InvalidInputError(f"against has {len(columns)} columns. Give one number per row.")
    numbers, faults = as_numbers(columns[0], np.finfo(float).max)
    if faults:
        row, value, fault = faults[0]
        raise InvalidInputError(
            f"against: {shorten(value)} in row {row} is {fault}. Give numbers, or NaN where they"
            " are missing."
        )
    return numbers
