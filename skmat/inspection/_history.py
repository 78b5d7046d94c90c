"""Loss per epoch."""

from sklearn.utils.validation import check_is_fitted

from skmat.exceptions import InvalidInputError
from skmat.inspection._text import DisplayText

__all__ = ["HistoryDisplay"]

_COLORS = {"train_loss": "tab:blue", "valid_loss": "tab:orange"}
_LABELS = {"train_loss": "Training", "valid_loss": "Validation"}


class HistoryDisplay(DisplayText):
    """Learning curves: training and validation loss per epoch.

    Create it with :meth:`from_estimator`. An ensemble has one pair of curves per estimator. A dot
    marks the epoch with the lowest validation loss.

    Parameters
    ----------
    history : list of dict
        One entry per epoch and estimator. Keys are "epoch" (int), "train_loss" (float) and, with a
        validation set, "valid_loss" (float). "estimator" (int, default 0) is the number of the
        estimator in an ensemble.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure of the axes.
    train_lines_, valid_lines_ : list of Line2D
        One curve per estimator. `valid_lines_` is empty without a validation set.

    Raises
    ------
    InvalidInputError
        If the history is empty.

    See Also
    --------
    ParityDisplay : Predictions against labels.

    Examples
    --------
    >>> from skmat.inspection import HistoryDisplay
    >>> history = [
    ...     {"epoch": 1, "train_loss": 0.9, "valid_loss": 1.0},
    ...     {"epoch": 2, "train_loss": 0.5, "valid_loss": 0.7},
    ... ]
    >>> display = HistoryDisplay(history=history).plot()
    >>> display.figure_.savefig("history.png")  # doctest: +SKIP
    """

    def __init__(self, *, history):
        self.history = history

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, log_scale=False):
        """Plot the history of a fitted estimator.

        Parameters
        ----------
        estimator : object
            Estimator with ``history_``.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        log_scale : bool, default=False
            Draw the loss on a logarithmic axis.

        Returns
        -------
        HistoryDisplay
        """
        check_is_fitted(estimator, "history_")
        return cls(history=estimator.history_).plot(ax=ax, log_scale=log_scale)

    def plot(self, ax=None, *, log_scale=False):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        log_scale : bool, default=False
            Draw the loss on a logarithmic axis.

        Returns
        -------
        HistoryDisplay
        """
        from matplotlib import pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if not self.history:
            raise InvalidInputError("The history is empty. Train for at least one epoch.")
        if ax is None:
            _, ax = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        self.train_lines_ = self._draw("train_loss")
        self.valid_lines_ = self._draw("valid_loss", mark_lowest=True)
        ax.set(xlabel="Epoch", ylabel="Loss")
        if log_scale:
            ax.set_yscale("log")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
        return self

    def _draw(self, key, mark_lowest=False):
        curves = self._curves(key)
        # Draw the curves of an ensemble thinner, so that they read as one curve with a spread.
        width, alpha = (1.8, 1.0) if len(curves) == 1 else (1.0, 0.6)
        lines: list = []
        for epochs, losses in curves:
            (line,) = self.ax_.plot(
                epochs,
                losses,
                color=_COLORS[key],
                linewidth=width,
                alpha=alpha,
                # A single epoch is drawn as a point.
                marker="." if len(epochs) == 1 else None,
                label=None if lines else _LABELS[key],
            )
            lines.append(line)
            if mark_lowest:
                best = min(range(len(losses)), key=losses.__getitem__)
                self.ax_.plot(
                    epochs[best],
                    losses[best],
                    "o",
                    color=_COLORS[key],
                    markersize=4,
                    label="Lowest" if len(lines) == 1 else None,
                )
        return lines

    def _curves(self, key):
        """Return the epochs and losses of each estimator that has any."""
        by_estimator: dict[int, tuple[list, list]] = {}
        for entry in self.history:
            if entry.get(key) is not None:
                epochs, losses = by_estimator.setdefault(entry.get("estimator", 0), ([], []))
                epochs.append(entry["epoch"])
                losses.append(float(entry[key]))
        return list(by_estimator.values())
