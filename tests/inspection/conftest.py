import matplotlib as mpl
import pytest

mpl.use("Agg")


@pytest.fixture
def pyplot():
    """The pyplot module, with every figure closed afterwards."""
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")
