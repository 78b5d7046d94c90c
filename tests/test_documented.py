"""Every public name has a page, and every parameter of an estimator a description."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import skmat
from skmat.estimators import CLASSES
from skmat.estimators._params import HEADINGS

API = Path(skmat.__file__).parents[1] / "docs" / "api.rst"

#: Rooms whose names are not public; estimators and pipelines are, as names of `skmat`.
PRIVATE = {"_utils", "cli", "estimators", "inputs", "pipelines", "training"}


def documented():
    """Return the names on the page of the API, as (module, name)."""
    module, found = "", set()
    for line in API.read_text().splitlines():
        if match := re.match(r"\.\. module:: (\S+)", line):
            module = match[1]
        elif match := re.fullmatch(r"   (\w+)", line):
            found.add((module, match[1]))
    return found


def public():
    """Return the public classes and functions, as (module, name); constants are not listed."""
    folder = Path(skmat.__file__).parent
    rooms = {path.name for path in folder.iterdir() if (path / "__init__.py").is_file()} - PRIVATE
    modules = ["skmat", "skmat.exceptions", *(f"skmat.{room}" for room in rooms)]
    return {
        (module, name)
        for module in modules
        for name in importlib.import_module(module).__all__
        if name.upper() != name and name != "__version__"
    }


@pytest.mark.skipif(not API.is_file(), reason="the documentation is not installed")
def test_every_public_name_is_on_the_page_of_the_api():
    pages = documented()
    # What `skmat` and a room both offer is documented once.
    once = {name for _, name in pages}
    missing = {(module, name) for module, name in public() if name not in once}
    assert missing == set(), "add them to docs/api.rst"
    for module, name in pages:
        assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


@pytest.mark.parametrize(
    "cls",
    [*CLASSES.values(), skmat.AutoRegressor, skmat.AutoClassifier],
    ids=lambda cls: cls.__name__,
)
def test_every_parameter_is_described_once_with_its_default(cls):
    section = cls.__doc__.split("Parameters\n----------\n")[1].split("\nAttributes\n")[0]
    described = re.findall(r"^(\w+) : .*, default=(.+)$", section, flags=re.MULTILINE)
    expected = {
        name: f'"{each.default}"' if isinstance(each.default, str) else repr(each.default)
        for name, each in inspect.signature(cls).parameters.items()
    }
    assert {name for name, _ in described} == set(expected)
    assert len(described) == len(expected)
    assert dict(described) == expected
    headings = re.findall(r"^-- (.+) --$", section, flags=re.MULTILINE)
    assert headings == [each for each in HEADINGS if each in headings]
