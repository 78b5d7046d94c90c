"""Named values as a table: on a terminal and in a notebook."""

import html
import textwrap

__all__ = ["to_html", "to_text"]

#: Columns of a terminal.
_WIDTH = 88


def to_text(title: str, rows: list[tuple[str, str]]) -> str:
    """Return a title and a table of names and wrapped values.

    Parameters
    ----------
    title : str
        First line.
    rows : list of (str, str)
        Names and values. Line breaks in values become spaces.
    """
    indent = " " * (4 + max((len(name) for name, _ in rows), default=0))
    lines = [title]
    for name, value in rows:
        lines.append(
            textwrap.fill(
                " ".join(value.split()),
                _WIDTH,
                initial_indent=f"  {name}".ljust(len(indent)),
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return "\n".join(lines)


def to_html(title: str, rows: list[tuple[str, str]]) -> str:
    """Return the same as HTML, with all text escaped."""
    cells = "".join(
        f'<tr><th style="text-align: left; vertical-align: top">{html.escape(name)}</th>'
        f'<td style="text-align: left">{html.escape(value)}</td></tr>'
        for name, value in rows
    )
    return f"<div><strong>{html.escape(title)}</strong><table>{cells}</table></div>"
