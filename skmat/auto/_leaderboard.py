"""The table of what became of each candidate."""

import pandas as pd

__all__ = ["leaderboard"]

_COLUMNS = ["candidate", "target", "error", "weight", "seconds_fit", "seconds_predict", "status"]


def leaderboard(ranked, failures, target_names):
    """Return the table, the best candidates of each target first.

    Parameters
    ----------
    ranked : list of list of Part
        Candidates of each target.
    failures : list of Outcome
        Candidates without predictions.
    target_names : list of str
        Names of the targets.

    Returns
    -------
    DataFrame
    """
    rows = [
        (
            part.name,
            name,
            part.error,
            part.weight,
            part.trial.seconds_fit,
            part.trial.seconds_predict,
            "fitted",
        )
        for name, parts in zip(target_names, ranked, strict=True)
        for part in sorted(parts, key=lambda part: part.error)
    ]
    unknown = (float("nan"), 0.0, 0.0, 0.0)
    rows += [(each.name, each.target, *unknown, each.status) for each in failures]
    return pd.DataFrame(rows, columns=_COLUMNS)
