import pytest


@pytest.mark.parametrize(
    ("value", "text"),
    [(94843.2, "94,840"), (999.96, "1,000"), (430.51, "430.5"), (0.0012634, "0.001263")],
)
def test_rates_have_four_digits_and_no_exponent(studies, value, text):
    from timing import four_digits

    assert four_digits(value) == text
