import pickle

import pytest

from skmat.exceptions import (
    FeaturizationError,
    InvalidCompositionError,
    InvalidInputError,
    InvalidRowsError,
    PretrainedError,
    SkmatError,
)

PROBLEMS = [(row, f"X{row}", "not an element") for row in range(1, 14)]


@pytest.mark.parametrize(
    "error", [InvalidInputError, InvalidRowsError, InvalidCompositionError, PretrainedError]
)
def test_errors_of_input_are_ours_and_value_errors(error):
    assert issubclass(error, SkmatError)
    assert issubclass(error, ValueError)


def test_rows_error_lists_ten_rows_and_counts_the_others():
    error = InvalidCompositionError(PROBLEMS, 20)
    message = str(error)
    assert message.startswith("13 of 20 rows cannot be read as compositions:")
    assert "  row 10: 'X10': not an element" in message
    assert "row 11" not in message
    assert "... and 3 more" in message
    assert "on_invalid='nan'" in message
    assert error.rows == list(range(1, 14))


def test_rows_error_shortens_long_values():
    line = str(FeaturizationError([(0, "O" * 500, "too long")], 1)).splitlines()[1]
    assert len(line) < 100
    assert line.endswith("...: too long")


@pytest.mark.parametrize("cls", [InvalidCompositionError, FeaturizationError])
def test_rows_error_survives_pickling(cls):
    error = pickle.loads(pickle.dumps(cls(PROBLEMS, 20)))
    assert type(error) is cls
    assert error.rows == list(range(1, 14))
    assert error.n_rows == 20
