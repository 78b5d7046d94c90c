"""Trained networks in model folders: weights as safetensors, the rest as JSON."""

from contextlib import suppress

import numpy as np
import torch
from torch import nn

from skmat._utils.plain_data import PlainData
from skmat.estimators._fitted_model import FittedModel
from skmat.estimators._network_check import check_network
from skmat.estimators._scaling import TargetScaling
from skmat.estimators._teachers import FittedTeacher
from skmat.exceptions import InvalidInputError, PretrainedError, SavedModelError, shorten
from skmat.objectives import (
    BarlowTwins,
    Distillation,
    MaskedElements,
    Properties,
    Target,
    TeacherDescription,
)
from skmat.pretrained import Checkpoint, ModelCard, compare_state, load_state
from skmat.training import MultiObjectiveModel, isolated_seed, own_surroundings, untrained_net

__all__ = ["SAVED_OBJECTIVES", "read_network", "write_network"]

#: Objectives that can be saved. Those of users are code, which a folder cannot hold.
SAVED_OBJECTIVES = (BarlowTwins, Distillation, MaskedElements, Properties)

_DATA = PlainData([Target, TargetScaling, TeacherDescription, *SAVED_OBJECTIVES])

_ENCODER = "encoder."


def write_network(fitted: FittedModel, folder, index: int) -> dict:
    """Write the weights of a network, and return the rest as JSON values.

    Parameters
    ----------
    fitted : FittedModel
        The network.
    folder : FolderWriter
        The folder of the estimator.
    index : int
        Its number in the ensemble.
    """
    model = fitted.model
    folder.write_arrays(
        _file(index),
        {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()},
    )
    parts = {
        "encoder": dict(model.encoder.config),
        "objectives": list(model.objectives),
        "targets": list(model.targets),
        "dropout": [float(each.p) for each in _dropouts(model)],
        "scaling": fitted.scaling,
        "extra_scaling": fitted.extra_scaling,
        "seed": fitted.seed,
        "history": [_plain_part(row) for row in fitted.history],
        "classes": list(fitted.classes),
        "teachers": [
            None if each is None else {"shift": each.shift, "unit": each.unit}
            for each in fitted.teachers
        ],
    }
    return {key: _DATA.encode(value, f"{key!r} of a network") for key, value in parts.items()}


def read_network(cls, content, folder, index: int) -> FittedModel:
    """Return a network that ``write_network`` wrote, on the CPU.

    Parameters
    ----------
    cls : type
        Class of the estimator.
    content : dict
        The return value of ``write_network``, from an untrusted file.
    folder : FolderReader
        The folder of the estimator.
    index : int
        Its number in the ensemble.

    Raises
    ------
    SavedModelError
        If the parts do not fit each other.
    """
    source = f"{folder}: network {index}"
    parts = _DATA.decode(content, source)
    state = {
        name: torch.from_numpy(array) for name, array in folder.read_arrays(_file(index)).items()
    }
    try:
        _check_types(parts, state)
        model = _build(cls, parts, state, source)
        _set_dropout(model, parts["dropout"])
        _check_kind(cls._kind, parts)
        _check_targets(parts)
        _check_extra(parts)
        teachers = _teachers(parts["teachers"], model.objectives)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        if isinstance(error, SavedModelError):
            raise
        raise SavedModelError(
            f"{source} is damaged ({shorten(str(error), 300)}). Save the model again."
        ) from error
    return FittedModel(
        net=untrained_net(model, "cpu"),
        scaling=parts["scaling"],
        seed=parts["seed"],
        history=parts["history"],
        classes=parts["classes"],
        teachers=teachers,
        extra_scaling=parts["extra_scaling"],
    )


def _plain_part(row):
    """Return an epoch of the history without what callbacks recorded, if it is not plain data."""
    kept = {}
    for key, value in row.items():
        with suppress(InvalidInputError):
            _DATA.encode(value, key)
            kept[key] = value
    return kept


def _file(index):
    return f"network-{index}.safetensors"


