"""The best rows of a screening."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from skmat.exceptions import InvalidInputError
from skmat.screening._parts import read_part, read_parts, results_of

__all__ = ["best_rows", "check_rule"]

_CONDITION = re.compile(r"\s*(-?)(.+?)\s*(?:([<>])(=?)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?))?\s*")


def best_rows(folder, n, by):
    """Return the best rows of a screening.

    Parameters
    ----------
    folder : path-like
        The `sink` of :func:`predict_stream`, after all shards have ended.
    n : int
        Number of rows to return, at most.
    by : str
        Conditions, separated by commas. All must hold, and the first one decides the order:

        - "gap>2": the largest values, if they are above 2,
        - "gap<0.5": the smallest values, if they are below 0.5,
        - "gap": the largest values,
        - "-gap": the smallest values.

        A name is that of a target, which means its prediction, or of a column of the result, such
        as "gap_low" or "novelty_percent".

    Returns
    -------
    DataFrame
        The best rows first, with all columns. Rows of equal values keep the order of the source.
        Rows without a prediction are left out.

    Raises
    ------
    InvalidInputError
        If the rule cannot be read, names no column, or names a column without numbers. If parts
        are missing.
    """
    conditions = check_rule(n, by)
    best = pd.DataFrame()
    for path in read_parts(folder):
        frame = read_part(path)
        keep = np.ones(len(frame), dtype=bool)
        keys = []
        for name, sign, threshold, is_closed in conditions:
            values = sign * _numbers(frame, name, path)
            keep &= ~np.isnan(values)
            if threshold is not None:
                limit = sign * threshold
                keep &= (values >= limit) if is_closed else (values > limit)
            keys.append(values)
        found = frame[keep].assign(**{_KEY: keys[0][keep]})
        best = found if best.empty else pd.concat([best, found], ignore_index=True)
        best = best.sort_values(_KEY, ascending=False, kind="stable").head(n)
    best = best.drop(columns=_KEY).reset_index(drop=True)
    # In parts of text, numbers are text. Columns of the source stay: "NaN" may be a compound.
    return best.assign(**{name: _as_numbers(best[name]) for name in results_of(folder)})


#: Column of what rows are sorted by. No column of a table has this name.
_KEY = "\0key"


def check_rule(n, by):
    """Return the conditions as tuples of name, sign, threshold and whether it is allowed.

    The sign is 1 if large values are good, else -1.
    """
    if not isinstance(n, int | np.integer) or n < 1:
        raise InvalidInputError(f"The number of best rows is {n!r}. It must be at least 1.")
    if not isinstance(by, str) or not by.strip():
        raise InvalidInputError(f"by={by!r} must be a rule such as 'gap>2' or '-gap'.")
    conditions = []
    for text in by.split(","):
        match = _CONDITION.fullmatch(text)
        if match is None or ("<" in match[2] or ">" in match[2] or (match[1] and match[3])):
            raise InvalidInputError(
                f"by={by!r}: {text.strip()!r} cannot be read. Write 'gap>2', 'gap<0.5', 'gap' or"
                " '-gap', separated by commas."
            )
        sign = -1 if match[1] or match[3] == "<" else 1
        threshold = None if match[3] is None else float(match[5])
        conditions.append((match[2], sign, threshold, match[4] == "="))
    return conditions


def _as_numbers(column):
    try:
        return pd.to_numeric(column)
    except (ValueError, TypeError):
        return column


def _numbers(frame, name, path):
    column = next((each for each in (f"{name}_predicted", name) if each in frame.columns), None)
    if column is None:
        raise InvalidInputError(
            f"{Path(path).parent} has no column {name!r}. Its columns are"
            f" {', '.join(map(str, frame.columns[:20]))}."
        )
    numbers = pd.to_numeric(frame[column], errors="coerce").astype("float64")
    if numbers.isna().all() and frame[column].notna().any():
        raise InvalidInputError(f"The column {column!r} holds no numbers: it cannot be sorted.")
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
