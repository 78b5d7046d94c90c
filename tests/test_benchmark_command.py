from skmat import _benchmark_command
from skmat.benchmark._baselines import BASELINES


def test_baselines_on_the_command_line_are_those_there_are():
    assert tuple(BASELINES) == _benchmark_command.BASELINES
