import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import skmat
from skmat.exceptions import InvalidInputError
from skmat.training import PRECISIONS, _device, resolve_device, resolve_precision
from skmat.training._device import autocast


def test_auto_takes_a_gpu_if_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"
    assert resolve_device("cpu") == "cpu"


def test_only_gpus_that_are_there_are_taken(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [resolve_device(name) for name in ("cuda", "cuda:1")] == ["cuda", "cuda:1"]
    with pytest.raises(InvalidInputError, match="'cuda:2' is not available"):
        resolve_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(InvalidInputError, match="Use device='auto' or 'cpu'"):
        resolve_device("cuda")


def test_predictions_take_the_cpu_in_the_place_of_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert resolve_device("cuda:1", else_cpu=True) == "cpu"
    assert resolve_device("cuda:0", else_cpu=True) == "cuda:0"
    # CUDA does not work in a process that was forked from one that uses it.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: True)
    assert [resolve_device(each, else_cpu=True) for each in ("auto", "cuda")] == ["cpu", "cpu"]
    assert resolve_device("auto") == "cuda"


@pytest.mark.parametrize("device", ["meta", "xla"])
def test_devices_that_skmat_does_not_run_on_are_refused(device):
    with pytest.raises(InvalidInputError, match=device):
        resolve_device(device)


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x"])
def test_unknown_devices_are_answered_with_the_known(device):
    with pytest.raises(InvalidInputError, match=r"is not a device of torch.*'mps'"):
        resolve_device(device)


@pytest.mark.parametrize("in_hardware", [True, False])
def test_auto_takes_bf16_where_the_cpu_computes_in_it(monkeypatch, in_hardware):
    monkeypatch.setattr(_device, "_cpu_computes_in_bf16", lambda: in_hardware)
    assert resolve_precision("auto", "cpu") == ("bf16" if in_hardware else "float32")


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), "float32"), ((8, 0), "bf16"), ((9, 0), "bf16")]
)
def test_auto_takes_bf16_where_the_gpu_computes_in_it(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert resolve_precision("auto", "cuda:1") == expected


def test_a_torch_without_the_private_names_gets_float32(monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert resolve_precision("auto", "cpu") == "float32"
    assert resolve_precision("auto", "mps") == "float32"


def test_what_the_user_says_is_done():
    assert [resolve_precision(p, "cpu") for p in ("float32", "bf16")] == ["float32", "bf16"]
    with pytest.raises(InvalidInputError, match="fp16") as error:
        resolve_precision("fp16", "cpu")
    assert all(name in str(error.value) for name in PRECISIONS)


def test_autocast_changes_matrix_products_and_only_in_bf16():
    a = torch.randn(3, 3)
    for precision, dtype in (("float32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast("cpu", precision):
            assert (a @ a).dtype == dtype


def test_gpus_are_named_where_they_have_to_be_alone():
    def names_one(node):
        if isinstance(node, ast.Attribute):
            return node.attr == "cuda"
        return isinstance(node, ast.Constant) and re.fullmatch(r"cuda(:\d+)?", str(node.value))

    package = Path(skmat.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if any(map(names_one, ast.walk(ast.parse(path.read_text(encoding="utf-8")))))
    }
    # To choose them, to seed them, to record steps on them, and to give each process one.
    names = {"_device.py", "_random.py", "_cuda_graph.py", "_group.py"}
    assert found == {f"training/{name}" for name in names}


def test_what_the_user_says_of_caches_stays(monkeypatch):
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", raising=False)
    with autocast("cpu", "float32"):
        pass
    assert "ONEDNN_PRIMITIVE_CACHE_CAPACITY" not in os.environ
    with autocast("cpu", "bf16"):
        pass
    assert os.environ["LRU_CACHE_CAPACITY"] == "7"
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "128"


@pytest.mark.skipif(
    resolve_precision("auto", "cpu") != "bf16", reason="bf16 is emulated on this processor"
)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_shapes_that_were_met():
    program = """
import resource

import torch
from skmat.training._device import autocast

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6

layer = torch.nn.Linear(64, 128)
for n in range(6000, 6500):
    with autocast("cpu", "bf16"):
        layer(torch.ones(n, 64)).float().sum().backward()
    if n == 6030:
        before = resident()
print(resident() - before)
"""
    environment = {key: value for key, value in os.environ.items() if "CACHE_CAPACITY" not in key}
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    # 600 MB and more, were all of them kept.
    assert float(found.stdout) < 250
