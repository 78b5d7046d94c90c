import errno

import pytest

from skmat.cli.output import describe
from skmat.exceptions import DatasetNotFoundError


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
