"""The version of the package that saved an estimator."""

import inspect
import warnings

from skmat._version import __version__
from skmat.exceptions import InconsistentVersionWarning

__all__ = ["SavedVersionMixin"]

_KEY = "_skmat_version"


class SavedVersionMixin:
    """Write the version of skmat into pickles, and compare it on loading.

    Parameters missing from the pickle get their defaults.
    """

    def __getstate__(self):
        return {**super().__getstate__(), _KEY: __version__}  # type: ignore[dict-item]

    def __setstate__(self, state):
        state = dict(state)
        saved = state.pop(_KEY, None)
        if saved != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=type(self).__name__,
                    current_skmat_version=__version__,
                    saved_skmat_version=saved,
                ),
                stacklevel=2,
            )
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            if parameter.default is not inspect.Parameter.empty:
                state.setdefault(name, parameter.default)
        super().__setstate__(state)  # type: ignore[misc]
