import os
import signal
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from common.auto import BINARIES, Odd
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold

from skmat import ALIGNNRegressor, CGCNNRegressor, MTEncoderRegressor
from skmat.auto import _trial
from skmat.auto._candidates import Candidate
from skmat.auto._clock import (
    Deadline,
    OutOfTimeError,
    deferred_interrupt,
    processes_without_interrupts,
)
from skmat.auto._competition import Competition
from skmat.auto._data import FitData
from skmat.auto._learned import Learned
from skmat.auto._materials import MaterialTable
from skmat.auto._trial import Trial
from skmat.composition import read_compositions
from skmat.estimators._targets import read_numeric_targets
from skmat.exceptions import CandidateWarning, InvalidInputError

TABLE = MaterialTable(BINARIES, read_compositions(BINARIES))
LABELS = np.stack([np.arange(60.0), np.arange(60.0) ** 2], axis=1)
FOLDS = list(KFold(2).split(BINARIES))


class Clock(Deadline):
    """A deadline that passes when it is told to."""

    seconds = np.inf

    def left(self):
        return -1.0 if self.is_interrupted else self.seconds


def compete(deadline=None, n_targets=1, **settings):
    targets = read_numeric_targets(LABELS[:, :n_targets], 60)
    data = FitData(TABLE, targets, np.ones(60), np.arange(60), FOLDS)
    return Competition(data, deadline or Clock(), 0, **settings)


def trial(model=None, target=0, name="line"):
    model = model or LinearRegression()
    learned = [Learned.numbers(target, LABELS[:, target])]
    return Trial(name, Candidate(name, model, ("fractions",)), learned)


def raising(error):
    def fail(*arguments):
        raise error

    return Odd(on_fit=fail)


def test_a_fitted_trial_is_returned():
    competition = compete()
    assert competition.run(one := trial()) is one
    assert np.isfinite(one.predictions[0]).all()
    assert not competition.failures
    assert competition.predicted == {0}


def test_a_trial_that_raises_is_reported_and_left_out():
    competition = compete()
    with pytest.warns(CandidateWarning, match=r"'bad' failed .*RuntimeError: no luck today"):
        assert (
            competition.run(trial(raising(RuntimeError("no luck\n  today")), name="bad")) is None
        )
    assert [each.status for each in competition.failures] == [
        "failed: RuntimeError: no luck today"
    ]
    assert not competition.predicted
    assert competition.run(trial()) is not None


def test_the_first_trial_of_each_target_is_fitted_after_the_end():
    clock = Clock()
    clock.seconds = -1.0
    competition = compete(clock, n_targets=2)
    assert competition.run(trial()) is not None
    assert competition.run(trial(target=1)) is not None
    assert competition.run(trial(name="late")) is None
    assert [(each.name, each.status) for each in competition.failures] == [
        ("late", "no time left")
    ]


def test_after_a_failure_the_next_trial_is_fitted_in_any_case():
    clock = Clock()
    clock.seconds = -1.0
    competition = compete(clock)
    with pytest.warns(CandidateWarning):
        competition.run(trial(raising(RuntimeError())))
    assert competition.run(trial()) is not None


def test_a_trial_stops_between_folds():
    clock = Clock()
    competition = compete(clock)
    competition.run(trial())
    fits = []

    def end(*arguments):
        fits.append(1)
        clock.seconds = -1.0

    assert competition.run(trial(Odd(on_fit=end))) is None
    assert len(fits) == 1
    assert competition.failures[0].status == "no time left"


def test_a_gate_alone_is_no_model():
    clock = Clock()
    competition = compete(clock)
    assert competition.run(trial(), is_gate=True) is not None
    assert not competition.predicted
    clock.seconds = -1.0
    assert competition.run(trial(), is_gate=True) is None
    assert competition.run(trial()) is not None


def test_ctrl_c_ends_after_the_trial(capsys):
    deadline = Deadline()
    competition = compete(deadline)

    def interrupt(*arguments):
        if not deadline.is_interrupted:
            os.kill(os.getpid(), signal.SIGINT)

    with deferred_interrupt(deadline):
        assert competition.run(trial(Odd(on_fit=interrupt))) is not None
        assert competition.run(trial(name="late")) is None
    assert competition.deadline.is_interrupted
    assert competition.failures[0].status == "interrupted"
    captured = capsys.readouterr()
    assert "Ctrl-C" in captured.err
    assert not captured.out


def test_the_second_ctrl_c_ends_at_once():
    deadline = Deadline()
    handler = signal.getsignal(signal.SIGINT)
    with deferred_interrupt(deadline):
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_handler_of_the_program_is_kept():
    calls = []
    before = signal.signal(signal.SIGINT, lambda *arguments: calls.append(1))
    try:
        with deferred_interrupt(deadline := Deadline()):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [1]
    assert not deadline.is_interrupted


def test_another_thread_has_no_handler():
    errors = []

    def enter():
        try:
            with deferred_interrupt(Deadline()):
                pass
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert not errors


def test_processes_that_ctrl_c_ended_are_no_failure():
    competition = compete()
    competition.run(trial())

    def end(*arguments):
        competition.deadline.is_interrupted = True
        raise RuntimeError("a process ended")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert competition.run(trial(Odd(on_fit=end), name="slow")) is None
    assert competition.failures[0].status == "interrupted"


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows")
def test_processes_of_the_folds_do_not_get_ctrl_c():
    child = "import signal; print(signal.SIGINT in signal.pthread_sigmask(0, []))"
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with processes_without_interrupts():
        started = subprocess.check_output([sys.executable, "-c", child], text=True)
    assert started == "True\n"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows")
