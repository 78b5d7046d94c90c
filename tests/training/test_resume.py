import hashlib
import json
import os
import pickle
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.training import CheckpointFolder, _resume, train
from skmat.training._data import BatchLoader

from .killed_training import N_EPOCHS, N_STEPS, die_in_training, early_stopping, fit


def run_until_killed(folder, objectives, kill):
    """Train in a process forked for it, which kills itself."""
    pid = os.fork()
    if pid == 0:
        die_in_training(folder, objectives, kill)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture(scope="module")
def finished_runs(tmp_path_factory):
    folders = {}
    for objectives in ("properties", "joint"):
        folders[objectives] = tmp_path_factory.mktemp(objectives)
        fit(folders[objectives], objectives)
    return folders


@pytest.fixture
def finished(finished_runs, tmp_path):
    """Folder of a run that has come to its end, which may be spoiled."""
    return lambda objectives="properties": shutil.copytree(
        finished_runs[objectives], tmp_path / "finished"
    )


def assert_equal_encoders(first, second):
    """Check that two trainings had the same losses, and end in the same weights."""
    assert losses(first) == losses(second)
    X = ["TiO2", "Cu2O", "Fe2O3", "LiFePO4"]
    np.testing.assert_array_equal(first.transform(X), second.transform(X))


def losses(encoder):
    return [{key: value for key, value in row.items() if key != "dur"} for row in encoder.history_]


@pytest.mark.parametrize("objectives", ["masked_elements", "properties"])
def test_a_killed_run_goes_on_to_the_weights_of_an_unbroken_one(tmp_path, objectives):
    unbroken = fit(None, objectives)
    run_until_killed(tmp_path, objectives, f"step:{2 * N_STEPS + 2}")
    held = CheckpointFolder(tmp_path).read()
    assert len(held["history"]) == 2
    assert not held["finished"]
    resumed = fit(tmp_path, objectives)
    assert_equal_encoders(resumed, unbroken)
    assert len(losses(resumed)) == N_EPOCHS
    # Not trained anew: these took so many seconds in the process that was killed.
    assert [row["dur"] for row in resumed.history_[:2]] == [row["dur"] for row in held["history"]]


def test_a_run_killed_again_and_again_stops_early_with_the_same_weights(tmp_path):
    extra = early_stopping()
    unbroken = fit(None, "joint", **extra)
    # In the first epoch; while the state of the second epoch is written; in a later step.
    run_until_killed(tmp_path, "joint", "step:3")
    assert CheckpointFolder(tmp_path).read() is None
    run_until_killed(tmp_path, "joint", "write:2")
    (leftover,) = tmp_path.glob(".training.state.*")
    assert leftover.stat().st_size > 0
    assert len(CheckpointFolder(tmp_path).read()["history"]) == 1
    run_until_killed(tmp_path, "joint", f"step:{N_STEPS + 1}")
    resumed = fit(tmp_path, "joint", **extra)
    assert_equal_encoders(resumed, unbroken)
    assert not leftover.exists()


class Interrupted(Exception):
    pass


def break_off(monkeypatch, epoch):
    """Let the training raise at the first batch of an epoch."""
    whole, passes = BatchLoader.__iter__, []

    def iterate(loader):
        if loader.generator is not None:
            passes.append(loader)
            if len(passes) == epoch:
                raise Interrupted
        return whole(loader)

    monkeypatch.setattr(BatchLoader, "__iter__", iterate)


SETTINGS = {
    "plain": {"schedule": "constant"},
    "random weights": {"loss_weighting": "rlw-mtencoder", "task_weights": (1.0, 1.0)},
    "uncertainty": {"loss_weighting": "uncertainty", "task_weights": (1.0, 2.0)},
    "stopped": {"patience": 2, "lr": 0.1, "schedule": "constant", "max_epochs": 30},
    "averaged": {"ema_decay": 0.9},
    "averaged and stopped": {"ema_decay": 0.9, "patience": 2, "lr": 0.2, "max_epochs": 30},
    "unfrozen": {"freeze_epochs": (1, 1), "patience": 3},
}


@pytest.mark.parametrize("broken_off_in", [2, 3, 5])
@pytest.mark.parametrize("name", SETTINGS)
def test_every_way_of_training_is_resumed(
    make_model, make_settings, make_data, tmp_path, monkeypatch, name, broken_off_in
):
    settings = make_settings(**{"max_epochs": 6, "batch_size": 4, **SETTINGS[name]})
    objectives = "joint" if len(settings.task_weights) == 2 else "properties"

    def run(folder):
        model = make_model(objectives)
        valid = make_data(8, seed=1) if settings.patience else None
        _, history = train(model, settings, make_data(21), valid, folder)
        weights = model.state_dict()
        return weights, [{k: v for k, v in row.items() if k != "dur"} for row in history]

    expected, history = run(None)
    with monkeypatch.context() as patch:
        break_off(patch, min(broken_off_in, len(history)))
        with pytest.raises(Interrupted):
            run(CheckpointFolder(tmp_path))
    for _ in range(2):  # the second time, the run has come to its end
        weights, resumed = run(CheckpointFolder(tmp_path))
        assert resumed == history
        assert all(torch.equal(expected[key], weights[key]) for key in expected)
    if "stopped" in name:
        assert len(history) < settings.max_epochs


