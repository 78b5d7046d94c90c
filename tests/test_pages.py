"""Pages of the documentation: the code fits, and the pictures are small and used."""

import re
from pathlib import Path

import pytest

import skmat

DOCS = Path(skmat.__file__).parents[1] / "docs"
PAGES = sorted([*DOCS.glob("*.rst"), *DOCS.glob("user_guide/*.rst"), *DOCS.glob("studies/*.rst")])
#: A page shows as many columns of code beside the two menus.
WIDTH = 79
#: Languages that people type. Output of programs can be wider.
TYPED = {"python", "bash", "console", "toml"}

pytestmark = pytest.mark.skipif(not PAGES, reason="the documentation is not installed")


def wide_lines(text):
    """Return the lines of code with more than WIDTH columns, as (number, line)."""
    wide, block, output = [], None, False
    for number, line in enumerate(text.splitlines(), 1):
        indent = len(line) - len(line.lstrip())
        if match := re.match(r" *\.\. code-block:: (\w+)", line):
            block = (indent + 3) if match[1] in TYPED else None
            output = match[1] == "console"
        elif block is not None and line.strip() and indent < block:
            block = None
        elif block is not None and len(line) - block > WIDTH and (not output or "$ " in line):
            wide.append((number, line))
        if re.match(r" *(>>>|\.\.\.) ", line) and len(line.strip()) > WIDTH:
            wide.append((number, line))
    return wide


def test_wide_lines_are_found():
    block = ".. code-block:: {}\n\n   $ {}\n   {}\n\nText.\n"
    lines = ["x" * 78, "x" * 80]
    assert [number for number, _ in wide_lines(block.format("bash", *lines))] == [3, 4]
    assert [number for number, _ in wide_lines(block.format("console", *lines))] == [3]
    assert wide_lines(block.format("text", *lines)) == []
    assert [number for number, _ in wide_lines(f">>> {'x' * 76}\n>>> {'x' * 75}\n")] == [1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_fits_on_the_page(page):
    assert wide_lines(page.read_text("utf-8")) == []


def test_each_page_of_the_guide_has_a_figure_and_each_figure_a_page():
    shown = {page: set(re.findall(r"images/([\w.]+)", page.read_text("utf-8"))) for page in PAGES}
    lacking = [page.stem for page in DOCS.glob("user_guide/*.rst") if not shown[page]]
    assert lacking == ["index"]
    figures = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}
    assert set().union(*shown.values()) == set(figures), "run docs/figures.py"
    assert sum(figures.values()) < 1_000_000


@pytest.fixture
def extensions(monkeypatch):
    """Let the extensions of the documentation be imported."""
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(DOCS / "_ext")


def test_broken_links_are_found(extensions, tmp_path):
    from internal_links import broken_links

    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.html").write_text('<h1 id="top">B</h1> <a href="../a.html#nowhere">')
    good = '<a href="sub/b.html#top"> <a href="#"> <a href="https://example.org/c.html#d">'
    bad = '<a href="sub/c.html"> <img src="figure.svg"> <a href="#here">'
    (tmp_path / "a.html").write_text(good + bad)
    assert broken_links(tmp_path) == [
        ("a.html", "#here"),
        ("a.html", "figure.svg"),
        ("a.html", "sub/c.html"),
        ("sub/b.html", "../a.html#nowhere"),
    ]


def test_table_of_encoders_has_each_encoder_and_whole_licences(extensions):
    from pretrained_table import to_rst

    lines = to_rst(skmat.list_pretrained(as_frame=True))
    first_cells = [line.removeprefix("   * - ") for line in lines if line.startswith("   * - ")]
    for name in skmat.list_pretrained():
        assert f"``{name}``" in first_cells
    assert "CC BY 4.0 (OQMD)" in first_cells
    assert not any(cell.count("(") != cell.count(")") for cell in first_cells)
