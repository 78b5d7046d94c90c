"""The best rows of a screening."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from skmat._utils.nearest import nearest_hint
from skmat.exceptions import InvalidInputError
from skmat.screening._parts import composed_rows, read_part, read_parts, results_of

__all__ = ["best_rows", "check_rule", "column_of"]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CONDITION = re.compile(rf"\s*(-?)(.+?)\s*(?:([<>])(=?)\s*({_NUMBER}))?\s*")


def best_rows(folder, n, by):
    """Return the best rows of a screening.

    Parameters
    ----------
    folder : path-like
        The `sink` of :func:`predict_stream`, after all shards have ended.
    n : int
        Number of rows to return, at most.
    by : str
        Terms, separated by commas, in any order:

        - "gap": the largest values first. "-gap": the smallest first.
        - "gap>2", "gap<0.5", also with >= and <=: only rows for which this holds.

        "gap>1, gap<3, bulk" are the rows of largest bulk among those with a gap between 1 and 3.
        If several names rank, the second one orders rows that are equal in the first, those
        without a value last. If there are only conditions, the first one ranks: "gap>2" puts the
        largest first, "gap<0.5" the smallest.

        A name is that of a target, which means its prediction, or of a column of the result, such
        as "gap_low" or "novelty_percent".

    Returns
    -------
    DataFrame
        The best rows first, with all columns. Rows of equal values keep the order of the source.
        Rows without a prediction are left out, and so are repetitions: rows that are equal in all
        columns to one before. Structures given as objects are no repetitions: a column holds only
        their compositions.

    Raises
    ------
    InvalidInputError
        If the rule cannot be read, names no column, or names a column without numbers. If parts
        are missing.
    """
    terms = check_rule(n, by)
    ranking = [term for term in terms if term.threshold is None] or terms[:1]
    keys = [f"{_KEY}{i}" for i in range(len(ranking))]
    best = pd.DataFrame()
    # Of each name: whether a cell is a number, and whether one is not.
    seen = {term.name: (False, False) for term in terms}
    results, n_rows = results_of(folder), 0
    for path in read_parts(folder):
        frame = read_part(path)
        keep = frame[results].notna().any(axis=1).to_numpy(dtype=bool)
        numbers = {}
        for name, (has_number, has_text) in seen.items():
            numbers[name], is_text = _numbers(frame, name, folder)
            seen[name] = has_number or not np.isnan(numbers[name]).all(), has_text or is_text
        for term in terms:
            values = term.sign * numbers[term.name]
            if term.threshold is not None or term is ranking[0]:
                keep &= ~np.isnan(values)
            if term.threshold is not None:
                limit = term.sign * term.threshold
                keep &= (values >= limit) if term.is_closed else (values > limit)
        ranks = {
            key: (term.sign * numbers[term.name])[keep]
            for key, term in zip(keys, ranking, strict=True)
        }
        rows = n_rows + np.arange(len(frame))
        n_rows += len(frame)
        different = np.where(composed_rows(path, frame), rows, -1)
        found = frame[keep].assign(**ranks, **{_DIFFERENT: different[keep]})
        best = found if best.empty else pd.concat([best, found], ignore_index=True)
        best = best[~_repeated(best)].sort_values(keys, ascending=False, kind="stable").head(n)
    for name, (has_number, has_text) in seen.items():
        if has_text and not has_number:
            raise InvalidInputError(f"The column {name!r} holds no numbers: it cannot be sorted.")
    best = best.drop(columns=[*keys, _DIFFERENT]).reset_index(drop=True)
    # In parts of text, numbers are text. Columns of the source stay: "NaN" may be a compound.
    return best.assign(**{name: _as_numbers(best[name]) for name in results})


#: Beginning of the columns that rows are sorted by. No column of a table begins so.
_KEY = "\0key"

#: Column of numbers that differ for rows which are no repetitions.
_DIFFERENT = "\0different"


class Term(NamedTuple):
    """A term of a rule.

    Attributes
    ----------
    name : str
        Name of a target or of a column.
    sign : int
        1 if large values are good, else -1.
    threshold : float or None
        What values must be above, or below if the sign is -1.
    is_closed : bool
        Whether the threshold itself is allowed.
    """

    name: str
    sign: int
    threshold: float | None
    is_closed: bool


def check_rule(n, by):
    """Return the terms of a rule, a list of Term."""
    if not isinstance(n, int | np.integer) or n < 1:
        raise InvalidInputError(f"The number of best rows is {n!r}. It must be at least 1.")
    if not isinstance(by, str) or not by.strip():
        raise InvalidInputError(f"by={by!r} must be a rule such as 'gap>2' or '-gap'.")
    terms = []
    for text in by.split(","):
        match = _CONDITION.fullmatch(text)
        if match is None or ("<" in match[2] or ">" in match[2] or (match[1] and match[3])):
            raise InvalidInputError(
                f"by={by!r}: {text.strip()!r} cannot be read. Write 'gap>2', 'gap<0.5', 'gap' or"
                " '-gap', separated by commas."
            )
        sign = -1 if match[1] or match[3] == "<" else 1
        threshold = None if match[3] is None else float(match[5])
        terms.append(Term(match[2], sign, threshold, match[4] == "="))
    return terms


def column_of(name, columns, what):
    """Return the column that a name in a rule means.

    Parameters
    ----------
    name : str
        Name of a target or of a column.
    columns : list of str
        Columns of the result.
    what : object
        What has these columns, for the error.

    Raises
    ------
    InvalidInputError
        If the result lacks the column.
    """
    found = next((each for each in (f"{name}_predicted", name) if each in columns), None)
    if found is not None:
        return found
    nearest = nearest_hint(name, [str(each).removesuffix("_predicted") for each in columns])
    raise InvalidInputError(
        f"{what} has no column {name!r}.{nearest and nearest + '.'} Its columns are"
        f" {', '.join(map(str, columns[:20]))}. Probabilities of classes need proba=True"
        " (--proba), and novelty needs novelty=True (--novelty)."
    )


def _as_numbers(column):
    try:
        return pd.to_numeric(column)
    except (ValueError, TypeError):
        return column


def _repeated(frame):
    """Return the mask of rows that are equal to one before."""
    try:
        return frame.duplicated().to_numpy()
    # Columns of lists: pandas raises TypeError, and its columns of pyarrow NotImplementedError.
    except (TypeError, NotImplementedError):
        texts = {name: map(str, column.tolist()) for name, column in frame.items()}
        return pd.DataFrame(texts).duplicated().to_numpy()


def _numbers(frame, name, folder):
    """Return a column as numbers, NaN for others, and whether it has a cell that is none."""
    column = frame[column_of(name, list(frame.columns), folder)]
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    is_text = bool((numbers.isna() & column.notna()).any())
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan), is_text
