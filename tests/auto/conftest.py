import pytest

from skmat.auto import _intervals


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Sixty rows get intervals of one width: the trees of others take longer than all the rest."""
    monkeypatch.setattr(_intervals, "_FEWEST", 61)
