"""The command ``skmat models``."""

import textwrap

from skmat.cli.parser import examples

__all__ = ["add_models"]


def add_models(commands):
    """Add the command ``models`` to the parser."""
    models = commands.add_parser(
        "models",
        help="list and describe the shipped encoders",
        description="List the shipped encoders, and what each has learned. The defaults are"
        " marked.",
        epilog=examples(
            ("all of them", "skmat models"),
            ("use one", "skmat embed --formulas TiO2 --pretrained roost-ssl"),
        ),
    )
    models.set_defaults(run=_models)


def _models(arguments):
    from skmat.pretrained import BEST, list_pretrained, load_checkpoint

    for name in list_pretrained():
        card = load_checkpoint(name).card
        print(name + " (the default)" * (name in BEST.values()))
        print(textwrap.indent(textwrap.fill(card.description, 76), "    "))
