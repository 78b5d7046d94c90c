from skmat.benchmark._baselines import BASELINES
from skmat.cli import benchmark


def test_baselines_on_the_command_line_are_those_there_are():
    assert tuple(BASELINES) == benchmark.BASELINES
