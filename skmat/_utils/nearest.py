"""What somebody may have meant who spelled a name wrongly."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["nearest_hint"]


def nearest_hint(given, known: Iterable[str]) -> str:
    """Return " The nearest is 'tiny'", or "" if no known name is near.

    A name is near if few letters differ, or if it is the only one that holds the given one.

    Parameters
    ----------
    given : object
        The wrong value.
    known : iterable of str
        The valid names.
    """
    if not isinstance(given, str):
        return ""
    by_folded = {each.casefold(): each for each in known}
    folded = given.casefold()
    holding = [each for each in by_folded if folded and folded in each]
    near = get_close_matches(folded, by_folded, n=1) or holding * (len(holding) == 1)
    return f" The nearest is {by_folded[near[0]]!r}" if near else ""
