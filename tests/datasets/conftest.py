import io
from textwrap import dedent

import numpy as np
import pytest

from skmat.datasets._files import write_file


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Folder for a data home that does not exist yet, and that no variable points to."""
    monkeypatch.delenv("SKMAT_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def put_table(home):
    """Function that puts a table into the data home, with its hash."""

    def put(path, text):
        write_file(home, path, dedent(text).lstrip().encode(), record=True)

    return put


@pytest.fixture
def put_arrays(home):
    """Function that puts an npz file into the data home, with its hash."""

    def put(path, **arrays):
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        write_file(home, path, stream.getvalue(), record=True)

    return put


@pytest.fixture
def snapshot(home):
    """Function that lists all files below the data home; none if there is no such folder."""

    def list_files():
        return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())

    return list_files
