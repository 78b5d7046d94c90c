import pickle

import pandas as pd
import pytest

from skmat.cli.tables import naming_cells
from skmat.exceptions import (
    FeaturizationError,
    InvalidCompositionError,
    InvalidInputError,
    InvalidLabelsError,
    InvalidRowsError,
    InvalidWeightsError,
    LabelTypeError,
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


@pytest.mark.parametrize("cls", [InvalidLabelsError, LabelTypeError, InvalidWeightsError])
def test_errors_of_labels_list_five_and_survive_pickling(cls):
    problems = [(row, "a", f"target 'gap': 'a{row}' is text") for row in range(500)]
    error = cls(problems, 600, "Take a classifier.")
    lines = str(error).splitlines()
    assert lines[0].startswith("500 of 600 rows ")
    assert lines[5] == "  row 4, target 'gap': 'a4' is text"
    assert lines[6].startswith("  ... and 495 more")
    assert lines[-1] == "Take a classifier."
    assert error.rows == list(range(500))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.rows) == (cls, str(error), error.rows)
    assert issubclass(cls, TypeError) == (cls is LabelTypeError)
    assert issubclass(cls, InvalidRowsError)


def test_errors_of_labels_are_not_taken_for_errors_of_formulas():
    table = pd.DataFrame({"formula": ["TiO2"], "gap": ["1e301"]})
    problems = [(0, 1e301, "target 'gap': 1e301 is beyond 1e+300")]
    with pytest.raises(InvalidLabelsError), naming_cells(table, "formula", "s.csv", "formulas"):
        raise InvalidLabelsError(problems, 1)
