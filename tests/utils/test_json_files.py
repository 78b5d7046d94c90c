import os

import pytest

from skmat._utils.json_files import is_shallow, parse_json, read_json


def test_a_file_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": ["Å", 1.5, null]}', encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"a": ["Å", 1.5, None]}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000],
    ids=range(6),
)
def test_what_is_no_json_is_a_value_error(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"\w"):
        read_json(tmp_path / "a.json")
    with pytest.raises(ValueError, match=r"\w"):
        parse_json(content)


def test_too_large_a_file_is_not_read(tmp_path):
    (tmp_path / "a.json").write_text("[1, 2]")
    assert read_json(tmp_path / "a.json", 6) == [1, 2]
    with pytest.raises(ValueError, match="more than 5 bytes"):
        read_json(tmp_path / "a.json", 5)


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "a.json")
    with pytest.raises(IsADirectoryError):
        read_json(tmp_path)
    os.mkfifo(tmp_path / "pipe")  # nobody writes to it
    with pytest.raises(ValueError, match="not a regular file"):
        read_json(tmp_path / "pipe")


def test_levels_are_counted():
    value = 1
    for _ in range(17):  # two levels each
        assert is_shallow(value)
        value = {"a": [value, 2], "b": 3}
    assert not is_shallow(value)
    assert is_shallow([[[1], {}], "text"], most_levels=3)
    assert not is_shallow([[[1], {}], "text"], most_levels=2)
