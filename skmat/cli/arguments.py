"""Arguments that several commands share."""

import argparse
import csv
import os
from pathlib import Path

from skmat._utils.hub import is_hub_address
from skmat.exceptions import InvalidInputError

__all__ = [
    "add_digits",
    "add_disorder",
    "add_materials",
    "add_model",
    "add_model_in_front",
    "add_result",
    "add_shares",
    "add_table",
    "column_names",
    "coverage",
    "own_shard",
    "settle_model",
]


def add_table(command, optional=False, has_model=True):
    """Add the table and the name of its column of materials.

    Parameters
    ----------
    command : ArgumentParser
        Parser of the command.
    optional : bool, default=False
        Whether the command also runs without a table.
    has_model : bool, default=True
        Whether the command reads a model.
    """
    command.add_argument(
        "data",
        type=Path,
        nargs="?" if optional else None,
        help="table: CSV or other delimited text, .xlsx or .parquet",
    )
    columns = command.add_mutually_exclusive_group()
    default = "that of the training, if the model is a folder of `skmat train`, else " * has_model
    columns.add_argument("--formula-column", metavar="NAME", help=f'default: {default}"formula"')
    columns.add_argument(
        "--structure-column",
        metavar="NAME",
        help="read structures instead of formulas: CIF or POSCAR text, or paths relative to the"
        " folder of the table",
    )
    command.set_defaults(formulas=None, structures=None)


def add_materials(command):
    """Add an optional table, and formulas or structures as arguments."""
    add_table(command, optional=True)
    values = command.add_mutually_exclusive_group()
    values.add_argument("--formulas", nargs="+", metavar="FORMULA", help="instead of a table")
    values.add_argument(
        "--structures",
        nargs="+",
        metavar="FILE",
        help="CIF or POSCAR files, or folders of them, instead of a table",
    )


def add_model(command, name, **how):
    """Add a fitted model, under a name such as ``--model``. `how` goes to ``add_argument``."""
    command.add_argument(
        name,
        type=_model_source,
        help="folder of `skmat train` or save_model, joblib file (can execute any code when"
        " loaded), or hf://organisation/name",
        **how,
    )


def add_model_in_front(command):
    """Add a fitted model as the first argument, or as ``--model``. See `settle_model`."""
    add_model(command, "model", nargs="?")
    command.add_argument(
        "--model",
        dest="model_by_option",
        type=_model_source,
        metavar="MODEL",
        help="the same, as `skmat predict` takes it",
    )


def settle_model(arguments):
    """Sort out ``--model`` and the arguments in their places.

    Raises
    ------
    InvalidInputError
        If no model is given, or two are.
    """
    if arguments.model_by_option is None:
        if arguments.model is None:
            raise InvalidInputError("Name a model, such as a folder of `skmat train`.")
        return
    if arguments.model is not None:
        if arguments.data is not None:
            raise InvalidInputError(f"Two models are given. Drop {arguments.model} or --model.")
        arguments.data = Path(arguments.model)
    arguments.model = arguments.model_by_option


def column_names(given, option):
    """Return the names of columns in repeated lists. Commas in double quotes belong to a name."""
    rows = csv.reader(given, skipinitialspace=True)
    names = [name for row in rows for field in row if (name := field.strip())]
    if not names or len(set(names)) < len(names):
        raise InvalidInputError(f"{option} must name distinct columns, got {','.join(given)!r}.")
    return names


def _model_source(text):
    return text if is_hub_address(text) else Path(text)


def add_digits(command):
    """Add ``--digits``; ``skmat.cli.output.round_columns`` follows it."""
    command.add_argument(
        "--digits",
        type=_digits,
        metavar="N",
        help="significant digits of predicted numbers, or 'all' (default: 4 in text, all in .xlsx"
        " and .parquet)",
    )


def _digits(text):
    """Return the number of digits, 0 for all."""
    if text == "all":
        return 0
    value = int(text)
    if not 1 <= value <= 17:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 17, or 'all'")
    return value


def add_disorder(command):
    """Add ``--disorder``."""
    command.add_argument(
        "--disorder",
        choices=("raise", "average"),
        help="for structures with several elements on one site: stop, or average the elements",
    )


def add_result(command, suffixes, otherwise="CSV"):
    """Add ``--output`` and ``--on-invalid``."""
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        help=f"file to write: {suffixes} (default: {otherwise} on standard output)",
    )
    command.add_argument(
        "--on-invalid",
        choices=("raise", "nan"),
        default="raise",
        help="for rows that cannot be read: stop and list them, or leave their results empty",
    )


def coverage(text):
    """Return a probability between 0 and 1."""
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1, such as 0.9")
    return value


def add_shares(command):
    """Add ``--chunk-size``, ``--shard`` and ``--jobs``."""
    command.add_argument(
        "--chunk-size",
        type=int,
        default=10_000,
        metavar="N",
        help="rows per part (default: 10000)",
    )
    command.add_argument(
        "--shard",
        type=_shard,
        metavar="K/N",
        help="only the K-th of N shares, from 1/N to N/N (default: from the variables of a Slurm"
        " array, else all)",
    )
    command.add_argument("--jobs", type=int, metavar="N", help="parts to compute at a time")


def own_shard(arguments):
    """Return the share of ``--shard``, or of this process in a Slurm array. None is all."""
    return arguments.shard or _shard_of_slurm()


def _shard(text):
    """Return (k, n) with k from 0."""
    first, _, last = text.partition("/")
    try:
        k, n = int(first), int(last)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N, such as 3/16") from None
    if not 1 <= k <= n:
        raise argparse.ArgumentTypeError(f"{text!r}: K must be between 1 and {n}")
    return k - 1, n


def _shard_of_slurm():
    """Return the place of this process in a Slurm array, None outside of one."""
    names = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT")
    if any(name not in os.environ for name in names):
        return None
    number, least, count = (int(os.environ[name]) for name in names)
    if count == 1:
        return None
    if not 0 <= number - least < count:
        raise InvalidInputError(
            f"The Slurm array has {count} tasks from {least} on, and this is task {number}."
            " Number tasks without gaps, or give --shard."
        )
    return number - least, count
