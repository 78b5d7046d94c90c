"""joblib's Parallel on backends with and without generators."""

from inspect import isgenerator

from joblib import Parallel
from joblib.parallel import get_active_backend

__all__ = ["make_parallel", "results_of"]


def make_parallel(n_jobs, *, in_order=True, **how):
    """Return a ``Parallel`` that gives results as soon as they are there, if its backend can.

    Ray's backend cannot, and gives a list when all are done.
    """
    backend, _ = get_active_backend(prefer=how.get("prefer"))
    return_as = "list"
    if getattr(backend, "supports_return_generator", False):
        return_as = "generator" if in_order else "generator_unordered"
    return Parallel(n_jobs, return_as=return_as, **how)


def results_of(run, tasks):
    """Start a ``Parallel``, and return a generator of its results, also if it gives a list."""
    results = run(tasks)
    return results if isgenerator(results) else (each for each in results)
