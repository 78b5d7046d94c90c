"""Headings among the parameters of estimators: ``-- Training --`` becomes a rubric."""

import re

# numpydoc takes a heading for a parameter without a description.
_HEADING = re.compile(r"( *)\*\*-- (.+) --\*\*")


def setup(app):
    # After numpydoc, which has the default priority.
    app.connect("autodoc-process-docstring", _to_rubrics, priority=900)
    return {"parallel_read_safe": True}


def _to_rubrics(app, what, name, obj, options, lines):
    found, skip = [], False
    for line in lines:
        if skip and line.strip() == "..":
            skip = False
            continue
        if match := _HEADING.fullmatch(line):
            found += [f"{match[1]}.. rubric:: {match[2]}", ""]
            skip = True
        else:
            found.append(line)
    lines[:] = found
