"""What the recipes share: the choice of a family, and parts of docstrings."""

from skmat.estimators import FAMILIES, choose_family
from skmat.exceptions import InvalidInputError
from skmat.pretrained import BEST, list_pretrained

__all__ = ["documented", "is_auto", "take_family"]

_FAMILY = f"""family : {{{", ".join(f'"{name}"' for name in FAMILIES)}}}, default="mtencoder"
    Family of the networks. Some read formulas, others structures. A family without a default
    encoder needs `pretrained`."""


def documented(kind, template, **texts):
    """Append a template to the first line of a docstring.

    Parameters
    ----------
    kind : {"regressor", "classifier"}
        Fills ``{kind}``. ``{other}`` is the other one, and ``{family}`` describes that parameter.
    template : str
        The rest of the docstring.
    **texts : str
        Texts of further placeholders.
    """
    other = "regressor" if kind == "classifier" else "classifier"

    def fill(function):
        if function.__doc__:  # python -OO drops docstrings
            doc = template
            for name, text in {**texts, "kind": kind, "other": other, "family": _FAMILY}.items():
                doc = doc.replace(f"{{{name}}}", text)
            function.__doc__ += "\n" + doc
        return function

    return fill


def take_family(name, *sources):
    """Return the family of that name. It must have a default encoder for each "auto"."""
    if not isinstance(name, str):
        raise InvalidInputError(f"family={name!r} must be the name of a family.")
    chosen = choose_family(name)
    if name not in BEST and any(map(is_auto, sources)):
        known = [each for each in list_pretrained() if each.startswith(name)]
        named = f"one of {known}" if known else "a fitted encoder"
        raise InvalidInputError(
            f"The family {name!r} has no default encoder, so 'auto' does not work. Set pretrained"
            f" to {named} or to a folder of save_pretrained."
        )
    return chosen


def is_auto(pretrained):
    """Tell whether `pretrained` is "auto". Some objects do not support ``==``."""
    return isinstance(pretrained, str) and pretrained == "auto"
