import errno
import warnings

import pytest

from skmat.cli.output import describe, warnings_in_one_line
from skmat.exceptions import DatasetNotFoundError, NoveltyWarning


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left", "/a/b.csv"), "/a/b.csv: No space left"),
        (OSError(errno.ENOMEM, "No memory"), "No memory"),
        (OSError("no number"), "no number"),
        (PermissionError(errno.EACCES, "Denied", "x"), "x: Denied"),
        (DatasetNotFoundError("get it from there"), "get it from there"),
        (ValueError("bad"), "bad"),
    ],
)
def test_errors_name_the_file(error, said):
    assert describe(error) == said


def test_a_warning_names_the_option_instead_of_the_method(capsys):
    with warnings_in_one_line("predict"):
        warnings.warn("Predictions may be wrong. See novelty(X).", NoveltyWarning, stacklevel=1)
    assert capsys.readouterr().err == (
        "skmat predict: warning: Predictions may be wrong. See --novelty of skmat predict.\n"
    )
