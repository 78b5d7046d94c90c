import os
import sys
import threading
import time

import pytest

from skmat._utils.imports import importing


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_fork_waits_for_imports_of_other_threads():
    inside, done = threading.Event(), []

    def work():
        with importing():
            inside.set()
            time.sleep(0.2)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait()
    child = os.fork()
    if child == 0:
        with importing():  # the child has a lock of its own
            os._exit(0 if done else 1)
    thread.join()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
