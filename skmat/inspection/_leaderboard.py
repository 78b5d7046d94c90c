"""Errors and weights of candidates."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmat.exceptions import InvalidInputError
from skmat.inspection._panels import check_axes, check_units, new_panels, with_unit
from skmat.inspection._text import DisplayText

__all__ = ["LeaderboardDisplay"]

_COLUMNS = {"candidate", "target", "error", "weight"}
#: Inches: width of a panel, height of a row, height of what is around the rows.
_WIDTH, _ROW, _AROUND = 4.6, 0.24, 1.0


class LeaderboardDisplay(DisplayText):
    """Errors of the candidates of an average and their weights, one panel per target.

    Create it with :meth:`from_estimator`. Each row is a candidate, the best one on top. Dots show
    the out-of-fold error. On the right is the weight in the average. Candidates without weight
    are grey. Candidates without an error, because they failed or time was over, are left out.

    Parameters
    ----------
    leaderboard : DataFrame
        Table with the columns "candidate", "target", "error" and "weight", such as
        ``leaderboard_`` of :class:`~skmat.AutoRegressor`.
    error_name : str, default="error"
        Name of the error.
    units : str, sequence of str of length n_targets or dict of str to str, default=None
        Units of the errors, for the axes. A string is the unit of every target.

    Attributes
    ----------
    axes_ : ndarray of shape (n_targets,), dtype object
        Axes of the panels.
    ax_ : matplotlib Axes
        The first panel.
    figure_ : matplotlib Figure
        Figure of the panels.
    scatters_ : list of PathCollection
        Dots of each panel, the best candidate first.

    Raises
    ------
    InvalidInputError
        If columns are missing, or no candidate has an error.

    See Also
    --------
    ParityDisplay : Predictions against labels.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmat.inspection import LeaderboardDisplay
    >>> table = pd.DataFrame(
    ...     {
    ...         "candidate": ["svm", "trees"],
    ...         "target": "gap",
    ...         "error": [0.4, 0.5],
    ...         "weight": [1, 0],
    ...     }
    ... )
    >>> display = LeaderboardDisplay(leaderboard=table, units="eV").plot()
    >>> display.figure_.savefig("leaderboard.png")  # doctest: +SKIP
    """

    def __init__(self, *, leaderboard, error_name="error", units=None):
        self.leaderboard = leaderboard
        self.error_name = error_name
        self.units = units

    @classmethod
    def from_estimator(cls, estimator, *, units=None, ax=None):
        """Plot the leaderboard of a fitted average.

        Parameters
        ----------
        estimator : AutoRegressor or AutoClassifier
            Fitted estimator with ``leaderboard_``.
        units : str, sequence of str of length n_targets or dict of str to str, default=None
            Units of the errors. A log-loss has none.
        ax : matplotlib Axes or sequence of n_targets Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        LeaderboardDisplay
        """
        check_is_fitted(estimator, "leaderboard_")
        display = cls(
            leaderboard=estimator.leaderboard_,
            error_name=getattr(estimator, "error_name_", "error"),
            units=units,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of n_targets Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        LeaderboardDisplay
        """
        missing = sorted(_COLUMNS - set(self.leaderboard.columns))
        if missing:
            raise InvalidInputError(f"The leaderboard lacks the columns {missing}.")
        known = self.leaderboard[np.isfinite(self.leaderboard["error"])]
        if not len(known):
            raise InvalidInputError("No candidate of the leaderboard has an error.")
        tables = [
            (target, table.sort_values("error", kind="stable"))
            for target, table in known.groupby("target", sort=False)
        ]
        units = check_units(self.units, [target for target, _ in tables], len(tables))
        height = _AROUND + _ROW * max(len(table) for _, table in tables)
        self.axes_ = (
            new_panels(len(tables), _WIDTH, height) if ax is None else check_axes(ax, len(tables))
        )
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.scatters_ = []
        for (target, table), unit, panel in zip(tables, units, self.axes_, strict=True):
            title = str(target) if len(tables) > 1 or target != "y" else ""
            name = self.error_name[:1].upper() + self.error_name[1:]
            panel.set(title=title, xlabel=with_unit(name, unit))
            self.scatters_.append(_draw_candidates(panel, table))
        return self


def _draw_candidates(panel, table):
    rows = np.arange(len(table))
    weights = table["weight"].to_numpy(dtype=float)
    colors = np.where(weights > 0, "tab:blue", "0.6")
    panel.hlines(rows, 0, 1, transform=panel.get_yaxis_transform(), color="0.9", linewidth=0.8)
    scatter = panel.scatter(table["error"], rows, c=colors, s=26, zorder=2)
    panel.set_yticks(rows, table["candidate"])
    panel.set_ylim(len(table) - 0.4, -0.6)
    panel.margins(x=0.08)
    weight_axis = panel.secondary_yaxis("right")
    weight_axis.set_yticks(rows, [f"{weight:.0%}" if weight > 0 else "" for weight in weights])
    weight_axis.set_ylabel("Weight")
    for axis in (panel, weight_axis):
        axis.tick_params(axis="y", length=0, labelsize="small")
    for label, color in zip(panel.get_yticklabels(), colors, strict=True):
        label.set_color("black" if color != "0.6" else "0.45")
    return scatter
