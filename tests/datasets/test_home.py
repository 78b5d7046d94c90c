from pathlib import Path

import pytest

from skmat.datasets import fetch_matbench, get_data_home
from skmat.exceptions import InvalidInputError


def test_argument_comes_before_variable_and_default(monkeypatch, tmp_path):
    monkeypatch.setenv("SKMAT_DATA", str(tmp_path / "variable"))
    assert get_data_home(tmp_path / "argument") == tmp_path / "argument"
    assert get_data_home() == tmp_path / "variable"
    monkeypatch.delenv("SKMAT_DATA")
    assert get_data_home() == Path.home() / "skmat_data"


def test_empty_variable_is_no_folder(monkeypatch):
    monkeypatch.setenv("SKMAT_DATA", "")
    assert get_data_home() == Path.home() / "skmat_data"


def test_tilde_is_expanded_and_nothing_is_created(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SKMAT_DATA", "~/from_variable")
    assert get_data_home("~/somewhere") == tmp_path / "somewhere"
    assert get_data_home() == tmp_path / "from_variable"
    assert list(tmp_path.iterdir()) == []


def test_relative_folder_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert get_data_home("here") == tmp_path / "here"


@pytest.mark.parametrize("path", ["~nobody-of-this-name", "x" * 300, "a\0b", "\ud800"])
def test_what_no_folder_can_have_is_refused(path, monkeypatch):
    with pytest.raises(InvalidInputError, match=r"data_home=.* is not a valid path"):
        get_data_home(path)
    with pytest.raises(InvalidInputError, match="is not a valid path"):
        fetch_matbench("steels", data_home=path)
    if "\0" not in path and path.isprintable():
        monkeypatch.setenv("SKMAT_DATA", path)
        with pytest.raises(InvalidInputError, match=r"SKMAT_DATA=.* is not a valid path"):
            get_data_home()
