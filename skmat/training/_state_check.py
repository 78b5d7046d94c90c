"""Checks that a saved state can be resumed."""

import math
from typing import Any

import torch
from torch import Tensor

from skmat.exceptions import shorten

__all__ = [
    "StateFault",
    "check_finished",
    "check_history",
    "check_keys",
    "check_like",
    "check_optimizer",
    "with_defaults",
]

#: State of AdamW per parameter.
_ADAMW_STATE = {"step", "exp_avg", "exp_avg_sq"}


class StateFault(ValueError):
    """The fault of a saved state. The caller adds the file and the remedy."""


def check_like(found: Any, expected: Any, name: str) -> None:
    """Raise StateFault unless `found` has the structure of `expected`.

    Dicts must have the same keys, lists the same length, and strings the same text. Tensors must
    be finite and have the same shape and dtype. Numbers may differ.
    """
    if isinstance(expected, Tensor):
        if not isinstance(found, Tensor):
            raise StateFault(f"{name} is {shorten(found)}, not a tensor")
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise StateFault(
                f"{name} has shape {tuple(found.shape)} and dtype {found.dtype}, not"
                f" {tuple(expected.shape)} and {expected.dtype}"
            )
        if not torch.isfinite(found).all():
            raise StateFault(f"{name} has values that are NaN or infinite")
    elif isinstance(expected, dict):
        check_keys(found, set(expected), name)
        for key, value in expected.items():
            check_like(found[key], value, f"{name}, {key}")
    elif isinstance(expected, list | tuple):
        if type(found) is not type(expected) or len(found) != len(expected):
            raise StateFault(f"{name} is {shorten(found)}, unlike {shorten(expected)}")
        for index, value in enumerate(expected):
            check_like(found[index], value, f"{name} [{index}]")
    elif isinstance(expected, str):
        # Names of settings and of their options.
        if found != expected:
            raise StateFault(f"{name} is {shorten(found)}, unlike {expected!r}")
    elif not (type(found) is type(expected) or (_is_number(found) and _is_number(expected))):
        raise StateFault(f"{name} is {shorten(found)}, unlike {shorten(expected)}")


def check_keys(found: Any, expected: set, name: str) -> None:
    """Raise StateFault unless `found` is a dict with these keys."""
    if not isinstance(found, dict):
        raise StateFault(f"{name} is {shorten(found)}, not a dict")
    if set(found) != expected:
        differences = sorted(map(str, set(found) ^ expected))
        raise StateFault(f"{name} has missing or unexpected entries: {shorten(differences)}")


def check_history(history: Any, most_epochs: int) -> None:
    """Raise StateFault unless `history` has one row of plain data per finished epoch."""
    if not isinstance(history, list) or not 1 <= len(history) <= most_epochs:
        raise StateFault(f"the history does not have 1 to {most_epochs} epochs")
    for number, row in enumerate(history, 1):
        is_plain = isinstance(row, dict) and all(
            isinstance(key, str) and (isinstance(value, int | float) or value == [])
            for key, value in row.items()
        )
        if not is_plain or row.get("epoch") != number or "train_loss" not in row:
            raise StateFault(f"the history has no row of epoch {number}")


def check_finished(state: Any, module: dict[str, Tensor], most_epochs: int) -> None:
    """Raise StateFault unless `state` is the result of a run that trains this module."""
    check_keys(state, {"finished", "module", "history"}, "the state")
    check_like(state["module"], module, "module")
    check_history(state["history"], most_epochs)


def check_optimizer(found: Any, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return a saved optimizer state, reduced to settings that `optimizer` has.

    Raises
    ------
    StateFault
        If `optimizer` cannot continue from it.
    """
    check_keys(found, {"state", "param_groups"}, "optimizer")
    expected = optimizer.state_dict()["param_groups"]
    groups, kept = found["param_groups"], found["state"]
    if not isinstance(groups, list) or len(groups) != len(expected):
        raise StateFault(f"optimizer does not have {len(expected)} parameter groups")
    known = [
        with_defaults(group, own, "optimizer") for group, own in zip(groups, expected, strict=True)
    ]
    check_like(known, expected, "optimizer")
    if any(group["params"] != own["params"] for group, own in zip(known, expected, strict=True)):
        raise StateFault("optimizer has other parameters")
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    if not isinstance(kept, dict) or not kept or not set(kept) <= set(range(len(parameters))):
        raise StateFault("optimizer has no state, or the state of unknown parameters")
    for index, values in kept.items():
        name = f"optimizer, parameter {index}"
        check_keys(values, _ADAMW_STATE, name)
        for key in sorted(_ADAMW_STATE - {"step"}):
            check_like(values[key], parameters[index], f"{name}, {key}")
        check_like(values["step"], torch.tensor(1.0), f"{name}, step")
    return {"state": kept, "param_groups": known}


def with_defaults(found: Any, expected: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the entries of `found` for the keys of `expected`, whose values fill in missing ones.

    Versions of torch differ in their settings. A setting that the file lacks has the value of a
    new run.
    """
    if not isinstance(found, dict):
        raise StateFault(f"{name} is {shorten(found)}, not a dict")
    return {key: found.get(key, value) for key, value in expected.items()}


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and not math.isnan(value)
