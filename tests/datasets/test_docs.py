import re

import pytest

import skmat.datasets
from skmat.datasets._docs import shared_docs

LOADERS = [name for name in skmat.datasets.__all__ if name.startswith(("fetch_", "load_"))]


@pytest.mark.parametrize("name", LOADERS)
def test_help_shows_the_whole_text(name):
    text = getattr(skmat.datasets, name).__doc__
    assert not re.search(r"\{[a-z_]+\}$|<[a-z]+>", text, re.MULTILINE)
    if name.startswith("fetch_"):
        assert "data_home : str or path-like, default=None" in text
        assert "DatasetCorruptedError" in text


def test_the_features_are_those_of_the_loader():
    texts = {name: getattr(skmat.datasets, name).__doc__ for name in LOADERS}
    assert '``["formula"]``' in texts["fetch_oqmd"]
    assert "``[input]``" in texts["fetch_matbench"]


@pytest.mark.parametrize("indent", ["", "    "])  # Python 3.13 removes the indentation
def test_a_text_is_indented_like_its_placeholder(indent):
    def load():
        pass

    load.__doc__ = f"Load.\n\n{indent}{{tuple}}\n"
    text = shared_docs()(load).__doc__
    assert (
        text == f"Load.\n\n{indent}(data, target) : tuple\n{indent}    If ``return_X_y=True``.\n"
    )


def test_a_loader_without_a_docstring_stays_without():
    def load():
        pass

    assert shared_docs()(load).__doc__ is None
