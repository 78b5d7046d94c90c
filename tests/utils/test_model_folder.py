import json
import os
import shutil
import subprocess

import numpy as np
import pytest
from common.folders import put

from skmat._utils.model_folder import ModelFolder
from skmat.exceptions import InvalidInputError, SavedModelError

ARRAYS = {
    "float32": np.array([[1.5, np.nan], [-0.0, np.inf]], dtype=np.float32),
    "counter": np.array(7),
    "flags": np.array([True, False]),
    "columns": np.arange(6.0).reshape(2, 3).T,
    "big-endian": np.arange(3, dtype=">i4"),
    "empty": np.empty((0, 4), dtype=np.int8),
}


def write(path, number=1):
    with ModelFolder.create(path) as folder:
        folder.write_json("model.json", {"number": number, "text": "Å \ud800"})
        folder.write_arrays("numbers.safetensors", ARRAYS)
        folder.write_bytes("trees.skops", b"some bytes")
        part = folder.sub("part-0").sub("deeper")
        part.write_json("model.json", {"number": -number})
    return path


def number_of(path):
    folder = ModelFolder.open(path)
    number = folder.read_json("model.json")["number"]
    assert folder.sub("part-0").sub("deeper").read_json("model.json") == {"number": -number}
    return number


def names(path):
    return sorted(os.listdir(path))


@pytest.fixture
def saved(tmp_path):
    return write(tmp_path / "deep" / "model")


def test_files_come_back(saved):
    assert names(saved.parent) == ["model"]
    folder = ModelFolder.open(str(saved))
    assert folder.read_json("model.json") == {"number": 1, "text": "Å \ud800"}
    assert folder.read_bytes("trees.skops") == b"some bytes"
    found = folder.read_arrays("numbers.safetensors")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].shape == array.shape
        assert found[name].dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found[name], array)
        found[name][...] = 0  # it can be written to
    assert folder.names() == [
        *("model.json", "numbers.safetensors", "part-0/deeper/model.json", "trees.skops"),
    ]
    assert folder.sub("part-0").names() == ["deeper/model.json"]
    assert folder.is_whole
    assert not folder.sub("part-0").is_whole


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_sums_are_those_of_sha256sum(saved):
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=saved, check=True)


def test_every_changed_byte_is_refused(saved):
    n_changed = 0
    for path in sorted(saved.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= 1
            path.write_bytes(changed)
            with pytest.raises(SavedModelError):
                ModelFolder.open(saved)
            n_changed += 1
        for other in (content[:-1], content + b"\n", b""):
            path.write_bytes(other)
            with pytest.raises(SavedModelError):
                ModelFolder.open(saved)
        path.write_bytes(content)
    assert n_changed > 500
    assert number_of(saved) == 1


def test_files_that_are_not_listed_are_refused(saved):
    for name in ("planted.pkl", ".hidden", "part-0/model.json", "part-0/deeper/more.json"):
        (saved / name).write_bytes(b"")
        with pytest.raises(SavedModelError, match=f"{name}', which SHA256SUMS does not list"):
            ModelFolder.open(saved)
        (saved / name).unlink()
    (saved / "new").mkdir()
    with pytest.raises(SavedModelError, match="empty folder 'new/'"):
        ModelFolder.open(saved)


def test_missing_files_are_told(saved):
    (saved / "trees.skops").unlink()
    with pytest.raises(SavedModelError, match=r"lacks 'trees\.skops'"):
        ModelFolder.open(saved)
    (saved / "SHA256SUMS").unlink()
    with pytest.raises(SavedModelError, match="has no SHA256SUMS"):
        ModelFolder.open(saved)


@pytest.mark.parametrize("name", ["trees.skops", "SHA256SUMS", "part-0"])
def test_symbolic_links_are_refused(saved, name):
    moved = saved.parent / "moved"
    (saved / name).rename(moved)
    (saved / name).symlink_to(moved)
    with pytest.raises(SavedModelError):
        ModelFolder.open(saved)


def test_a_link_to_the_whole_folder_is_followed(saved):
    link = saved.parent / "link"
    link.symlink_to(saved)
    assert number_of(link) == 1
    write(link, 2)
    assert link.is_symlink()
    assert number_of(saved) == 2


def test_a_pipe_is_not_waited_for(saved):
    (saved / "trees.skops").unlink()
    os.mkfifo(saved / "trees.skops")
    with pytest.raises(SavedModelError, match="not a regular file"):
        ModelFolder.open(saved)


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.json", "/etc/passwd", "part-0/../../outside.json", "./a.json"),
        *("a//b.json", "a\\b.json", "", ".json", "planted.pkl", "SHA256SUMS", "a.JSON"),
        *("x" * 200 + ".json", "a/" * 30 + "b.json", "å.json"),
    ],
)
def test_names_that_leave_the_folder_are_refused(saved, name):
    outside = saved.parent / "outside.json"
    outside.write_text("{}")
    sums = (saved / "SHA256SUMS").read_text()
    (saved / "SHA256SUMS").write_text(f"{'0' * 64}  {name}\n" + sums)
    with pytest.raises(SavedModelError, match="damaged SHA256SUMS"):
        ModelFolder.open(saved)
    (saved / "SHA256SUMS").write_text(sums)
    with pytest.raises(SavedModelError):
        ModelFolder.open(saved).read_json(name)

    def write_it():
        with ModelFolder.create(saved.parent / "other") as folder:
            folder.write_json(name, {})

    with pytest.raises(SavedModelError):
        write_it()
    assert outside.read_text() == "{}"
    assert names(saved.parent) == ["model", "outside.json"]


