"""tqdm's progress bars: in a notebook with ipywidgets a widget, elsewhere text."""

import warnings

from tqdm import TqdmWarning

# In a notebook without ipywidgets, the import warns, and its bars are text.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

__all__ = ["tqdm"]
