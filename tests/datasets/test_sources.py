import pytest

from skmat.datasets import _matminer, _sources
from skmat.datasets._matbench_tasks import MATBENCH_TASKS


@pytest.mark.parametrize("name", [name for name in _sources.__all__ if name.isupper()])
def test_every_source_states_licence_and_citation(name):
    entries = getattr(_sources, name).entries()
    assert set(entries) == {"licence", "citation"}
    assert all(entries.values())


def test_upstream_of_each_task_is_named():
    licences = {name: _sources.matbench_source(name).licence for name in MATBENCH_TASKS}
    assert "Materials Project" in licences["matbench_mp_gap"]
    assert "JARVIS" in licences["matbench_jdft2d"]
    assert "none stated" in licences["matbench_steels"]
    assert set(_sources._MATBENCH_UPSTREAM) <= set(MATBENCH_TASKS)


def test_each_set_of_matminer_cites_its_own_publication():
    sources = [_sources.matminer_source(name) for name in _matminer._FILES]
    assert len({source.citation for source in sources}) == 4
    assert {source.licence for source in sources} == {"CC BY 4.0 (Materials Project)"}