def test_too_large_a_file_is_not_read(saved):
    with (saved / "model.json").open("r+b") as stream:
        stream.truncate(2**40)  # takes no room on the disk
    with pytest.raises(SavedModelError, match="more than 67,108,864 bytes"):
        ModelFolder.open(saved)


@pytest.mark.parametrize(
    "content",
    [b"[1]", b"{", b"\xff", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, b'{"a":' + b"9" * 5000],
    ids=range(5),
)
def test_what_is_no_json_object(saved, content):
    put(saved, "model.json", content)
    with pytest.raises(SavedModelError, match="JSON"):
        ModelFolder.open(saved).read_json("model.json")


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\xff" * 20, b"\x80\x04N."])
def test_what_is_no_safetensors(saved, content):
    put(saved, "numbers.safetensors", content)
    with pytest.raises(SavedModelError, match="holds no arrays"):
        ModelFolder.open(saved).read_arrays("numbers.safetensors")


def test_a_file_that_changes_after_opening_is_refused(saved):
    folder = ModelFolder.open(saved)
    put(saved, "model.json", json.dumps({"number": 5}).encode())
    with pytest.raises(SavedModelError, match="changed while"):
        folder.read_json("model.json")


def test_files_are_read_as_what_their_names_say(saved):
    folder = ModelFolder.open(saved)
    with pytest.raises(SavedModelError):
        folder.read_json("trees.skops")
    with pytest.raises(SavedModelError, match=r"lacks other\.json"):
        folder.read_json("other.json")


def test_a_name_is_written_once(tmp_path):
    def twice():
        with ModelFolder.create(tmp_path / "model") as folder:
            folder.write_json("a.json", {})
            folder.write_json("A.json", {})

    with pytest.raises(SavedModelError, match="already has"):
        twice()


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([None]), np.array([1j])])
def test_arrays_of_other_types(tmp_path, array):
    def save():
        with ModelFolder.create(tmp_path / "model") as folder:
            folder.write_arrays("a.safetensors", {"x": array})

    with pytest.raises(InvalidInputError, match=r"'x' of 'a\.safetensors' has the type"):
        save()
    assert not names(tmp_path)


def test_numbers_that_json_does_not_have(tmp_path):
    with pytest.raises(ValueError, match="JSON"), ModelFolder.create(tmp_path / "a") as folder:
        folder.write_json("model.json", {"a": float("nan")})
    lacking = pytest.raises(SavedModelError, match=r"needs a model\.json")
    with lacking, ModelFolder.create(tmp_path / "a"):
        pass
    assert not names(tmp_path)