def _check_types(parts, state):
    """Raise a ValueError for what would take all memory or fail far from here."""
    expected = {
        "encoder": dict,
        "objectives": list,
        "targets": list,
        "dropout": list,
        "scaling": TargetScaling,
        "seed": int,
        "history": list,
        "classes": list,
        "teachers": list,
    }
    for key, kind in expected.items():
        if not isinstance(parts[key], kind):
            raise ValueError(f"{key!r} is {shorten(parts[key])}")
    if not all(type(each) in SAVED_OBJECTIVES for each in parts["objectives"]):
        raise ValueError("an objective is unknown")
    if not all(
        isinstance(each, Target) and isinstance(each.name, str) and type(each.n_classes) is int
        for each in parts["targets"]
    ):
        raise ValueError("a target has no name")
    if not all(isinstance(each, dict) for each in parts["history"]):
        raise ValueError("an epoch of the history is not a dict")
    # Each layer has at least one tensor, and each target a head.
    n_layers = [len(parts["targets"]), *(_n_layers(each) for each in parts["objectives"])]
    if max(n_layers) > len(state):
        raise ValueError(f"there are {max(n_layers)} layers, but {len(state)} tensors")


def _check_kind(kind, parts):
    """Raise a ValueError unless the heads are those of an encoder, a regressor or a classifier."""
    if kind == "encoder":
        return
    is_class = [target.n_classes > 0 for target in parts["targets"]]
    # Values of a regressor come first. Its gates are classes.
    fits = is_class[:1] == [False] if kind == "regressor" else all(is_class) and any(is_class)
    if not fits or [type(each) for each in parts["objectives"][:1]] != [Properties]:
        raise ValueError(f"it has no heads of a {kind}")


def _check_targets(parts):
    """Raise a ValueError unless scales and classes fit the targets."""
    targets, classes = parts["targets"], parts["classes"]
    _check_scaling(parts["scaling"], len(targets), "target")
    if not classes and not targets:
        return
    for target, known in zip(targets, classes, strict=True):
        n_classes = 0 if known is None else max(2, *np.shape(known))
        if n_classes != target.n_classes:
            raise ValueError(f"the classes of {shorten(target.name)} are not those of its head")


def _check_extra(parts):
    """Raise a ValueError unless the scales of further columns are those that the heads read."""
    scaling = parts["extra_scaling"]
    n_extra = max((getattr(each, "n_extra", 0) for each in parts["objectives"]), default=0)
    if scaling is None and not n_extra:
        return
    if not isinstance(scaling, TargetScaling):
        raise ValueError(f"{shorten(scaling)} are not scales of further columns")
    _check_scaling(scaling, n_extra, "further column")


def _check_scaling(scaling, n_columns, what):
    for numbers in (scaling.mean, scaling.scale):
        if not isinstance(numbers, np.ndarray) or numbers.dtype != np.float64:
            raise ValueError(f"{shorten(numbers)} are not scales of a {what}")
        if numbers.shape != (n_columns,):
            raise ValueError(f"there is not one scale per {what}")


def _n_layers(objective):
    return max(getattr(objective, "n_task_layers", 0), len(objective.hidden or ()))


@own_surroundings()
def _build(cls, parts, state, source):
    """Return the network with its weights, after checking its sizes without memory for them."""
    config, objectives, targets = parts["encoder"], parts["objectives"], parts["targets"]
    of_encoder = {
        name.removeprefix(_ENCODER): tensor
        for name, tensor in state.items()
        if name.startswith(_ENCODER)
    }
    # The parameters of the estimator may have changed since the fit.
    builder = cls()
    check_network(builder, Checkpoint(cls._family, config, of_encoder, ModelCard(), source))

    def build():
        encoder = builder._build_network(config, fresh=False)
        encoder.config = config
        return MultiObjectiveModel(encoder, objectives, targets)

    try:
        with torch.device("meta"):
            compare_state(build(), state, source)
    except (RuntimeError, OverflowError) as error:  # sizes that contradict each other
        raise PretrainedError(str(error)) from error
    with isolated_seed(0):
        model = build()
    load_state(model, state, source)
    return model


def _dropouts(model):
    return [module for module in model.modules() if isinstance(module, nn.Dropout)]


def _set_dropout(model, probabilities):
    """Set what `dropout` was at the fit. Training after loading uses it."""
    modules = _dropouts(model)
    if len(modules) != len(probabilities):
        raise ValueError(f"there are {len(probabilities)} dropout layers, not {len(modules)}")
    for module, p in zip(modules, probabilities, strict=True):
        if not 0 <= p <= 1:
            raise ValueError(f"{shorten(p)} is not a probability")
        module.p = p


def _teachers(found, objectives):
    """Return the scaling of the teachers' features. The teachers are not in the file."""
    if not found:
        return []
    return [
        None if each is None else FittedTeacher(objective, None, None, each["shift"], each["unit"])
        for each, objective in zip(found, objectives, strict=True)
    ]
