"""Predictions for rows that the models behind them have not seen."""

import sys
import time
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import PredefinedSplit

from skmat._utils.prepared import prepared
from skmat.auto._base import scattered
from skmat.auto._folds import UNEVEN, draw_groups, join_groups, make_folds
from skmat.cli.split_columns import check_together
from skmat.exceptions import InvalidInputError, NoveltyWarning, SkmatError
from skmat.inputs import composition_groups

__all__ = [
    "COVERAGE",
    "HeldOut",
    "HeldOutTarget",
    "Parts",
    "draw_parts",
    "not_measured",
    "out_of_fold",
    "predict_parts",
]

#: Coverage of the intervals that are written, and of those that the report compares with labels.
COVERAGE = 0.9
_COVERAGES = (0.3, 0.5, 0.7, COVERAGE)
#: Splits that are drawn until every part leaves labels of each target to learn from.
_N_TRIES = 20

_OUT_OF_FOLD = (
    "Models that have not seen a row predict it. The average was chosen on these predictions, so"
    " their error is slightly too small (--cv 5 measures without that)."
)
_NOT_MEASURED = "The error was not measured. --cv 5 or --test-size 0.2 measures it."


@dataclass(frozen=True, eq=False)
class HeldOutTarget:
    """What is known about one target.

    Attributes
    ----------
    name : str
        Its column.
    truth : ndarray of shape (n_rows,)
        Labels: float64 with NaN if missing, or object with None if missing.
    predicted : ndarray of shape (n_rows,)
        Predictions for rows that were held out, of the same type.
    classes : list of str or None
        Classes, None for numbers.
    probabilities : ndarray of shape (n_rows, n_classes) or None
        Probabilities of the classes, NaN for other rows.
    intervals : dict of float to (low, high)
        Ends of the intervals by their coverage, ndarray of shape (n_rows,).
    decision : str
        Metric that predicted classes are best for.
    """

    name: str
    truth: np.ndarray
    predicted: np.ndarray
    classes: list | None = None
    probabilities: np.ndarray | None = None
    intervals: dict | None = None
    decision: str = "accuracy"

    @property
    def rows(self):
        """Rows with a label and a prediction."""
        return np.flatnonzero(pd.notna(self.truth) & pd.notna(self.predicted))


@dataclass(frozen=True, eq=False)
class HeldOut:
    """All targets, and how the predictions came about.

    Attributes
    ----------
    way : {"out_of_fold", "cross_validation", "test_part", "not_measured"}
        How.
    text : str
        The same in words.
    targets : list of HeldOutTarget
        One per target.
    novelty : ndarray of shape (n_rows,) or None
        Percentage of the rows learned that are nearer to the others, NaN for other rows.
    """

    way: str
    text: str
    targets: list
    novelty: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Parts:
    """Which rows are held out, and from which models.

    Attributes
    ----------
    way, text : str
        As in :class:`HeldOut`.
    splits : list of (ndarray, ndarray)
        Training and test rows.
    learned : ndarray or None
        Rows that the final model learns, None for all.
    """

    way: str
    text: str
    splits: list
    learned: np.ndarray | None = None


def draw_parts(arguments, given, table, X, labels, groups, split):
    """Return the parts that the arguments ask for, None if they ask for none.

    A composition is never in both parts of a drawn split, nor is a group.

    Parameters
    ----------
    arguments : Namespace
        Those of ``skmat train``.
    given : GivenMaterials
        Source of the materials.
    table : Table
        Table that was read.
    X : list or DataFrame
        Materials.
    labels : DataFrame of shape (n_rows, n_targets)
        Labels.
    groups : list of str or None
        Groups of the rows.
    split : (ndarray, list of str) or None
        What ``read_split`` returns.

    Raises
    ------
    InvalidRowsError
        If materials cannot be read.
    InvalidInputError
        If a group is split by the parts of a column. If the labels do not allow such parts.
    """
    if not (arguments.cv or arguments.test_size or split):
        return None
    compositions = _compositions(given, X)
    together = [compositions] if groups is None else [compositions, np.asarray(groups)]
    joined = join_groups(*together)
    rows = np.flatnonzero(labels.notna().any(axis=1))
    kept = "composition" if groups is None else f"composition or {arguments.group_column}"
    if split:
        return _given_parts(arguments, table, split, rows, compositions, groups)
    seed = arguments.random_state
    for number in range(_N_TRIES):
        splits = _drawn_splits(arguments, joined[rows], labels.iloc[rows], seed, number)
        splits = [(rows[training], rows[test]) for training, test in splits]
        if all(_can_learn(labels, joined, training) for training, _ in splits):
            break
    else:
        raise InvalidInputError(
            "No split leaves labels of two compositions of each target to learn from. Give labels"
            " of more materials, or fewer parts."
        )
    if arguments.cv:
        text = (
            f"Cross-validation: {len(splits)} times, a model is fitted without a part of the rows"
            f" and predicts it. No {kept} is in two parts. The final model has learned all rows."
        )
        doubt = _doubt_of_parts(arguments, splits, joined[rows], groups is not None)
        if doubt:
            text = f"{text} {doubt}"
            warnings.warn(f"{arguments.data}: {doubt}", stacklevel=2)
        return Parts("cross_validation", text, splits)
    text = (
        f"A model that has not seen {len(splits[0][1]):,} rows, drawn at random, predicts them. No"
        f" {kept} is among both these and the others. The final model has learned all rows."
    )
    return Parts("test_part", text, splits)


