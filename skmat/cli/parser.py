"""The parser of the command line: argparse, with examples under the help.

typer and rich-click would be further dependencies, and import more before they show help.
"""

import argparse

from skmat._utils.nearest import nearest_hint

__all__ = ["Parser", "examples"]

_HEAD = "examples:\n"


class _Formatter(argparse.HelpFormatter):
    """Keep the lines of examples. Other texts are wrapped."""

    def _fill_text(self, text, width, indent):
        if text.startswith(_HEAD):
            return text
        return super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """A parser whose epilog may be a list of examples. Its sub-parsers are of this class too."""

    def __init__(self, *args, **how):
        super().__init__(*args, **{"formatter_class": _Formatter, **how})

    def parse(self, argv=None):
        """Return the arguments. Options that a command does not know end the process.

        The message is that of the command, and tells the nearest option.
        """
        arguments, unknown = self.parse_known_args(argv)
        if unknown:
            commands = next(
                each for each in self._actions if isinstance(each, argparse._SubParsersAction)
            )
            command = commands.choices[arguments.command]
            options = [each for each in command._option_string_actions if each.startswith("--")]
            near = nearest_hint(unknown[0].partition("=")[0], options)
            command.error(f"unrecognized arguments: {' '.join(unknown)}.{near and near + '.'}")
        return arguments


def examples(*commands):
    """Return an epilog.

    Parameters
    ----------
    *commands : (str, str)
        What a command does, and the command as it is typed.
    """
    return _HEAD + "\n".join(f"  {what}:\n    {command}" for what, command in commands)
