import os
import subprocess
import sys

import pytest
from common.folders import number_of, save

from skmat._utils import folder_swap
from skmat._utils.model_folder import ModelFolder
from skmat.exceptions import InvalidInputError, SavedModelError


def names(path):
    return sorted(os.listdir(path))


def test_a_second_save_replaces_the_first(tmp_path):
    for number in (1, 2, 2, 3):
        save(tmp_path / "model", number)
        assert number_of(tmp_path / "model") == number
        assert names(tmp_path) == ["model"]


def test_files_of_the_earlier_model_do_not_stay(tmp_path):
    with ModelFolder.create(tmp_path / "model") as folder:
        folder.write_json("model.json", {})
        folder.write_json("more.json", {})
    save(tmp_path / "model")
    assert names(tmp_path / "model") == ["SHA256SUMS", "model.json", "part"]


@pytest.mark.parametrize("is_new", [True, False])
def test_an_error_inside_the_block_keeps_what_was_there(tmp_path, is_new):
    if not is_new:
        save(tmp_path / "model", 1)

    def interrupted():
        with ModelFolder.create(tmp_path / "model") as folder:
            folder.write_json("model.json", {"number": 2})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == ([] if is_new else ["model"])
    if not is_new:
        assert number_of(tmp_path / "model") == 1


@pytest.mark.parametrize("n_renames", [0, 1])
def test_a_failed_rename_keeps_what_was_there(tmp_path, n_renames, monkeypatch):
    save(tmp_path / "model", 1)
    rename, calls = os.rename, []

    def fail(source, target):
        calls.append(source)
        if len(calls) == n_renames + 1:
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(folder_swap.os, "rename", fail)
    with pytest.raises(OSError, match="no"):
        save(tmp_path / "model", 2)
    assert names(tmp_path) == ["model"]
    assert number_of(tmp_path / "model") == 1


_KILLED = """
import os, sys
from skmat._utils import folder_swap
from skmat._utils.model_folder import ModelFolder
n_renames, rename, calls = int(sys.argv[2]), os.rename, []

def kill(*names):
    if len(calls) == n_renames:
        os.kill(os.getpid(), 9)
    calls.append(names)
    rename(*names)

folder_swap.os.rename = kill
with ModelFolder.create(sys.argv[1]) as folder:
    folder.write_json("model.json", {"number": 2})
    folder.sub("part").write_json("model.json", {"number": 2})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks")
@pytest.mark.parametrize("n_renames", [0, 1])
def test_what_a_killed_writer_left_is_tidied_by_the_next(tmp_path, n_renames):
    save(tmp_path / "model", 1)
    killed = [sys.executable, "-c", _KILLED, str(tmp_path / "model"), str(n_renames)]
    assert subprocess.run(killed, check=False).returncode == -9
    if n_renames == 0:
        assert number_of(tmp_path / "model") == 1
    else:
        with pytest.raises(SavedModelError, match=r"The earlier model is .*\.old"):
            number_of(tmp_path / "model")
    # The next writer fails, and the earlier model is in its place again.
    with pytest.raises(ZeroDivisionError), ModelFolder.create(tmp_path / "model"):
        1 / 0  # noqa: B018
    assert names(tmp_path) == ["model"]
    assert number_of(tmp_path / "model") == 1


def test_the_folder_of_a_writer_at_work_is_kept(tmp_path):
    with ModelFolder.create(tmp_path / "model") as folder:
        folder.write_json("model.json", {"number": 1})
        save(tmp_path / "model", 2)
        folder.sub("part").write_json("model.json", {"number": 1})
    assert number_of(tmp_path / "model") == 1


def test_a_file_that_appears_meanwhile_stays(tmp_path):
    def save_slowly():
        with ModelFolder.create(tmp_path / "model") as folder:
            folder.write_json("model.json", {})
            (tmp_path / "model").write_text("mine")

    with pytest.raises(InvalidInputError, match="is a file"):
        save_slowly()
    assert names(tmp_path) == ["model"]
    assert (tmp_path / "model").read_text() == "mine"


def test_names_like_temporary_ones_of_the_user_stay(tmp_path):
    for name in (".model.old", ".model.0123", "model.0123456789abcdef"):
        (tmp_path / name).mkdir()
    (tmp_path / ".model.0123456789abcdef").write_text("a file")
    before = names(tmp_path)
    save(tmp_path / "model")
    assert names(tmp_path) == sorted([*before, "model"])


def test_the_longest_name(tmp_path):
    path = tmp_path / ("x" * 255)
    save(path)
    assert number_of(path) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks")
def test_long_names_that_begin_alike(tmp_path):
    one, two = (tmp_path / ("x" * 60 + end) for end in "ab")
    save(one, 1)
    killed = [sys.executable, "-c", _KILLED, str(one), "1"]
    assert subprocess.run(killed, check=False).returncode == -9
    save(two, 2)
    assert number_of(two) == 2
    with pytest.raises(ZeroDivisionError), ModelFolder.create(one):
        1 / 0  # noqa: B018
    assert number_of(one) == 1
