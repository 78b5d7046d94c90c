"""The command ``skmat demo``."""

from pathlib import Path

from skmat.cli.parser import examples

__all__ = ["add_demo"]


def add_demo(commands):
    """Add the command ``demo`` to the parser."""
    demo = commands.add_parser(
        "demo",
        help="fit, compare and predict on a shipped data set (two minutes)",
        description="Fit AutoRegressor to transport properties of 400 compounds. Compare it with"
        " single models on held-out compounds. Save it and predict with it in a new process.",
        epilog=examples(
            ("in less than a minute", "skmat demo --quick"),
            ("predict your own formulas", "skmat demo --formulas Bi2Te3 PbTe --output demo"),
        ),
    )
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("skmat-demo"),
        metavar="DIR",
        help="folder to write (default: skmat-demo). Files of an earlier demo are replaced, and no"
        " others",
    )
    demo.add_argument("--quick", action="store_true", help="smaller sizes, well under a minute")
    demo.add_argument(
        "--formulas", nargs="+", metavar="FORMULA", help="predict these with the saved model"
    )
    demo.add_argument(
        "--pretrained",
        metavar="NAME_OR_FOLDER",
        default="auto",
        help="encoder to fine-tune (default: the best shipped one)",
    )
    demo.add_argument("--random-state", type=int, default=0, metavar="SEED")
    demo.set_defaults(run=_demo)


def _demo(arguments):
    from skmat.cli.demo.run import FULL, QUICK, run_demo

    run_demo(
        arguments.output,
        sizes=QUICK if arguments.quick else FULL,
        formulas=arguments.formulas,
        pretrained=arguments.pretrained,
        random_state=arguments.random_state,
    )