def test_folds_start_while_ctrl_c_is_kept_from_processes(monkeypatch):
    seen = []

    def run(jobs):
        seen.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
        return [function(*arguments) for function, arguments, _ in jobs]

    monkeypatch.setattr(_trial, "make_parallel", lambda *args, **how: run)
    assert compete().run(trial()) is not None
    assert seen == [True]


def test_an_interrupt_that_is_raised():
    competition = compete()
    with pytest.raises(KeyboardInterrupt):
        competition.run(trial(raising(KeyboardInterrupt())))
    competition.run(trial())
    assert competition.run(trial(raising(KeyboardInterrupt()), name="slow")) is None
    assert [(each.name, each.status) for each in competition.failures] == [("slow", "interrupted")]
    assert competition.run(trial(name="late")) is None


def test_networks_that_would_take_too_long_are_not_begun():
    clock = Clock()
    competition = compete(clock)
    competition.run(trial())
    models = [MTEncoderRegressor(), MTEncoderRegressor(max_epochs=1)]
    trials = [
        Trial("network", Candidate("network", model, "formula", is_network=True), trial().learned)
        for model in models
    ]
    # The default reads 30 rows of a fold for 120 epochs. Two folds take 7 seconds.
    clock.seconds = 5.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert competition.run(trials[0]) is None
    assert competition.failures[0].status == "no time left"
    assert competition.run(trials[1]) is not None


def test_networks_of_angles_need_more_time():
    seconds = {
        model: model._seconds_of_training(1_000)
        for model in (MTEncoderRegressor(), CGCNNRegressor(), ALIGNNRegressor())
    }
    assert list(seconds.values()) == [60.0, 450.0, 1800.0]
    twice = ALIGNNRegressor(n_estimators=2, max_epochs=10)
    assert twice._seconds_of_training(500) == 100.0


def forest(name, refit=None):
    candidate = Candidate(name, ExtraTreesRegressor(10), ("fractions",), refit=refit)
    return Trial(name, candidate, trial().learned)


def test_time_is_kept_for_fits_to_all_rows():
    competition = compete()
    competition.run(trial())
    assert competition.deadline.reserved == 0.0
    first = competition.run(forest("small", refit={"n_estimators": 30}))
    # Thrice the trees, twice the rows of each of the two folds.
    assert competition.deadline.reserved == pytest.approx(6 * first.seconds_fit / 2)
    second = competition.run(forest("other", refit={}))
    total = 3 * first.seconds_fit + second.seconds_fit
    assert competition.deadline.reserved == pytest.approx(total)


def test_reserved_seconds_are_not_left():
    deadline = Deadline(1000)
    deadline.reserved = 900.0
    assert 90 < deadline.left() < 100


def refitted(during, clock=None):
    """Return a trial that has models of folds, after a fit to all rows that runs `during`."""
    competition = compete(clock)
    fitted = competition.run(trial(Odd(on_fit=lambda X, *_: during() if len(X) == 60 else None)))
    competition.fit_all_rows(fitted, n_models=2)
    return fitted, competition


def test_models_of_all_rows_replace_those_of_the_folds():
    clock, seen = Clock(), []
    clock.seconds = 1000.0
    fitted, _ = refitted(lambda: seen.append(1), clock)
    assert len(seen) == 2
    assert len(fitted.models) == 2


def test_without_time_the_models_of_the_folds_stay():
    def fail():
        raise AssertionError

    clock = Clock()
    clock.seconds = 0.0
    fitted, competition = refitted(fail, clock)
    before = fitted.models
    assert len(before) == 2
    fitted.models = []
    with pytest.raises(InvalidInputError, match="not to all rows"):
        competition.fit_all_rows(fitted, n_models=1)


def test_an_interrupt_leaves_the_models_of_the_folds():
    def interrupt():
        raise KeyboardInterrupt

    fitted, competition = refitted(interrupt)
    assert len(fitted.models) == 2
    assert competition.deadline.is_interrupted


def test_networks_that_meet_the_end_leave_the_models_of_the_folds():
    def stop():
        raise OutOfTimeError

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted, _ = refitted(stop)
    assert len(fitted.models) == 2


def test_a_failure_leaves_the_models_of_the_folds():
    def fail():
        raise RuntimeError("no luck")

    with pytest.warns(CandidateWarning, match="no luck. The models of the folds are used"):
        fitted, _ = refitted(fail)
    assert len(fitted.models) == 2


def test_without_any_model_the_error_lists_the_reasons():
    competition = compete(n_targets=2)
    with pytest.warns(CandidateWarning):
        competition.run(trial(raising(RuntimeError("no luck")), name="bad"))
    with pytest.raises(
        InvalidInputError, match=r"fitted to \['y1'\][\s\S]*bad: failed: .*no luck"
    ):
        competition.check([["part"], []], ["y0", "y1"])
    competition.check([["part"], ["part"]], ["y0", "y1"])


def test_seeds_follow_from_names():
    competition = compete()
    assert competition.seed_of("a") == competition.seed_of("a") != competition.seed_of("b")
    assert 0 <= competition.seed_of("a") < 2**31


def test_progress_names_the_target_and_no_rest_after_ctrl_c(capsys):
    competition = compete(n_targets=2, verbose=1)
    competition.run(trial(target=1))
    competition.deadline.is_interrupted = True
    competition.run(trial())
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["line for y1", "line for y0"]
    assert "left" not in lines[1]


def test_progress_goes_to_standard_error(capsys):
    clock = Clock()
    clock.seconds = 12.3
    compete(clock, verbose=1).run(trial())
    captured = capsys.readouterr()
    assert captured.err.startswith("line: ")
    assert "12 s left" in captured.err
    assert not captured.out
    compete(clock).run(trial())
    assert capsys.readouterr() == ("", "")
