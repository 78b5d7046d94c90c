"""Candidates are fitted one after another, until all are done or time is up."""

import sys
import time
import warnings
import zlib
from dataclasses import dataclass, field

import numpy as np
from joblib import effective_n_jobs

from skmat.auto._clock import Deadline, OutOfTimeError
from skmat.auto._data import FitData
from skmat.auto._trial import Trial, fit_all_rows, fit_trial, refit_share
from skmat.exceptions import CandidateWarning, InvalidInputError

__all__ = ["Competition", "Outcome"]


@dataclass
class Outcome:
    """What became of a candidate without predictions: its name, its targets and the reason."""

    name: str
    target: str
    status: str


@dataclass(eq=False)
class Competition:
    """Fits trials, and notes those that fail.

    Attributes
    ----------
    data : FitData
        Training data.
    deadline : Deadline
        When to stop.
    seed : int
        Seed of all candidates.
    n_jobs : int or None
        Folds at a time.
    verbose : int
        1 prints a line per candidate.
    failures : list of Outcome
        Trials that failed or were left out.
    predicted : set of int
        Targets that a fitted trial predicts. Nothing stops the fit of a trial for others.
    """

    data: FitData
    deadline: Deadline
    seed: int
    n_jobs: int | None = None
    verbose: int = 0
    failures: list = field(default_factory=list)
    predicted: set = field(default_factory=set)

    def run(self, trial: Trial, *, is_gate=False):
        """Fit a trial and return it. Return None if it fails or time is up.

        Parameters
        ----------
        trial : Trial
            What to fit.
        is_gate : bool, default=False
            Whether the trial alone predicts nothing.
        """
        targets = {each.target for each in trial.learned}
        may_stop = is_gate or targets <= self.predicted
        if may_stop and not self._has_time(trial):
            self._note(trial, self._reason())
            return None
        start = time.perf_counter()
        try:
            fit_trial(
                trial,
                self.data.table,
                self.data.folds,
                self.data.sample_weight,
                seed=self.seed_of(trial.name),
                n_jobs=self.n_jobs,
                # The first one of a target ends in any case: without it there were no model.
                deadline=self.deadline if may_stop else None,
            )
        except OutOfTimeError:
            self._note(trial, self._reason())
            return None
        except KeyboardInterrupt:
            if len(self.predicted) < len(self.data.targets.names):
                raise
            self.deadline.is_interrupted = True
            self._note(trial, self._reason())
            return None
        except Exception as error:
            if may_stop and self.deadline.is_interrupted:
                # Ctrl-C also reached the processes of the folds.
                self._note(trial, self._reason())
            else:
                self._report(trial, error)
            return None
        self.deadline.reserved += self._seconds_of_refit(trial)
        if not is_gate:
            self.predicted |= targets
        if self.verbose:
            self._say(trial, "", time.perf_counter() - start)
        return trial

    def fit_all_rows(self, trial, n_models):
        """Fit models to all rows. Those of the folds stay where they suffice and time is up."""
        can_wait = bool(trial.models)
        if can_wait and self._seconds_of(trial, n_models) > self.deadline.left():
            return
        start = time.perf_counter()
        try:
            fit_all_rows(
                trial,
                self.data.table,
                self.data.sample_weight,
                self.seed_of(trial.name),
                n_models=n_models,
                n_jobs=self.n_jobs,
                deadline=self.deadline if can_wait else None,
            )
        except OutOfTimeError:
            return
        except KeyboardInterrupt:
            if not can_wait:
                raise
            self.deadline.is_interrupted = True
            return
        except Exception as error:
            if not can_wait:
                raise InvalidInputError(
                    f"The candidate {trial.name!r} can be fitted to folds, but not to all rows:"
                    f" {error}. Leave it out."
                ) from error
            warnings.warn(
                f"The candidate {trial.name!r} could not be fitted to all rows: {error}. The"
                " models of the folds are used.",
                CandidateWarning,
                stacklevel=2,
            )
            return
        if self.verbose:
            self._say(trial, ", all rows", time.perf_counter() - start)

    def seed_of(self, name):
        """Return the seed of a candidate, which does not depend on the others."""
        return (self.seed + zlib.crc32(name.encode())) % (2**31 - 1000)

    def check(self, parts, target_names):
        """Raise an error if a target has no candidate."""
        missing = [name for name, each in zip(target_names, parts, strict=True) if not each]
        if missing:
            reasons = "\n".join(f"  {each.name}: {each.status}" for each in self.failures)
            raise InvalidInputError(
                f"No candidate could be fitted to {missing}. The reasons:\n{reasons}\nCorrect the"
                " input, or choose other candidates with preset= and candidates=."
            )

    def _note(self, trial, status):
        self.failures.append(Outcome(trial.name, ", ".join(self._names_of(trial)), status))

    def _names_of(self, trial):
        return [self.data.targets.names[each.target] for each in trial.learned]

    def _reason(self):
        return "interrupted" if self.deadline.is_interrupted else "no time left"

    def _has_time(self, trial):
        left = self.deadline.left()
        if not trial.candidate.is_network or not np.isfinite(left):
            return left > 0
        n_rows = len(self.data.folds[0][0])
        rounds = -(-len(self.data.folds) // effective_n_jobs(self.n_jobs))
        return rounds * trial.candidate.model._seconds_of_training(n_rows) < left

    def _seconds_of_refit(self, trial):
        """Return an estimate of the seconds of a fit to all rows that has to follow."""
        folds = self.data.folds
        share = refit_share(trial.candidate, folds, len(self.data), effective_n_jobs(self.n_jobs))
        return share * trial.seconds_fit / len(folds)

    def _report(self, trial, error):
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        self._note(trial, f"failed: {reason}")
        warnings.warn(
            f"The candidate {trial.name!r} failed and is left out ({reason[:300]}).",
            CandidateWarning,
            stacklevel=2,
        )

    def _seconds_of(self, trial, n_models):
        """Return an estimate of the seconds of fits to all rows."""
        n_learned = sum(len(training) for training, _ in self.data.folds)
        rounds = -(-n_models // effective_n_jobs(self.n_jobs))
        return rounds * trial.seconds_fit * len(self.data) / n_learned

    def _say(self, trial, what, seconds):
        left = self.deadline.left()
        has_end = np.isfinite(left) and not self.deadline.is_interrupted
        rest = f", {max(left, 0):.0f} s left" if has_end else ""
        names, all_names = self._names_of(trial), self.data.targets.names
        target = f" for {', '.join(names)}" if len(names) < len(all_names) else ""
        print(f"{trial.name}{target}{what}: {seconds:.1f} s{rest}", file=sys.stderr, flush=True)
