"""Parameters given as NumPy numbers."""

import sys
from collections.abc import Callable

import numpy as np
from sklearn.utils._param_validation import validate_parameter_constraints

from skmat.exceptions import InvalidInputError, shorten

__all__ = ["PlainParametersMixin", "draw_seed", "plain"]


def plain(value):
    """Convert a NumPy scalar or 0-dimensional array to a Python number.

    Tuples and lists are converted element by element. Other values are returned unchanged.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "biuf":
        value = value[()]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    if type(value) in (tuple, list):
        return type(value)(plain(each) for each in value)
    return value


def draw_seed(random_state):
    """Return a seed from a parameter `random_state`, without the caller's global generator."""
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    return int(random_state)


class PlainParametersMixin:
    """Accept NumPy numbers as parameters.

    The parameters stay as they were given, as scikit-learn requires.
    """

    _parameter_constraints: dict
    get_params: Callable[..., dict]

    def _validate_params(self):
        parameters = {name: plain(value) for name, value in self.get_params(deep=False).items()}
        validate_parameter_constraints(
            self._parameter_constraints, parameters, caller_name=type(self).__name__
        )
        for name, value in parameters.items():
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                raise InvalidInputError(
                    f"{name}={shorten(value)} of {type(self).__name__} is too large. Use a number"
                    f" up to {sys.float_info.max:.1e}."
                )

    def _plain(self, name):
        """Return the parameter `name`, as a Python number if it is a number."""
        return plain(getattr(self, name))
