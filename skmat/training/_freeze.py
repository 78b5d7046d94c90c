"""Which parts of a network learn."""

from torch import nn

from skmat.nn import Encoder

__all__ = ["freeze", "set_training_mode"]


def freeze(encoder: Encoder, trainable: str, n_groups: int | None = None) -> None:
    """Let only a part of the encoder learn; heads always do.

    Parameters
    ----------
    encoder : Encoder
        The encoder.
    trainable : {"all", "head"} or a name of ``encoder.trainable_parts()``
        The whole encoder, nothing of it, or that part.
    n_groups : int, default=None
        Of that part, only what is in the last so many depth groups; None for all of it.
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
    """Keep frozen parts in evaluation mode: no dropout, and no moving statistics."""
    if all(parameter.requires_grad for parameter in encoder.parameters()):
        return
    encoder.eval()
    for module in encoder.modules():
        own = list(module.parameters())
        # Whole modules that learn, whichever part they are of, with the dropout inside them.
        if own and all(parameter.requires_grad for parameter in own):
            module.train()