def _doubt_of_parts(arguments, splits, joined, has_groups):
    """Return what is unusual about the parts, empty if nothing is."""
    doubts = []
    if len(splits) < arguments.cv:
        doubts.append(f"There are only {len(splits)} parts that can be told apart.")
    sizes = sorted((len(test) for _, test in splits), reverse=True)
    if sizes[0] > UNEVEN * sum(sizes) / len(sizes):
        largest = np.bincount(joined).max()
        why = f"share a {arguments.group_column} or a composition" if has_groups else "are equal"
        doubts.append(
            f"The parts are uneven ({', '.join(f'{size:,}' for size in sizes)} rows), because"
            f" {largest:,} rows {why}. The models of this measurement learn fewer rows than the"
            " final one, so the error may be too large."
        )
    return " ".join(doubts)


def _compositions(given, X):
    """Return equal integers for rows of equal composition."""
    if given.input == "formula":
        return composition_groups(X)
    materials = X[given.column].tolist() if hasattr(X, "columns") else X
    return given.structures(materials).group_ids()


def _drawn_splits(arguments, groups, labels, seed, number):
    """Return the splits of a try. Later tries hold out fewer rows, which leaves more to learn."""
    seed += 1000 * number
    if arguments.test_size:
        share = arguments.test_size * (1 - number / _N_TRIES)
        is_test = draw_groups(groups, round(share * len(groups)), seed)
        return [(np.flatnonzero(~is_test), np.flatnonzero(is_test))]
    classes = None
    if labels.shape[1] == 1 and labels.dtypes.iloc[0].kind == "O":
        classes = pd.factorize(labels.iloc[:, 0])[0]
    return make_folds(arguments.cv, groups, n_folds=0, n_repeats=1, classes=classes, seed=seed)


def _given_parts(arguments, table, split, rows, compositions, groups):
    folds, names = split
    column = arguments.split_column
    splits = [
        tuple(np.intersect1d(each, rows) for each in parts)
        for parts in PredefinedSplit(folds).split()
    ]
    for name, (training, test) in zip(names, splits, strict=True):
        if not len(training) or not len(test):
            raise InvalidInputError(
                f"{arguments.data}: with the part {name!r} of {column!r} held out, no row with a"
                f" label is left to {'test' if len(training) else 'learn from'}."
            )
    if groups is not None:
        check_together(table, arguments.data, splits, groups, arguments.group_column)
    shared = sum(
        np.isin(compositions[test], compositions[training]).sum() for training, test in splits
    )
    doubt = ""
    if shared:
        doubt = (
            f" The compositions of {shared:,} held-out rows are also among those learned, so the"
            " error may be too small."
        )
        warnings.warn(f"{arguments.data}:{doubt}", stacklevel=2)
    if len(splits) > 1:
        text = (
            f"Cross-validation in the {len(splits)} parts of the column {column!r}. The final"
            f" model has learned all rows.{doubt}"
        )
        return Parts("cross_validation", text, splits)
    training, test = splits[0]
    text = f"The model has not seen the {len(test):,} rows that {column!r} calls test.{doubt}"
    return Parts("test_part", text, splits, np.flatnonzero(folds == -1))


def _can_learn(labels, groups, training):
    known = labels.iloc[training].notna().to_numpy()
    return all(len(np.unique(groups[training][column])) > 1 for column in known.T)


def out_of_fold(model, labels, learned=None):
    """Return the out-of-fold predictions of an average, which are those of its selection.

    It has learned the rows `learned`, None for all.
    """
    has_learned = np.zeros(len(labels), dtype=bool)
    has_learned[slice(None) if learned is None else learned] = True
    targets = []
    for place, name in enumerate(labels):
        truth = labels[name].to_numpy()
        if not hasattr(model, "predict_proba"):
            oof = model.oof_predictions_
            oof = scattered(np.reshape(oof, (len(oof), -1)), has_learned)
            targets.append(HeldOutTarget(name, truth, oof[:, place]))
            continue
        classes, probabilities = model.classes_, model.oof_predictions_
        if isinstance(classes, list):
            classes, probabilities = classes[place], probabilities[place]
        probabilities = scattered(probabilities, has_learned)
        predicted = np.full(len(labels), None, dtype=object)
        known = np.isfinite(probabilities).all(axis=1)
        decided = model._averages[place].decide(probabilities[known])
        predicted[known] = np.asarray(classes, dtype=object)[decided]
        targets.append(
            HeldOutTarget(
                name,
                _classes_as_object(truth),
                predicted,
                list(map(str, classes)),
                probabilities,
                decision=model.decision,
            )
        )
    return HeldOut("out_of_fold", _OUT_OF_FOLD, targets)


