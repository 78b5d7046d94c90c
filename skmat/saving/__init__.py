"""Load what ``save_model`` wrote."""

from skmat.saving._load import load_model

__all__ = ["load_model"]
