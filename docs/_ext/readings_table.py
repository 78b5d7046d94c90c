"""A directive that shows a table of what is read: ``.. readings:: formulas FORMULAS``.

The tables are those of ``tests/readings``, every row of which the tests check.
"""

import importlib
import sys
from pathlib import Path

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

_TESTS = Path(__file__).parents[2] / "tests"


def to_rst(readings):
    """Return a list-table of two columns for each kind, as a list of lines."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 22 34 44", ""]
    lines += _row("", "Input", "Read as")
    kind = None
    for reading in readings:
        shown = repr(reading.spelling) if reading.shown is None else reading.shown
        answer = f"refused: {reading.refused}" if reading.refused else _literal(reading.gives)
        lines += _row(reading.kind if reading.kind != kind else "", _literal(shown), answer)
        kind = reading.kind
    return [*lines, ""]


def _row(*cells):
    return [f"   {' ' if i else '*'} - {cell}".rstrip() for i, cell in enumerate(cells)]


def _literal(value):
    text = value if isinstance(value, str) else repr(value)
    # An inline literal has no white space at its ends, and no line breaks.
    text = " ".join(text.splitlines()) or '""'
    return f"``{text.strip()}``"


class Readings(Directive):
    """Show one table of a module of ``tests/readings``."""

    required_arguments = 2

    def run(self):
        module, table = self.arguments
        path = _TESTS / "readings" / f"{module}.py"
        self.state.document.settings.env.note_dependency(str(path))
        if str(_TESTS) not in sys.path:
            sys.path.insert(0, str(_TESTS))
        readings = getattr(importlib.import_module(f"readings.{module}"), table)
        self.state_machine.insert_input(StringList(to_rst(readings), source=str(path)), str(path))
        return []


def setup(app):
    app.add_directive("readings", Readings)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
