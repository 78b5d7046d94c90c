"""CSV that is read back as it was written."""

import csv
from itertools import chain

__all__ = ["quoting_of"]


def quoting_of(table):
    """Return how ``DataFrame.to_csv`` must quote the cells of a DataFrame.

    Before version 3.13, Python's csv does not quote cells with a lone carriage return. They would
    end their line.
    """
    columns = (column for _, column in table.items() if column.dtype.kind in "OSU")
    texts = chain(table.columns, *columns)
    is_risky = any("\r" in each for each in texts if isinstance(each, str))
    return csv.QUOTE_NONNUMERIC if is_risky else csv.QUOTE_MINIMAL
