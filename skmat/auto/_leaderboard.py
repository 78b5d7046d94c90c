"""The table of what became of each candidate."""

import textwrap

import numpy as np
import pandas as pd

from skmat._utils.digits import digits_text

__all__ = ["leaderboard", "leaderboard_html", "leaderboard_text", "left_out"]

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
            round(part.trial.seconds_fit, 3),
            round(part.trial.seconds_predict, 3),
            "fitted",
        )
        for name, parts in zip(target_names, ranked, strict=True)
        for part in sorted(parts, key=lambda part: (np.isnan(part.error), part.error))
    ]
    unknown = (float("nan"), 0.0, 0.0, 0.0)
    rows += [(each.name, each.target, *unknown, each.status) for each in failures]
    return pd.DataFrame(rows, columns=_COLUMNS)


def leaderboard_text(board):
    """Return the table for a terminal, and a line per reason why candidates were left out."""
    is_fitted = board["status"] == "fitted"
    shown = _readable(board[is_fitted]).drop(columns="status")
    return "\n".join([shown.to_string(index=False), *left_out(board)])


def left_out(board):
    """Return a line per reason why candidates were left out."""
    has_targets = board["target"].nunique() > 1
    rows = board[board["status"] != "fitted"]
    lines = []
    for status, of_status in rows.groupby("status", sort=False):
        names = [
            f"{name} for {', '.join(targets)}" if has_targets else name
            for name, targets in of_status.groupby("candidate", sort=False)["target"]
        ]
        lines.append(f"Left out: {', '.join(names)} ({textwrap.shorten(status, 100)})")
    return lines


def leaderboard_html(board):
    """Return the table for a notebook. Long reasons of failures are wrapped."""
    return _readable(board).to_html(index=False)


def _readable(board):
    """Return a table of text: four digits, seconds to a tenth, nothing for what was not measured.

    Parameters
    ----------
    board : DataFrame
        The output of ``leaderboard``.
    """
    is_fitted = board["status"] == "fitted"
    formats = {
        "error": digits_text,
        "weight": "{:.3f}".format,
        "seconds_fit": "{:.1f}".format,
        "seconds_predict": "{:.1f}".format,
    }
    texts = {name: board[name].map(each).where(is_fitted, "") for name, each in formats.items()}
    return board.assign(**texts)
