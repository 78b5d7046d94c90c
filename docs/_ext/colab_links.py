"""A link to Google Colab on the page of each example.

``colab_notebooks`` is where Colab finds the notebooks: a folder of a branch on GitHub, in which
each has the path that it has below ``docs/auto_examples``.
"""

from textwrap import indent

GALLERY = "auto_examples/"
NOTE = ":class: sphx-glr-download-link-note"


def link(app, name, source):
    """Put the link in front of the note with which each example begins."""
    if name.startswith(GALLERY) and NOTE in source[0]:
        url = f"{app.config.colab_notebooks}/{name.removeprefix(GALLERY)}.ipynb"
        button = f".. button-link:: {url}\n    :color: primary\n    :outline:\n\n    Open in Colab"
        source[0] = f".. only:: html\n\n{indent(button, '    ')}\n\n{source[0]}"


def setup(app):
    app.add_config_value("colab_notebooks", "", "html", str)
    app.connect("source-read", link)
    return {"parallel_read_safe": True}
