"""Frozen and trainable parts of an encoder."""

from torch import nn

from skmat.nn import Encoder

__all__ = ["freeze", "set_training_mode"]


def freeze(encoder: Encoder, trainable: str, n_groups: int | None = None) -> None:
    """Freeze the encoder, except for the part to train. Heads are always trained.

    Parameters
    ----------
    encoder : Encoder
        The encoder.
    trainable : {"all", "head"} or a name of ``encoder.trainable_parts()``
        The part to train: the whole encoder, none of it, or the named part.
    n_groups : int, default=None
        Train this part only within the last `n_groups` depth groups. None sets no limit.
    """
    parts: dict[str, list[nn.Module]] = {"all": [encoder], "head": []}
    parts.update(encoder.trainable_parts())
    encoder.requires_grad_(False)
    for module in parts[trainable]:
        module.requires_grad_(True)
    if n_groups is not None:
        groups = encoder.depth_groups()
        for group in groups[: max(0, len(groups) - n_groups)]:
            for item in group:
                item.requires_grad_(False)


def set_training_mode(encoder: Encoder) -> None:
    """Put frozen parts into evaluation mode, without dropout and running statistics."""
    if all(parameter.requires_grad for parameter in encoder.parameters()):
        return
    encoder.eval()
    for module in encoder.modules():
        own = list(module.parameters())
        # Modules whose parameters are all trained, with the dropout inside them.
        if own and all(parameter.requires_grad for parameter in own):
            module.train()
