"""joblib's Parallel on backends with and without generators."""

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
    """Yield the results of a ``Parallel``, whether it gives a generator or a list."""
    yield from run(tasks)
