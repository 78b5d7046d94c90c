"""Arguments that several commands share."""

from pathlib import Path

__all__ = ["add_disorder", "add_materials", "add_result", "add_table"]


def add_table(command, optional=False):
    """Add the table and the name of its column of materials.

    Parameters
    ----------
    command : ArgumentParser
        Parser of the command.
    optional : bool, default=False
        Whether the command also runs without a table.
    """
    command.add_argument(
        "data",
        type=Path,
        nargs="?" if optional else None,
        help="table: CSV or other delimited text, .xlsx or .parquet",
    )
    columns = command.add_mutually_exclusive_group()
    columns.add_argument("--formula-column", metavar="NAME", help='default: "formula"')
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
        "--structures", nargs="+", metavar="FILE", help="CIF or POSCAR files instead of a table"
    )


def add_disorder(command):
    """Add ``--disorder``."""
    command.add_argument(
        "--disorder",
        choices=("raise", "average"),
        help="for structures with several elements on one site: stop, or average the elements",
    )


def add_result(command, suffixes):
    """Add ``--output`` and ``--on-invalid``."""
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        help=f"file to write: {suffixes} (default: CSV on standard output)",
    )
    command.add_argument(
        "--on-invalid",
        choices=("raise", "nan"),
        default="raise",
        help="for rows that cannot be read: stop and list them, or leave their results empty",
    )
