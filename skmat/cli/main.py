"""The command ``skmat``: its parser, errors and exit codes.

Each command has a file that parses its arguments. These files import torch only when the command
runs, so ``skmat --help`` answers at once.
"""

import sys

from skmat._utils.torchrun import is_started_by_torchrun
from skmat._version import __version__
from skmat.cli.benchmark import add_benchmark
from skmat.cli.demo import add_demo
from skmat.cli.embed import add_embed
from skmat.cli.evaluate import add_evaluate
from skmat.cli.explain import add_explain
from skmat.cli.interrupts import INTERRUPTED, interrupts_said, say_interrupted
from skmat.cli.model_files import JOBLIB_WARNING
from skmat.cli.models import add_models
from skmat.cli.output import describe, standard_output, warnings_in_one_line
from skmat.cli.parser import Parser, examples
from skmat.cli.predict import add_predict
from skmat.cli.pretrain import add_pretrain
from skmat.cli.screen import add_screen
from skmat.cli.train import add_train
from skmat.exceptions import InvalidInputError, SkmatError

__all__ = ["main", "make_parser"]


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments. None takes those of the process.

    Returns
    -------
    int
        0 on success, 1 if the reader of standard output closed it, 2 for bad input, 130 after
        Ctrl-C, whether or not something was kept. The reason goes to standard error.
    """
    arguments = make_parser().parse(argv)
    arguments.command_line = ["skmat", *(sys.argv[1:] if argv is None else argv)]
    try:
        with interrupts_said(arguments), warnings_in_one_line(arguments.command):
            _check_processes(arguments.command)
            status = arguments.run(arguments) or 0
            with standard_output() as stream:
                stream.flush()  # raises here, where the error can still be reported
    except KeyboardInterrupt:
        say_interrupted(arguments)
        return INTERRUPTED
    except BrokenPipeError:
        return 1  # the reader, such as `head`, closed the pipe
    except (SkmatError, OSError, ValueError) as error:
        notes = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
        print(f"skmat {arguments.command}: error: {describe(error)}{notes}", file=sys.stderr)
        return 2
    return status


def _check_processes(command):
    if command != "pretrain" and is_started_by_torchrun():
        raise InvalidInputError(
            f"WORLD_SIZE says that several processes run `skmat {command}`, which runs in one."
            " Only `skmat pretrain` trains on several. Start this command without torchrun, or"
            " unset WORLD_SIZE."
        )


def make_parser():
    """Return the parser of all commands."""
    parser = Parser(
        prog="skmat",
        description="Predict properties of inorganic materials from formulas or structures. "
        + JOBLIB_WARNING,
        epilog=examples(
            ("see all of it at work", "skmat demo --quick"),
            ("learn from a table", "skmat train measured.csv --targets gap --output gaps"),
            ("predict", "skmat predict --formulas TiO2 GaAs --model gaps"),
            ("see the options of a command", "skmat train --help"),
        ),
    )
    parser.add_argument("--version", action="version", version=f"skmat {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_demo(commands)
    add_train(commands)
    add_predict(commands)
    add_screen(commands)
    add_evaluate(commands)
    add_explain(commands)
    add_embed(commands)
    add_pretrain(commands)
    add_benchmark(commands)
    add_models(commands)
    return parser
