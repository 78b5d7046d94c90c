"""Every public name has a page, and every parameter of an estimator a description."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import skmat
from skmat._utils.doc_links import DOCS
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


def public_estimators():
    """Return the public classes with parameters of scikit-learn."""
    found = {getattr(importlib.import_module(module), name) for module, name in public()}
    return sorted(
        (each for each in found if inspect.isclass(each) and issubclass(each, BaseEstimator)),
        key=lambda each: each.__name__,
    )


@pytest.mark.skipif(not API.is_file(), reason="the documentation is not installed")
@pytest.mark.parametrize("cls", public_estimators(), ids=lambda cls: cls.__name__)
def test_the_diagram_of_an_estimator_links_to_its_page(cls):
    # The parameters do not matter here, and some have no default.
    link = cls.__new__(cls)._get_doc_link()
    page = re.fullmatch(rf"{re.escape(DOCS)}/generated/([\w.]+)\.html", link)[1]
    assert tuple(page.rsplit(".", 1)) in documented()


def test_the_link_is_in_the_html_and_not_in_that_of_other_packages():
    link = f"{DOCS}/generated/skmat.MagpieFeaturizer.html"
    assert f'href="{link}"' in skmat.MagpieFeaturizer()._repr_html_()

    class Mine(skmat.MagpieFeaturizer):
        pass

    assert Mine()._get_doc_link() == ""
