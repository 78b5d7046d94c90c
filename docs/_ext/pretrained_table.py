"""A directive that shows what the model cards of the shipped encoders say: ``.. pretrained::``."""

import re

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

# Semicolons between licences, but not those within a licence or in its brackets.
_BETWEEN_LICENCES = re.compile(r"; (?=[A-Z])(?![^(]*\))")


def to_rst(table):
    """Return three list-tables, as a list of lines.

    Parameters
    ----------
    table : DataFrame
        What ``list_pretrained(as_frame=True)`` returns.
    """
    rows = list(table.itertuples(index=False))
    sizes = [
        [
            f"``{row.name}``",
            row.input,
            f"{row.n_parameters:,}",
            f"{row.size_mb:.1f}",
            row.pretrained_on.replace("; ", ", "),
        ]
        for row in rows
    ]
    held_out = _grouped(rows, lambda row: [row.held_out.replace("matbench_", "")])
    licences = _grouped(rows, lambda row: _BETWEEN_LICENCES.split(row.licence))
    return [
        *_list_table("26 12 14 8 40", "Encoder|Reads|Parameters|MB|Pretrained on", sizes),
        *_list_table(
            "50 50", "Matbench tasks whose compositions were held out|Encoders", held_out
        ),
        *_list_table("50 50", "Licence of the weights|Encoders", licences),
    ]


def _grouped(rows, values_of):
    """Return (value, names of the encoders that have it) for each value."""
    groups = {}
    for row in rows:
        for value in values_of(row):
            groups.setdefault(value, []).append(f"``{row.name}``")
    return [(value, ", ".join(names)) for value, names in groups.items()]


def _list_table(widths, titles, rows):
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in [titles.split("|"), *rows]:
        lines += [f"   {' ' if i else '*'} - {cell}" for i, cell in enumerate(row)]
    return [*lines, ""]


class Pretrained(Directive):
    """Show the tables of the encoders that are shipped now."""

    def run(self):
        from skmat import list_pretrained

        lines = to_rst(list_pretrained(as_frame=True))
        self.state_machine.insert_input(StringList(lines, source="model cards"), "model cards")
        return []


def setup(app):
    app.add_directive("pretrained", Pretrained)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
