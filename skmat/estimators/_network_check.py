"""Checks that the sizes in a checkpoint match its weights."""

import math
from numbers import Integral

import torch
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from skmat.exceptions import PretrainedError, shorten
from skmat.pretrained import Checkpoint, compare_state
from skmat.structure import GraphSettings

__all__ = ["check_network", "is_size"]

#: Largest cutoff in Å. A larger neighbour search would take all memory.
_MAX_CUTOFF = 100.0


def check_network(estimator, checkpoint: Checkpoint) -> None:
    """Raise an error unless the sizes of a checkpoint fit the family and the weights.

    The network is built without memory for its weights, so that wrong sizes cannot fill the
    memory.

    Parameters
    ----------
    estimator : EncoderEstimator
        An estimator of the checkpoint's family.
    checkpoint : Checkpoint
        The checkpoint.

    Raises
    ------
    PretrainedError
        If a size is missing, unknown or of another type. Also if a tensor is missing, unknown, or
        of another shape or type.
    """
    for fault in _faults(estimator, checkpoint):
        raise PretrainedError(
            f"The network of {checkpoint.source} cannot be built: {fault}. Save the encoder again."
        )
    try:
        with torch.device("meta"):
            network = estimator._build_network(checkpoint.network, fresh=False)
    # Sizes that contradict each other can raise any error of torch.
    except Exception as error:
        reason = shorten(str(error), 200)
        raise PretrainedError(
            f"The network of {checkpoint.source} cannot be built: {reason}. Save the encoder"
            " again."
        ) from error
    compare_state(network, checkpoint.state, checkpoint.source)


def _faults(estimator, checkpoint):
    """Yield what is wrong with the sizes, one fault after the other."""
    config = checkpoint.network
    examples = {**estimator._sizes(), **GraphSettings()._asdict()}
    expected = estimator._network_keys()
    if set(config) != set(expected):
        yield f"it has the sizes {shorten(sorted(config), 200)}, not {sorted(expected)}"
    constraints = estimator._parameter_constraints
    for name, value in config.items():
        if name in examples and not is_size(value, examples[name]):
            yield f"{name} is {shorten(value)}, unlike {examples[name]!r}"
        if name == "n_element_features" and not (value == 0 or is_size(value, 1)):
            yield f"{name} is {shorten(value)}"
        if name == "n_angle_neighbors" and not (value is None or is_size(value, 1)):
            yield f"{name} is {shorten(value)}"
        if name in constraints:
            try:
                validate_parameter_constraints(constraints, {name: value}, "The network")
            except InvalidParameterError:
                yield f"{name} is {shorten(value)}"
        # Each layer has at least one tensor.
        n_layers = len(value) if isinstance(value, list) else value
        has_layers = name.endswith("layers") or isinstance(value, list)
        if has_layers and n_layers > len(checkpoint.state):
            yield f"{name} is {shorten(value)}, but there are {len(checkpoint.state)} tensors"
    if config.get("cutoff", 0) > _MAX_CUTOFF:
        yield f"cutoff is {config['cutoff']} Å, but must be at most {_MAX_CUTOFF} Å"


def is_size(value, example):
    """Tell whether a size of a network has the type of `example` and a possible value."""
    if isinstance(example, list):
        return isinstance(value, list) and all(is_size(each, 1) for each in value)
    if isinstance(example, bool | str):
        return type(value) is type(example)
    if isinstance(example, Integral):
        return type(value) is int and 1 <= value < 2**31
    return type(value) in (int, float) and 0 < value < math.inf
