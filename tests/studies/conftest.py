from pathlib import Path

import pytest

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture
def studies(monkeypatch):
    """The folder of studies, whose modules can be imported."""
    monkeypatch.syspath_prepend(STUDIES)
    return STUDIES
