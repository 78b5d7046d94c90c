"""Which parts of a network learn."""

from skmat.exceptions import InvalidInputError
from skmat.nn import Encoder

__all__ = ["TRAINABLE", "freeze", "set_training_mode"]

#: Those of all encoders together; each has some of them.
TRAINABLE = ("all", "last", "head", "two_body", "three_body")


def freeze(encoder: Encoder, trainable: str) -> None:
    """Let only a part of the encoder learn; heads always do.

    Parameters
    ----------
    encoder : Encoder
        The encoder.
    trainable : {"all", "head"} or a name of ``encoder.trainable_parts()``
        The whole encoder, nothing of it, or that part.

    Raises
    ------
    InvalidInputError
        If the encoder has no such part.
    """
    parts = encoder.trainable_parts()
    if trainable not in ("all", "head", *parts):
        raise InvalidInputError(
            f"trainable={trainable!r} is no part of {type(encoder).__name__}; choose one of"
            f" {['all', 'head', *parts]}."
        )
    encoder.requires_grad_(trainable == "all")
    for module in parts.get(trainable, ()):
        module.requires_grad_(True)


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
