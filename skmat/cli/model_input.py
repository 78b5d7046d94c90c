"""What a fitted model reads of a table: materials, and further columns."""

from skmat.exceptions import InvalidInputError

__all__ = ["further_columns", "with_further_columns"]

# Functions import pandas on use, to keep `skmat --help` fast.


def further_columns(model, given):
    """Return the names of the further columns that a model reads.

    Raises
    ------
    InvalidInputError
        If there are some, but the materials are not from a table.
    """
    from skmat.screening._columns import read_columns

    _, further = read_columns(model)
    if further and given.path is None:
        raise InvalidInputError(
            f"The model also reads the columns {', '.join(map(repr, further))}. Give a table that"
            " has them."
        )
    return further


def with_further_columns(model, given, table, X, on_invalid="raise", labels=()):
    """Return X with the further columns that the model reads.

    Parameters
    ----------
    model : estimator
        The fitted model.
    given : GivenMaterials
        Source of the materials.
    table : Table
        The table that was read.
    X : list
        Materials.
    on_invalid : {"raise", "nan"}, default="raise"
        "nan" leaves out the materials of rows with a number that cannot be read, and keeps unknown
        words. The model leaves the results of such rows empty.
    labels : sequence of str, default=()
        Columns of labels, whose numbers must have the same decimal mark.

    Raises
    ------
    InvalidInputError
        If there are such rows, for "raise".
    """
    import numpy as np

    from skmat.cli.table_labels import ADVICE_FOR_COLUMNS, read_numbers, read_words
    from skmat.screening._columns import categories_of, read_columns

    material, further = read_columns(model)
    if not further:
        return X
    words = categories_of(model)
    numbers = [name for name in further if name not in words]
    advice = f"{ADVICE_FOR_COLUMNS} {given.for_bad_rows}".rstrip()
    how = {"on_invalid": on_invalid, "same_mark": labels}
    columns = read_numbers(table, numbers, given.path, advice, **how)
    is_bad = np.isinf(columns)
    X = [None if bad else each for each, bad in zip(X, is_bad.any(axis=1), strict=True)]
    columns = columns.mask(is_bad)
    columns = columns.join(read_words(table, words, given.path, on_invalid, given.for_bad_rows))
    return given.with_columns(X, columns, material)[list(model.feature_names_in_)]
