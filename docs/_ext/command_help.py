"""A directive that shows the help of a command: ``.. command-help:: train``.

The text is that of the parser, so it cannot go stale. Without an argument it is that of ``skmat``.
"""

import os
from contextlib import contextmanager

from docutils import nodes
from docutils.parsers.rst import Directive

#: Columns of a page.
_WIDTH = "88"


def help_of(words):
    """Return what ``skmat WORDS --help`` prints.

    Parameters
    ----------
    words : list of str
        A command and its sub-command, or nothing.
    """
    from skmat.cli.main import make_parser

    parser = make_parser()
    for word in words:
        parser = parser._subparsers._group_actions[0].choices[word]
    with _plain_terminal():
        return parser.format_help()


@contextmanager
def _plain_terminal():
    """Let argparse write lines of a fixed width without colours."""
    wanted = {"COLUMNS": _WIDTH, "NO_COLOR": "1"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class CommandHelp(Directive):
    """Show the help of a command as text."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self):
        words = self.arguments[0].split() if self.arguments else []
        try:
            text = help_of(words)
        except KeyError as error:
            raise self.error(f"skmat has no command {error}.") from None
        block = nodes.literal_block(text, text, language="text")
        return [block]


def setup(app):
    app.add_directive("command-help", CommandHelp)
    # Sphinx cannot see when the parser changes, so these pages are rebuilt every time.
    app.connect("env-get-outdated", lambda app, env, *changes: _pages(env))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _pages(env):
    return [name for name in ("command_line",) if name in env.found_docs]