def test_a_finished_run_is_loaded_and_not_trained(tmp_path, monkeypatch):
    first = fit(tmp_path, "joint")
    size = (tmp_path / "training.state").stat().st_size
    weights = sum(t.nbytes for t in first.net_.module_.state_dict().values())
    assert size < 1.2 * weights  # the optimizer's state is gone
    break_off(monkeypatch, 1)
    again = fit(tmp_path, "joint")
    assert_equal_encoders(again, first)
    assert again.history_ == first.history_
    X = ["TiO2", "Cu2O"]
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(again)).transform(X), first.transform(X)
    )


def test_an_interrupt_by_hand_is_resumed(tmp_path, monkeypatch):
    unbroken = fit(None, "properties")
    with monkeypatch.context() as patch:
        break_off(patch, 3)
        patch.setattr(sys.modules[__name__], "Interrupted", KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(tmp_path, "properties")
    assert_equal_encoders(fit(tmp_path, "properties"), unbroken)


def test_without_a_seed_the_one_of_the_folder_is_taken(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        break_off(patch, 3)
        with pytest.raises(Interrupted):
            fit(tmp_path, "joint", random_state=None)
    resumed = fit(tmp_path, "joint", random_state=None)
    seed = json.loads((tmp_path / "run.json").read_text())["random_state"]
    assert_equal_encoders(resumed, fit(None, "joint", random_state=seed))
    assert resumed.random_state is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_epochs": 6}, "max_epochs was 5, is 6"),
        ({"random_state": 4}, "random_state was 3, is 4"),
        ({"dropout": 0.25}, r"Dropout\(p=0.1.*Dropout\(p=0.25"),
        ({"readout": "mean"}, "readout was 'cpd', is 'mean'"),
        ({"objectives": "properties"}, "objectives, masked_elements was .* is None"),
        ({"loss_weights": [1, 2, 1]}, r"task_weights \[1\] was 1.0, is 2.0"),
        ({"lr": 1e-3}, "lr was 0.0005, is 0.001"),
    ],
)
def test_a_folder_of_other_settings_is_refused(finished, changes, message):
    folder = finished("joint")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(
        PretrainedError, match=rf"another run: .*{message}.*another checkpoint_dir"
    ):
        fit(folder, **{"objectives": "joint", **changes})
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_folder_of_other_data_is_refused(make_model, make_settings, make_data, tmp_path):
    settings, data, valid = make_settings(patience=3), make_data(20), make_data(5, seed=1)
    folder = CheckpointFolder(tmp_path)
    train(make_model(), settings, data, valid, folder)
    other = make_data(20, seed=2)
    for changed, message in [
        (replace(data, y=data.y + 1), "training data, labels differ"),
        (replace(data, materials=other.materials), "training data, materials differ"),
        (replace(data, sample_weight=data.sample_weight * 2), "sample weights differ"),
        (make_data(19), "rows was 20, is 19"),
    ]:
        with pytest.raises(PretrainedError, match=message):
            train(make_model(), settings, changed, valid, folder)
    with pytest.raises(PretrainedError, match="validation data, labels differ"):
        train(make_model(), settings, data, replace(valid, y=valid.y + 1), folder)
    with pytest.raises(PretrainedError, match="validation data, rows was 5, is None"):
        train(make_model(), settings, data, None, folder)
    with pytest.raises(PretrainedError, match="initial weights differ"):
        train(make_model(seed=1), settings, data, valid, folder)


def test_verbosity_is_not_part_of_a_run(make_model, make_settings, make_data, tmp_path, capsys):
    train(make_model(), make_settings(), make_data(8), None, CheckpointFolder(tmp_path))
    train(make_model(), make_settings(verbose=1), make_data(8), None, CheckpointFolder(tmp_path))


