"""Several processes train as one does."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from common.materials import FORMULAS, batch_of, many
from torch import distributed as dist
from torch import nn

from skmat.cli import main as cli
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError
from skmat.nn import BatchNorm1d, CompositionBatch, MTEncoderNetwork
from skmat.objectives import BarlowTwins, MaskedElements, View
from skmat.training import _group, resolve_device
from skmat.training._processes import TrainingProcesses, _check_can_share

from . import several_processes
from .several_processes import EQUAL

# On one worker of pytest-xdist, so that the cases run once.
pytestmark = pytest.mark.xdist_group("processes")

SCRIPT = Path(several_processes.__file__)
OTHERS = (
    "unbroken", "resumed", "to_resume_alone", "to_resume_together", "failures", "unseeded",
    "searches", "automatic",
)  # fmt: skip

#: Biases before a BatchNorm have no gradient but rounding, which AdamW scales up. How far rounding
#: grows depends on the processor.
OUTPUT_TOLERANCE = {
    "graphs": 5e-3,
    "crystal_twins": 2e-2,
    "line_graphs": 1e-4,
    "missing_labels": 2e-4,
}


def torchrun(*command, cwd=None):
    """Run a script or a module on two processes, and return what they print."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = [SCRIPT.parents[2], SCRIPT.parents[1]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    run = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2"]
    done = subprocess.run(
        [*run, f"--master-port={port}", *map(str, command)],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-5000:]
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def no_noise():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MTEncoderNetwork, "_jittered", several_processes.unchanged)
        yield


@pytest.fixture(scope="module")
def launched(tmp_path_factory, no_noise):
    """Run all cases on two processes. Returns their results by case, and what they print."""
    folder = tmp_path_factory.mktemp("processes")
    several_processes.FOLDER = folder
    several_processes.interrupted(folder / "begun", rank=0)
    names = [*(case.__name__ for case in EQUAL), *OTHERS]
    _, errors = torchrun(SCRIPT, folder, *names)
    found = {
        name: [json.loads((folder / f"{name}-{rank}.json").read_text()) for rank in (0, 1)]
        for name in names
    }
    return found, errors, folder


def assert_close(found, expected, tolerance=1e-5):
    losses = [pd.DataFrame(each["history"]) for each in (found, expected)]
    pd.testing.assert_frame_equal(*losses, rtol=1e-5, atol=1e-6)
    outputs = np.asarray(expected["outputs"])
    np.testing.assert_allclose(
        found["outputs"], outputs, rtol=0, atol=tolerance * np.abs(outputs).max()
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", EQUAL)
def test_two_processes_learn_what_one_does(launched, case):
    first, second = launched[0][case.__name__]
    assert first == second
    tolerance = OUTPUT_TOLERANCE.get(case.__name__, 1e-5)
    assert_close(first, several_processes.results(case), tolerance)


@pytest.mark.slow
def test_a_resumed_run_is_that_of_an_unbroken_one(launched):
    (resumed, other), (unbroken, _) = launched[0]["resumed"], launched[0]["unbroken"]
    assert resumed == other == unbroken
    assert len(resumed["history"]) == 4


@pytest.mark.slow
def test_a_run_continues_on_another_number_of_processes(launched, tmp_path):
    found, _, folder = launched
    assert [text.split(":")[0] for text in found["to_resume_alone"]] == ["KeyboardInterrupt"] * 2

    def alone(checkpoints):
        return lambda: (several_processes.checkpointed(checkpoints).fit(several_processes.X), X)

    X = several_processes.X
    expected = several_processes.results(alone(tmp_path / "new"))
    checkpoints = shutil.copytree(folder / "alone", tmp_path / "copy")
    assert_close(several_processes.results(alone(checkpoints)), expected)
    for together in found["to_resume_together"]:
        assert_close(together, expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "first", "second"),
    [
        ("callback", "SkmatError: .*process 1: ZeroDivisionError: a fault", "ZeroDivisionError"),
        ("batch", "ZeroDivisionError: a fault", "SkmatError: .*process 0: ZeroDivisionError"),
        ("data", r"InvalidInputError: Processes \[1\] have other labels", "InvalidInputError"),
        ("lr", "SkmatError: .*lr was 0.001, is 0.002", "InvalidInputError: .*lr was 0.001"),
        ("signal", "KeyboardInterrupt", "KeyboardInterrupt"),
        ("weights", "SkmatError: .*process 1", "SkmatError: The weights of process 1 differ"),
        ("folder", "PretrainedError: .*another run", "SkmatError: .*process 0: PretrainedError"),
        ("time limit", "InvalidInputError: time_limit=9", "InvalidInputError: time_limit=9"),
    ],
)
def test_all_processes_stop_together(launched, what, first, second):
    for found, expected in zip(launched[0]["failures"], (first, second), strict=True):
        assert re.match(expected, found[what]), found[what]


