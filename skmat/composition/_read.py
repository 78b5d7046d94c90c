"""Read every accepted form of composition input into :class:`CompositionArrays`."""

import warnings
from array import array
from collections.abc import KeysView, Mapping, Set

import numpy as np
from pymatgen.core import Composition

from skmat.composition._arrays import MAX_ATOMIC_NUMBER, NEGLIGIBLE, CompositionArrays
from skmat.composition._columns import read_columns
from skmat.composition._formula import BadComposition, parse_formula, parse_mapping
from skmat.composition._frames import as_pandas
from skmat.exceptions import (
    EmptyCompositionWarning,
    InvalidCompositionError,
    InvalidInputError,
    shorten,
)

__all__ = [
    "check_on_invalid",
    "check_ordered",
    "expand_columns",
    "is_missing",
    "parse_value",
    "read_amounts",
    "read_compositions",
]


def read_compositions(values, *, on_invalid="raise"):
    """Read one composition per item.

    Parameters
    ----------
    values : iterable of str, Composition or mapping
        Formulas ("TiO2", "Ca(OH)2", "Fe0.95Ni0.05"), pymatgen Compositions, or mappings of
        element symbols to amounts. The string "NaN" is sodium nitride. A float NaN, None and
        pandas.NA are missing values. Deuterium and tritium become hydrogen. Oxidation states are
        ignored.
    on_invalid : {"raise", "nan"}, default="raise"
        "raise" raises an error for rows that cannot be read. "nan" returns them empty (all
        padding).

    Returns
    -------
    CompositionArrays
        One row per item, in the same order.

    Raises
    ------
    InvalidCompositionError
        If items cannot be read. The error lists all of them.
    InvalidInputError
        If `values` is a single formula, a table, or has no order (a set).
    """
    check_on_invalid(on_invalid)
    check_ordered(values)
    if getattr(values, "columns", None) is not None:
        raise InvalidInputError(
            "Expected one column of formulas, got a table. Pass the column that holds them, for"
            " example X['formula']."
        )
    # Iterating over an Arrow array gives Arrow scalars.
    values = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    blocks, problems = [], []
    for start in range(0, len(values), _BLOCK):
        block, faults = _read_block(values[start : start + _BLOCK])
        blocks.append(block)
        problems += [(start + row, value, reason) for row, value, reason in faults]
    if problems and on_invalid == "raise":
        raise InvalidCompositionError(problems, len(values))
    return CompositionArrays.joined(blocks)


#: Rows that are read at a time. What reading holds besides the result does not grow with the rows.
_BLOCK = 2**16


def _read_block(values):
    """Return the compositions of a list, and the problems as (row, value, reason)."""
    rows, numbers, amounts = array("q"), array("B"), array("d")
    problems = []
    known: dict[str, tuple[list[int], list[float]]] = {}
    for row, value in enumerate(values):
        try:
            # Data sets repeat formulas: parse each distinct string once.
            parsed = known.get(value) if type(value) is str else None
            if parsed is None:
                parsed = parse_value(value)
                if type(value) is str:
                    known[value] = parsed
        except BadComposition as problem:
            problems.append((row, value, str(problem)))
            continue
        rows.extend((row,) * len(parsed[0]))
        numbers.extend(parsed[0])
        amounts.extend(parsed[1])
    read = CompositionArrays.from_flat(
        np.frombuffer(rows, dtype=np.int64) if rows else np.empty(0, dtype=np.int64),
        np.frombuffer(numbers, dtype=np.uint8) if numbers else np.empty(0, dtype=np.uint8),
        np.frombuffer(amounts, dtype=np.float64) if amounts else np.empty(0),
        len(values),
    )
    return read, problems


