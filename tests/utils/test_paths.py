from pathlib import Path

import pytest

from skmat._utils.paths import make_folder, read_path
from skmat.exceptions import InvalidInputError


def read(path):
    return read_path(path, "folder", InvalidInputError)


def test_a_home_is_put_in_the_place_of_its_sign(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read("~/a") == tmp_path / "a"
    assert read(Path("~")) == tmp_path
    assert read("a~b/~c") == Path("a~b/~c")


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("", "it is empty"),
        ("~nobody-of-this-name/a", "'~nobody-of-this-name' has no home folder"),
        ("a/" + "x" * 256 + "/b", "longer than 255 bytes"),
        ("Å" * 128, "longer than 255 bytes"),
        ("a\0b", "NUL"),
        ("\ud800", "character that paths cannot contain"),
    ],
)
def test_what_is_no_path_is_refused_with_the_reason(path, fault):
    with pytest.raises(
        InvalidInputError, match=f"folder=.* is not a valid path: .*{fault}"
    ) as error:
        read(path)
    assert len(str(error.value)) < 250


def test_the_longest_name_is_one():
    assert read("x" * 255) == Path("x" * 255)


def test_what_is_neither_text_nor_path_is_a_type_error():
    for value in (3, None, b"a"):
        with pytest.raises(TypeError):
            read(value)


@pytest.mark.parametrize("name", ["a", "a/b"])
def test_a_file_in_the_place_of_a_folder(name, tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(
        InvalidInputError, match=f"results_dir='.*{name}' is a file, or lies in one"
    ):
        make_folder(tmp_path / name, "results_dir")
    make_folder(tmp_path / "c" / "d", "results_dir")
    make_folder(tmp_path / "c" / "d", "results_dir")
    assert (tmp_path / "c" / "d").is_dir()
