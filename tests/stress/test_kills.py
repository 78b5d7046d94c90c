"""A writer that is killed at any moment leaves the old or the new, whole, and can be run again."""

import hashlib
from contextlib import suppress
from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from common.commands import run
from common.materials import FORMULAS
from datasets.conftest import build_wheel, pip, serve_wheel  # noqa: F401
from sklearn.dummy import DummyRegressor

from skmat import MTEncoder, MTEncoderRegressor
from skmat.benchmark import run_matbench
from skmat.datasets import fetch_oqmd
from skmat.exceptions import PretrainedError
from skmat.pretrained import load_checkpoint

from .killing import count_moments, kill_after, kill_at

on_kills = pytest.mark.parametrize("n_kills", [6, pytest.param(25, marks=pytest.mark.slow)])


def kill_many_times(n_kills, write, check, before=lambda: None):
    """Kill `write` at random operations, every other time at a random second instead.

    ``before()`` is called before each kill, and ``check()`` after it.
    """
    before()
    n_moments, seconds = count_moments(write)
    check()
    assert n_moments > 0
    random = np.random.default_rng(0)
    moments = 1 + random.permutation(np.arange(max(n_moments, n_kills)) % n_moments)
    n_killed = 0
    for number in range(n_kills):
        before()
        if number % 2:
            n_killed += kill_after(write, seconds * random.random())
        else:
            n_killed += kill_at(write, moments[number])
        check()
    # Some are done before their second comes.
    assert n_killed >= n_kills / 2


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class NotWritten(Exception):
    """There is no checkpoint yet, and the error says so."""


def hash_of(folder):
    digest = hashlib.sha256()
    try:
        state = load_checkpoint(folder).state
    except PretrainedError as error:
        if "neither a shipped encoder" in str(error) or "not a checkpoint" in str(error):
            raise NotWritten from error
        raise
    for name, tensor in sorted(state.items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


@on_kills
def test_save_pretrained_over_an_existing_folder(n_kills, tmp_path):
    old, new = (
        MTEncoder(preset="tiny", pretrained=None, max_epochs=1, random_state=seed).fit(FORMULAS)
        for seed in (0, 1)
    )
    known = set()
    for number, encoder in enumerate((old, new)):
        encoder.save_pretrained(tmp_path / str(number))
        known.add(hash_of(tmp_path / str(number)))
    assert len(known) == 2
    folder = tmp_path / "both"
    old.save_pretrained(folder)
    (folder / "notes.txt").write_text("mine")

    def check():
        assert hash_of(folder) in known
        assert MTEncoder(preset="tiny", pretrained=folder).fit(FORMULAS).transform(FORMULAS).all()

    turn = SimpleNamespace(encoder=new)

    def before():
        turn.encoder = old if turn.encoder is new else new

    kill_many_times(n_kills, lambda: turn.encoder.save_pretrained(folder), check, before)
    new.save_pretrained(folder)
    check()
    # Nothing is left of those that were killed, and what the user put there stays.
    fresh = tmp_path / "1"
    assert len(names(folder)) == len(names(fresh)) + 1
    assert (folder / "notes.txt").read_text() == "mine"


@on_kills
def test_train_over_an_existing_model(n_kills, tmp_path, capsys):
    table, model = tmp_path / "table.csv", tmp_path / "model.joblib"
    pd.DataFrame({"formula": FORMULAS, "gap": np.arange(10.0)}).to_csv(table, index=False)

    def train(seed):
        arguments = ["--targets", "gap", "--model", model, "--size", "tiny"]
        arguments += ["--pretrained", "none", "--max-epochs", 2, "--device", "cpu", "--quiet"]
        assert run("train", table, *arguments, "--random-state", seed) == 0

    def predictions():
        return joblib.load(model).predict(FORMULAS).tobytes()

    known = set()
    for seed in (1, 0):
        train(seed)
        known.add(predictions())
    assert len(known) == 2

    def check():
        assert predictions() in known

    kill_many_times(n_kills, lambda: train(1), check, lambda: train(0))
    train(1)
    assert names(tmp_path) == ["model.joblib", "table.csv"]


@on_kills
def test_pretrain(n_kills, tmp_path, capsys):
    random = np.random.default_rng(0)
    formulas = [f"{formula}H{n}" for n in range(1, 6) for formula in FORMULAS]
    table = pd.DataFrame({"formula": formulas, "gap": random.normal(size=50)})
    table.to_csv(tmp_path / "table.csv", index=False)
    config = tmp_path / "config.toml"
    config.write_text(
        '[[data.tables]]\nsource = "csv"\npath = "table.csv"\ntargets = ["gap"]\n'
        '[encoder]\npreset = "tiny"\nobjectives = "joint"\nmax_epochs = 3\nbatch_size = 16\n'
        'device = "cpu"\nrandom_state = 0\n[output]\nfolder = "out"\n'
    )

    def pretrain(folder):
        assert run("pretrain", config, "--output", folder, "--quiet") == 0

    pretrain(tmp_path / "unbroken")
    whole = hash_of(tmp_path / "unbroken")
    turn = SimpleNamespace(number=0)

    def before():
        turn.number += 1

    def check():
        folder = tmp_path / f"run{turn.number}"
        with suppress(NotWritten):
            assert hash_of(folder) == whole
        pretrain(folder)
        assert hash_of(folder) == whole
        assert names(folder) == names(tmp_path / "unbroken")

    kill_many_times(n_kills, lambda: pretrain(tmp_path / f"run{turn.number}"), check, before)


@on_kills
@pytest.mark.usefixtures("made_up_tasks")
def test_benchmark(n_kills, tmp_path):
    def benchmark(folder):
        model = MTEncoderRegressor(
            preset="tiny", pretrained=None, max_epochs=1, batch_size=256, device="cpu"
        )
        models = {"matbench_steels": model, "regression": DummyRegressor()}
        results = run_matbench(
            models, ["steels", "jdft2d"], folds=[0, 1], results_dir=folder, name="both"
        )
        return {(result.task, result.fold): result.predictions for result in results.folds}

    whole = benchmark(tmp_path / "unbroken")
    turn = SimpleNamespace(number=0)

    def before():
        turn.number += 1

    def check():
        folder = tmp_path / f"run{turn.number}"
        assert benchmark(folder) == whole
        assert names(folder) == names(tmp_path / "unbroken")

    kill_many_times(n_kills, lambda: benchmark(tmp_path / f"run{turn.number}"), check, before)


@on_kills
def test_a_fetcher(n_kills, tmp_path, serve_wheel):  # noqa: F811
    folders = ["Formation_Enthalpy", "Energy_per_atom", "Volume_per_atom", "Bandgap"]
    serve_wheel({f"OQMD_{folder}": ["Zr1,1.5", "FeO,2", "NaN,3"] for folder in folders})

    def fetch(home):
        data = fetch_oqmd(data_home=home)
        return data.data.tolist(), data.target.tolist()

    whole = fetch(tmp_path / "unbroken")
    turn = SimpleNamespace(number=0)

    def before():
        turn.number += 1

    def check():
        home = tmp_path / f"home{turn.number}"
        assert fetch(home) == whole
        assert names(home) == names(tmp_path / "unbroken")

    kill_many_times(n_kills, lambda: fetch(tmp_path / f"home{turn.number}"), check, before)
