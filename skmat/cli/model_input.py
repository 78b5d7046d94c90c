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


def with_further_columns(model, given, table, X, on_invalid="raise"):
    """Return X with the further columns that the model reads, as ``read_words`` reads words."""
    from skmat.cli.table_labels import read_numbers, read_words
    from skmat.screening._columns import categories_of, read_columns

    material, further = read_columns(model)
    if not further:
        return X
    words = categories_of(model)
    numbers = [name for name in further if name not in words]
    columns = read_numbers(table, numbers, given.path)
    columns = columns.join(read_words(table, words, given.path, on_invalid))
    return given.with_columns(X, columns, material)[list(model.feature_names_in_)]
