"""Which trials candidates for numbers get: as they are, on logarithms, behind a gate."""

import numpy as np

from skmat.auto._candidates import make_gates
from skmat.auto._part import Gate, OutOfFold, Part
from skmat.auto._trial import Learned, Trial

__all__ = ["compete_for_numbers"]


def compete_for_numbers(candidates, labels, shapes, competition, metric):
    """Fit the trials of all candidates.

    A target with a long tail gives each cheap candidate a second trial, on logarithms. Networks
    take logarithms if these lowered the errors of cheap candidates. A zero-inflated target gives
    each trial a second part, behind a gate of classifiers. Networks have gates of their own.

    Parameters
    ----------
    candidates : list of Candidate
        Candidates in order.
    labels : list of ndarray of shape (n,)
        Labels of each target. NaN where they are missing.
    shapes : list of TargetShape
        What the labels tell.
    competition : Competition
        Fits the trials.
    metric : Metric
        Compares logarithms.

    Returns
    -------
    list of list of Part
        Parts of each target.
    """
    gates = [
        _fit_gate(target, column, shape.lowest, competition)
        for target, (column, shape) in enumerate(zip(labels, shapes, strict=True))
    ]
    parts: list[list[Part]] = [[] for _ in labels]
    gains: list[list[float]] = [[] for _ in labels]
    for candidate in candidates:
        for trial in _trials(candidate, labels, shapes, gains):
            if competition.run(trial) is None:
                continue
            for learned in trial.learned:
                target = learned.target
                parts[target].append(Part(trial))
                if gates[target] is not None:
                    parts[target].append(Part(trial, gates[target]))
        _note_gains(candidate, parts, labels, shapes, competition.data, metric, gains)
    return parts


def _fit_gate(target, labels, lowest, competition):
    if lowest is None:
        return None
    above = np.where(np.isnan(labels), np.nan, labels > lowest)
    learned = Learned(target, above, n_classes=2)
    name = competition.data.targets.names[target]
    fitted = [
        competition.run(Trial(f"{gate.name} of {name}", gate, [learned]), is_gate=True)
        for gate in make_gates(len(competition.data))
    ]
    fitted = [trial for trial in fitted if trial is not None]
    return Gate(lowest, fitted) if fitted else None


def _trials(candidate, labels, shapes, gains):
    """Return the trials of a candidate. They have not been fitted."""
    targets = range(len(labels))
    if candidate.is_network:
        units = [
            shape.log_unit if known and np.mean(known) < 0 else None
            for shape, known in zip(shapes, gains, strict=True)
        ]
        lowest = [shape.lowest if candidate.learns_gate else None for shape in shapes]
        learned = [Learned.numbers(i, labels[i], units[i], lowest[i]) for i in targets]
        together = [learned] if candidate.is_joint else [[each] for each in learned]
        return [Trial(candidate.name, candidate, each) for each in together]
    trials = []
    for i in targets:
        unit, known = shapes[i].log_unit, gains[i]
        if candidate.is_kernel or not known:
            units = [None] if unit is None else [None, unit]
        else:
            # Trees and boosting agree on logarithms: the first of them has decided.
            units = [unit if known[0] < 0 else None]
        for each in units:
            name = candidate.name if each is None else f"{candidate.name}, log"
            trials.append(Trial(name, candidate, [Learned.numbers(i, labels[i], each)]))
    return trials


def _note_gains(candidate, parts, labels, shapes, data, metric, gains):
    """Note by how much logarithms changed the error of a candidate."""
    if candidate.is_kernel or candidate.is_network:
        return
    for target, shape in enumerate(shapes):
        by_name = {part.trial.name: part for part in parts[target] if part.gate is None}
        names = (candidate.name, f"{candidate.name}, log")
        pair = [by_name[name] for name in names if name in by_name]
        if len(pair) < 2:
            continue
        errors = []
        for part in pair:
            predicted = shape.clip(part.predict(OutOfFold(), target))
            rows = ~np.isnan(labels[target]) & ~np.isnan(predicted)
            weights = data.sample_weight[rows]
            errors.append(metric.error(labels[target][rows], predicted[rows], weights))
        if min(errors) > 0:
            gains[target].append(float(np.log(errors[1] / errors[0])))
