"""Numbers as people read them: four significant digits."""

import math

__all__ = ["digits_text", "rounded"]


def rounded(number: float, digits: int = 4) -> float:
    """Return a number rounded to significant digits. NaN and infinite numbers stay."""
    return float(f"{number:.{digits}g}")


def digits_text(number: float, digits: int = 4) -> str:
    """Return a number with significant digits as text, "" for NaN.

    Numbers from 0.0001 to 10^10 have no exponent: 12345.6 becomes "12350".
    """
    if math.isnan(number):
        return ""
    return f"{rounded(number, digits):.10g}"