def read_amounts(amounts, *, atomic_numbers=None, on_invalid="raise", allow_empty=False):
    """Read a matrix of amounts.

    Parameters
    ----------
    amounts : array-like of shape (n, n_columns)
        Amounts, which need not be normalised. Column `j` of an array counts the element with
        atomic number `j + 1`. A column of a DataFrame counts the element or compound that it is
        named after. Fractions below 1e-8 are dropped. Negative amounts above -1e-8 of the row's
        total are set to zero.
    atomic_numbers : sequence of length n_columns, default=None
        What each column counts instead: an atomic number, or a compound as pairs (atomic number,
        amount).
    on_invalid : {"raise", "nan"}, default="raise"
        "raise" raises an error for rows that cannot be read. "nan" returns them empty (all
        padding).
    allow_empty : bool, default=False
        Return rows without a positive amount as empty rows, with a warning if `on_invalid` is
        "raise". scikit-learn treats any non-negative matrix as valid input.

    Returns
    -------
    CompositionArrays

    Raises
    ------
    InvalidInputError
        If `amounts` is not a matrix of numbers, has more than 118 columns, or has a column that
        is not named after an element or a compound. Also if `atomic_numbers` has another length.
    InvalidCompositionError
        If a row holds a negative or non-finite amount, or no positive one. The error lists all
        such rows.

    Warns
    -----
    EmptyCompositionWarning
        If rows hold no positive amount and `allow_empty` lets them through.
    """
    check_on_invalid(on_invalid)
    frame = as_pandas(amounts)
    if frame is not None and atomic_numbers is None:
        atomic_numbers = read_columns(list(frame.columns))
    amounts = _as_matrix(amounts if frame is None else frame)
    n_rows, n_columns = amounts.shape
    if atomic_numbers is None:
        if n_columns > MAX_ATOMIC_NUMBER:
            raise InvalidInputError(
                f"X has {n_columns} columns, but a matrix of amounts has one column per element,"
                f" at most {MAX_ATOMIC_NUMBER}. Pass formulas, or only the columns of amounts."
            )
        atomic_numbers = np.arange(1, n_columns + 1)
    if len(atomic_numbers) != n_columns:
        raise InvalidInputError(
            f"atomic_numbers has {len(atomic_numbers)} entries for {n_columns} columns of amounts."
            " Give one for each column."
        )
    amounts = _without_noise(amounts)
    missing = np.isnan(amounts).any(axis=1)
    not_finite = ~np.isfinite(amounts).all(axis=1)
    negative = (amounts < 0).any(axis=1) & ~not_finite
    empty = ~(amounts > 0).any(axis=1) & ~negative & ~not_finite
    unreadable = not_finite | negative
    invalid = unreadable if allow_empty else unreadable | empty
    if on_invalid == "raise" and invalid.any():
        problems = [
            # "Negative values in data" is scikit-learn's wording for this mistake.
            (row, amounts[row].tolist(), "negative amount (Negative values in data)")
            if negative[row]
            else (row, amounts[row].tolist(), _MISSING)
            if missing[row]
            else (row, amounts[row].tolist(), "amount is not finite (infinity)")
            if not_finite[row]
            else (row, amounts[row].tolist(), "empty formula (no positive amount)")
            for row in np.flatnonzero(invalid).tolist()
        ]
        raise InvalidCompositionError(problems, n_rows)
    if on_invalid == "raise" and empty.any():
        warnings.warn(
            f"{np.count_nonzero(empty)} of {n_rows} rows of X hold no positive amount (the first"
            f" is row {empty.argmax()}). Training ignores them, and their results are NaN.",
            EmptyCompositionWarning,
            stacklevel=2,
        )
    if unreadable.any():
        amounts = np.where(unreadable[:, None], 0.0, amounts)
    if any(np.ndim(column) for column in atomic_numbers):
        # Scale by powers of two: compounds do not overflow, and fractions stay the same bits.
        amounts = np.ldexp(amounts, -np.frexp(amounts.max(axis=1, initial=0.0))[1][:, None])
    amounts, numbers = expand_columns(amounts, atomic_numbers)
    rows, columns = np.nonzero(amounts)
    return CompositionArrays.from_flat(
        rows,
        np.asarray(numbers, dtype=np.uint8)[columns],
        amounts[rows, columns],
        n_rows,
    )


