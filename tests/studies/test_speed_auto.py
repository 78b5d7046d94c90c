"""Which fits are measured; the seconds are made up."""

import numpy as np
import pytest

#: Seconds of a row, by preset.
SLOWNESS = {"fast": 0.01, "medium": 0.1}


@pytest.fixture
def speed(studies, monkeypatch):
    import speed_auto

    def fit_seconds(n, preset, time_limit=None):
        fits.append((n, preset, time_limit))
        return n * SLOWNESS[preset] if time_limit is None else time_limit + 1

    fits = speed_auto.made_up_fits = []
    monkeypatch.setattr(speed_auto, "fit_seconds", fit_seconds)
    return speed_auto


class Rows:
    repeats = 1

    def __init__(self):
        self.rows = []

    def add(self, what, unit, values):
        self.rows.append((what, unit, *values))


def test_the_limit_is_measured_where_a_fit_takes_longer(speed, monkeypatch):
    report, saved = Rows(), []
    monkeypatch.setattr(speed, "SIZES", {"fast": (300, 1000), "medium": (300, 1000)})
    speed.measure(report, ["fast", "medium"], 60, lambda: saved.append(1))
    assert report.rows == [
        ("fast: fit, 300 rows", "s", 3.0),
        ("fast: fit, 1,000 rows", "s", 10.0),
        ("medium: fit, 300 rows", "s", 30.0),
        ("medium: fit, 1,000 rows", "s", 100.0),
        ("medium: fit, 1,000 rows, time_limit=60", "s", 61),
    ]
    assert len(saved) == 4
    assert speed.made_up_fits[0] == (100, "fast", None)


def test_smaller_draws_are_parts_of_larger_ones(speed):
    (few, labels), (more, _) = speed.draw(30), speed.draw(300)
    assert len(few) == len(labels) == 30
    assert few.tolist() == more[:30].tolist()
    assert len(set(more)) == 300
    assert np.isfinite(labels).all()
