"""Roost: message passing between the elements of a composition (Goodall and Lee 2020)."""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.nn._batch import MASK_ID, CompositionBatch
from skmat.nn._encoder import Encoder, Representation

__all__ = ["ROOST_PRESETS", "RoostNetwork"]

#: Sizes by name. "paper" is the released configuration.
ROOST_PRESETS: dict[str, dict] = {
    "tiny": {
        "d_element": 32, "n_layers": 1, "n_heads": 2, "d_hidden": 32,
        "trunk": (64,), "d_model": 64,
    },
    "paper": {
        "d_element": 64, "n_layers": 3, "n_heads": 3, "d_hidden": 256,
        "trunk": (1024, 512), "d_model": 256,
    },
}  # fmt: skip


class RoostNetwork(Encoder):
    """Graph network over the elements of a composition, every two of which are joined.

    Each element's vector is drawn from a table of properties by a learned linear map, beside its
    fraction. A message layer adds to it what attention over all elements of the composition, the
    element itself among them, makes of the pairs; the weight of an element in the attention grows
    with a learned power of its fraction. The same kind of attention then pools the elements, and a
    residual perceptron makes the material's vector of the pool.

    Parameters
    ----------
    element_table : Tensor of shape (118, n_properties) or None
        Properties of the elements. None takes a learned vector per element instead.
    d_element : int
        Length of an element's vector, fraction included.
    n_layers : int
        Message layers.
    n_heads : int
        Heads of each attention; they are averaged.
    d_hidden : int
        Width of the hidden layer of the networks that make gates and messages.
    trunk : sequence of int
        Widths of the hidden layers of the residual perceptron.
    d_model : int
        Length of the material's vector.

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
        trunk: tuple[int, ...],
        d_model: int,
    ):
        super().__init__()
        self.out_features = d_model
        self.elements: nn.Module
        if element_table is None:
            self.elements = nn.Embedding(MASK_ID + 1, d_element - 1)
        else:
            # Rows of zeros for padding and [MASK]: nothing is known of a hidden element.
            self.register_buffer("element_table", F.pad(element_table.float(), (0, 0, 1, 1)))
            self.elements = nn.Linear(element_table.shape[1], d_element - 1)
        self.has_table = element_table is not None
        self.layers = nn.ModuleList(
            _Attention(d_element, 2, n_heads, d_hidden) for _ in range(n_layers)
        )
        self.pool = _Attention(d_element, 1, n_heads, d_hidden)
        self.trunk = _ResidualMLP(d_element, trunk, d_model)

    def forward(self, batch: CompositionBatch, sites: bool = False) -> Representation:
        """Encode `batch`; with `sites` also return the vector of every element."""
        graph = _Graph.from_batch(batch)
        vectors = self._embed(batch.atomic_numbers[batch.site_mask])
        vectors = torch.cat([vectors, graph.fractions.unsqueeze(1).to(vectors.dtype)], dim=1)
        log_fractions = graph.fractions.log()
        for layer in self.layers:
            pairs = graph.receivers, graph.senders
            vectors = vectors + layer(vectors, vectors, *pairs, log_fractions, len(vectors))
        members = torch.arange(len(vectors), device=vectors.device)
        pooled = self.pool(
            None, vectors, graph.materials, members, log_fractions, batch.n_materials
        )
        material = F.relu(self.trunk(pooled))
        return Representation(material, F.relu(self.trunk(vectors)) if sites else None)

    def last_modules(self) -> list[nn.Module]:
        return [self.pool, self.trunk]

    def depth_groups(self) -> list[list[nn.Module | nn.Parameter]]:
        between: list[list[nn.Module | nn.Parameter]] = [[layer] for layer in self.layers]
        return [[self.elements], *between, [*self.last_modules()]]

    def _embed(self, atomic_numbers: Tensor) -> Tensor:
        # One vector per element first, then a look-up: the table has 120 rows, a batch thousands.
        if self.has_table:
            return F.embedding(atomic_numbers, self.elements(self.element_table))
        return self.elements(atomic_numbers)


class _Graph(NamedTuple):
    """The elements of a batch, one after the other, and all pairs within a composition.

    Attributes
    ----------
    fractions : Tensor of shape (n_sites,)
    materials : Tensor of shape (n_sites,), int64
        The composition of each element.
    receivers, senders : Tensor of shape (n_pairs,), int64
        Numbers of the two elements of a pair; an element is paired with itself too.
    """

    fractions: Tensor
    materials: Tensor
    receivers: Tensor
    senders: Tensor

    @classmethod
    def from_batch(cls, batch: CompositionBatch) -> "_Graph":
        mask = batch.site_mask
        numbers = mask.long().flatten().cumsum(0).view(mask.shape) - 1
        materials, first, second = (mask.unsqueeze(2) & mask.unsqueeze(1)).nonzero(as_tuple=True)
        return cls(
            fractions=batch.fractions[mask],
            materials=mask.nonzero(as_tuple=True)[0],
            receivers=numbers[materials, first],
            senders=numbers[materials, second],
        )


class _Attention(nn.Module):
    """Sum over what belongs to a receiver, weighted by gates and by powers of fractions.

    A gate and a message are networks of one hidden layer on the vectors of receiver and sender,
    one after the other, or on the sender's alone. Two identities save most of the work, and change
    no value: the hidden layer of a pair is the sum of one product per receiver and one per sender,
    which are computed per element and not per pair; and because weights add up to one, the last
    layer of the messages may stand behind the weighted sum.

    Parameters
    ----------
    d_element : int
        Length of the vectors.
    n_vectors : {1, 2}
        Whether a pair is the sender alone or receiver and sender.
    n_heads : int
        Heads; they are averaged.
    d_hidden : int
        Width of the hidden layers.
    """

    def __init__(self, d_element: int, n_vectors: int, n_heads: int, d_hidden: int):
        super().__init__()
        self.n_heads = n_heads
        width = n_heads * d_hidden
        self.from_receiver = (
            nn.Linear(d_element, 2 * width, bias=False) if n_vectors == 2 else None
        )
        self.from_sender = nn.Linear(d_element, 2 * width)
        self.gate = nn.Parameter(torch.empty(n_heads, d_hidden))
        # A bias of the gates would cancel out of the softmax.
        self.message = nn.Parameter(torch.empty(n_heads, d_hidden, d_element))
        self.message_bias = nn.Parameter(torch.zeros(d_element))
        self.power = nn.Parameter(torch.randn(n_heads))
        # As torch draws a linear layer.
        bound = (n_vectors * d_element) ** -0.5
        for layer in (self.from_receiver, self.from_sender):
            if layer is not None:
                nn.init.uniform_(layer.weight, -bound, bound)
        for last in (self.gate, self.message):
            nn.init.uniform_(last, -(d_hidden**-0.5), d_hidden**-0.5)

    def forward(
        self,
        receiver_vectors: Tensor | None,
        sender_vectors: Tensor,
        receivers: Tensor,
        senders: Tensor,
        log_fractions: Tensor,
        n_receivers: int,
    ) -> Tensor:
        """Return one vector per receiver, Tensor of shape (n_receivers, d_element)."""
        hidden = self.from_sender(sender_vectors)[senders]
        if self.from_receiver is not None and receiver_vectors is not None:
            hidden = hidden + self.from_receiver(receiver_vectors)[receivers]
        hidden = F.leaky_relu(hidden).view(len(senders), 2, self.n_heads, -1)
        for_gates, for_messages = hidden.unbind(dim=1)
        # fraction**power * exp(gate), normalised, is a softmax.
        scores = (for_gates * self.gate.to(for_gates.dtype)).sum(dim=2).float()
        scores = scores + log_fractions[senders].unsqueeze(1) * self.power
        weights = _softmax(scores, receivers, n_receivers).to(for_messages.dtype)
        pooled = for_messages.new_zeros((n_receivers, *for_messages.shape[1:]))
        pooled = pooled.index_add(0, receivers, weights.unsqueeze(2) * for_messages)
        messages = torch.einsum("rhk,hkd->rd", pooled, self.message.to(pooled.dtype))
        return messages / self.n_heads + self.message_bias


class _ResidualMLP(nn.Module):
    """Layers of `relu(W x + b) + x`, where x is mapped to the new width if it has to be."""

    def __init__(self, in_features: int, hidden: tuple[int, ...], out_features: int):
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


def _softmax(scores: Tensor, groups: Tensor, n_groups: int) -> Tensor:
    """Normalise the columns of `scores` to exponentials that add up to 1 in every group."""
    index = groups.unsqueeze(1).expand_as(scores)
    largest = scores.new_full((n_groups, scores.shape[1]), -torch.inf)
    largest = largest.scatter_reduce(0, index, scores.detach(), "amax")
    exponentials = (scores - largest[groups]).exp()
    sums = scores.new_zeros(largest.shape).index_add(0, groups, exponentials)
    return exponentials / sums[groups]
