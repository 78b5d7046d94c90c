"""Materials that are read once for several predictions."""

__all__ = ["odd_rows", "prepared"]


def prepared(model, X):
    """Return X as `model` reads it if the model can keep that, else X."""
    return model.prepare(X) if hasattr(model, "prepare") else X


def odd_rows(read):
    """Return masks of rows unlike the training set, by what is odd, of an output of `prepared`."""
    return read.table.odd if hasattr(read, "table") else {}
