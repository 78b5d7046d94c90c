"""Memory that ALIGNN takes when it is fitted to many crystals.

``python studies/memory_crystals.py`` with ``SKMAT_DATA`` set. Each fit has a process of its
own, whose largest memory is measured, less what it took with the crystals read. Beside them, what
the arrays of the crystals, of their graphs, and of the pairs of bonds of the largest batch take.
Writes studies/results/memory_crystals.json and .md.
"""

import multiprocessing
import resource
import warnings
from concurrent.futures import ProcessPoolExecutor

from speed_crystals import measure_arrays, small_crystals
from timing import Report, options

from skmat import ALIGNNRegressor

FITS = (("small", 32), ("small", 8), ("paper", 32))


def memory_of_fit(preset, batch_size, X, y):
    """Return the largest memory of this process before and after fitting ALIGNN, in bytes."""
    warnings.simplefilter("ignore")
    before = largest_memory()
    ALIGNNRegressor(
        pretrained=None, preset=preset, max_epochs=1, batch_size=batch_size, random_state=0
    ).fit(X, y)
    return before, largest_memory()


def largest_memory():
    # Linux counts in kilobytes.
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main():
    X, y = small_crystals(options(__doc__, n=10_000).n)
    report = Report()
    measure_arrays(report, X)
    for preset, batch_size in FITS:
        # A process that has read nothing else.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            before, after = pool.submit(memory_of_fit, preset, batch_size, X, y).result()
        name = f"fitting ALIGNN {preset} to {len(X):,} crystals, {batch_size} at once"
        report.add(f"{name}, on top of {before / 1e6:.0f} MB", "MB", [(after - before) / 1e6])
    report.save("memory_crystals")


if __name__ == "__main__":
    main()
