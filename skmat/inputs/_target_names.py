"""Names of the columns of y in the order of a fitted model."""

from skmat.exceptions import InvalidInputError

__all__ = ["check_order_of_targets"]


def check_order_of_targets(names, target_names):
    """Raise an error if y has the columns of the fit in another order.

    Other names are no error: predictions are then compared by position, as in scikit-learn.

    Parameters
    ----------
    names : list of str
        Names of the columns of y, as ``read_columns`` returns them.
    target_names : list of str
        ``target_names_`` of the model.

    Raises
    ------
    InvalidInputError
        If both hold the same names in another order.
    """
    if names != target_names and sorted(names) == sorted(target_names):
        raise InvalidInputError(
            f"The model was fitted on the tasks {target_names}, but y holds {names}. Use the same"
            " columns in the same order."
        )