def _as_matrix(amounts):
    try:
        matrix = np.asarray(amounts, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInputError(
            "A matrix of amounts must hold only numbers. Drop columns of text. To read formulas,"
            " use read_compositions."
        ) from None
    if matrix.ndim != 2:
        raise InvalidInputError(
            f"Expected a matrix of amounts with one row per material, got an array with"
            f" {matrix.ndim} dimension(s). For one material, pass [amounts]."
        )
    return matrix


_MISSING = "amount is not finite (NaN): write 0 for absent elements, for example X.fillna(0)"


def _without_noise(amounts):
    """Set negative amounts above -1e-8 of the row's total, left by rounding, to zero."""
    if not (amounts < 0).any():
        return amounts
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.where(amounts > 0, amounts, 0.0).sum(axis=1)
        return np.where((amounts < 0) & (amounts > -NEGLIGIBLE * total[:, None]), 0.0, amounts)


def expand_columns(amounts, columns):
    """Split each column of a compound into one column per element.

    Parameters
    ----------
    amounts : ndarray of shape (n, n_columns)
        Amounts.
    columns : sequence of length n_columns
        What each column counts, as in `atomic_numbers` of `read_amounts`.

    Returns
    -------
    amounts : ndarray of shape (n, n_expanded)
    atomic_numbers : list of int of length n_expanded
        An element may occur more than once.
    """
    if all(np.ndim(column) == 0 for column in columns):
        return amounts, list(columns)
    compositions = [[(column, 1.0)] if np.ndim(column) == 0 else column for column in columns]
    places = [place for place, pairs in enumerate(compositions) for _ in pairs]
    numbers, factors = zip(*(pair for pairs in compositions for pair in pairs), strict=True)
    return amounts[:, places] * np.array(factors), list(numbers)


def check_on_invalid(on_invalid):
    """Raise unless `on_invalid` is "raise" or "nan"."""
    if on_invalid not in ("raise", "nan"):
        raise InvalidInputError(f"on_invalid must be 'raise' or 'nan', got {on_invalid!r}.")


def check_ordered(values):
    """Raise InvalidInputError unless `values` may hold one material per row, in order."""
    if isinstance(values, bytes | bytearray):
        raise InvalidInputError(
            f"Expected a list of formulas, got {shorten(values)}. Pass a list of text:"
            " [X.decode()]."
        )
    if isinstance(values, Mapping) and any(
        hasattr(amount, "__len__") and not isinstance(amount, str) for amount in values.values()
    ):
        raise InvalidInputError(
            "Expected a list of formulas or a table, got a dict of columns. Pass"
            " pandas.DataFrame(X)."
        )
    if isinstance(values, str | Mapping | Composition):
        raise InvalidInputError(
            f"Expected a list of formulas, got the single value {shorten(values)}. Reshape your"
            " data: pass it as a list of one, [X]."
        )
    # Python counts the keys of a dict as a Set, but they have an order.
    if isinstance(values, Set) and not isinstance(values, KeysView):
        raise InvalidInputError(
            f"X is a {type(values).__name__}, which has no order. Pass a list, for example"
            " sorted(X), with y in the same order."
        )


def parse_value(value):
    """Return atomic numbers and amounts of one item of `read_compositions`.

    Raises
    ------
    BadComposition
        If it is not a composition. The message says why.
    """
    if isinstance(value, str):
        return parse_formula(str(value))
    if isinstance(value, Mapping):
        if not value:
            raise BadComposition("empty formula")
        return parse_mapping(value)
    if is_missing(value):
        raise BadComposition("missing value")
    if isinstance(value, bytes):
        raise BadComposition("bytes are not text: decode them with value.decode()")
    raise BadComposition(
        f"{type(value).__name__} is not a formula, a Composition or a dict of amounts"
    )


def is_missing(value):
    """Tell whether `value` is None, NaN, NaT or pandas.NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        # pandas.NA has no truth value.
        return type(value).__name__ in ("NAType", "NaTType")
