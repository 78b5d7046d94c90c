"""A directive that shows a Markdown file of the repository: ``.. markdown:: ../CHANGELOG.md``.

It knows what our own files use (headings, paragraphs, lists, fenced code, pipe tables, links,
inline code, emphasis), which keeps a Markdown parser out of the requirements. A file that does
not exist is replaced by the content of the directive.
"""

import re
from pathlib import Path

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

_UNDERLINES = "=-~^"
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def to_rst(text):
    """Translate Markdown to reStructuredText, as a list of lines."""
    lines, table, in_code = [], [], False
    for line in [*text.splitlines(), ""]:
        if line.startswith("```"):
            in_code = not in_code
            lines += ["", f".. code-block:: {line[3:].strip() or 'text'}", ""] if in_code else [""]
        elif in_code:
            lines.append(f"   {line}".rstrip())
        elif line.startswith("|"):
            table.append([_cell(cell.strip()) for cell in line.strip().strip("|").split("|")])
        else:
            lines += _table(table)
            table = []
            heading = re.match(r"(#+) (.*)", line)
            if heading:
                title = _inline(heading[2])
                lines += ["", title, _UNDERLINES[len(heading[1]) - 1] * len(title), ""]
            else:
                lines += _with_blank_before_list(lines, _inline(line))
    return lines


def _inline(text):
    text = _CODE.sub(r"``\1``", text)
    # Relative links point at files of the repository, which the pages do not have.
    return _LINK.sub(lambda m: f"`{m[1]} <{m[2]}>`__" if "://" in m[2] else m[1], text)


def _cell(text):
    # A number and its deviation stay on one line.
    return _inline(text).replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def _with_blank_before_list(lines, line):
    starts_item = re.match(r"([-*]|\d+\.) ", line)
    follows_text = lines and lines[-1] and not re.match(r"([-*]|\d+\.| ) ", lines[-1])
    return ["", line] if starts_item and follows_text else [line]


def _table(rows):
    if not rows:
        return []
    body = [row for row in rows[1:] if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    lines = ["", ".. list-table::", "   :header-rows: 1", ""]
    for row in [rows[0], *body]:
        lines += [f"   {'*' if i == 0 else ' '} - {cell}".rstrip() for i, cell in enumerate(row)]
    return [*lines, ""]


class MarkdownPage(Directive):
    """Show a Markdown file; the content stands in for a file that does not exist."""

    required_arguments = 1
    has_content = True

    def run(self):
        env = self.state.document.settings.env
        path = Path(env.srcdir, self.arguments[0]).resolve()
        env.note_dependency(str(path))
        lines = to_rst(path.read_text("utf-8")) if path.is_file() else list(self.content)
        self.state_machine.insert_input(StringList(lines, source=str(path)), str(path))
        return []


def setup(app):
    app.add_directive("markdown", MarkdownPage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
