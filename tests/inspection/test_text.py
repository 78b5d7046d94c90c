import inspect

import numpy as np
import pandas as pd
import pytest

from skmat import inspection
from skmat.inspection import ElementAttributionDisplay
from skmat.inspection._text import DisplayText

DISPLAYS = [getattr(inspection, name) for name in inspection.__all__ if name.endswith("Display")]


def test_the_text_has_shapes_in_the_place_of_data():
    display = ElementAttributionDisplay(
        contributions=pd.DataFrame({"O": [1.5], "Ti": [-0.4]}),
        baseline=2.123456,
        predictions=np.array([3.2]),
        name="TiO2",
    )
    assert repr(display) == (
        "ElementAttributionDisplay(contributions=<shape (1, 2)>, baseline=2.123,"
        " predictions=<shape (1,)>, name='TiO2')"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (list(range(9)), "<9 items>"),
        ((np.zeros(3), "a"), "[<shape (3,)>, 'a']"),
        ({"mae": 1, "rmse": 2}, "<mae, rmse>"),
        (dict.fromkeys("abcdef"), "<a, b, c, d, e, ...>"),
        (np.int64(3), "3"),
        (np.float64(0.123456), "0.1235"),
    ],
)
def test_long_values_are_short(value, text):
    class Display(DisplayText):
        def __init__(self, *, data=None, other=None):
            self.data, self.other = data, other

    assert repr(Display(data=value)) == f"Display(data={text})"


@pytest.mark.parametrize("display", DISPLAYS)
def test_every_display_keeps_its_parameters(display):
    names = list(inspect.signature(display).parameters)
    made = display(**dict.fromkeys(names))
    assert repr(made) == f"{display.__name__}()"
