"""Whether intervals and probabilities hold what they promise."""

import numpy as np
from scipy.stats import binom, binomtest
from sklearn.utils.validation import check_is_fitted

from skmat._utils.prepared import prepared
from skmat.exceptions import InvalidInputError
from skmat.inputs import as_classes, as_numbers, class_indices, read_columns
from skmat.inspection._panels import (
    check_axes,
    check_names,
    check_targets_of,
    names_of,
    new_panels,
)
from skmat.inspection._text import DisplayText

__all__ = ["CalibrationDisplay"]

_COVERAGES = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
#: Probability of the grey band and of the bars.
_CONFIDENCE = 0.9


class CalibrationDisplay(DisplayText):
    """Calibration plot of intervals or probabilities, one panel per task.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`. On the diagonal, intervals
    and probabilities hold what they promise. Below it, the model is too sure of itself.

    Intervals: the fraction of labels within their interval (observed coverage), against the
    coverage that was asked for (nominal coverage). The grey band holds the fractions of 90 % of
    samples of this size from a calibrated model.

    Probabilities: the fraction of rows that are of a class, against its mean probability, in
    groups of equal count. Of two classes it is the second one. Of several classes it is the
    predicted one (Guo et al. 2017). Bars are 90 % confidence intervals (Wilson 1927).

    Parameters
    ----------
    expected : list of ndarray, one per task
        Nominal coverages, or mean probabilities of the groups.
    observed : list of ndarray, one per task
        Fractions of the labels.
    counts : list of ndarray, one per task
        Number of labels behind each fraction.
    kind : {"intervals", "probabilities"}
        What is shown.
    target_names : sequence of str of length n_tasks, default=None
        Names of the tasks, used as titles of the panels.

    Attributes
    ----------
    axes_ : ndarray of shape (n_tasks,), dtype object
        Axes of the panels.
    ax_ : matplotlib Axes
        The first panel.
    figure_ : matplotlib Figure
        Figure of the panels.
    lines_ : list of Line2D
        Curve of each panel.

    Raises
    ------
    InvalidInputError
        If shapes or numbers of names do not match.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017, section 2.
    E. B. Wilson, Journal of the American Statistical Association 22, 209 (1927).

    Examples
    --------
    >>> from skmat.inspection import CalibrationDisplay
    >>> display = CalibrationDisplay.from_predictions(
    ...     [1.0, 2.0, 3.0], intervals={0.8: ([0.5, 1.5, 3.5], [1.5, 2.5, 4.5])}
    ... )
    >>> display.observed[0].round(2).tolist()
    [0.67]
    """

    def __init__(self, *, expected, observed, counts, kind, target_names=None):
        self.expected = expected
        self.observed = observed
        self.counts = counts
        self.kind = kind
        self.target_names = target_names

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, coverages=_COVERAGES, n_bins=10, target_names=None, ax=None
    ):
        """Predict `X` and compare intervals or probabilities with `y`.

        Use materials that the estimator was not fitted to.

        Parameters
        ----------
        estimator : object
            Fitted estimator with ``predict_interval(X, coverage)``, such as
            :class:`~skmat.AutoRegressor`, or with ``predict_proba``, such as
            :class:`~skmat.AutoClassifier`.
        X : array-like of length n
            Materials, in the form that `estimator` takes.
        y : array-like of shape (n,) or (n, n_tasks)
            Labels. Missing ones are left out. A Series or DataFrame names the tasks.
        coverages : sequence of float, default=(0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
            Coverages of the intervals. Each takes one prediction of `X`.
        n_bins : int, default=10
            Groups of probabilities.
        target_names : sequence of str of length n_tasks, default=None
            Names of the tasks. None takes those of `y`.
        ax : matplotlib Axes or sequence of n_tasks Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        CalibrationDisplay

        Raises
        ------
        InvalidInputError
            If the estimator has neither method, or y has the columns of the fit in another order.
        """
        check_is_fitted(estimator)
        check_targets_of(estimator, y)
        if hasattr(estimator, "predict_interval"):
            X = prepared(estimator, X)
            intervals = {each: estimator.predict_interval(X, each) for each in coverages}
            return cls.from_predictions(y, intervals=intervals, target_names=target_names, ax=ax)
        if hasattr(estimator, "predict_proba"):
            return cls.from_predictions(
                y,
                probabilities=estimator.predict_proba(X),
                classes=estimator.classes_,
                n_bins=n_bins,
                target_names=target_names,
                ax=ax,
            )
        raise InvalidInputError(
            f"{type(estimator).__name__} has neither predict_interval nor predict_proba. Use"
            " AutoRegressor, or CalibrationDisplay.from_predictions with intervals of your own,"
            " such as the prediction plus and minus 1.645 standard deviations for a coverage of"
            " 0.9."
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        *,
        intervals=None,
        probabilities=None,
        classes=None,
        n_bins=10,
        target_names=None,
        ax=None,
    ):
        """Compare intervals or probabilities with labels.

        Parameters
        ----------
        y_true : array-like of shape (n,) or (n, n_tasks)
            Labels. Missing ones are left out. A Series or DataFrame names the tasks.
        intervals : dict of float to (low, high), default=None
            Ends of the intervals by their coverage, each of the shape of `y_true`. The ends belong
            to the interval. An infinite interval holds every label.
        probabilities : ndarray of shape (n, n_classes), or list of one per task, default=None
            Probabilities in the order of `classes`.
        classes : array-like of shape (n_classes,), or list of one per task, default=None
            Class labels. None takes the sorted labels of `y_true`.
        n_bins : int, default=10
            Groups of probabilities.
        target_names : sequence of str of length n_tasks, default=None
            Names of the tasks. None takes those of `y_true`.
        ax : matplotlib Axes or sequence of n_tasks Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        CalibrationDisplay
        """
        if (intervals is None) == (probabilities is None):
            raise InvalidInputError("Give either intervals or probabilities.")
        if target_names is None:
            target_names = names_of(y_true)
        columns = read_columns(y_true, "y_true").columns
        if intervals is not None:
            kind, found = "intervals", _of_intervals(columns, intervals)
        else:
            kind = "probabilities"
            found = _of_probabilities(columns, probabilities, classes, n_bins)
        expected, observed, counts = (list(each) for each in zip(*found, strict=True))
        display = cls(
            expected=expected,
            observed=observed,
            counts=counts,
            kind=kind,
            target_names=target_names,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of n_tasks Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        CalibrationDisplay
        """
        n_tasks = len(self.expected)
        names = check_names(self.target_names, n_tasks)
        self.axes_ = new_panels(n_tasks) if ax is None else check_axes(ax, n_tasks)
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.lines_ = []
        for task, panel in enumerate(self.axes_):
            values = self.expected[task], self.observed[task], self.counts[task]
            _draw_frame(panel, names[task], self.kind)
            if self.kind == "intervals":
                _draw_band(panel, values[2])
            else:
                _draw_bars(panel, *values)
            (line,) = panel.plot(values[0], values[1], "o-", color="tab:blue", markersize=4)
            self.lines_.append(line)
        return self


def _draw_frame(panel, name, kind):
    labels = {
        "intervals": ("Nominal coverage", "Observed coverage"),
        "probabilities": ("Mean probability", "Fraction of the class"),
    }
    across, up = labels[kind]
    panel.set(title=name, xlabel=across, ylabel=up, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    panel.set_aspect("equal", adjustable="box")
    panel.axline((0, 0), slope=1, color="black", linewidth=0.8, linestyle="--", zorder=0)


def _draw_band(panel, counts):
    """Draw what a calibrated model gives by chance."""
    if not len(counts) or not counts[0]:
        return
    exact = np.linspace(0.0, 1.0, 101)
    ends = (1 - _CONFIDENCE) / 2
    low, high = (binom.ppf(end, counts[0], exact) / counts[0] for end in (ends, 1 - ends))
    panel.fill_between(exact, low, high, color="0.88", linewidth=0, zorder=-1)


def _draw_bars(panel, expected, observed, counts):
    for x, fraction, count in zip(expected, observed, counts, strict=True):
        hits = round(fraction * count)
        interval = binomtest(hits, int(count)).proportion_ci(_CONFIDENCE, method="wilson")
        panel.vlines(x, interval.low, interval.high, color="tab:blue", linewidth=1, alpha=0.6)


def _of_intervals(columns, intervals):
    """Return coverages, fractions and counts of each column of labels."""
    coverages = np.array(sorted(intervals), dtype=np.float64)
    if not len(coverages) or not ((coverages > 0) & (coverages < 1)).all():
        raise InvalidInputError(
            f"Coverages are between 0 and 1, such as 0.9, but intervals has {sorted(intervals)}."
        )
    labels = np.column_stack([_numbers(column) for column in columns])
    hits = []
    for coverage in sorted(intervals):
        ends = [np.asarray(each, dtype=np.float64) for each in intervals[coverage]]
        low, high = (each[:, None] if each.ndim == 1 else each for each in ends)
        for each in (low, high):
            if each.shape != labels.shape:
                raise InvalidInputError(
                    f"The interval of {coverage} has an end of shape {each.shape}, but the labels"
                    f" have the shape {labels.shape}."
                )
        if (low > high).any():
            row = int(np.flatnonzero((low > high).any(axis=1))[0])
            raise InvalidInputError(
                f"The interval of {coverage} in row {row} has its lower end above the upper one."
                " Give (low, high)."
            )
        is_missing = np.isnan(low) | np.isnan(high) | np.isnan(labels)
        hits.append(np.where(is_missing, np.nan, (low <= labels) & (labels <= high)))
    known = ~np.isnan(hits).any(axis=0)
    counts = known.sum(axis=0)
    shares = np.where(known, hits, 0.0).sum(axis=1) / np.maximum(counts, 1)
    return [
        (coverages, np.where(count > 0, share, np.nan), np.full(len(coverages), count))
        for share, count in zip(shares.T, counts, strict=True)
    ]


def _numbers(column):
    numbers, faults = as_numbers(column)
    if faults:
        row, value, fault = faults[0]
        raise InvalidInputError(f"y_true: {value!r} in row {row} is {fault}.")
    return numbers


def _of_probabilities(columns, probabilities, classes, n_bins):
    """Return mean probabilities, fractions and counts of each column of labels."""
    if not (isinstance(n_bins, int | np.integer) and n_bins > 0):
        raise InvalidInputError(f"n_bins={n_bins!r} must be a positive integer.")
    if not isinstance(probabilities, list):
        probabilities, classes = [probabilities], [classes]
    classes = [None] * len(columns) if classes is None else classes
    if not len(columns) == len(probabilities) == len(classes):
        raise InvalidInputError(
            f"y_true has {len(columns)} columns, but there are {len(probabilities)} arrays of"
            f" probabilities and {len(classes)} lists of classes."
        )
    found = []
    for place, column in enumerate(columns):
        labels = as_classes(column, "y_true")
        known = np.unique(labels) if classes[place] is None else np.asarray(classes[place])
        values = np.asarray(probabilities[place], dtype=np.float64)
        if values.shape != (len(column.missing), len(known)):
            raise InvalidInputError(
                f"The probabilities have the shape {values.shape} for {len(column.missing)} labels"
                f" of {len(known)} classes."
            )
        true = np.full(len(values), -1)
        true[column.rows] = class_indices(known, labels)
        rows = ~column.missing & ~np.isnan(values).any(axis=1)
        true, values = true[rows], values[rows]
        if ((values < 0) | (values > 1)).any():
            raise InvalidInputError("Probabilities are from 0 to 1.")
        shown = np.ones(len(values), int) if len(known) == 2 else values.argmax(axis=1)
        found.append(_grouped(values[np.arange(len(values)), shown], true == shown, n_bins))
    return found


def _grouped(probability, hit, n_bins):
    """Cut the rows into groups of equal count, equal probabilities into the same one."""
    if not len(probability):
        return np.empty(0), np.empty(0), np.empty(0, dtype=int)
    rank = np.searchsorted(np.sort(probability), probability, side="left")
    _, group = np.unique(n_bins * rank // len(probability), return_inverse=True)
    counts = np.bincount(group)
    return np.bincount(group, probability) / counts, np.bincount(group, hit) / counts, counts
