"""Estimators that are as they were before a ``fit`` that failed or was interrupted."""

from contextlib import contextmanager
from functools import wraps

from skmat.training import Snapshot

__all__ = ["kept_members", "kept_on_failure"]


def kept_on_failure(fit):
    """Let a method that fits leave an estimator as it was if it does not come to its end."""

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
def kept_members(members):
    """Train `members` in place inside the block; if it fails, make them what they were."""
    kept = [(member, {**vars(member), "history": list(member.history)}) for member in members]
    snapshots = [Snapshot(member.net) for member in members]
    try:
        yield
    except BaseException:
        for member, attributes in kept:
            vars(member).update(attributes)
        for snapshot in snapshots:
            snapshot.restore()
        raise
