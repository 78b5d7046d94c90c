"""Output of the commands: warnings, errors and results."""

import os
import sys
import warnings
from contextlib import contextmanager

from skmat.exceptions import NoveltyWarning, SkmatError

__all__ = [
    "check_results",
    "describe",
    "describe_stream",
    "round_columns",
    "standard_output",
    "warn_of_empty_rows",
    "warnings_in_one_line",
    "write_results",
]

#: Rows that a warning names.
_MAX_ROWS = 10

# Functions import pandas on use, to keep `skmat --help` fast.


@contextmanager
def warnings_in_one_line(command):
    """Print warnings without their place in the code."""

    def show(message, category, filename, lineno, file=None, line=None):
        text = " ".join(str(message).split())
        if issubclass(category, NoveltyWarning):
            text = text.replace("See novelty(X).", "See --novelty of skmat predict.")
        print(f"skmat {command}: warning: {text}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def describe(error):
    """Return the message of an error, with the file name of an OSError, in one line."""
    if isinstance(error, SkmatError) or not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


def describe_stream(done):
    """Return how many rows a stream wrote, could not read, or left to others."""
    bad = f", {done.n_bad:,} of them cannot be read (bad-*.csv)" * bool(done.n_bad)
    skipped = f", {done.n_skipped:,} were done or are of other shards" * bool(done.n_skipped)
    return f"{done.n_rows:,} rows{bad}{skipped}"


@contextmanager
def standard_output():
    """Yield standard output. After an error, discard all further output."""
    try:
        yield sys.stdout
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OSError(error.errno, error.strerror, "standard output") from error


def check_results(arguments, given, table, X, names):
    """Raise if result columns of these names cannot be added to the table."""
    from skmat.cli.result_files import check_fits, check_no_input
    from skmat.cli.tables import check_names

    check_names(table, names)
    if arguments.output:
        check_no_input(arguments.output, given.files(X))
        check_fits(arguments.output, table, names)


def warn_of_empty_rows(results):
    """Warn of rows without results, whose materials could not be read."""
    import numpy as np
    import pandas as pd

    empty = np.flatnonzero(pd.isna(results).all(axis=1))
    if len(empty):
        rows = ", ".join(str(row + 1) for row in empty[:_MAX_ROWS])
        more = ", ..." * (len(empty) > _MAX_ROWS)
        warnings.warn(
            f"{len(empty)} of {len(results)} rows cannot be read, and their results are empty:"
            f" rows {rows}{more}. Without --on-invalid nan, the error gives the reasons.",
            stacklevel=2,
        )


def round_columns(arguments, columns):
    """Round columns of numbers to the digits of ``--digits``. Classes stay.

    Parameters
    ----------
    arguments : Namespace
        Those of a command with ``add_digits`` and an output.
    columns : dict of str to array-like
        Columns by name.
    """
    import numpy as np

    from skmat._utils.digits import rounded
    from skmat.cli.result_files import is_text

    digits = arguments.digits
    if digits is None and (arguments.output is None or is_text(arguments.output)):
        digits = 4
    if not digits:
        return columns
    return {
        name: np.array([rounded(each, digits) for each in np.asarray(values).tolist()])
        if np.asarray(values).dtype.kind == "f"
        else values
        for name, values in columns.items()
    }


def write_results(table, columns, path):
    """Write a table with additional columns to a file or to standard output.

    Text has semicolons and decimal commas if the table has both, or semicolons and no decimals.
    """
    import numpy as np

    from skmat.cli.result_files import write_table, write_text
    from skmat.cli.tables import add_columns

    warn_of_empty_rows(np.column_stack(list(columns.values())))
    results = add_columns(table, columns)
    has_commas = table.has_decimal_commas()
    if not path:
        with standard_output() as stream:
            write_text(results, stream, ";" if has_commas else ",")
        return
    write_table(results, path, delimiter=";" if has_commas else ",")
    print(f"Wrote {path}: {len(results)} rows.")
