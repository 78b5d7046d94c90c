import io
import re
import sys

import pytest

from skmat.training import CheckpointFolder, train
from skmat.training import _progress as module


class Terminal(io.StringIO):
    def isatty(self):
        return True


def terminal(monkeypatch):
    # No fixture: pytest puts its own stream there when the test begins.
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


@pytest.fixture
def clock(monkeypatch):
    """Let an epoch take ten minutes."""
    ticks = iter(range(0, 10**6, 600))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(ticks))


def test_a_log_has_a_line_per_epoch(make_model, make_settings, make_data, capsys, clock):
    settings = make_settings(max_epochs=3, verbose=1, task_weights=(1.0, 1.0))
    train(make_model("joint"), settings, make_data(24000 // 100), make_data(5))
    first, second, third = capsys.readouterr().err.splitlines()
    number = r"-?\d+\.?\d*(e-\d+)?"
    losses = rf"{number} \(a {number}, masked_elements {number}\)"
    expected = rf"epoch 1/3  train {losses}  valid {losses}  0 materials/s  0:20:00 left"
    assert re.fullmatch(expected, first)
    assert second.endswith("0:10:00 left")
    assert third.endswith("0:00:00 left")


def test_speed_counts_the_training_materials(make_model, make_settings, make_data, capsys, clock):
    train(make_model(), make_settings(max_epochs=2, verbose=1), make_data(1800), make_data(900))
    assert "  3 materials/s  " in capsys.readouterr().err


def test_one_task_is_named_once(make_model, make_settings, make_data, capsys):
    train(make_model(), make_settings(max_epochs=1, verbose=1), make_data(10), None)
    assert re.fullmatch(
        r"epoch 1/1  train [\d.]+  \S+ materials/s  \S+ left\n", capsys.readouterr().err
    )


def test_a_terminal_has_a_bar(make_model, make_settings, make_data, monkeypatch):
    stream = terminal(monkeypatch)
    train(make_model(), make_settings(max_epochs=2, verbose=1), make_data(10), make_data(5))
    shown = stream.getvalue()
    last = shown.rsplit("\r", 1)[-1]
    for word in ("epoch 2/2: 100%", "20.0/20.0", " materials/s", "train 0.", "valid 0."):
        assert word in last
    assert shown.endswith("\n")


def test_the_epoch_that_stops_is_shown_too(make_model, make_settings, make_data, capsys):
    settings = make_settings(max_epochs=30, patience=1, lr=0.2, schedule="constant", verbose=1)
    _, history = train(make_model(), settings, make_data(24), make_data(12, seed=1))
    assert len(history) < 30
    assert len(capsys.readouterr().err.splitlines()) == len(history)


def resumed(make_model, make_settings, make_data, folder, monkeypatch):
    """Break off in the third of four epochs, and go on."""
    run = (make_settings(max_epochs=4, verbose=1), make_data(10), None, CheckpointFolder(folder))
    with monkeypatch.context() as patch:
        patch.setattr(
            CheckpointFolder,
            "write",
            lambda self, state: write(self, state) if len(state["history"]) < 3 else 1 / 0,
        )
        with pytest.raises(ZeroDivisionError):
            train(make_model(), *run)
    return run


write = CheckpointFolder.write


def test_what_is_behind_a_resumed_run_is_not_ahead_of_it(
    make_model, make_settings, make_data, tmp_path, monkeypatch, capsys, clock
):
    run = resumed(make_model, make_settings, make_data, tmp_path, monkeypatch)
    capsys.readouterr()
    train(make_model(), *run)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 3/4", "epoch 4/4"]
    assert [line.split("  ")[-1] for line in lines] == ["0:10:00 left", "0:00:00 left"]


def test_the_bar_of_a_resumed_run_begins_where_it_was(
    make_model, make_settings, make_data, tmp_path, monkeypatch
):
    run = resumed(make_model, make_settings, make_data, tmp_path, monkeypatch)
    stream = terminal(monkeypatch)
    train(make_model(), *run)
    shown = stream.getvalue()
    assert "20.0/40.0" in shown
    assert "epoch 4/4: 100%" in shown


def test_silence_otherwise(make_model, make_settings, make_data, capsys):
    train(make_model(), make_settings(patience=1), make_data(10), make_data(5))
    assert capsys.readouterr() == ("", "")
