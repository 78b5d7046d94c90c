from pathlib import Path

from skmat.datasets import get_data_home


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
