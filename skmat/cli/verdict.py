"""Whether a trained model is any good: its errors beside those of the simplest guess."""

import textwrap
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, recall_score

from skmat._utils.digits import digits_text
from skmat.auto._leaderboard import left_out

__all__ = ["ERRORS", "Verdict", "judge", "percent", "verdict"]

#: Columns of a terminal.
_WIDTH = 79
#: Classes that are listed.
_MOST_CLASSES = 4
#: Rows of the leaderboard that are shown per target.
_MOST = 3
#: What an error is, by the decision of a classifier.
ERRORS = {
    "accuracy": "share of wrong classes",
    "balanced_accuracy": "1 - balanced accuracy",
    "f1": "1 - F1",
}
_OF_NUMBERS = "mean absolute error"

#: The first line, by the way of measuring.
_HEADS = {
    "out_of_fold": "Out-of-fold",
    "cross_validation": "Cross-validated",
    "test_part": "Held-out",
}
#: Remedy for classes that are never predicted.
_OF_RARE_CLASSES = "An average with --decision balanced_accuracy counts all classes alike."
#: Standard errors that a gain needs so as not to be called chance.
_N_ERRORS = 2.0


@dataclass(frozen=True)
class Verdict:
    """The error of one target and that of the simplest guess.

    Attributes
    ----------
    what : str
        What the errors are.
    error, guess : float
        Errors, in the unit of the labels or as a share.
    name : str
        What the guess is.
    n_rows : int
        Rows that were compared.
    may_be_chance : bool
        Whether the model is better, but by less than two standard errors of the difference.
    deviation : float, default=nan
        Standard error of `error`, NaN if it is not known.
    never : tuple of (str, int), default=()
        Classes of which no row is found, and their labels.
    advice : str, default=""
        What to do about these.
    """

    what: str
    error: float
    guess: float
    name: str
    n_rows: int
    may_be_chance: bool
    deviation: float = np.nan
    never: tuple = ()
    advice: str = ""

    @property
    def is_better(self):
        """Whether the error is smaller than that of the guess."""
        return self.error < self.guess

    def error_text(self):
        """Return the error and its standard error, such as "0.55 ± 0.07"."""
        error = digits_text(self.error)
        return f"{error} ± {digits_text(self.deviation, 2)}" if self.deviation > 0 else error

    def __str__(self):
        error, guess = self.error_text(), digits_text(self.guess)
        if not self.is_better:
            return f"{error}, no better than {self.name}: {guess}"
        doubt = f" ({self.n_rows} labels: may be chance)" if self.may_be_chance else ""
        return f"{error}, {1 - self.error / self.guess:.0%} less than {self.name}: {guess}{doubt}"

    def sentence(self):
        """Return the same as a sentence."""
        article = "" if self.what.startswith("1") else "The "
        error = f"{article}{self.what} is {self.error_text()}"
        guess = f"with {self.name} ({digits_text(self.guess)})"
        if not self.is_better:
            text = f"{error}, no better than {guess}. Do not rely on the predictions."
            return f"{text} {self.never_text()}".rstrip()
        text = f"{error}, {percent(1 - self.error / self.guess)} less than {guess}."
        if self.may_be_chance:
            text += f" With {self.n_rows} labels, this may be chance."
        return f"{text} {self.never_text()}".rstrip()

    def never_text(self):
        """Return a sentence about classes of which no row is found, "" without any."""
        if not self.never:
            return ""
        few = self.never[:_MOST_CLASSES]
        listed = ", ".join(f"{name!r} ({count:,} label{'s' * (count > 1)})" for name, count in few)
        more = len(self.never) - len(few)
        others = f" and {more} more classes" if more else ""
        return f"Never found: {listed}{others}. {self.advice}".rstrip()


def percent(share):
    """Return a share as text, such as "26 %"."""
    return f"{100 * share:.0f} %"


