"""Ctrl-C on the command line."""

import os
import signal
import subprocess
import sys

import pytest

from skmat.cli.main import main


def raise_interrupt(*args, **kwargs):
    raise KeyboardInterrupt


def test_a_command_that_is_interrupted_says_one_line(tmp_path, monkeypatch, capsys):
    from skmat import AutoRegressor

    table = tmp_path / "t.csv"
    table.write_text("formula,gap\nTiO2,3\nZnO,3.3\n")
    monkeypatch.setattr(AutoRegressor, "fit", raise_interrupt)
    command = ["train", str(table), "--targets", "gap", "--model", str(tmp_path / "m.joblib")]
    assert main(command) == 130
    captured = capsys.readouterr()
    assert captured.err == "skmat train: interrupted: nothing was written.\n"
    assert captured.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_average_that_is_interrupted_keeps_what_is_done(tmp_path, monkeypatch, capsys):
    from skmat.auto import _competition

    fit_trial, trials = _competition.fit_trial, []

    def interrupted(trial, *args, **kwargs):
        trials.append(trial.name)
        signal.raise_signal(signal.SIGINT)
        return fit_trial(trial, *args, **kwargs)

    monkeypatch.setattr(_competition, "fit_trial", interrupted)
    table = tmp_path / "t.csv"
    rows = ["TiO2,3", "ZnO,3.3", "NaCl,8.5", "KCl,8.7", "GaAs,1.4", "LiF,13.6"]
    table.write_text("\n".join(["formula,gap", *rows, ""]))
    model = tmp_path / "m.joblib"
    before = signal.getsignal(signal.SIGINT)
    command = ["train", str(table), "--targets", "gap", "--model", str(model)]
    assert main([*command, "--preset", "fast", "--quiet"]) == 130
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0].startswith("Stopping. ")
    last = captured.err.splitlines()[-1]
    assert last == f"skmat train: interrupted: {model} holds the models that were done."
    assert "(interrupted)" in captured.out
    assert len(trials) == 1
    assert main(["predict", "--formulas", "MgO", "--model", str(model)]) == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_pretraining_writes_no_checkpoint_and_goes_on(monkeypatch, capsys):
    import skmat.cli.pretrain.run

    monkeypatch.setattr(skmat.cli.pretrain.run, "run_pretraining", raise_interrupt)
    assert main(["pretrain", "c.toml"]) == 130
    assert "run the same command to resume" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "patched"),
    [
        (["screen", "t.csv", "--model", "m"], "skmat.screening.predict_stream"),
        (["embed", "t.csv", "--parts", "csv"], "skmat.cli.embed._embed_parts"),
    ],
)
def test_parts_are_kept(command, patched, monkeypatch, capsys):
    monkeypatch.setattr(patched, raise_interrupt)
    assert main([*command, "-o", "out"]) == 130
    assert "finished parts are kept, run the same command to resume" in capsys.readouterr().err


def test_the_handler_of_the_caller_is_put_back(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("skmat.cli.models._models", raise_interrupt)
    assert main(["models"]) == 130
    assert signal.getsignal(signal.SIGINT) is before


IMPORTING = """
import os, signal, sys
from skmat.cli.main import main

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupt_while_importing_says_one_line(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("formula,gap\nTiO2,3\nZnO,3.3\n")
    run = subprocess.run(
        [sys.executable, "-c", IMPORTING, "train", str(table), "--targets", "gap", "--model", "m"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert run.returncode == 130
    assert run.stderr == "skmat train: interrupted: nothing was written.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]
