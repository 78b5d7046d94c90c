"""Materials that are read once for several predictions."""

__all__ = ["prepared"]


def prepared(model, X):
    """Return X as `model` reads it if the model can keep that, else X."""
    return model.prepare(X) if hasattr(model, "prepare") else X
