import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

from common.materials import rutile

from skmat._utils.quiet import caught_warnings
from skmat.structure import read_structures

NAMELESS = "a\n1.0\n4 0 0\n0 4 0\n0 0 4\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"


def test_warnings_are_collected_and_not_shown():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with caught_warnings() as said:
            warnings.warn("first", stacklevel=1)
            with caught_warnings() as within:
                warnings.warn("second", stacklevel=1)
    assert [str(each.message) for each in said] == ["first"]
    assert [str(each.message) for each in within] == ["second"]


def test_threads_forget_no_warning_and_leave_the_filters():
    filters, shown = list(warnings.filters), warnings.showwarning
    cif = rutile().to(fmt="cif")

    def read(_):
        _, valid = read_structures([NAMELESS, cif, NAMELESS], on_invalid="nan")
        return valid.tolist()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(160)))
    assert found == [[False, True, False]] * 160
    assert warnings.filters == filters
    assert warnings.showwarning is shown


def test_a_block_of_one_thread_waits_for_that_of_another():
    inside, leave, entered = threading.Event(), threading.Event(), threading.Event()

    def hold():
        with caught_warnings():
            inside.set()
            leave.wait(20)

    def enter():
        with caught_warnings():
            entered.set()

    first, second = threading.Thread(target=hold), threading.Thread(target=enter)
    first.start()
    assert inside.wait(20)
    second.start()
    assert not entered.wait(0.2)
    leave.set()
    first.join()
    second.join()
    assert entered.is_set()


def test_a_child_process_reads_while_a_thread_of_its_parent_did():
    code = """
import multiprocessing, threading
from skmat._utils.quiet import caught_warnings

def read(_):
    with caught_warnings():
        return 1

inside, leave = threading.Event(), threading.Event()

def hold():
    with caught_warnings():
        inside.set()
        leave.wait(60)

threading.Thread(target=hold, daemon=True).start()
inside.wait(20)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.map_async(read, [0]).get(timeout=20))
leave.set()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, text=True)
    assert done.stdout.strip() == "[1]", done.stderr
