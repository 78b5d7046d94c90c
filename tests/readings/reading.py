"""What skmat reads, spelling by spelling.

The modules of this folder hold the tables. Tests check every row of them, and the page "What
skmat reads" of the documentation shows them.
"""

from dataclasses import dataclass
from typing import Any

__all__ = ["Reading"]


@dataclass(frozen=True)
class Reading:
    """One accepted or refused spelling.

    Exactly one of `gives` and `refused` is set.

    Attributes
    ----------
    kind : str
        What kind of input it is, in a few words: the first column of the table.
    spelling : object
        The input itself.
    gives : object
        What it is read as.
    refused : str or None
        Words of the error that refuses it.
    shown : str or None
        How the documentation shows the input; None shows its repr.
    """

    kind: str
    spelling: Any
    gives: Any = None
    refused: str | None = None
    shown: str | None = None

    def __post_init__(self):
        assert (self.gives is None) != (self.refused is None), self
