"""What a fitted model reads of a table: materials, and further columns of numbers."""

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
    _, further = _columns_of_table(model)
    if further and given.path is None:
        raise InvalidInputError(
            f"The model also reads the columns {', '.join(map(repr, further))}. Give a table that"
            " has them."
        )
    return further


def with_further_columns(model, given, table, X):
    """Return X with the further columns that the model reads."""
    from skmat.cli.table_labels import read_numbers

    material, further = _columns_of_table(model)
    if not further:
        return X
    numbers = read_numbers(table, further, given.path)
    return given.with_columns(X, numbers, material)[list(model.feature_names_in_)]


def _columns_of_table(model):
    """Return the column of materials of a model that reads a table, and its further columns."""
    names = list(getattr(model, "feature_names_in_", []))
    if hasattr(model, "extra_columns_"):  # a network
        (material,) = {*names} - {*model.extra_columns_} if model.extra_columns_ else (None,)
    else:
        material = getattr(model, "material_column_", None)
    return material, [] if material is None else [each for each in names if each != material]
