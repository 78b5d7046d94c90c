"""Which parameter is trained at which rate, and which of them decay."""

from collections.abc import Iterator
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from skmat.exceptions import SkmatError
from skmat.nn import Encoder

__all__ = ["CLIP_NORM", "one_cycle", "parameter_groups"]

#: Gradients of larger norm are shortened to it.
CLIP_NORM = 1.0

#: Modules none of whose parameters decay, whatever their shape.
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
    """Sort what learns into an optimizer's groups.

    The heads and the criterion learn at `lr`, the last depth group of the encoder at
    `lr * encoder_lr_factor`, and each group before it at `layer_decay` times the rate of the
    next. Only matrices decay: not biases, norms, scales and the vectors of tokens, which have a
    size of their own to keep. Frozen parameters stand in no group.

    Parameters
    ----------
    model : MultiObjectiveModel
        Its attribute ``encoder`` tells its depth groups; all else are heads.
    criterion : Module
        May have parameters too.
    lr : float
        Largest learning rate of the heads.
    weight_decay : float
        Decay of the matrices.
    encoder_lr_factor, layer_decay : float, default=1.0
        See above.

    Returns
    -------
    list of dict
        With "params", "lr", "weight_decay" and "lr_scale" (the rate as a multiple of `lr`); the
        first are heads. There are no two groups with equal settings.

    Raises
    ------
    SkmatError
        If the depth groups of the encoder are not each of its parameters once.
    """
    encoder: Any = model.encoder
    scales = _encoder_scales(encoder, encoder_lr_factor, layer_decay)
    decayed = {id(parameter) for parameter in _decayed(model)}
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    # Heads first: the rate of the first group is the one that histories show.
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
    """Return a schedule that takes every group up to its own rate and down again.

    Parameters
    ----------
    optimizer : Optimizer
        Over the groups of `parameter_groups`.
    lr : float
        Largest rate of a group whose "lr_scale" is 1.
    total_steps : int
        Length of the cycle.
    last_epoch : int, default=-1
        Step to go on from, as in torch.
    """
    # From the scales, not from the rates: those have moved if this is not the first schedule.
    rates = [lr * group["lr_scale"] for group in optimizer.param_groups]
    return OneCycleLR(optimizer, max_lr=rates, total_steps=total_steps, last_epoch=last_epoch)


def _heads(model: nn.Module) -> Iterator[nn.Module]:
    return (child for name, child in model.named_children() if name != "encoder")


def _encoder_scales(encoder: Encoder, factor: float, layer_decay: float) -> dict[int, float]:
    """Return the rate of each parameter by its id, as a multiple of the heads'."""
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
            f" once: it lists {n_listed} of {len(parameters)}, and leaves out {left_out}."
        )
    return scales


def _decayed(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        if not isinstance(module, _UNDECAYED):
            for parameter in module.parameters(recurse=False):
                if parameter.ndim >= 2:
                    yield parameter
