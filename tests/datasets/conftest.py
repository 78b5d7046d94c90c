import io
import subprocess
import zipfile
from functools import partial
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from skmat.datasets import _crabnet_wheel, _files, _pip
from skmat.datasets._files import _fingerprint, write_file


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Folder for a data home that does not exist yet, and that no variable points to."""
    monkeypatch.delenv("SKMAT_DATA", raising=False)
    return tmp_path / "home"


@pytest.fixture
def put_file(home, monkeypatch):
    """Function that puts a file into the data home, and makes its content the known one."""

    def put(path, content):
        known = {**_files.manifest(), path: _fingerprint(content)}
        monkeypatch.setattr(_files, "manifest", lambda: known)
        write_file(home, path, content)

    return put


@pytest.fixture
def put_table(put_file):
    """Function that puts a table into the data home, as the known one."""
    return lambda path, text: put_file(path, dedent(text).lstrip().encode())


@pytest.fixture
def put_arrays(put_file):
    """Function that puts an npz file into the data home, as the known one."""

    def put(path, **arrays):
        stream = io.BytesIO()
        np.savez(stream, **arrays)
        put_file(path, stream.getvalue())

    return put


@pytest.fixture
def snapshot(home):
    """Function that lists all files below the data home; none if there is no such folder."""

    def list_files():
        return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())

    return list_files


@pytest.fixture
def pip(monkeypatch):
    """Function that makes pip write a wheel, or fail; it returns the commands pip gets."""
    commands = []

    def install(wheel=None, stderr=""):
        def run(command, **options):
            commands.append([str(part) for part in command])
            if wheel is not None:
                folder = command[command.index("--dest") + 1]
                Path(folder, "crabnet-2.0.8-py3-none-any.whl").write_bytes(wheel)
            return subprocess.CompletedProcess(command, int(wheel is None), "", stderr)

        monkeypatch.setattr(_pip.subprocess, "run", run)
        return commands

    return install


@pytest.fixture
def build_wheel():
    """Function that makes a wheel: by folder, one row for each of train, val and test."""

    def build(rows):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for folder, three in rows.items():
                for split, row in zip(("train", "val", "test"), three, strict=True):
                    path = f"crabnet/data/benchmark_data/{folder}/{split}.csv"
                    archive.writestr(path, f"formula,target\n{row}\n")
        return stream.getvalue()

    return build


@pytest.fixture
def serve_wheel(pip, build_wheel, monkeypatch):
    """Function that makes such a wheel the known one, which pip can download, of any content."""

    def serve(rows):
        wheel = build_wheel(rows)
        monkeypatch.setattr(_files, "manifest", dict)
        monkeypatch.setattr(_crabnet_wheel, "write_file", partial(write_file, record=True))
        monkeypatch.setattr(_crabnet_wheel, "_WHEEL", _fingerprint(wheel))
        return pip(wheel)

    return serve