@pytest.mark.slow
def test_a_callback_of_one_process_stops_all(launched):
    for found in launched[0]["failures"]:
        assert found["stopped"] == [1]
        assert found["handler"]  # of Ctrl-C


@pytest.mark.slow
def test_processes_without_a_seed_agree(launched):
    first, second = launched[0]["unseeded"]
    assert first == second


@pytest.mark.slow
def test_only_the_first_process_prints(launched):
    _, errors, _ = launched
    assert len(re.findall("epoch 1/2 ", errors)) == 2  # two networks
    assert len(re.findall("^candidate ", errors, re.MULTILINE)) == 1


@pytest.mark.slow
def test_workers_and_threads_train_alone(launched):
    first, second = launched[0]["searches"]
    assert first == second
    np.testing.assert_allclose(first["2 threading"], first["1 loky"], rtol=1e-3)
    # Workers import the network anew, with its noise.
    np.testing.assert_allclose(first["2 loky"], first["1 loky"], rtol=0.05)


@pytest.mark.slow
def test_auto_estimators_agree(launched):
    first, second = launched[0]["automatic"]
    assert first == second


CONFIG = """
[[data.tables]]
source = "csv"
path = "gaps.csv"
targets = ["gap"]

[encoder]
preset = "tiny"
objectives = "joint"
max_epochs = 2
batch_size = 16
device = "cpu"
random_state = 0

[output]
folder = "out"
licence = "MIT"
"""


@pytest.mark.slow
def test_pretraining_from_the_command_line(tmp_path):
    formulas = [f"{formula}H{n}" for n in range(1, 5) for formula in FORMULAS]
    table = pd.DataFrame({"formula": formulas, "gap": np.arange(float(len(formulas)))})
    table.to_csv(tmp_path / "gaps.csv", index=False)
    (tmp_path / "config.toml").write_text(CONFIG)
    output, errors = torchrun("-m", "skmat", "pretrain", "config.toml", cwd=tmp_path)
    assert output.count("Wrote ") == 1
    assert errors.count("epoch 2/2") == 1
    assert (tmp_path / "out" / "model.safetensors").is_file()


HELD = """
import sys
from skmat import MTEncoderRegressor
import torch.distributed as dist

model = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1, device="cpu")
model.fit(["NaCl", "KCl", "MgO", "TiO2"], [1.0, 2.0, 3.0, 4.0])
group = dist.group.WORLD
dist.destroy_process_group()
print(f"held {sys.getrefcount(group) - 2} times")
del group
"""


@pytest.mark.slow
def test_nothing_holds_the_group_after_the_end(tmp_path):
    """A group that something holds aborts the process when the interpreter ends."""
    (tmp_path / "script.py").write_text(HELD)
    output, _ = torchrun(tmp_path / "script.py")
    assert output.count("held 0 times") == 2


def start_two(monkeypatch, local_rank="0"):
    """Set what torchrun sets for the first of two processes."""
    values = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in {**values, "LOCAL_RANK": local_rank}.items():
        monkeypatch.setenv(name, value)


def test_children_of_a_process_do_not_join(monkeypatch):
    start_two(monkeypatch)
    monkeypatch.setattr(_group, "_join", lambda: pytest.fail("it joined"))
    monkeypatch.setenv("SKMAT_JOINED_BY", str(os.getppid()))
    assert not _group.are_several_processes()


