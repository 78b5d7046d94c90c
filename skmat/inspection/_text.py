"""The text of a display, with shapes in the place of data."""

import inspect

import numpy as np
import pandas as pd

__all__ = ["DisplayText"]

#: Items of a list that are shown.
_MOST_ITEMS = 5


class DisplayText:
    """Mixin: a representation by the parameters that are not None."""

    def __repr__(self):
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        values = [(name, getattr(self, name)) for name in names]
        shown = ", ".join(f"{name}={_short(value)}" for name, value in values if value is not None)
        return f"{type(self).__name__}({shown})"


def _short(value):
    if isinstance(value, np.ndarray | pd.DataFrame | pd.Series) and value.ndim:
        return f"<shape {value.shape}>"
    if isinstance(value, dict):
        rest = ", ..." if len(value) > _MOST_ITEMS else ""
        return f"<{', '.join(map(str, list(value)[:_MOST_ITEMS]))}{rest}>"
    if isinstance(value, list | tuple) and len(value) > _MOST_ITEMS:
        return f"<{len(value)} items>"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_short, value))}]"
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return f"{value:.4g}"
    return repr(value)
