"""A warning that threads which spin wait for cores."""

import warnings
from types import ModuleType

from skorch.callbacks import Callback

import skmat
from skmat.exceptions import StarvedThreadsWarning

resource: ModuleType | None
try:
    import resource
except ImportError:  # Windows
    resource = None

__all__ = ["SpinningThreads", "threads_may_spin"]

#: Seconds of the processor from which on a fit is judged, and how often per second a thread loses
#: its core. On two cores it was 22 times alone, and 250 times when others computed too.
_LEAST_SECONDS, _MOST_SWITCHES = 5.0, 100.0

_TEXT = (
    "Other processes take the cores of this fit, and its threads spin while they wait for each"
    " other, which can make it many times slower. The reason is that torch was imported before"
    " skmat. Import skmat first, or set the environment variable OMP_WAIT_POLICY=passive before"
    " Python starts. On a machine that others use, OMP_NUM_THREADS=1 helps too."
)


def threads_may_spin(n_threads):
    """Tell whether `n_threads` threads spin for long while they wait."""
    return resource is not None and skmat._THREADS_SPIN and n_threads > 1


class SpinningThreads(Callback):
    """Warn once in a process if the threads of a fit spin and have to share their cores."""

    _has_warned = False

    def on_train_begin(self, net, **kwargs):
        self.start_ = _usage()

    def on_train_end(self, net, **kwargs):
        seconds, switches = (
            after - before for after, before in zip(_usage(), self.start_, strict=True)
        )
        if seconds < _LEAST_SECONDS or switches < _MOST_SWITCHES * seconds:
            return
        if not SpinningThreads._has_warned:
            SpinningThreads._has_warned = True
            warnings.warn(_TEXT, StarvedThreadsWarning, stacklevel=2)


def _usage():
    """Return the seconds of the processor, and how often a thread had to give up its core."""
    assert resource is not None
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_nivcsw
