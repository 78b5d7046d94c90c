"""References that begin with the initial of an author: docutils takes "R." for a list."""

import re

_INITIAL = re.compile(r"( *\.\. \[[\w-]+\] )([A-Z]\. )")


def setup(app):
    # After numpydoc, which has the default priority and renames references.
    app.connect("autodoc-process-docstring", _escape, priority=900)
    return {"parallel_read_safe": True}


def _escape(app, what, name, obj, options, lines):
    lines[:] = [_INITIAL.sub(r"\1\\\2", line) for line in lines]
