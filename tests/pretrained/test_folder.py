"""Saving over a checkpoint: whoever reads, and wherever the writer stops."""

import hashlib
import multiprocessing
import shutil
import sys
import time
from contextlib import suppress

import pytest
import safetensors.torch
import torch
from common.checkpoints import make_checkpoint, to_format_0_1
from safetensors.torch import load_file

from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.pretrained import ModelCard, _checkpoint, _folder, load_checkpoint, save_checkpoint


@pytest.fixture
def folder(tmp_path):
    return save_checkpoint(tmp_path / "deep" / "encoder", make_checkpoint())


def numbered(number):
    """Return a checkpoint all parts of which say a number."""
    return make_checkpoint(
        network={"d_model": number},
        state={"a": torch.full((7,), float(number))},
        card=ModelCard(name=f"encoder {number}", epochs=number),
    )


def number_of(folder):
    """Load a checkpoint of `numbered`, and check that its parts are of one save."""
    loaded = load_checkpoint(folder)
    number = loaded.card.epochs
    assert loaded.network == {"d_model": number}
    assert (loaded.state["a"] == number).all()
    assert loaded.card.name == f"encoder {number}"
    return number


def weights_in(folder):
    return [path for path in folder.iterdir() if path.suffix == ".safetensors"]


@pytest.mark.parametrize("is_old", [False, True])
def test_a_second_save_replaces_the_first(folder, is_old):
    if is_old:
        to_format_0_1(folder)
    for number in (1, 2, 2, 3):
        save_checkpoint(folder, numbered(number))
        assert number_of(folder) == number
        (weights,) = weights_in(folder)
        sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        assert weights.name == f"model-{sha256[:16]}.safetensors"
        assert len(list(folder.iterdir())) == 3
        assert f"# encoder {number}\n" in (folder / "README.md").read_text()


class Stopped(Exception):
    pass


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize("n_written", range(4))
def test_a_save_that_fails_leaves_the_old_or_the_new(folder, is_old, n_written, monkeypatch):
    save_checkpoint(folder, numbered(1))
    if is_old:
        to_format_0_1(folder)
    calls, write = [], _checkpoint.write_atomically

    def stop(path, content):
        if len(calls) == n_written:
            raise Stopped
        calls.append(path.name)
        write(path, content)

    with monkeypatch.context() as patch, suppress(Stopped):
        patch.setattr(_checkpoint, "write_atomically", stop)
        save_checkpoint(folder, numbered(2))
    # Weights, configuration, README: nothing is written beside.
    assert number_of(folder) == (1 if n_written < 2 else 2)
    assert len(weights_in(folder)) == 1
    save_checkpoint(folder, numbered(3))
    assert number_of(folder) == 3


def test_files_of_the_user_stay(folder):
    contents = {
        "model-backup.safetensors": b"mine",
        "model-0123456789abcdef.safetensors": safetensors.torch.save({"mine": torch.ones(2)}),
        "card.json": b'{"name": "mine"}',
        "model-fedcba9876543210.safetensors": b"no weights at all",
        "notes.txt": b"mine",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    save_checkpoint(folder, numbered(1))
    save_checkpoint(folder, numbered(2))
    assert {name: (folder / name).read_bytes() for name in contents} == contents
    assert len(list(folder.iterdir())) == 3 + len(contents)


def test_weights_of_the_user_are_not_written_over(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(safetensors.torch.save({"mine": torch.ones(2)}))
    save_checkpoint(tmp_path, numbered(1))
    assert number_of(tmp_path) == 1
    assert list(load_file(tmp_path / "model.safetensors")) == ["mine"]


def test_what_killed_writers_left_is_removed(folder):
    for name in (
        *(".model.safetensors.0123456789abcdef", ".README.md.0123456789abcdef"),
        *(".model-0123456789abcdef.safetensors.0123456789abcdef", ".config.json.0123456789abcdef"),
    ):
        (folder / name).write_bytes(b"half")
    # Written, but never named by config.json.
    other = save_checkpoint(folder.parent / "other", numbered(5))
    shutil.copy(other / "model.safetensors", folder / "model-0123456789abcdef.safetensors")
    save_checkpoint(folder, numbered(1))
    assert len(list(folder.iterdir())) == 3


def _save_for_ever(folder, number):
    while True:
        save_checkpoint(folder, numbered(number))
        number += 2


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no locks")
@pytest.mark.parametrize("n_writers", [1, 2])
def test_readers_beside_writers_find_a_whole_checkpoint(tmp_path, n_writers):
    save_checkpoint(tmp_path, numbered(1))
    fork = multiprocessing.get_context("fork")
    writers = [
        fork.Process(target=_save_for_ever, args=(tmp_path, number)) for number in range(n_writers)
    ]
    for writer in writers:
        writer.start()
    found, deadline = set(), time.monotonic() + 60
    try:
        # As many readings as it takes to meet the writers; a slow machine has a minute for that.
        while len(found) <= 20 and time.monotonic() < deadline:
            found |= {number_of(tmp_path) for _ in range(100)}
    finally:
        for writer in writers:
            writer.kill()
            writer.join()
    assert len(found) > 3
    assert number_of(tmp_path)  # of writers that were killed
    save_checkpoint(tmp_path, numbered(10**6))
    assert len(list(tmp_path.iterdir())) == 3


def test_a_writer_waits_for_another_but_not_for_ever(folder, monkeypatch):
    monkeypatch.setattr(_folder, "_PATIENCE", 0.1)
    with (
        _folder.locked(folder),
        pytest.raises(PretrainedError, match="Another process has been writing"),
    ):
        save_checkpoint(folder, numbered(1))
    save_checkpoint(folder, numbered(1))
    assert number_of(folder) == 1


def test_without_locks_only_what_was_named_is_removed(folder, monkeypatch):
    monkeypatch.setattr(_folder, "fcntl", None)
    other = save_checkpoint(folder.parent / "other", numbered(5))
    # Another writer's, who is about to name it.
    name = "model-0123456789abcdef.safetensors"
    shutil.copy(next(iter(weights_in(other))), folder / name)
    for number in (1, 2):
        save_checkpoint(folder, numbered(number))
        assert number_of(folder) == number
        assert len(weights_in(folder)) == 2
    assert (folder / name).exists()


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file", tmp_path / "file" / "folder"):
        with pytest.raises(InvalidInputError, match="is a file"):
            save_checkpoint(path, numbered(1))