def test_threads_do_not_join(monkeypatch):
    start_two(monkeypatch)
    monkeypatch.setattr(_group, "_join", lambda: pytest.fail("it joined"))
    found = []
    thread = threading.Thread(target=lambda: found.append(_group.are_several_processes()))
    thread.start()
    thread.join()
    assert found == [False]


def test_each_process_has_its_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("auto") == "cuda"
    start_two(monkeypatch, local_rank="1")
    assert resolve_device("auto") == resolve_device("cuda") == "cuda:1"
    assert resolve_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(InvalidInputError, match="has 1 GPUs"):
        resolve_device("auto")


def test_other_commands_refuse_several_processes(monkeypatch, capsys):
    start_two(monkeypatch)
    assert cli.main(["models"]) == 2
    assert "`skmat models`" in capsys.readouterr().err


def test_what_cannot_be_shared_is_refused(make_normed_model, make_model):
    with pytest.raises(InvalidInputError, match=r"encoder\.first\.1 is torch's BatchNorm1d"):
        _check_can_share(make_normed_model(), "cpu")
    with pytest.raises(InvalidInputError, match="device='mps'"):
        _check_can_share(make_model(), "mps")
    _check_can_share(make_model(), "cpu")


def test_our_batch_norm_is_that_of_torch():
    values = torch.randn(7, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    ours, theirs = BatchNorm1d(4), nn.BatchNorm1d(4)
    torch.testing.assert_close(ours(values), theirs(values), rtol=0, atol=0)
    torch.testing.assert_close(ours.running_var, theirs.running_var, rtol=0, atol=0)
    before = ours.running_mean.clone()
    assert ours(values[:1]).isfinite().all()  # a single row has no variance
    torch.testing.assert_close(ours.running_mean, before)


def test_every_process_has_a_material(monkeypatch):
    monkeypatch.setattr(dist, "get_rank", lambda: 1)
    monkeypatch.setattr(dist, "get_world_size", lambda: 3)
    processes = TrainingProcesses("cpu", 1)
    rows, factor = processes.share(7)
    assert (rows.tolist(), factor) == ([3, 4], 1.0)
    assert processes.share(7, [torch.tensor([6, 0, 3])])[1] == 1.0
    for found in (processes.share(2), processes.share(7, [torch.tensor([6, 0])])):
        assert len(found[0]) in (2, 7)  # all rows
        assert found[1] == 1 / 3


@pytest.mark.parametrize("kind", ["compositions", "structures"])
@pytest.mark.parametrize(
    "objective", [MaskedElements(share=0.6), BarlowTwins(masked="both")], ids=["some", "all"]
)
def test_shares_of_a_view_are_all_of_it(kind, objective):
    if kind == "structures":
        batch = batch_of(*many(7))
    else:
        arrays = read_compositions(FORMULAS[:7])
        batch = CompositionBatch.from_arrays(arrays, np.arange(7))
    whole = objective.views(batch, torch.Generator().manual_seed(0))[0]
    expected = masked_of(whole, batch)
    assert len(expected) > 3
    found = {}
    for share in (torch.arange(3), torch.arange(3, 7)):
        part = masked_of(whole.take(share), batch.take(share))
        found |= {int(share[row]): numbers for row, numbers in part.items()}
    assert found == expected


def masked_of(view, batch):
    """Return the elements and the chosen sites of each material of a view, by row of `batch`."""
    masked = view.batch.atomic_numbers[view.batch.site_mask]
    chosen = view.selected[view.batch.site_mask]
    rows = torch.arange(batch.n_materials) if view.rows is None else view.rows
    return {
        int(row): (
            masked[view.batch.site_materials == place].tolist(),
            chosen[view.batch.site_materials == place].tolist(),
        )
        for place, row in enumerate(rows)
    }


def test_an_uncorrupted_view_stays_one():
    assert View(None).take(torch.arange(2)) == View(None)
