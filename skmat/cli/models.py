"""The command ``skmat models``."""

import json
import re
import textwrap

from skmat.cli.parser import examples

__all__ = ["add_models"]

_WIDTH = 80


def add_models(commands):
    """Add the command ``models`` to the parser."""
    models = commands.add_parser(
        "models",
        help="list the shipped encoders, or describe one",
        description="List the shipped encoders: what they read, the size of their weights and the"
        " data sets they have learned from, with the number of materials. A star marks what"
        " --pretrained auto takes.",
        epilog=examples(
            ("all of them", "skmat models"),
            ("the model card of one", "skmat models roost-ssl"),
            ("use one", "skmat embed --formulas TiO2 --pretrained roost-ssl"),
        ),
    )
    models.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="print the model card of this encoder: a shipped name, a folder or an hf:// address",
    )
    models.add_argument(
        "--json",
        action="store_true",
        help="print JSON: a list of all encoders, or the card of one",
    )
    models.set_defaults(run=_models)


def _models(arguments):
    from skmat.pretrained import list_pretrained, load_checkpoint

    if arguments.name is not None:
        card = load_checkpoint(arguments.name).card
        print(_as_json(card.to_dict()) if arguments.json else card)
        return
    table = list_pretrained(as_frame=True).to_dict("records")
    print(_as_json(table) if arguments.json else _as_text(table))


def _as_json(value):
    return json.dumps(value, indent=2)


def _as_text(table):
    """Return a table of 80 columns. The last column is wrapped."""
    rows = [("  name", "input", "size", "learned from")]
    for row in table:
        mark = "* " if row["auto"] else "  "
        learned_from = re.sub(r" (compositions|crystals|structures)\)", ")", row["pretrained_on"])
        rows.append((mark + row["name"], row["input"], f"{row['size_mb']:.1f} MB", learned_from))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = []
    for row in rows:
        name, input, size = (cell.ljust(n) for cell, n in zip(row[:3], widths, strict=True))
        start = f"{name}  {input}  {size}  "
        # Keep a data set and its count together.
        parts = row[3].replace(" (", "\0(").replace("learned from", "learned\0from")
        wrapped = textwrap.wrap(
            parts, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start)
        )
        lines += [line.replace("\0", " ") for line in wrapped]
    return "\n".join([*lines, "", "* --pretrained auto takes it."])
