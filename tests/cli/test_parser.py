"""Help and examples of every command."""

import re
import shlex
from pathlib import Path

import pytest
from common.commands import run

import skmat
from skmat.cli.main import make_parser

PAGE = Path(skmat.__file__).parents[1] / "docs" / "command_line.rst"

COMMANDS = [
    *([], ["demo"], ["train"], ["predict"], ["screen"]),
    *(["evaluate"], ["explain"]),
    *(["embed"], ["pretrain"], ["benchmark"], ["benchmark", "matbench"], ["models"]),
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


@pytest.mark.skipif(not PAGE.is_file(), reason="the documentation is not installed")
def test_the_page_shows_the_help_of_every_command(monkeypatch):
    pytest.importorskip("docutils", reason="the extra 'docs' is not installed")
    monkeypatch.syspath_prepend(PAGE.parent / "_ext")
    from command_help import help_of

    shown = re.findall(r"^\.\. command-help::(.*)$", PAGE.read_text(), flags=re.MULTILINE)
    assert sorted(each.split() for each in shown) == sorted(COMMANDS)
    monkeypatch.setenv("COLUMNS", "40")
    text = help_of(["benchmark", "matbench"])
    assert text.startswith("usage: skmat benchmark matbench")
    assert 80 < max(map(len, text.split("examples:")[0].splitlines())) <= 88
    with pytest.raises(KeyError):
        help_of(["trian"])
