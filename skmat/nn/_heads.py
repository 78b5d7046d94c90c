"""Networks from a material's embedding to predictions."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from skmat.nn._random import Dropout

__all__ = ["build_mlp", "run_side_by_side"]


def build_mlp(
    in_features: int, hidden: Sequence[int], out_features: int, dropout: float = 0.0
) -> nn.Sequential:
    """Build a multi-layer perceptron with LeakyReLU between its layers.

    Two hidden layers give the head of MTEncoder (METHODS of the paper's released configuration).
    An empty `hidden` gives a linear map.
    """
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(in_features, width), nn.LeakyReLU()]
        if dropout:
            layers.append(Dropout(dropout))
        in_features = width
    layers.append(nn.Linear(in_features, out_features))
    return nn.Sequential(*layers)


def run_side_by_side(mlps: Sequence[nn.Sequential], inputs: Tensor) -> Tensor:
    """Run several perceptrons of equal widths at once, by batched products.

    On a GPU the number of operations limits the speed. Here it does not grow with the number of
    perceptrons.

    Parameters
    ----------
    mlps : sequence of Sequential
        Perceptrons from :func:`build_mlp`, with equal widths.
    inputs : Tensor of shape (n, in_features) or (n_mlps, n, in_features)
        One input for all perceptrons, or one for each.

    Returns
    -------
    Tensor of shape (n_mlps, n, out_features)
    """
    values = inputs.expand(len(mlps), -1, -1)
    for layers in zip(*mlps, strict=True):
        if isinstance(layers[0], nn.Linear):
            weights = torch.stack([layer.weight for layer in layers])
            biases = torch.stack([layer.bias for layer in layers])
            values = torch.baddbmm(biases.unsqueeze(1), values, weights.mT)
        else:
            values = layers[0](values)
    return values
