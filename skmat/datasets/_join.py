"""Join tables of materials by composition."""

import numpy as np
import pandas as pd

from skmat.composition import CompositionArrays, read_compositions
from skmat.composition._frames import as_pandas
from skmat.composition._read import check_ordered
from skmat.exceptions import InvalidInputError

__all__ = ["join_tables"]


def join_tables(*tables):
    """Join tables of materials by composition.

    The result has one row per composition, in whatever spelling, and the columns of all tables.
    Missing labels are NaN. Use it to train one model on the labels of several sources.

    Parameters
    ----------
    *tables : tuple of (formulas, labels)
        Formulas of shape (n,), as for estimators, and a DataFrame of shape (n, n_columns) with the
        labels of the same rows. None instead of the DataFrame means no labels. Rows of a table
        with the same composition are merged: numbers by their median, other labels by majority.
        A tie gives a missing label. Missing labels are ignored.

    Returns
    -------
    formulas : ndarray of shape (n,), dtype object
        Each composition in its first spelling, in the order of the tables.
    labels : DataFrame of shape (n, n_columns)
        Numbers as float64, other labels as they are, or as objects if rows are merged or labels
        are missing. Missing labels are NaN.

    Raises
    ------
    InvalidInputError
        If a column is in two tables, or if the numbers of formulas and labels differ.
    InvalidCompositionError
        If rows cannot be read as compositions.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmat.datasets import join_tables
    >>> gaps = pd.DataFrame({"gap": [3.0, 3.2, 8.5]})
    >>> moduli = pd.DataFrame({"bulk_modulus": [212.0]})
    >>> formulas, y = join_tables(
    ...     (["TiO2", "O2Ti", "NaCl"], gaps), (["Ti2O4"], moduli), (["KBr"], None)
    ... )
    >>> formulas
    array(['TiO2', 'NaCl', 'KBr'], dtype=object)
    >>> y
       gap  bulk_modulus
    0  3.1         212.0
    1  8.5           NaN
    2  NaN           NaN
    """
    parts = [_read(index, *table) for index, table in enumerate(tables)]
    if not parts:
        raise InvalidInputError("join_tables needs at least one table, got none.")
    _check_columns([labels for _, _, labels in parts])
    groups = _concatenate([compositions for _, compositions, _ in parts]).group_ids()
    rows = pd.factorize(groups)[0]  # numbered by first appearance
    first = np.unique(rows, return_index=True)[1]
    spelled = np.concatenate([formulas for formulas, _, _ in parts])[first]
    merged, start = [], 0
    for _, compositions, labels in parts:
        stop = start + len(compositions)
        merged.append(_merge(labels, rows[start:stop]).reindex(range(len(first))))
        start = stop
    return spelled, pd.concat(merged, axis=1)


def _read(index, formulas, labels):
    """Return formulas as an array of objects, their compositions, and their labels."""
    check_ordered(formulas)
    frame = as_pandas(formulas)
    if frame is not None:
        if frame.shape[1] != 1:
            raise InvalidInputError(
                f"The formulas of table {index} are a table with the columns"
                f" {list(frame.columns)}. Pass the column that holds them, for example"
                " X['formula']."
            )
        formulas = frame.iloc[:, 0]
    formulas = list(formulas)
    if labels is None:
        labels = pd.DataFrame(index=range(len(formulas)))
    if len(labels) != len(formulas):
        raise InvalidInputError(
            f"Table {index} has {len(formulas)} formulas but {len(labels)} rows of labels. Give"
            " one row of labels per formula."
        )
    array = np.empty(len(formulas), dtype=object)
    array[:] = formulas
    try:
        return array, read_compositions(formulas), labels
    except InvalidInputError as error:
        error.add_note(f"The rows are those of table {index}. Tables are counted from 0, too.")
        raise


def _check_columns(tables):
    holders: dict[str, int] = {}
    for index, labels in enumerate(tables):
        for name in labels.columns:
            if name in holders:
                raise InvalidInputError(
                    f"The column {name!r} is in table {holders[name]} and in table {index}"
                    " (counted from 0). Rename one of them: two sources seldom mean the very same"
                    " quantity. If they do, concatenate the tables first."
                )
            holders[name] = index


def _concatenate(parts):
    width = max(part.atomic_numbers.shape[1] for part in parts)

    def stack(name):
        arrays = [getattr(part, name) for part in parts]
        return np.vstack([np.pad(each, ((0, 0), (0, width - each.shape[1]))) for each in arrays])

    return CompositionArrays(stack("atomic_numbers"), stack("fractions"))


def _merge(labels, rows):
    """Merge `labels` to one row per distinct entry of `rows`, which becomes the index."""
    labels = labels.set_axis(rows, axis=0)
    numbers = labels.select_dtypes("number").columns
    labels = labels.astype({name: np.float64 for name in numbers})
    if labels.index.is_unique:
        return labels
    columns = {
        name: labels[name].groupby(level=0).median() if name in numbers else _vote(labels[name])
        for name in labels.columns
    }
    return pd.DataFrame(columns, index=np.unique(rows))


def _vote(column):
    """Return the most frequent label of each row, missing for a tie."""
    counts = column.dropna().groupby(level=0).value_counts()
    most = counts.groupby(level=0).transform("max") == counts
    winners = counts[most].reset_index(level=1).iloc[:, 0]
    return winners[~winners.index.duplicated(keep=False)].astype(object)