def not_measured(labels, *, is_classifier):
    """Return targets without predictions."""
    targets = []
    for name in labels:
        truth = labels[name].to_numpy()
        if is_classifier:
            truth = _classes_as_object(truth)
            empty, classes = np.full(len(truth), None, dtype=object), sorted(set(truth) - {None})
            targets.append(HeldOutTarget(name, truth, empty, classes))
        else:
            targets.append(HeldOutTarget(name, truth, np.full(len(truth), np.nan)))
    return HeldOut("not_measured", _NOT_MEASURED, targets)


def predict_parts(model, X, labels, parts, groups=None):
    """Fit the model again without each part, and predict this part.

    Parameters
    ----------
    model : estimator
        Fitted to the rows that the final model learns. If these leave out the only part, it
        predicts this part itself.
    X, labels, groups : list or DataFrame
        All rows.
    parts : Parts
        What ``draw_parts`` returns.

    Returns
    -------
    HeldOut
    """
    is_classifier = hasattr(model, "predict_proba")
    has_intervals = hasattr(model, "predict_interval")
    targets = not_measured(labels, is_classifier=is_classifier).targets
    probabilities = [np.full((len(labels), len(each.classes or ())), np.nan) for each in targets]
    ends = np.full((len(_COVERAGES), 2, len(labels), len(targets)), np.nan)
    novelty = np.full(len(labels), np.nan) if hasattr(model, "novelty") else None
    start = time.monotonic()
    for number, (training, test) in enumerate(parts.splits, start=1):
        fitted = model
        if parts.learned is None:
            if model.verbose:
                counted = f"Fit {number} of {len(parts.splits)} to measure the error"
                left = ""
                if number > 1:
                    each = (time.monotonic() - start) / (number - 1)
                    left = f", about {each * (len(parts.splits) - number + 1):.0f} s left"
                print(f"{counted}{left}.", file=sys.stderr, flush=True)
            fitted = clone(model).set_params(verbose=0)
            fit_rows(fitted, X, labels, training, groups)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoveltyWarning)  # some rows are, and the page tells
            materials = prepared(fitted, take(X, test))
        found = np.reshape(fitted.predict(materials), (len(test), -1))
        for place, each in enumerate(targets):
            each.predicted[test] = found[:, place]
        if is_classifier:
            _put_probabilities(fitted, materials, test, targets, probabilities)
        for place, coverage in enumerate(_COVERAGES if has_intervals else ()):
            for end, values in enumerate(fitted.predict_interval(materials, coverage)):
                ends[place, end, test] = np.reshape(values, (len(test), -1))
        if novelty is not None:
            novelty[test] = fitted.novelty(materials)
    done = []
    for place, each in enumerate(targets):
        more: dict = {}
        if is_classifier:
            decision = getattr(model, "decision", "accuracy")
            more = {"probabilities": probabilities[place], "decision": decision}
        elif has_intervals:
            of_target = zip(_COVERAGES, ends[..., place], strict=True)
            more = {"intervals": {coverage: tuple(both) for coverage, both in of_target}}
        done.append(replace(each, **more))
    return HeldOut(parts.way, parts.text, done, novelty)


def _put_probabilities(fitted, materials, test, targets, probabilities):
    shares, classes = _as_list(fitted.predict_proba(materials)), _as_list(fitted.classes_)
    for each, known, names, share in zip(targets, probabilities, classes, shares, strict=True):
        columns = [each.classes.index(str(name)) for name in names]
        # A class that the rows learned lack has the probability 0.
        known[test] = 0.0
        known[np.ix_(test, columns)] = share


def fit_rows(model, X, labels, rows=None, groups=None):
    """Fit a model to some rows, None for all. Networks take no groups.

    One target is passed as a Series, so that predictions have the shape (n_rows,).
    """
    rows = np.arange(len(labels)) if rows is None else rows
    y = labels.iloc[:, 0] if labels.shape[1] == 1 else labels
    how = {}
    if groups is not None and hasattr(model, "candidates"):
        how["groups"] = np.asarray(groups, dtype=object)[rows]
    try:
        model.fit(take(X, rows), y.iloc[rows], **how)
    except SkmatError as error:
        if len(rows) < len(labels):
            error.add_note(f"This is the fit to {len(rows):,} of {len(labels):,} rows.")
        raise


def take(X, rows):
    """Return rows of the materials."""
    return X.iloc[rows] if hasattr(X, "iloc") else [X[row] for row in rows]


def _classes_as_object(truth):
    return np.array([None if pd.isna(each) else each for each in truth], dtype=object)


def _as_list(values):
    return values if isinstance(values, list) else [values]
