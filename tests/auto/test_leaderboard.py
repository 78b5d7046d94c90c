from types import SimpleNamespace

import pandas as pd
import pytest

from skmat.auto._leaderboard import leaderboard, leaderboard_html, leaderboard_text

REASON = "failed: RuntimeError: " + "no memory " * 20


@pytest.fixture
def board():
    rows = [
        ("ridge", "gap", 12345.678, 0.75, 1.23456, 0.01234, "fitted"),
        ("trees", "gap", 2.37123e-07, 0.25, 0.14999, 0.0, "fitted"),
        ("bad<b>", "gap", float("nan"), 0.0, 0.0, 0.0, REASON),
        ("bad<b>", "density", float("nan"), 0.0, 0.0, 0.0, REASON),
    ]
    columns = ["candidate", "target", "error", "weight"]
    return pd.DataFrame(rows, columns=[*columns, "seconds_fit", "seconds_predict", "status"])


def test_candidates_without_an_error_come_last():
    trial = SimpleNamespace(seconds_fit=0.0, seconds_predict=0.0)
    errors = {"a": 2.0, "odd": float("nan"), "b": 1.0}
    parts = [
        SimpleNamespace(name=name, error=error, weight=0.5, trial=trial)
        for name, error in errors.items()
    ]
    assert list(leaderboard([parts], [], ["gap"])["candidate"]) == ["b", "a", "odd"]


def test_a_terminal_shows_four_digits_and_a_line_per_failure(board):
    lines = leaderboard_text(board).splitlines()
    assert lines[1].split() == ["ridge", "gap", "12350", "0.750", "1.2", "0.0"]
    assert lines[2].split() == ["trees", "gap", "2.371e-07", "0.250", "0.1", "0.0"]
    assert len(lines) == 4
    assert lines[3].startswith(
        "Left out: bad<b> for gap, density (failed: RuntimeError: no memory"
    )
    assert lines[3].endswith("[...])")


def test_html_shows_the_whole_reason_and_no_numbers_of_a_failure(board):
    html = leaderboard_html(board)
    assert "<td>12350</td>" in html
    assert "NaN" not in html
    assert html.count(REASON.strip()) == 2
    assert "bad&lt;b&gt;" in html


def test_the_board_stays_exact(board):
    leaderboard_text(board)
    assert board["error"][0] == 12345.678
