"""Learning several properties at once from labels, some of which are missing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.exceptions import InvalidInputError
from skmat.nn import Representation, build_mlp, run_side_by_side
from skmat.objectives._base import Objective, Target, TaskLosses, check_hidden

__all__ = ["REGRESSION_LOSSES", "Properties", "PropertyHead"]

REGRESSION_LOSSES = ("l1", "mse", "robust_l1")

_MAX_LOG_SCALE = 5.0


@dataclass(frozen=True)
class Properties(Objective):
    """Supervised multi-task learning: one head per property on the shared encoder.

    A missing label (NaN) counts neither in the loss nor in its denominator.

    Parameters
    ----------
    loss : {"l1", "mse", "robust_l1"}, default="l1"
        Loss of the regression targets, on standardised values. "robust_l1" also predicts the
        scale `s` of a Laplace distribution and minimises `sqrt(2) |y - mu| exp(-s) + s`
        (CrabNet, Wang et al. 2021). Two classes use binary cross-entropy, more classes use
        cross-entropy.
    hidden : tuple of int, default=None
        Widths of the hidden layers of each head. None is (out_features, out_features // 2), as in
        MTEncoder.
    dropout : float, default=0.0
        Dropout probability in the heads.
    n_task_layers : int, default=0
        Convolutions of each property alone, after the shared ones. The head reads the mean of
        their atom vectors and the shared vector of the material. Only CGCNN supports them.
    n_extra : int, default=0
        Number of further numbers of each material that the heads read, such as a temperature.
    """

    loss: str = "l1"
    hidden: tuple[int, ...] | None = None
    dropout: float = 0.0
    n_task_layers: int = 0
    n_extra: int = 0

    name: ClassVar[str] = "properties"
    needs_targets: ClassVar[bool] = True

    def __post_init__(self):
        if self.loss not in REGRESSION_LOSSES:
            raise InvalidInputError(
                f"Unknown loss {self.loss!r}. Choose one of {list(REGRESSION_LOSSES)}."
            )
        if self.hidden is not None:
            check_hidden(self.hidden)
        for name, what in (("n_task_layers", "layers"), ("n_extra", "columns")):
            number = getattr(self, name)
            if not isinstance(number, Integral) or number < 0:
                raise InvalidInputError(
                    f"{name} must be a number of {what}, 0 for none, not {number!r}."
                )
            # A parameter grid may hold a NumPy integer. Model cards need a Python one.
            object.__setattr__(self, name, int(number))

    def task_names(self, targets):
        return [target.name for target in targets]

    def describe(self):
        settings = super().describe()
        for name in ("n_task_layers", "n_extra"):
            if not settings[name]:
                del settings[name]  # as in model cards of shipped weights
        return settings

    def build_heads(self, encoder, targets):
        width = encoder.out_features
        hidden = (width, width // 2) if self.hidden is None else self.hidden
        return nn.ModuleList(
            PropertyHead(
                width, hidden, target, self.loss, self.dropout,
                encoder.task_layers(self.n_task_layers) if self.n_task_layers else None,
                self.n_extra,
            )
            for target in targets
        )  # fmt: skip

    def losses(self, heads, representations, views, batch, y, sample_weight):
        encoded = representations[0]
        if encoded.material.device.type == "cpu":
            return losses_head_by_head(heads, encoded, y, sample_weight)
        return losses_of_all_heads(heads, encoded, y, sample_weight)


def losses_head_by_head(heads, encoded, y, sample_weight) -> TaskLosses:
    """Return the losses of `heads`. Each head reads only the materials that have its label.

    This takes the fewest multiplications if each material has few of many labels. Layers of a
    single property read all materials of the batch, as in prediction.
    """
    known = ~torch.isnan(y)
    sums, counts = [], []
    for i, head in enumerate(heads):
        rows = known[:, i].nonzero(as_tuple=True)[0]
        weights = sample_weight[rows]
        sums.append((head.loss(head(head.read(encoded)[rows]), y[rows, i]) * weights).sum())
        counts.append(weights.sum())
    return TaskLosses(torch.stack(sums), torch.stack(counts))


def losses_of_all_heads(heads, encoded, y, sample_weight) -> TaskLosses:
    """Return the same losses in the fewest operations. All heads of one kind run together.

    Each head reads all materials, so that shapes do not depend on the labels and a GPU need not
    wait for them.
    """
    known = ~torch.isnan(y)
    weights = sample_weight.unsqueeze(1) * known
    labels = torch.where(known, y, 0.0)
    kinds: dict[int, list[int]] = {}
    for i, head in enumerate(heads):
        kinds.setdefault(head.n_classes, []).append(i)
    sums = [weights.new_zeros(())] * len(heads)
    for places in kinds.values():
        inputs = heads[places[0]].read(encoded)
        if heads[places[0]].layers is not None:
            others = [heads[i].read(encoded) for i in places[1:]]
            inputs = torch.stack([inputs, *others])
        outputs = run_side_by_side([heads[i].mlp for i in places], inputs).float()
        # Stacked views need no transfer. A list of indices would be copied to the GPU.
        expected = torch.stack([labels[:, i] for i in places])
        losses = heads[places[0]].loss(outputs.flatten(0, 1), expected.flatten())
        losses = losses.view_as(expected)
        losses = losses * torch.stack([weights[:, i] for i in places])
        for i, total in zip(places, losses.sum(dim=1).unbind(), strict=True):
            sums[i] = total
    return TaskLosses(torch.stack(sums), weights.sum(dim=0))


class PropertyHead(nn.Module):
    """Predict one property from the material's vector, and optionally from further layers.

    Parameters
    ----------
    in_features : int
        Length of the material's vector.
    hidden : sequence of int
        Widths of the hidden layers.
    target : Target
        The property.
    loss : {"l1", "mse", "robust_l1"}
        Loss of a regression target.
    dropout : float
        Dropout probability.
    layers : Module, default=None
        Layers of this property alone, which return `in_features` further numbers per material.
    n_extra : int, default=0
        Length of ``Representation.extra``, which the head reads too.
    """

    def __init__(
        self,
        in_features: int,
        hidden: Sequence[int],
        target: Target,
        loss: str,
        dropout: float,
        layers: nn.Module | None = None,
        n_extra: int = 0,
    ):
        super().__init__()
        self.layers = layers
        self.n_classes = target.n_classes
        self.regression_loss = loss
        if self.n_classes > 2:
            width = self.n_classes
        else:
            width = 2 if self.n_classes == 0 and loss == "robust_l1" else 1
        n_read = in_features if layers is None else 2 * in_features
        self.mlp = build_mlp(n_read + n_extra, hidden, width, dropout)

    def read(self, encoded: Representation) -> Tensor:
        """Return the input of the head, Tensor of shape (n_materials, n_read)."""
        parts = [encoded.material]
        if self.layers is not None:
            parts.append(self.layers(encoded.graph))
        if encoded.extra is not None:
            parts.append(encoded.extra)
        return torch.cat(parts, dim=1) if len(parts) > 1 else encoded.material

    def forward(self, seen: Tensor) -> Tensor:
        """Return raw outputs, shape (n_materials, width), for the output of ``read``."""
        return self.mlp(seen).float()

    def loss(self, output: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of each material, Tensor of shape (n_materials,)."""
        if self.n_classes > 2:
            return F.cross_entropy(output, labels.long(), reduction="none")
        location = output[:, 0]
        if self.n_classes == 2:
            return F.binary_cross_entropy_with_logits(location, labels, reduction="none")
        if self.regression_loss == "mse":
            return (labels - location) ** 2
        error = (labels - location).abs()
        if self.regression_loss == "l1":
            return error
        log_scale = self._log_scale(output)
        return math.sqrt(2.0) * error * torch.exp(-log_scale) + log_scale

    def predict(self, output: Tensor) -> Tensor:
        """Turn raw outputs into predictions.

        Returns
        -------
        Tensor of shape (n_materials, 2) or (n_materials, n_classes)
            For regression, mean and standard deviation in standardised units. The deviation is 0
            unless the loss is "robust_l1". For classification, the probabilities of the classes.
        """
        if self.n_classes > 2:
            return output.softmax(dim=1)
        if self.n_classes == 2:
            positive = output[:, 0].sigmoid()
            return torch.stack([1 - positive, positive], dim=1)
        if self.regression_loss == "robust_l1":
            return torch.stack([output[:, 0], self._log_scale(output).exp()], dim=1)
        return F.pad(output, (0, 1))

    def _log_scale(self, output: Tensor) -> Tensor:
        return output[:, 1].clamp(-_MAX_LOG_SCALE, _MAX_LOG_SCALE)
