"""A notebook without ipywidgets gets bars of text, and no warning."""

import subprocess
import sys

import pytest

# tqdm takes a process with this module for a notebook.
NOTEBOOK = """
import sys, types, warnings
sys.modules["ipykernel.zmqshell"] = types.ModuleType("ipykernel.zmqshell")
python = types.ModuleType("IPython")
python.get_ipython = lambda: None
sys.modules["IPython"] = python
sys.modules["ipywidgets"] = None
sys.modules["IPython.html"] = None
warnings.simplefilter("always")
"""


def in_a_notebook(code):
    return subprocess.run(
        [sys.executable, "-c", NOTEBOOK + code], capture_output=True, text=True, check=False
    )


def test_the_simulated_notebook_would_warn():
    assert "TqdmWarning: IProgress not found" in in_a_notebook("import tqdm.auto").stderr


@pytest.mark.parametrize("first", ["skmat._utils.bars", "skmat.training", "skmat.featurizers"])
def test_rooms_with_bars_do_not_warn(first):
    code = (
        f"import {first}\n"
        "from skmat._utils.bars import tqdm\n"
        "for _ in tqdm([1], desc='epoch'): pass\n"
    )
    done = in_a_notebook(code)
    assert done.returncode == 0, done.stderr
    assert "epoch: 100%" in done.stderr
    assert "TqdmWarning" not in done.stderr
