"""Materials that are read once for several predictions."""

__all__ = ["describe_odd_rows", "odd_rows", "prepared"]


def prepared(model, X):
    """Return X as `model` reads it if the model can keep that, else X."""
    return model.prepare(X) if hasattr(model, "prepare") else X


def odd_rows(read):
    """Return masks of rows unlike the training set, by what is odd, of an output of `prepared`."""
    return read.table.odd if hasattr(read, "table") else {}


def describe_odd_rows(what, n_odd, n_rows):
    """Return a warning about rows that are unlike the training set."""
    return (
        f"{n_odd} of {n_rows} rows have {what}. Their predictions and intervals may be wrong, and"
        " their novelty is 100."
    )
