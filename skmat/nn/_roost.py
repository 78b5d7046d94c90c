"""Roost: message passing between the elements of a composition (Goodall and Lee 2020)."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.nn._batch import CompositionBatch
from skmat.nn._elements import ElementVectors
from skmat.nn._encoder import Encoder, Representation

__all__ = ["ROOST_PRESETS", "RoostNetwork"]

#: Sizes by name. "paper" is the released configuration.
ROOST_PRESETS: dict[str, dict] = {
    "tiny": {
        "d_element": 32, "n_layers": 1, "n_heads": 2, "d_hidden": 32,
        "trunk": [64], "d_model": 64,
    },
    "base": {
        "d_element": 64, "n_layers": 3, "n_heads": 3, "d_hidden": 64,
        "trunk": [512, 256], "d_model": 256,
    },
    "paper": {
        "d_element": 64, "n_layers": 3, "n_heads": 3, "d_hidden": 256,
        "trunk": [1024, 512], "d_model": 256,
    },
}  # fmt: skip


class RoostNetwork(Encoder):
    """Graph network over the complete graph of a composition's elements.

    The vector of an element is a learned linear map of its properties, with its fraction as a
    further number. Each message layer adds attention over all elements, including itself. The
    attention weight of an element grows with a learned power of its fraction. The same kind of
    attention then pools the elements, and a residual perceptron maps the pool to the embedding.

    Parameters
    ----------
    element_table : Tensor of shape (118, n_properties) or None
        Properties of the elements. None learns one vector per element instead.
    d_element : int
        Length of an element's vector, including the fraction.
    n_layers : int
        Number of message layers.
    n_heads : int
        Heads of each attention, which are averaged.
    d_hidden : int
        Width of the hidden layer of gate and message networks.
    trunk : sequence of int
        Widths of the hidden layers of the residual perceptron.
    d_model : int
        Length of a material's vector.

    References
    ----------
    R. E. A. Goodall and A. A. Lee, Nat. Commun. 11, 6280 (2020).
    """

    def __init__(
        self,
        element_table: Tensor | None,
        *,
        d_element: int,
        n_layers: int,
        n_heads: int,
        d_hidden: int,
        trunk: Sequence[int],
        d_model: int,
    ):
        super().__init__()
        self.out_features = d_model
        self.elements = ElementVectors(element_table, d_element - 1)
        self.layers = nn.ModuleList(
            _Attention(d_element, 2, n_heads, d_hidden) for _ in range(n_layers)
        )
        self.pool = _Attention(d_element, 1, n_heads, d_hidden)
        self.trunk = _ResidualMLP(d_element, trunk, d_model)

    def forward(self, batch: CompositionBatch, sites: bool = False) -> Representation:
        """Encode `batch`. With `sites`, also return the vector of each element."""
        layout = _Layout(batch.site_mask)
        batch = batch.take(layout.order)
        mask = batch.site_mask
        fractions = batch.fractions[mask]
        vectors = self.elements(batch.atomic_numbers[mask])
        vectors = torch.cat([vectors, fractions.unsqueeze(1).to(vectors.dtype)], dim=1)
        # Clamp: a trace fraction may be 0 in float32, and its logarithm infinite.
        log_fractions = fractions.clamp_min(torch.finfo(torch.float32).tiny).log()
        device = vectors.device.type
        # On a CPU, such small products are 50 % slower in bf16 than in float32.
        with torch.autocast(device, enabled=device != "cpu" and torch.is_autocast_enabled(device)):
            vectors = vectors if device != "cpu" else vectors.to(self.pool.gate.dtype)
            for layer in self.layers:
                vectors = vectors + layer(vectors, log_fractions, layout.groups)
            pooled = self.pool(vectors, log_fractions, layout.groups)
        material = F.relu(self.trunk(pooled))[layout.back]
        if not sites:
            return Representation(material)
        return Representation(material, F.relu(self.trunk(vectors))[layout.sites_back])

    def last_modules(self) -> list[nn.Module]:
        return [self.pool, self.trunk]

    def depth_groups(self) -> list[list[nn.Module | nn.Parameter]]:
        between: list[list[nn.Module | nn.Parameter]] = [[layer] for layer in self.layers]
        return [[self.elements], *between, [*self.last_modules()]]


class _Layout:
    """The compositions of a batch, sorted by number of elements.

    Compositions with the same number form dense arrays of elements and pairs, without padding.

    Attributes
    ----------
    order, back : Tensor of shape (n_materials,), int64
        The sorting permutation of the compositions, and its inverse.
    sites_back : Tensor of shape (n_sites,), int64
        The inverse permutation of the elements of the whole batch.
    groups : list of (int, int)
        Number of compositions, and number of elements of each.
    """

    def __init__(self, mask: Tensor):
        counts = mask.sum(dim=1)
        self.order = counts.argsort(stable=True)
        self.back = self.order.argsort()
        numbers = mask.long().flatten().cumsum(0).view(mask.shape) - 1
        self.sites_back = numbers[self.order][mask[self.order]].argsort()
        n_elements, n_materials = counts.unique(return_counts=True)
        self.groups = list(zip(n_materials.tolist(), n_elements.tolist(), strict=True))


class _Attention(nn.Module):
    """Sum over the elements of a composition, weighted by gates and by powers of fractions.

    Gate and message are networks with one hidden layer, on the concatenated vectors of receiver
    and sender, or on the sender's vector. Two identities save most of the work. First, the hidden
    layer of a pair is a sum of one product per receiver and one per sender, which are computed
    per element. Second, the weights add up to one, so the last layer of the messages is applied
    after the weighted sum.

    Parameters
    ----------
    d_element : int
        Length of the vectors.
    n_vectors : {1, 2}
        2: each element receives from all elements. 1: the composition receives from all elements.
    n_heads : int
        Number of heads, which are averaged.
    d_hidden : int
        Width of the hidden layers.
    """

    def __init__(self, d_element: int, n_vectors: int, n_heads: int, d_hidden: int):
        super().__init__()
        self.n_heads = n_heads
        self.width = width = n_heads * d_hidden
        self.from_receiver = (
            nn.Linear(d_element, 2 * width, bias=False) if n_vectors == 2 else None
        )
        self.from_sender = nn.Linear(d_element, 2 * width)
        self.gate = nn.Parameter(torch.empty(n_heads, d_hidden))
        # No bias: it would cancel in the softmax.
        self.message = nn.Parameter(torch.empty(n_heads, d_hidden, d_element))
        self.message_bias = nn.Parameter(torch.zeros(d_element))
        self.power = nn.Parameter(torch.randn(n_heads))
        # As torch initialises a linear layer.
        bound = (n_vectors * d_element) ** -0.5
        for layer in (self.from_receiver, self.from_sender):
            if layer is not None:
                nn.init.uniform_(layer.weight, -bound, bound)
        for last in (self.gate, self.message):
            nn.init.uniform_(last, -(d_hidden**-0.5), d_hidden**-0.5)

    def forward(
        self, vectors: Tensor, log_fractions: Tensor, groups: list[tuple[int, int]]
    ) -> Tensor:
        """Return one vector per receiver, Tensor of shape (n_receivers, d_element)."""
        senders = self.from_sender(vectors).split(self.width, dim=1)
        receivers: Sequence[Tensor | None] = (None, None)
        if self.from_receiver is not None:
            receivers = self.from_receiver(vectors).split(self.width, dim=1)
        gate = torch.block_diag(*self.gate.unsqueeze(2)).to(senders[0].dtype)
        pooled, start = [], 0
        for group in groups:
            part = slice(start, start + math.prod(group))
            start = part.stop
            for_gates, for_messages = (
                _hidden(to[part], None if of is None else of[part], group)
                for to, of in zip(senders, receivers, strict=True)
            )
            # fraction**power * exp(gate), normalised, is a softmax.
            shares = log_fractions[part].view(group[0], 1, group[1], 1)
            scores = (for_gates @ gate).float() + shares * self.power
            weights = scores.softmax(dim=2).to(for_messages.dtype).transpose(2, 3).flatten(0, 1)
            # Multiply the weights of each head with the messages of all heads, and keep its own:
            # the products are small, and no copy of the messages is needed.
            heads = (weights @ for_messages.flatten(0, 1)).unflatten(2, (self.n_heads, -1))
            pooled.append(heads.diagonal(dim1=1, dim2=2))
        messages = torch.einsum("rkh,hkd->rd", torch.cat(pooled), self.message.to(gate.dtype))
        return messages / self.n_heads + self.message_bias


def _hidden(senders: Tensor, receivers: Tensor | None, group: tuple[int, int]) -> Tensor:
    """Return the hidden layer, Tensor of shape (materials, receivers, senders, width)."""
    n_materials, n_elements = group
    senders = senders.unflatten(0, (n_materials, 1, n_elements))
    if receivers is None:
        return F.leaky_relu(senders)
    return F.leaky_relu(
        senders + receivers.unflatten(0, (n_materials, n_elements, 1)), inplace=True
    )


class _ResidualMLP(nn.Module):
    """Layers of `relu(W x + b) + x`. If the width changes, x is mapped to the new width."""

    def __init__(self, in_features: int, hidden: Sequence[int], out_features: int):
        super().__init__()
        widths = [in_features, *hidden]
        pairs = list(pairwise(widths))
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairs)
        self.shortcuts = nn.ModuleList(
            nn.Identity() if before == after else nn.Linear(before, after, bias=False)
            for before, after in pairs
        )
        self.last = nn.Linear(widths[-1], out_features)

    def forward(self, x: Tensor) -> Tensor:
        for layer, shortcut in zip(self.layers, self.shortcuts, strict=True):
            x = F.relu(layer(x)) + shortcut(x)
        return self.last(x)
