import numpy as np
import pytest

from skmat.benchmark._calibration import expected_calibration_error, score_interval
from skmat.exceptions import InvalidInputError


def test_calibration_error_worked_out_by_hand():
    # Two rows a bin: probabilities 0.05 and 0.15, 0.2 and 0.2, then 0.9 and 1.0 eight times.
    probabilities = np.array([0.05, 0.15, 0.2, 0.2, *[0.9, 1.0] * 8])
    y = np.array([False, True, False, False, *[True] * 16])
    # The rows of 0.9 fill four bins' places and share the first, those of 1.0 the next four.
    expected = (2 * abs(0.1 - 0.5) + 2 * 0.2 + 8 * 0.1 + 8 * 0.0) / 20
    assert expected_calibration_error(y, probabilities) == pytest.approx(expected)


def test_bins_have_equal_counts():
    # Two of the ten rows of each bin are true.
    probabilities = np.repeat(np.linspace(0.1, 0.9, 10), 10)
    y = np.tile(np.arange(10) < 2, 10)
    expected = np.abs(probabilities - 0.2).mean()
    assert expected_calibration_error(y, probabilities) == pytest.approx(expected)


def test_the_order_of_rows_does_not_matter():
    generator = np.random.default_rng(0)
    probabilities = generator.integers(0, 5, 97) / 4  # with many ties
    y = generator.random(97) < 0.3
    found = {
        round(expected_calibration_error(y[order], probabilities[order]), 12)
        for order in (generator.permutation(97) for _ in range(5))
    }
    assert len(found) == 1


def test_fewer_rows_than_bins():
    y, probabilities = np.array([True, False, True]), np.array([0.9, 0.2, 0.6])
    assert expected_calibration_error(y, probabilities) == pytest.approx((0.1 + 0.2 + 0.4) / 3)


def test_labels_at_the_ends_of_an_interval_are_covered():
    interval = [[0, 1], [0, 1], [2, 5], [4, 4]]
    scores = score_interval(np.array([0.0, 1.0, 6.0, 4.0]), interval)
    assert scores == {"coverage_90": 0.75, "width_90": 1.25}


def test_an_unbounded_interval_has_no_width():
    scores = score_interval(np.array([0.0, 1.0]), [[0, np.inf], [-1, 0]])
    assert scores["coverage_90"] == 0.5
    assert np.isnan(scores["width_90"])


@pytest.mark.parametrize(
    ("interval", "message"),
    [
        ([[0, 1]], r"have the shape \(1, 2\) for 2 materials"),
        ([0, 1], r"have the shape \(2,\) for 2 materials"),
        ([[0, 1], [np.nan, 1]], "1 of 2 intervals .* test row 1 is from nan to 1.0"),
        ([[1, 0], [0, 1]], "1 of 2 intervals .* test row 0 is from 1.0 to 0.0"),
    ],
)
def test_intervals_that_are_none_are_named(interval, message):
    with pytest.raises(InvalidInputError, match=message):
        score_interval(np.zeros(2), np.array(interval, dtype=float))
