"""Which trials candidates for numbers get: as they are, on logarithms, behind a gate."""

import numpy as np

from skmat.auto._candidates import make_gates
from skmat.auto._learned import LOG, Learned
from skmat.auto._part import Gate, OutOfFold, Part, quantiles_of_ratios
from skmat.auto._trial import Trial

__all__ = ["compete_for_numbers"]


def compete_for_numbers(candidates, labels, shapes, competition, metric):
    """Fit the trials of all candidates.

    On a target with a long tail, the first network and the first other candidate have a second
    trial, on logarithms. Later ones take what was better for the first of their kind. A
    zero-inflated target gives each trial a second part, behind a gate of classifiers, and each
    candidate a further trial that learns labels above the lowest one only. Networks learn those
    in any case, and have gates of their own.

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
    weights = competition.data.sample_weight
    parts: list[list[Part]] = [[] for _ in labels]
    # On the same target, support vectors and trees may gain by logarithms, and networks lose.
    gains_of_kinds: dict[bool, list[float | None]] = {
        is_network: [None for _ in labels] for is_network in (False, True)
    }
    for candidate in candidates:
        gains = gains_of_kinds[candidate.is_network]
        for trial in _trials(candidate, labels, shapes, gains, gates):
            if competition.run(trial) is None:
                continue
            for learned in trial.learned:
                target = learned.target
                parts[target] += _parts(trial, learned, gates[target], labels[target], weights)
        for target, (column, shape) in enumerate(zip(labels, shapes, strict=True)):
            if gains[target] is None:
                gains[target] = _gain(
                    candidate, parts[target], target, column, shape, competition.data, metric
                )
    return parts


def _fit_gate(target, labels, lowest, competition):
    if lowest is None:
        return None
    above = np.where(np.isnan(labels), np.nan, labels > lowest)
    learned = Learned(target, above, n_classes=2)
    data = competition.data
    name = data.targets.names[target]
    fitted = [
        competition.run(Trial(f"{gate.name} of {name}", gate, [learned]), is_gate=True)
        for gate in make_gates(len(data), data.n_columns)
    ]
    fitted = [trial for trial in fitted if trial is not None]
    return Gate(lowest, fitted) if fitted else None


def _trials(candidate, labels, shapes, gains, gates):
    """Return the trials of a candidate. They have not been fitted."""
    units = [
        _units(shape.log_unit if candidate.takes_logs else None, gain)
        for shape, gain in zip(shapes, gains, strict=True)
    ]
    if candidate.is_network:
        return _trials_of_network(candidate, labels, shapes, units)
    trials = []
    for i in range(len(labels)):
        for unit in units[i]:
            learned = [Learned.numbers(i, labels[i], unit)]
            name = _name_of(candidate, learned)
            trials.append(Trial(name, candidate, learned))
            if gates[i] is not None:
                above = np.where(labels[i] > gates[i].lowest, labels[i], np.nan)
                learned = Learned.numbers(i, above, unit, is_above=True)
                trials.append(Trial(f"{name}, above", candidate, [learned]))
    return trials


def _trials_of_network(candidate, labels, shapes, units):
    lowest = [shape.lowest if candidate.learns_gate else None for shape in shapes]
    if candidate.is_joint:
        if any(len(each) > 1 for each in units):
            # Two trials in all, with different names: labels, and logarithms where they are tried.
            units = [[None, shape.log_unit] for shape in shapes]
        together = [list(enumerate(chosen)) for chosen in zip(*units, strict=True)]
    else:
        together = [[(i, unit)] for i, each in enumerate(units) for unit in each]
    trials = []
    for chosen in together:
        learned = [Learned.numbers(i, labels[i], unit, lowest[i]) for i, unit in chosen]
        trials.append(Trial(_name_of(candidate, learned), candidate, learned))
    return trials


def _name_of(candidate, learned):
    """Return the name in the leaderboard, which tells whether it learns logarithms."""
    has_logs = any(each.log_unit is not None for each in learned)
    return f"{candidate.name}{LOG}" if has_logs else candidate.name


def _parts(trial, learned, gate, labels, weights):
    """Return a trial as a summand: alone, and behind the gate if there is one."""
    if gate is None:
        return [Part(trial)]
    if not learned.is_above:
        return [Part(trial), Part(trial, gate)]
    values = OutOfFold().of(trial)[learned.target]
    if learned.lowest is None:
        return [
            Part(trial, gate, ratios=quantiles_of_ratios(labels, values, gate.lowest, weights))
        ]
    ratios = quantiles_of_ratios(labels, values[:, 1], gate.lowest, weights)
    return [Part(trial), Part(trial, gate, ratios=ratios)]


def _units(log_unit, gain):
    """Return the units of logarithms that are tried. None stands for the labels themselves.

    Candidates of a kind agree on logarithms, so that the first one decides for all others.
    """
    if log_unit is None:
        return [None]
    if gain is None:
        return [None, log_unit]
    return [log_unit if gain < 0 else None]


def _gain(candidate, parts, target, labels, shape, data, metric):
    """Return by how much logarithms changed the error of a candidate, or None if not tried."""
    by_name = {part.trial.name: part for part in parts if part.gate is None}
    names = (candidate.name, f"{candidate.name}, log")
    pair = [by_name[name] for name in names if name in by_name]
    if len(pair) < 2:
        return None
    errors = []
    for part in pair:
        predicted = shape.clip(part.predict(OutOfFold(), target))
        rows = ~np.isnan(labels) & ~np.isnan(predicted)
        errors.append(metric.error(labels[rows], predicted[rows], data.sample_weight[rows]))
    return errors[1] - errors[0]
