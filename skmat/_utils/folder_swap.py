"""Write a folder under another name, and put it in its place when it is complete."""

import hashlib
import os
import re
import secrets
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: folders of killed writers stay
    fcntl = None  # type: ignore[assignment]

__all__ = ["earlier_folder", "temporary_folder"]

#: Ending of the name of a folder that is about to be removed.
_OLD = ".old"


@contextmanager
def temporary_folder(target: Path, check_replaceable):
    """Yield a new folder that replaces `target` when the block ends without an error.

    Parameters
    ----------
    target : Path
        A folder, or a name that does not exist. Its parent exists.
    check_replaceable : callable
        ``check_replaceable(target)`` raises an error if `target` must stay. It is called before
        the block, and again before `target` is replaced.
    """
    _tidy(target)
    check_replaceable(target)
    temporary, lock = _make_locked(target)
    try:
        yield temporary
        for folder, *_ in os.walk(temporary):
            _sync(folder)
        with _locked(target.parent):
            check_replaceable(target)
            _replace(temporary, target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def earlier_folder(target: Path) -> Path | None:
    """Return the folder that a killed writer of `target` moved away, if there is one."""
    if os.path.lexists(target) or not target.parent.is_dir():
        return None
    return next((path for path in _beside(target) if path.name.endswith(_OLD)), None)


def _replace(temporary, target):
    if not os.path.lexists(target):
        os.rename(temporary, target)
        return
    # No system call of Python exchanges two folders.
    old = target.with_name(f"{_prefix(target)}{secrets.token_hex(8)}{_OLD}")
    os.rename(target, old)
    try:
        os.rename(temporary, target)
    except BaseException:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _make_locked(target):
    """Make a folder next to `target`. Return its path and its locking file."""
    while True:
        temporary = target.with_name(f"{_prefix(target)}{secrets.token_hex(8)}")
        temporary.mkdir()
        if fcntl is None:
            return temporary, None
        file = os.open(temporary, os.O_RDONLY)
        with suppress(OSError):  # some network file systems do not lock folders
            fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.is_dir():
            return temporary, file
        # Another writer removed it before it was locked.
        os.close(file)


def _tidy(target):
    """Remove what killed writers of `target` left, and put an earlier folder back."""
    if fcntl is None:
        return
    with _locked(target.parent):
        for path in _beside(target):
            if path.name.endswith(_OLD):
                if os.path.lexists(target):
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    os.rename(path, target)
            elif _is_abandoned(path):
                shutil.rmtree(path, ignore_errors=True)


def _beside(target):
    pattern = re.compile(re.escape(_prefix(target)) + f"[0-9a-f]{{16}}({re.escape(_OLD)})?")
    return [
        target.with_name(entry.name)
        for entry in os.scandir(target.parent)
        if pattern.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
    ]


def _is_abandoned(folder):
    """Tell whether no writer holds a temporary folder locked."""
    try:
        file = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(file)


@contextmanager
def _locked(folder):
    """Keep other writers from renaming in `folder` meanwhile, where the system can lock it."""
    if fcntl is None:
        yield
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _sync(folder):
    """Write the names in a folder to the disk."""
    if fcntl is None:
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(file)
    finally:
        os.close(file)


def _prefix(target):
    # The temporary name must not exceed the limit of file names.
    if len(target.name) <= 50:
        return f".{target.name}."
    # Names may be equal as far as they are kept.
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()
    return f".{target.name[:50]}.{digest[:8]}."
