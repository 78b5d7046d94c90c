"""Tests on generated inputs: 1,000 of them in the ordinary suite, 4,000 in the slow one."""

import resource
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings

from skmat.exceptions import SkmatError

#: No input may take longer (seconds), or more memory (bytes).
MOST_SECONDS = 10
MOST_MEMORY = 2 * 2**30


def on_generated(ordinary):
    """Parametrize a test by `n_inputs`: so many, and four times as many in the slow suite."""
    return pytest.mark.parametrize(
        "n_inputs", [ordinary, pytest.param(4 * ordinary, marks=pytest.mark.slow)]
    )


def check_generated(n_inputs, strategy, check):
    """Call ``check(value)`` for `n_inputs` values of `strategy`, each in bounded time and memory.

    `check` asserts what must hold. An error of the package is an answer too, any other error is a
    failure; `check` catches what scikit-learn itself is to raise.
    """

    @settings(
        max_examples=n_inputs,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(value):
        before = _peak_memory()
        start = time.perf_counter()
        with suppress(SkmatError):
            check(value)
        seconds = time.perf_counter() - start
        assert seconds < MOST_SECONDS, f"{seconds:.1f} s"
        memory = _peak_memory() - before
        assert memory < MOST_MEMORY, f"{memory / 2**30:.1f} GB"

    run()


def _peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
