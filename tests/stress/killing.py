"""Kill a function at a chosen moment of its life, in a process forked for it."""

import os
import signal
import sys
import time
import traceback

__all__ = ["count_moments", "kill_after", "kill_at"]

#: Operations on files that leave something behind if the process dies before the next.
_EVENTS = frozenset(["open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"])


def count_moments(function):
    """Call `function` in a child and return how many file operations it does, and its seconds."""
    reader, writer = os.pipe()
    if _fork() == 0:
        seen = []
        _at_each_moment(lambda damage=None: seen.append(None))
        start = time.perf_counter()
        _call(function)
        os.write(writer, f"{len(seen)} {time.perf_counter() - start}".encode())
        os._exit(0)
    os.close(writer)
    os.wait()
    with os.fdopen(reader) as stream:
        moments, seconds = stream.read().split()
    return int(moments), float(seconds)


def kill_at(function, moment):
    """Kill `function` before the operation of that number; say whether it was still running."""
    pid = _fork()
    if pid == 0:
        seen = []

        def die(damage=None):
            seen.append(None)
            if len(seen) == moment:
                if damage:
                    damage()
                os.kill(os.getpid(), signal.SIGKILL)

        _at_each_moment(die)
        _call(function)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def kill_after(function, seconds):
    """Kill `function` after so many seconds; say whether it was still running."""
    pid = _fork()
    if pid == 0:
        _call(function)
        os._exit(0)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def _fork():
    sys.stdout.flush()
    sys.stderr.flush()
    return os.fork()


def _call(function):
    try:
        function()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _at_each_moment(act):
    """Call ``act()`` before each operation; `damage` cuts a file in half that is to be flushed."""

    def hook(event, arguments):
        if event in _EVENTS and not (event == "open" and _only_reads(arguments[2] or 0)):
            act()

    fsync = os.fsync

    def half(file):
        act(lambda: os.ftruncate(file, os.fstat(file).st_size // 2))
        fsync(file)

    os.fsync = half
    sys.addaudithook(hook)


def _only_reads(flags):
    return not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
