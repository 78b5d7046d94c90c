"""Networks that turn a material's vector into predictions."""

from collections.abc import Sequence

from torch import nn

__all__ = ["build_mlp"]


def build_mlp(
    in_features: int, hidden: Sequence[int], out_features: int, dropout: float = 0.0
) -> nn.Sequential:
    """Build a multi-layer perceptron with LeakyReLU between its layers.

    Two hidden layers are MTEncoder's head (METHODS of the paper's released configuration); none
    gives a linear map.
    """
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(in_features, width), nn.LeakyReLU()]
        if dropout:
            layers.append(nn.Dropout(dropout))
        in_features = width
    layers.append(nn.Linear(in_features, out_features))
    return nn.Sequential(*layers)
