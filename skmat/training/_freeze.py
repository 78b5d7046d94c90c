"""Which parts of a network learn."""

from skmat.nn import Encoder

__all__ = ["TRAINABLE", "freeze", "set_training_mode"]

TRAINABLE = ("all", "last", "head")


def freeze(encoder: Encoder, trainable: str) -> None:
    """Let only a part of the encoder learn; heads always do.

    Parameters
    ----------
    encoder : Module
        With a method ``last_modules``.
    trainable : {"all", "last", "head"}
        The whole encoder, its last layer, or nothing of it.
    """
    encoder.requires_grad_(trainable == "all")
    if trainable == "last":
        for module in encoder.last_modules():
            module.requires_grad_(True)


def set_training_mode(encoder: Encoder) -> None:
    """Keep frozen parts in evaluation mode: no dropout, and no moving statistics."""
    if all(parameter.requires_grad for parameter in encoder.parameters()):
        return
    encoder.eval()
    for module in encoder.last_modules():
        if any(parameter.requires_grad for parameter in module.parameters()):
            module.train()
