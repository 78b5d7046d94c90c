"""What a fitted model reads of a table, and the columns that it can add to one."""

from dataclasses import dataclass

import numpy as np

from skmat._utils.prepared import prepared
from skmat.exceptions import InvalidInputError
from skmat.inputs import StructureInputMixin

__all__ = [
    "Asked",
    "categories_of",
    "check_asked",
    "input_of",
    "names_of_results",
    "read_columns",
    "results",
    "types_of_results",
]


@dataclass(frozen=True)
class Asked:
    """What a prediction returns besides the predicted values.

    Attributes
    ----------
    return_std : bool, default=False
        Standard deviations.
    interval : float, default=None
        Ends of intervals of this coverage.
    proba : bool, default=False
        Probabilities of classes.
    novelty : bool, default=False
        Distance to the training set, as a percentage.
    vectors : bool, default=False
        What ``transform`` returns, instead of a prediction.
    """

    return_std: bool = False
    interval: float | None = None
    proba: bool = False
    novelty: bool = False
    vectors: bool = False


def check_asked(model, asked):
    """Raise an InvalidInputError if the model cannot give what is asked for."""
    name = type(model).__name__
    if asked.vectors:
        if not hasattr(model, "transform"):
            raise InvalidInputError(f"{name} predicts but has no vectors. Give an encoder.")
        return
    if not hasattr(model, "predict"):
        raise InvalidInputError(
            f"{name} embeds but does not predict. Give a predictor, or use transform_stream."
        )
    is_classifier = hasattr(model, "predict_proba")
    given = {"return_std": asked.return_std, "interval": asked.interval is not None}
    if is_classifier and any(given.values()):
        option = next(option for option in given if given[option])
        raise InvalidInputError(
            f"{option} is for regressors, but the model is a {name}. Use proba=True."
        )
    if asked.proba and not is_classifier:
        raise InvalidInputError(f"proba=True is for classifiers, but the model is a {name}.")
    for option, method in (("interval", "predict_interval"), ("novelty", "novelty")):
        if getattr(asked, option) and not hasattr(model, method):
            raise InvalidInputError(
                f"{option} is for AutoRegressor and AutoClassifier, but the model is a {name}."
            )


def input_of(model):
    """Return "formula" or "structure"."""
    from skmat.estimators import FAMILIES

    if hasattr(model, "_family"):
        return FAMILIES[model._family].input
    of_structures = isinstance(model, StructureInputMixin)  # a featurizer
    return getattr(model, "input_", "structure" if of_structures else "formula")


def read_columns(model):
    """Return the column of materials that a model has learned from, and its further columns.

    The column is None if the model has learned from materials without further columns.
    """
    names = list(getattr(model, "feature_names_in_", []))
    if hasattr(model, "extra_columns_"):  # a network
        (material,) = {*names} - {*model.extra_columns_} if model.extra_columns_ else (None,)
    else:
        material = getattr(model, "material_column_", None)
    return material, [] if material is None else [each for each in names if each != material]


def categories_of(model):
    """Return the categories of those further columns that hold some, as text by column."""
    encoded = getattr(model, "_encoded", {}) if read_columns(model)[1] else {}
    return {name: levels for name, levels in encoded.items() if levels is not None}


def names_of_results(model, asked):
    """Return the names of the columns that a prediction adds, target by target."""
    if asked.vectors:
        return list(model.get_feature_names_out())
    names = _names_by_method(model, asked)
    return [names[i][1] for i in _target_by_target(names)]


def _names_by_method(model, asked):
    """Return the number of the target and the name of each column, method by method."""
    targets = model.target_names_
    endings = ["predicted", *["std"] * asked.return_std]
    endings += ["low", "high"] * (asked.interval is not None)
    names = [(i, f"{name}_{end}") for end in endings for i, name in enumerate(targets)]
    if asked.proba:
        for i, classes in enumerate(_as_list(model.classes_)):
            names += [(i, f"{targets[i]}_probability_{each}") for each in classes]
    return names + [(len(targets), "novelty_percent")] * asked.novelty


def _target_by_target(names):
    """Return the order of columns with those of a target side by side."""
    return sorted(range(len(names)), key=lambda i: names[i][0])


def types_of_results(model, asked):
    """Return the pandas types of the columns that a prediction adds: all can have missing rows."""
    if asked.vectors:
        return dict.fromkeys(names_of_results(model, asked), "float32")
    types = dict.fromkeys(names_of_results(model, asked), "float64")
    if hasattr(model, "predict_proba"):
        for name, classes in zip(model.target_names_, _as_list(model.classes_), strict=True):
            kind = np.asarray(classes).dtype.kind
            types[f"{name}_predicted"] = {"b": "boolean", "i": "Int64", "f": "float64"}.get(
                kind, "object"
            )
    return types


def results(model, X, asked):
    """Return the columns that a prediction adds, a list of ndarrays in the order of the names."""
    if asked.vectors:
        return list(np.asarray(model.transform(X), dtype=np.float32).T)
    X = prepared(model, X)
    found = [*model.predict(X, return_std=True)] if asked.return_std else [model.predict(X)]
    if asked.interval is not None:
        found += model.predict_interval(X, coverage=asked.interval)
    if asked.proba:
        found += _as_list(model.predict_proba(X))
    if asked.novelty:
        found.append(model.novelty(X))
    columns = [column for each in found for column in np.reshape(each, (len(each), -1)).T]
    return [columns[i] for i in _target_by_target(_names_by_method(model, asked))]


def _as_list(values):
    """Return what is a list for several targets as a list in any case."""
    return values if isinstance(values, list) else [values]
