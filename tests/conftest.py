import os
import signal
from pathlib import Path

# Networks this small lose time to threads, and the suite runs in several processes. Before torch
# is imported: afterwards it is too late.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Without it scikit-learn skips its check of array-API input.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Programs that a shell starts in the background ignore Ctrl-C, which tests send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest


@pytest.fixture(scope="session")
def data_home():
    """Folder of the data sets, for tests that compare with real data."""
    folder = os.environ.get("SKMAT_DATA")
    if not folder:
        pytest.skip("set SKMAT_DATA to the folder of the data sets to run this test")
    if not Path(folder).is_dir():
        pytest.skip(f"SKMAT_DATA is {folder}, which is no folder")
    return Path(folder)


@pytest.fixture
def made_up_tasks(monkeypatch):
    """Let MatbenchTask work without the data sets.

    The folds of regression tasks follow from their ids, so they are the official ones.
    """
    from common.matbench import made_up_task

    from skmat.benchmark import _task

    monkeypatch.setattr(_task, "fetch_matbench", made_up_task)


@pytest.fixture
def one_thread():
    """Compare with one thread, as workers have: sums of several threads have other bits."""
    import torch

    known = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(known)
