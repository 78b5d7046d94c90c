"""The command ``skmat pretrain``: from a configuration file to a checkpoint."""

from pathlib import Path

from skmat.cli.parser import examples

__all__ = ["add_pretrain"]


def add_pretrain(commands):
    """Add the command ``pretrain`` to the parser."""
    pretrain = commands.add_parser(
        "pretrain",
        help="pretrain an encoder from a configuration file (hours)",
        description="Pretrain an encoder. A TOML file names the tables, the compositions to leave"
        " out and the parameters. Run the same command again to resume a stopped run.",
        epilog=examples(
            ("read the file and count the data", "skmat pretrain oxides.toml --check"),
            ("pretrain, or resume", "skmat pretrain oxides.toml --output encoders/oxides"),
            (
                "use the encoder",
                "skmat train measured.csv --targets gap --pretrained encoders/oxides"
                " --model m.joblib",
            ),
        ),
    )
    pretrain.add_argument("config", type=Path, metavar="CONFIG.toml")
    pretrain.add_argument(
        "--output", type=Path, metavar="DIR", help="folder to write (default: [output] folder)"
    )
    pretrain.add_argument(
        "--check", action="store_true", help="read and count the data, without training"
    )
    pretrain.add_argument("--quiet", action="store_true", help="no progress bar")
    pretrain.set_defaults(run=_pretrain)


def _pretrain(arguments):
    from skmat.cli.pretrain.run import run_pretraining

    run_pretraining(
        arguments.config,
        folder=arguments.output,
        check_only=arguments.check,
        verbose=0 if arguments.quiet else 1,
    )
