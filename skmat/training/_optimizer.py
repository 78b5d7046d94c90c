"""Learning rate and weight decay of each parameter."""

from collections.abc import Iterator
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from skmat.exceptions import SkmatError
from skmat.nn import Encoder

__all__ = ["CLIP_NORM", "one_cycle", "parameter_groups"]

#: Largest norm of the gradients.
CLIP_NORM = 1.0

#: Modules whose parameters do not decay, whatever their shape.
_UNDECAYED = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm)


def parameter_groups(
    model: nn.Module,
    criterion: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    encoder_lr_factor: float = 1.0,
    layer_decay: float = 1.0,
) -> list[dict[str, Any]]:
    """Sort trainable parameters into groups for the optimizer.

    The heads and the criterion are trained at `lr`. The last depth group of the encoder is trained
    at `lr * encoder_lr_factor`. Each earlier group has `layer_decay` times the rate of the next
    one. Only matrices decay. Biases, norms, scales and token vectors do not. Frozen parameters are
    left out.

    Parameters
    ----------
    model : MultiObjectiveModel
        The model. All of it but its attribute ``encoder`` is heads.
    criterion : Module
        The loss weighting, which may have parameters.
    lr : float
        Largest learning rate of the heads.
    weight_decay : float
        Weight decay of the matrices.
    encoder_lr_factor : float, default=1.0
        Learning rate of the encoder's last depth group, as a multiple of `lr`.
    layer_decay : float, default=1.0
        Learning rate of a depth group, as a multiple of that of the next one.

    Returns
    -------
    list of dict
        Groups with "params", "lr", "weight_decay" and "lr_scale" (the rate as a multiple of
        `lr`). Heads come first. Each combination of settings occurs once.

    Raises
    ------
    SkmatError
        If the depth groups of the encoder do not hold each of its parameters once.
    """
    encoder: Any = model.encoder
    scales = _encoder_scales(encoder, encoder_lr_factor, layer_decay)
    decayed = {id(parameter) for parameter in _decayed(model)}
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    # Heads first: histories show the rate of the first group.
    for part in (*_heads(model), encoder, criterion):
        for parameter in part.parameters():
            if not parameter.requires_grad:
                continue
            scale, decays = scales.get(id(parameter), 1.0), id(parameter) in decayed
            group = groups.setdefault(
                (scale, decays),
                {
                    "params": [],
                    "lr": lr * scale,
                    "weight_decay": weight_decay if decays else 0.0,
                    "lr_scale": scale,
                },
            )
            group["params"].append(parameter)
    return list(groups.values())


def one_cycle(
    optimizer: Optimizer, *, lr: float, total_steps: int, last_epoch: int = -1
) -> OneCycleLR:
    """Return a one-cycle schedule in which each group has its own largest rate.

    Parameters
    ----------
    optimizer : Optimizer
        Optimizer of the groups of `parameter_groups`.
    lr : float
        Largest learning rate of a group whose "lr_scale" is 1.
    total_steps : int
        Number of steps.
    last_epoch : int, default=-1
        Last finished step, as in torch.
    """
    # From the scales, because an earlier schedule has changed the rates.
    rates = [lr * group["lr_scale"] for group in optimizer.param_groups]
    return OneCycleLR(optimizer, max_lr=rates, total_steps=total_steps, last_epoch=last_epoch)


def _heads(model: nn.Module) -> Iterator[nn.Module]:
    return (child for name, child in model.named_children() if name != "encoder")


def _encoder_scales(encoder: Encoder, factor: float, layer_decay: float) -> dict[int, float]:
    """Return the learning rate of each parameter by id, as a multiple of that of the heads."""
    scales: dict[int, float] = {}
    n_listed = 0
    for distance, group in enumerate(reversed(encoder.depth_groups())):
        for item in group:
            for parameter in [item] if isinstance(item, nn.Parameter) else item.parameters():
                scales[id(parameter)] = factor * layer_decay**distance
                n_listed += 1
    parameters = {id(parameter) for parameter in encoder.parameters()}
    if set(scales) != parameters or n_listed != len(parameters):
        left_out = [name for name, each in encoder.named_parameters() if id(each) not in scales]
        raise SkmatError(
            f"{type(encoder).__name__}.depth_groups() must hold each parameter of the encoder"
            f" once. It holds {n_listed} of {len(parameters)} and leaves out {left_out}."
        )
    return scales


def _decayed(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        if not isinstance(module, _UNDECAYED):
            for parameter in module.parameters(recurse=False):
                if parameter.ndim >= 2:
                    yield parameter
