import math

import pytest

from skmat._utils.digits import digits_text, rounded


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.123456, "0.1235"),
        (12345.6, "12350"),
        (-1234.56, "-1235"),
        (3.2, "3.2"),
        (0.0, "0"),
        (0.00012346, "0.0001235"),
        (2.3699e-7, "2.37e-07"),
        (math.nan, ""),
        (math.inf, "inf"),
    ],
)
def test_four_digits_without_exponents_where_people_need_none(number, text):
    assert digits_text(number) == text


def test_rounding_keeps_nan():
    assert rounded(1.23456, 3) == 1.23
    assert math.isnan(rounded(math.nan))
