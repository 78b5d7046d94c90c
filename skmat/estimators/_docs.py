"""Docstrings of the estimators, from what is written once: parameters, attributes, siblings."""

import inspect
import textwrap

from skmat.estimators._params import descriptions_of

__all__ = ["complete_docstring", "write_docstring"]

_ATTRIBUTES = """
history_ : list of dict
    One entry per epoch and network ("estimator" counts them): loss of all columns of y, loss and
    weight of each task, learning rate and seconds. Losses are of standardised targets.
estimators_ : list of FittedModel
    The trained networks. ``estimators_[i].net`` is a skorch net.
net_ : skorch.NeuralNet
    The skorch net of the first network.
load_report_ : LoadReport or None
    Which tensors were loaded from `pretrained`.
model_card_ : ModelCard or None
    Model card of the weights of `pretrained`.
n_features_in_ : int
    1 for formulas and structures; the number of columns for a matrix of amounts, and for a table
    with further columns.
feature_names_in_ : ndarray of str
    Names of the columns of X, if it was a DataFrame.
"""

_TARGETS = """
extra_columns_ : list of str
    Names of the columns of X beside the materials, whose numbers the heads read.
target_names_ : list of str
    Names of the columns of y.
n_outputs_ : int
    Number of columns of y.
"""

_LOWEST = """
lowest_labels_ : ndarray of shape (`n_outputs_`,), float64
    Lowest label of each target with a gate (see `zero_inflated`), in the units of y. NaN for a
    target without a gate.
"""

_CLASSES = """
classes_ : ndarray of shape (n_classes,), or list of one per task
    Class labels.
"""

_PREDICTOR = """
    One encoder is shared by all columns of y. Each column has its own head. Labels may be missing
    (NaN).
    """

_KINDS = {
    "encoder": (
        """
        ``fit`` loads the weights that `pretrained` names, or pretrains: on masked elements (no
        labels needed), on properties, or on both. ``transform`` returns one vector per material.
        ``from_pretrained`` loads weights without a call of ``fit``.
        """,
        _ATTRIBUTES,
        "Embed materials",
    ),
    "regressor": (_PREDICTOR, _ATTRIBUTES + _TARGETS + _LOWEST, "Predict properties"),
    "classifier": (_PREDICTOR, _ATTRIBUTES + _CLASSES + _TARGETS, "Predict classes"),
}


def write_docstring(cls, kind, siblings):
    """Complete the docstring of an estimator, which holds a summary and an example.

    Parameters
    ----------
    cls : type
        The estimator; its docstring is replaced.
    kind : {"encoder", "regressor", "classifier"}
        What it is.
    siblings : dict of str to type
        The estimators of the family by kind.
    """
    text, attributes, _ = _KINDS[kind]
    also = [
        f"{each.__name__} : {_KINDS[its_kind][2]}."
        for its_kind, each in siblings.items()
        if each is not cls
    ]
    complete_docstring(cls, text, attributes, "\n".join(also))


def complete_docstring(cls, text, attributes, also):
    """Put what a class is, its parameters and its attributes between its summary and its example.

    Parameters
    ----------
    cls : type
        The estimator; its docstring is replaced. ``_references`` has its sources.
    text, attributes, also : str
        Description, and sections of the docstring.
    """
    if not cls.__doc__:  # python -OO
        return
    before, _, example = inspect.cleandoc(cls.__doc__).partition("\nExamples\n--------\n")
    summary = before.partition("\nParameters\n----------\n")[0]
    parts = [
        summary.rstrip(),
        inspect.cleandoc(text),
        _section("Parameters", _parameters(cls)),
        _section("Attributes", attributes.strip()),
        _section("See Also", inspect.cleandoc(also)) if also else "",
        _section("References", inspect.cleandoc(cls._references)) if cls._references else "",
        _section("Examples", example.rstrip()) if example else "",
    ]
    cls.__doc__ = "\n\n".join(part for part in parts if part) + "\n"


def _section(title, text):
    return f"{title}\n{'-' * len(title)}\n{text}"


def _parameters(cls):
    lines, heading = [], None
    for each in descriptions_of(cls):
        if each.heading != heading:
            heading = each.heading
            lines += ["", f"-- {heading} --", ""]
        lines.append(f"{each.name} : {each.kind}, default={_shown(each.default)}")
        lines.append(textwrap.indent(each.text, "    "))
    return "\n".join(lines).strip()


def _shown(default):
    return f'"{default}"' if isinstance(default, str) else repr(default)
