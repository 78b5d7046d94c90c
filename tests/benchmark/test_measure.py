import sys
import time

import numpy as np
import pytest

from skmat.benchmark._measure import Stopwatch, peak_memory_mb, reset_peak_memory


def test_laps_follow_one_another():
    watch = Stopwatch()
    time.sleep(0.02)
    first = watch.lap()
    second = watch.lap()
    assert first >= 0.02 > second


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot forget a peak")
def test_the_peak_is_that_since_the_last_reset():
    reset_peak_memory()
    before = peak_memory_mb()
    block = np.ones(25_000_000)  # 200 MB
    assert peak_memory_mb() > before + 150
    del block
    reset_peak_memory()
    assert peak_memory_mb() < before + 100
