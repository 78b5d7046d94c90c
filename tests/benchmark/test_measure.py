import sys

import numpy as np
import pytest

from skmat.benchmark import _measure
from skmat.benchmark._measure import Stopwatch, peak_memory_mb, reset_peak_memory


def test_laps_follow_one_another(monkeypatch):
    times = iter([10.0, 12.5, 13.0])
    monkeypatch.setattr(_measure.time, "perf_counter", lambda: next(times))
    watch = Stopwatch()
    assert watch.lap() == 2.5
    assert watch.lap() == 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot forget a peak")
def test_the_peak_is_that_since_the_last_reset():
    reset_peak_memory()
    before = peak_memory_mb()
    block = np.ones(25_000_000)  # 200 MB
    assert peak_memory_mb() > before + 150
    del block
    reset_peak_memory()
    assert peak_memory_mb() < before + 100
