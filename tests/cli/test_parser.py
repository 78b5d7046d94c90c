"""Help and examples of every command."""

import re
import shlex

import pytest
from common.commands import run

from skmat.cli.main import make_parser

COMMANDS = [
    *([], ["demo"], ["train"], ["predict"], ["evaluate"], ["embed"], ["pretrain"]),
    *(["benchmark"], ["benchmark", "matbench"], ["models"]),
]


def help_of(command, capsys):
    with pytest.raises(SystemExit) as done:
        run(*command, "--help")
    assert done.value.code == 0
    return capsys.readouterr().out


def test_all_commands_are_here():
    actions = make_parser()._subparsers._group_actions[0].choices
    assert {each[0] for each in COMMANDS if each} == set(actions)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "skmat")
def test_every_help_has_examples_that_can_be_parsed(command, capsys):
    text = help_of(command, capsys)
    assert "\nexamples:\n" in text
    shown = re.findall(r"^    (skmat .*)$", text.split("\nexamples:\n")[1], flags=re.MULTILINE)
    assert len(shown) >= 2
    for example in shown:
        words = shlex.split(example)[1:]
        if words[-1] != "--help":
            assert make_parser().parse_args(words).command == words[0]
    described = text.split("\nexamples:\n")[0]
    assert max(map(len, described.splitlines())) <= 80
