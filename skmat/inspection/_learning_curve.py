"""Error against the number of labelled materials."""

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer as sklearn_scorer
from sklearn.metrics import get_scorer_names as sklearn_scorer_names
from sklearn.model_selection import GroupShuffleSplit, cross_val_score

from skmat.exceptions import InvalidInputError
from skmat.inputs import composition_groups, read_columns
from skmat.inspection._panels import new_axes, with_unit
from skmat.inspection._text import DisplayText
from skmat.metrics import get_scorer, get_scorer_names

__all__ = ["LearningCurveDisplay"]

_SIZES = (0.125, 0.25, 0.5, 1.0)
#: Least distance of labels, as a fraction of a logarithmic axis.
_LEAST_APART = 0.17


class LearningCurveDisplay(DisplayText):
    """Learning curve: score of held-out materials against the number of labelled materials.

    Create it with :meth:`from_estimator`. Use it to see what more labels would be worth. Dots are
    means over splits of the materials, bars are standard deviations. Both axes of errors are
    logarithmic, because the error of many models falls as a power of the number of labels.

    Parameters
    ----------
    train_sizes : ndarray of shape (n_sizes,)
        Numbers of labelled materials to learn from.
    scores : ndarray of shape (n_sizes, n_splits)
        Errors or scores of the held-out materials.
    score_name : str
        Name of the error or score.
    is_error : bool
        Whether lower is better.
    unit : str, default=None
        Unit of the error.
    name : str, default=None
        Name of the model, written beside the end of the curve.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curve.
    figure_ : matplotlib Figure
        Figure of the axes.
    line_ : Line2D
        Mean over the splits.

    See Also
    --------
    HistoryDisplay : Loss per epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.inspection import LearningCurveDisplay
    >>> display = LearningCurveDisplay(
    ...     train_sizes=np.array([50, 100, 200]),
    ...     scores=np.array([[0.8, 0.7], [0.5, 0.6], [0.4, 0.4]]),
    ...     score_name="Mean absolute error",
    ...     is_error=True,
    ...     unit="eV",
    ... ).plot()
    >>> display.figure_.savefig("learning_curve.png")  # doctest: +SKIP
    """

    def __init__(self, *, train_sizes, scores, score_name, is_error, unit=None, name=None):
        self.train_sizes = train_sizes
        self.scores = scores
        self.score_name = score_name
        self.is_error = is_error
        self.unit = unit
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        groups=None,
        train_sizes=_SIZES,
        n_splits=3,
        test_size=0.2,
        scoring=None,
        unit=None,
        name=None,
        n_jobs=None,
        random_state=None,
        ax=None,
    ):
        """Fit clones of an estimator to growing numbers of materials, and plot their scores.

        Each split holds out other groups. The smaller training sets of a split are parts of the
        larger ones. Materials without any label are left out.

        Parameters
        ----------
        estimator : object
            Estimator to clone. It is fitted ``n_splits * len(train_sizes)`` times.
        X : array-like of length n
            Materials, in the form that `estimator` takes.
        y : array-like of shape (n,) or (n, n_targets)
            Labels. Missing ones are left out.
        groups : array-like of shape (n,), default=None
            Rows of one group are never in both parts of a split. None takes the compositions of
            formulas, amounts or pymatgen Structures.
        train_sizes : sequence of float or int, default=(0.125, 0.25, 0.5, 1.0)
            Numbers of labelled materials to learn from, or fractions of the training part.
        n_splits : int, default=3
            Number of splits.
        test_size : float, default=0.2
            Fraction of the groups to hold out.
        scoring : str or callable, default=None
            A name of :func:`skmat.metrics.get_scorer_names`, or a scorer or a name of
            scikit-learn. None takes the mean absolute error for one column of numbers, the
            relative absolute error for several, and the accuracy for classes.
        unit : str, default=None
            Unit of the error.
        name : str, default=None
            Name of the model, written beside the end of the curve. Use it to compare models on one
            `ax`, with the same `random_state`.
        n_jobs : int, default=None
            Number of fits at a time.
        random_state : int, RandomState instance or None, default=None
            Seed of the splits.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        LearningCurveDisplay

        Raises
        ------
        InvalidInputError
            If fewer than two groups have labels, or a number or name is unknown.
        """
        columns = read_columns(y).columns
        rows = np.flatnonzero(~np.all([column.missing for column in columns], axis=0))
        groups = composition_groups(X) if groups is None else pd.factorize(np.asarray(groups))[0]
        if len(groups) != len(columns[0].missing):
            raise InvalidInputError(
                f"There are {len(groups)} groups or materials, but {len(columns[0].missing)} rows"
                " of y."
            )
        if scoring is None:
            scoring = _default_scoring(estimator, len(columns))
        scorer, score_name, is_error = _resolve(scoring)
        splits = _splits(rows, groups[rows], n_splits, test_size, random_state)
        sizes = _absolute(train_sizes, len(splits[0][0]))
        scores = cross_val_score(
            estimator,
            X,
            y,
            cv=[(training[:size], test) for size in sizes for training, test in splits],
            scoring=scorer,
            n_jobs=n_jobs,
            error_score="raise",
        ).reshape(len(sizes), len(splits))
        display = cls(
            train_sizes=np.array(sizes),
            scores=-scores if is_error else scores,
            score_name=score_name,
            is_error=is_error,
            unit=unit,
            name=name,
        )
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        LearningCurveDisplay
        """
        sizes, scores = np.asarray(self.train_sizes), np.asarray(self.scores)
        if scores.ndim != 2 or len(scores) != len(sizes):
            raise InvalidInputError(
                f"There are {len(sizes)} train_sizes, but scores has the shape {scores.shape}."
            )
        self.ax_ = new_axes(ax)
        self.figure_ = self.ax_.figure
        mean, deviation = scores.mean(axis=1), scores.std(axis=1)
        container = self.ax_.errorbar(
            sizes, mean, deviation, marker="o", markersize=4, linewidth=1.5, elinewidth=1
        )
        self.line_ = container[0]
        self.ax_.set(
            xlabel="Labelled materials",
            ylabel=with_unit(self.score_name, self.unit),
            xscale="log",
        )
        _write_sizes(self.ax_, sizes)
        if self.is_error and (mean > deviation).all():
            _make_logarithmic(self.ax_)
        if self.name:
            self.ax_.text(
                1.03,
                mean[-1],
                self.name,
                transform=self.ax_.get_yaxis_transform(),
                va="center",
                color=self.line_.get_color(),
                fontsize="small",
            )
        return self


def _write_sizes(ax, sizes):
    """Label the largest size, and smaller ones that leave room for their text."""
    from matplotlib.ticker import NullLocator

    apart = _LEAST_APART * np.log(max(sizes) / min(sizes))
    labelled: list = []
    for size in sorted(sizes, reverse=True):
        if not labelled or np.log(labelled[-1] / size) >= apart:
            labelled.append(size)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(labelled, [f"{size:,}" for size in labelled])


def _make_logarithmic(ax):
    """Write numbers without powers, and between powers of ten only on a short axis."""
    ax.set_yscale("log")
    low, high = ax.get_ylim()
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:g}" if high < 10 * low else "")


def _default_scoring(estimator, n_targets):
    if is_classifier(estimator):
        return "accuracy"
    return "neg_mean_absolute_error" if n_targets == 1 else "neg_relative_absolute_error"


def _resolve(scoring):
    """Return the scorer, its name for the axis, and whether it is a negative error."""
    if not isinstance(scoring, str):
        is_error = getattr(scoring, "_sign", 1) < 0
        return scoring, "Error" if is_error else "Score", is_error
    if scoring in get_scorer_names():
        scorer = get_scorer(scoring)
    elif scoring in sklearn_scorer_names():
        scorer = sklearn_scorer(scoring)
    else:
        raise InvalidInputError(
            f"scoring={scoring!r} is unknown. Use one of {get_scorer_names()}."
        )
    name = scoring.removeprefix("neg_").replace("_", " ").replace("roc auc", "ROC-AUC")
    return scorer, name[:1].upper() + name[1:], scoring.startswith("neg_")


def _splits(rows, groups, n_splits, test_size, random_state):
    """Return pairs of training and test rows, all training parts of one length."""
    if len(np.unique(groups)) < 2:
        raise InvalidInputError(
            "Labels of at least two compositions or groups are needed, to hold one out. Give"
            " labels of more materials."
        )
    generator = np.random.default_rng(random_state)
    seed = int(generator.integers(2**31))
    splitter = GroupShuffleSplit(n_splits, test_size=test_size, random_state=seed)
    splits = [
        (rows[generator.permutation(training)], rows[test])
        for training, test in splitter.split(rows, groups=groups)
    ]
    shortest = min(len(training) for training, _ in splits)
    return [(training[:shortest], test) for training, test in splits]


def _absolute(train_sizes, most):
    """Return numbers of materials in ascending order."""
    sizes = []
    for size in train_sizes:
        if isinstance(size, int | np.integer) and 0 < size <= most:
            sizes.append(int(size))
        elif isinstance(size, float) and 0 < size <= 1:
            sizes.append(max(1, int(size * most)))
        else:
            raise InvalidInputError(
                f"train_sizes has {size!r}. Give numbers of materials from 1 to {most}, which is"
                " the size of the training part, or fractions of it, above 0 and up to 1.0."
            )
    if not sizes:
        raise InvalidInputError("train_sizes is empty.")
    return sorted(set(sizes))
