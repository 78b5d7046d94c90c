from pathlib import Path

import pytest

from skmat.exceptions import PretrainedError
from skmat.pretrained import _registry, list_pretrained
from skmat.pretrained._registry import resolve_folder


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Ship two encoders and a folder that is none."""
    folder = tmp_path / "weights"
    for name in ("small", "large"):
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")
    (folder / "scraps").mkdir()
    monkeypatch.setattr(_registry, "_SHIPPED", folder)
    return folder


def test_names_are_listed_in_order(shipped):
    assert list_pretrained() == ["large", "small"]


def test_nothing_may_be_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(_registry, "_SHIPPED", tmp_path / "none")
    assert list_pretrained() == []
    with pytest.raises(PretrainedError, match="none are shipped"):
        resolve_folder("small")


def test_every_listed_name_resolves():
    assert all((resolve_folder(name) / "config.json").is_file() for name in list_pretrained())


def test_a_name_goes_before_a_folder_of_the_same_name(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    assert resolve_folder("small") == shipped / "small"
    assert resolve_folder("./small").resolve() == tmp_path / "small"
    assert resolve_folder(tmp_path / "small") == tmp_path / "small"
    assert resolve_folder(Path("small")).resolve() == tmp_path / "small"


@pytest.mark.parametrize("missing", ["medium", "scraps", "/no/such/folder"])
def test_what_is_neither_is_answered_with_the_names(shipped, missing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PretrainedError, match=r"large, small.*save_pretrained") as error:
        resolve_folder(missing)
    assert missing in str(error.value)


def test_a_file_is_no_folder(shipped, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(PretrainedError, match="folder"):
        resolve_folder(tmp_path / "file")
