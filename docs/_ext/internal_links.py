"""Each link within the built pages must lead to a file, and to a place in it.

Sphinx checks references. This reads the HTML, so it finds broken links of raw HTML, templates and
pictures too. A broken link is a warning, which fails a build with ``-W``. It needs no network.
"""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.util import logging

logger = logging.getLogger(__name__)


class _Page(HTMLParser):
    """The places and the links of a page."""

    def __init__(self, path):
        super().__init__()
        self.places, self.links = set(), set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.places.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


def broken_links(folder):
    """Return the broken links of all pages in a folder, as sorted (page, link)."""
    folder = Path(folder).resolve()
    # Templates of the theme are in _static.
    paths = [path for path in folder.rglob("*.html") if folder / "_static" not in path.parents]
    pages = {path: _Page(path) for path in paths}
    return sorted(
        (path.relative_to(folder).as_posix(), link)
        for path, page in pages.items()
        for link in page.links
        if not _leads_somewhere(path, link, pages)
    )


def _leads_somewhere(path, link, pages):
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    place = unquote(parts.fragment)
    if target in pages:
        # "#" alone is the top of a page.
        return not place or place in pages[target].places
    return target.is_file()


def _check(app, error):
    if error is None and app.builder.format == "html":
        for page, link in broken_links(app.outdir):
            logger.warning("%s: the link %r leads nowhere", page, link)


def setup(app):
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