def test_an_altered_state_is_refused(finished):
    folder = finished()
    file = folder / "training.state"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    for damaged in (content, content[: len(content) // 2], b""):
        file.write_bytes(damaged)
        with pytest.raises(PretrainedError, match=r"training.state was altered or cut short"):
            fit(folder, "properties")


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"versions": 3}'])
def test_a_damaged_description_is_refused(finished, text):
    folder = finished()
    (folder / "run.json").write_text(text)
    with pytest.raises(PretrainedError, match=r"run.json is damaged"):
        fit(folder, "properties")
    (folder / "run.json").unlink()
    with pytest.raises(PretrainedError, match=r"no run.json that describes the run"):
        fit(folder, "properties")


def test_a_state_executes_nothing(finished):
    folder = finished()

    class Malicious:
        def __reduce__(self):
            return (Path.touch, (folder / "executed",))

    CheckpointFolder(folder).write({"finished": True, "history": Malicious()})
    with pytest.raises(PretrainedError, match="not the state of a training run") as error:
        fit(folder, "properties")
    assert "weights_only" not in str(error.value)
    assert not (folder / "executed").exists()


def put_state(folder, content):
    """Write a state file with an agreeing hash, as a hostile writer would."""
    (folder / "training.state").write_bytes(hashlib.sha256(content).digest() + content)


@pytest.mark.parametrize(
    "state",
    [
        *(None, 3, [], {}, {"finished": 1}, {"finished": True}, {"finished": False}),
        {"finished": True, "module": {}, "history": []},
        {"finished": True, "module": None, "history": [{"epoch": 1}]},
    ],
    ids=range(9),
)
def test_states_of_other_content_are_refused(finished, state):
    folder = finished()
    CheckpointFolder(folder).write(state)
    with pytest.raises(PretrainedError, match=r"Delete the folder .* or use another"):
        fit(folder, "properties")


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"PK\x03\x04" * 9, pickle.dumps({"a": 1})])
def test_states_that_are_none_are_refused(finished, content):
    folder = finished()
    put_state(folder, content)
    with pytest.raises(PretrainedError, match="not the state of a training run") as error:
        fit(folder, "properties")
    assert "weights_only" not in str(error.value)


@pytest.mark.parametrize("seed", ['"x"', "-1", "1.5", "true", "[]", "1" + "0" * 30])
def test_a_recorded_seed_that_is_none_is_refused(finished, seed):
    folder = finished()
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace('"random_state": 3', f'"random_state": {seed}'))
    with pytest.raises(PretrainedError, match=r"run.json is damaged"):
        fit(folder, "properties", random_state=None)


@pytest.mark.parametrize("path", ["x" * 300, "a\0b"])
def test_a_folder_that_no_file_system_has_is_refused(path):
    with pytest.raises(InvalidInputError, match=r"checkpoint_dir=.* is not a valid path"):
        fit(path, "properties")


def test_other_versions_are_told(finished, monkeypatch):
    folder = finished()
    monkeypatch.setattr(_resume, "__version__", "99.0")
    with pytest.warns(UserWarning, match=r"skmat .* \(now 99.0\)"):
        fit(folder, "properties")
    monkeypatch.setattr(_resume, "_FORMAT", 2)
    with pytest.raises(PretrainedError, match="cannot resume"):
        fit(folder, "properties")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "file/inside"):
        with pytest.raises(InvalidInputError, match=r"is a file, or lies in one. Give a folder"):
            fit(tmp_path / name, "properties")


@pytest.mark.skipif(_resume.fcntl is None, reason="no locks on this system")
def test_two_processes_do_not_share_a_folder(finished):
    folder = finished()
    with (
        CheckpointFolder(folder)._locked(),
        pytest.raises(PretrainedError, match="Another process is training in"),
    ):
        fit(folder, "properties")


def test_no_callback_with_a_state_is_forgotten(make_model, make_settings, make_data, tmp_path):
    """A state that is not saved would be found by no other test if it is seldom used."""
    from skmat.training import build_net

    settings = make_settings(ema_decay=0.9, patience=2, freeze_epochs=(1,), verbose=1)
    net = build_net(make_model(), settings, 8, make_data(4))
    known = {"epoch_losses", "timer", "clip", "unfreezing", "progress"}  # begin anew, or have none
    callbacks = dict(net.callbacks_)
    for callback in callbacks.values():
        callback.on_train_begin(net)
    saved = {name for name, each in callbacks.items() if _resume._callback_state(each) is not None}
    assert saved == {"schedule", "average", "stop"}
    assert saved | known == set(callbacks)
    assert all(isinstance(callback, Callback) for callback in callbacks.values())


def test_nothing_is_left_in_a_folder_but_the_run(finished):
    folder = finished()
    for name in (".lock", ".training.state.0123456789abcdef", ".training.state.half"):
        (folder / name).write_bytes(b"")  # of a run that was killed
    fit(folder, "properties")
    assert sorted(file.name for file in folder.iterdir()) == ["run.json", "training.state"]


@pytest.mark.skipif(_resume.fcntl is None, reason="no locks on this system")
def test_a_lock_that_was_removed_is_none(tmp_path, monkeypatch):
    """Whoever opened it before it was removed must not take it for the one that is there."""
    flock, calls = _resume.fcntl.flock, []

    def remove_at_first(file, operation):
        flock(file, operation)
        calls.append(None)
        if len(calls) == 1:
            (tmp_path / ".lock").unlink()

    monkeypatch.setattr(_resume.fcntl, "flock", remove_at_first)
    with CheckpointFolder(tmp_path)._locked():
        assert len(calls) == 2
        assert (tmp_path / ".lock").exists()
    assert not (tmp_path / ".lock").exists()
