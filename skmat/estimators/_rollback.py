"""Restoring an estimator after a ``fit`` that failed or was interrupted."""

from contextlib import contextmanager
from functools import wraps

from skmat.training import Snapshot

__all__ = ["models_restored_on_failure", "restored_on_failure"]


def restored_on_failure(fit):
    """Restore the attributes of an estimator if the decorated method raises."""

    @wraps(fit)
    def fitted(self, *args, **kwargs):
        before = dict(vars(self))
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return fitted


@contextmanager
def models_restored_on_failure(models):
    """Restore fitted models, which are trained in place, if the block raises."""
    models = models or ()
    kept = [(each, {**vars(each), "history": list(each.history)}) for each in models]
    snapshots = [Snapshot(each.net) for each in models]
    try:
        yield
    except BaseException:
        for each, attributes in kept:
            vars(each).update(attributes)
        for snapshot in snapshots:
            snapshot.restore()
        raise