def judge(target):
    """Compare the predictions of one target with the best constant.

    Parameters
    ----------
    target : HeldOutTarget
        Labels and predictions.

    Returns
    -------
    Verdict or None
        None without any row to compare.
    """
    rows = target.rows
    if not len(rows):
        return None
    truth, predicted = target.truth[rows], target.predicted[rows]
    if target.classes is None:
        truth = truth.astype(np.float64)
        # Of all constants, the median has the least absolute error.
        errors, guesses = abs(truth - predicted), abs(truth - np.median(truth))
        chance = _may_be_chance((guesses - errors) / len(rows))
        guess = guesses.mean()
        return Verdict(
            _OF_NUMBERS,
            errors.mean(),
            guess,
            "the median of the labels",
            len(rows),
            chance,
            _standard_error(errors / len(rows)),
        )
    truth, predicted = truth.astype(str), predicted.astype(str)
    error = _error_of_classes(target, truth, predicted)
    constants = {
        name: _error_of_classes(target, truth, np.full(len(truth), name))
        for name in sorted(set(target.classes) | set(truth))
    }
    best = min(constants, key=constants.__getitem__)
    chance, deviation = False, np.nan
    if target.decision != "f1":  # the others are sums over the rows
        weights = np.full(len(rows), 1 / len(rows))
        if target.decision == "balanced_accuracy":
            names, indices, counts = np.unique(truth, return_inverse=True, return_counts=True)
            weights = 1 / (len(names) * counts[indices])
        chance = _may_be_chance(weights * ((truth != best) * 1.0 - (truth != predicted)))
        deviation = _standard_error(weights * (truth != predicted))
    return Verdict(
        ERRORS[target.decision],
        error,
        constants[best],
        "always the same class",
        len(rows),
        chance,
        deviation,
        _never_found(truth, predicted),
        _OF_RARE_CLASSES if target.decision == "accuracy" else "",
    )


def _never_found(truth, predicted):
    """Return the classes of which no row is found, and how many labels they have."""
    found = set(truth[truth == predicted])
    names, counts = np.unique(truth, return_counts=True)
    return tuple(
        (str(name), int(count))
        for name, count in zip(names, counts, strict=True)
        if name not in found
    )


def _may_be_chance(gains):
    """Tell whether a positive sum is less than two standard errors from zero."""
    return bool(0 < gains.sum() < _N_ERRORS * _standard_error(gains))


def _standard_error(parts):
    """Return the standard error of a sum over rows."""
    return np.sqrt(len(parts)) * parts.std()


def _error_of_classes(target, truth, predicted):
    if target.decision == "accuracy":
        return 1 - accuracy_score(truth, predicted)
    if target.decision == "balanced_accuracy":
        # As balanced_accuracy_score, which warns of classes that are predicted alone.
        return 1 - recall_score(truth, predicted, labels=np.unique(truth), average="macro")
    if len(target.classes) == 2:
        second = target.classes[1]
        return 1 - f1_score(truth == second, predicted == second, zero_division=0)
    return 1 - f1_score(truth, predicted, average="macro", zero_division=0)


def verdict(held_out, model):
    """Return lines of text about a fitted model.

    Parameters
    ----------
    held_out : HeldOut
        Predictions for rows that the models behind them have not seen.
    model : estimator
        The final model. If it is an average, its best candidates are listed.

    Returns
    -------
    list of str
    """
    lines = []
    if held_out.way != "not_measured":
        first = held_out.targets[0]
        verdicts = [judge(each) for each in held_out.targets]
        has_deviation = any(found and found.deviation > 0 for found in verdicts)
        what = _OF_NUMBERS if first.classes is None else ERRORS[first.decision]
        unit = ", in the unit of the column" if first.classes is None else ""
        lines.append(f"{_HEADS[held_out.way]} {what}{' ± standard error' * has_deviation}{unit}:")
        for each, found in zip(held_out.targets, verdicts, strict=True):
            lines.append(f"  {each.name}: {found or 'no label'}")
            if found and found.never:
                lines += textwrap.wrap(
                    found.never_text(), _WIDTH, initial_indent="    ", subsequent_indent="    "
                )
    lines += textwrap.wrap(held_out.text, _WIDTH)
    if hasattr(model, "leaderboard_"):
        lines += [*_best(model), *left_out(model.leaderboard_)]
    return lines


def _best(model):
    """Return the best candidates of each target, as text."""
    board = model.leaderboard_[model.leaderboard_["status"] == "fitted"]
    best = board.groupby("target", sort=False).head(_MOST)
    shown = best[["target", "candidate", "error", "weight"]]
    formatters = {"error": digits_text, "weight": "{:.2f}".format}
    text = shown.to_string(index=False, formatters=formatters)
    first = f"Best candidates, by out-of-fold {model.error_name_}, and their weights:"
    return [first, *textwrap.indent(text, "  ").splitlines()]
