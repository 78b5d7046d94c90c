"""The composition transformer of MTEncoder (Prein et al., AI4Mat workshop, NeurIPS 2023)."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.exceptions import InvalidInputError
from skmat.nn._batch import CompositionBatch
from skmat.nn._elements import ElementEmbedding
from skmat.nn._encoder import Encoder, Representation
from skmat.nn._fractions import FractionEncoding
from skmat.nn._random import Dropout, randn_like

__all__ = ["MTENCODER_PRESETS", "MTEncoderNetwork"]

#: Sizes by name. "paper" is the released configuration. "deep" and "large" have twice the layers
#: and heads of "base" and "paper". All but "paper" normalise before each block, which trains
#: better (studies/results/defaults.json).
MTENCODER_PRESETS: dict[str, dict] = {
    "tiny": {
        "d_model": 64, "n_layers": 2, "n_heads": 4, "d_feedforward": 128, "norm_first": True,
    },
    "base": {
        "d_model": 256, "n_layers": 3, "n_heads": 4, "d_feedforward": 1024, "norm_first": True,
    },
    "deep": {
        "d_model": 256, "n_layers": 6, "n_heads": 8, "d_feedforward": 1024, "norm_first": True,
    },
    "paper": {
        "d_model": 512, "n_layers": 3, "n_heads": 4, "d_feedforward": 2048, "norm_first": False,
    },
    "large": {
        "d_model": 512, "n_layers": 6, "n_heads": 8, "d_feedforward": 2048, "norm_first": True,
    },
}  # fmt: skip


class MTEncoderNetwork(Encoder):
    """Transformer over the elements of a composition, read out at a [CPD] token.

    ``forward`` skips padding: linear layers run on packed tokens, and only the attention sees a
    padded array. Without `sites`, the last layer runs only for the [CPD] tokens. Neither changes
    the result.

    Parameters
    ----------
    element_table : Tensor of shape (118, n_properties) or None
        Properties of the elements. A learned linear map of them is added to a learned vector per
        element. None uses only the learned vectors.
    d_model, n_layers, n_heads, d_feedforward : int
        Sizes of the transformer.
    dropout : float
        Dropout probability after attention and feed-forward blocks.
    readout : {"cpd", "mean"}
        Embedding of the material. "cpd" uses the vector of the [CPD] token. "mean" averages the
        vectors of the elements, as in CrabNet.
    norm_first : bool
        True normalises before each block, False after it as in the paper.
    fraction_jitter : float
        Relative standard deviation of the noise on the fractions in training.
    """

    def __init__(
        self,
        element_table: Tensor | None,
        *,
        d_model: int,
        n_layers: int,
        n_heads: int,
        d_feedforward: int,
        dropout: float = 0.1,
        readout: str = "cpd",
        norm_first: bool = False,
        fraction_jitter: float = 0.02,
    ):
        super().__init__()
        if d_model % n_heads:
            raise InvalidInputError(f"d_model={d_model} must be a multiple of n_heads={n_heads}.")
        self.out_features = d_model
        self.readout = readout
        self.fraction_jitter = fraction_jitter
        self.elements = ElementEmbedding(d_model, std=d_model**-0.5)
        self.properties: nn.Linear | None = None
        if element_table is not None:
            # Rows of zeros for padding and [MASK]: a hidden element has no known properties.
            padded = F.pad(element_table.float(), (0, 0, 1, 1))
            self.register_buffer("element_table", padded)
            self.properties = nn.Linear(element_table.shape[1], d_model, bias=False)
        self.cpd = nn.Parameter(torch.randn(d_model) * d_model**-0.5)
        self.fraction_encoding = FractionEncoding(d_model)
        self.layers = nn.ModuleList(
            _Layer(d_model, n_heads, d_feedforward, dropout, norm_first) for _ in range(n_layers)
        )
        self.final_norm = nn.LayerNorm(d_model) if norm_first else nn.Identity()

    def forward(self, batch: CompositionBatch, sites: bool = False) -> Representation:
        """Encode `batch`. With `sites`, also return the vector of each element."""
        mask = batch.site_mask
        n_materials = batch.n_materials
        parts = [self.cpd.expand(n_materials, -1), self._embed_sites(batch, mask)]
        n_tokens = sum(map(len, parts))
        n_added = _n_added_tokens(n_tokens, mask.device)
        tokens = torch.cat([*parts, parts[0].new_zeros(n_added, parts[0].shape[1])], dim=0)
        layout = _Layout(mask, n_added)
        needs_sites = sites or self.readout == "mean"
        for layer in self.layers[:-1]:
            tokens = layer(tokens, layout)
        tokens = self.layers[-1](tokens, layout, first_only=not needs_sites)
        tokens = self.final_norm(tokens)
        if not needs_sites:
            return Representation(tokens)
        material, site_vectors = tokens[:n_materials], tokens[n_materials:n_tokens]
        if self.readout == "mean":
            material = _mean_by_material(site_vectors, mask)
        return Representation(material, site_vectors if sites else None)

    def forward_padded(
        self, atomic_numbers: Tensor, fractions: Tensor, sites: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Encode padded compositions with shapes that do not depend on the padding.

        Use it for training steps in a CUDA graph. The result equals that of :meth:`forward`.

        Parameters
        ----------
        atomic_numbers : Tensor of shape (n_materials, width), int64
        fractions : Tensor of shape (n_materials, width), float32
            As in ``CompositionBatch``. A row may be all padding.
        sites : bool, default=False
            Whether to return the vectors of the sites too.

        Returns
        -------
        material : Tensor of shape (n_materials, out_features)
        sites : Tensor of shape (n_materials, width, out_features) or None
            Undefined at padding.
        """
        mask = atomic_numbers > 0
        vectors = self._embed(atomic_numbers, self._jittered(fractions))
        cpd = self.cpd.expand(len(mask), 1, -1).to(vectors.dtype)
        tokens = torch.cat([cpd, vectors], dim=1)
        attends = F.pad(mask, (1, 0), value=True)[:, None, None, :]
        first_only = not sites and self.readout == "cpd"
        *between, last = cast(list[_Layer], list(self.layers))
        for layer in between:
            tokens = layer.forward_padded(tokens, attends)
        tokens = self.final_norm(last.forward_padded(tokens, attends, first_only))
        material = tokens[:, 0]
        if self.readout == "mean":
            total = (tokens[:, 1:] * mask.unsqueeze(2)).sum(dim=1)
            material = total / mask.sum(dim=1, keepdim=True).clamp_min(1)
        return material, tokens[:, 1:] if sites else None

    def last_modules(self) -> list[nn.Module]:
        return [self.layers[-1], self.final_norm]

    def depth_groups(self) -> list[list[nn.Module | nn.Parameter]]:
        tokens: list[nn.Module | nn.Parameter] = [self.elements, self.cpd, self.fraction_encoding]
        if self.properties is not None:
            tokens.append(self.properties)
        between: list[list[nn.Module | nn.Parameter]] = [[layer] for layer in self.layers[:-1]]
        return [tokens, *between, [*self.last_modules()]]

    def _embed_sites(self, batch: CompositionBatch, mask: Tensor) -> Tensor:
        fractions = self._jittered(batch.fractions)
        return self._embed(batch.atomic_numbers[mask], fractions[mask])

    def _jittered(self, fractions: Tensor) -> Tensor:
        if not (self.training and self.fraction_jitter):
            return fractions
        noise = 1.0 + self.fraction_jitter * randn_like(fractions)
        fractions = (fractions * noise).clamp_min(0.0)
        return fractions / fractions.sum(dim=1, keepdim=True).clamp_min(1e-6)

    def _embed(self, atomic_numbers: Tensor, fractions: Tensor) -> Tensor:
        # Compute 120 vectors, then look them up: a batch has thousands of elements.
        vocabulary = self.elements.weight
        if self.properties is not None:
            vocabulary = vocabulary + self.properties(self.element_table)
        vectors = F.embedding(atomic_numbers, vocabulary)
        encoded = self.fraction_encoding(fractions.flatten()).view_as(vectors)
        return vectors + encoded.to(vectors.dtype)


def _n_added_tokens(n_tokens: int, device: torch.device) -> int:
    """Return how many tokens of zeros to add, so that few batches differ in their shape.

    Only bf16 on a CPU needs it: oneDNN compiles its products for each shape.
    """
    if device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return 0
    return -n_tokens % (1 << max(4, n_tokens.bit_length() - 4))


class _Layout:
    """Map between packed tokens ([CPD] first, added ones last) and tokens padded per material."""

    def __init__(self, mask: Tensor, n_added: int):
        n_materials, width = mask.shape
        rows, columns = mask.nonzero(as_tuple=True)
        n_sites = len(rows)
        # Padded slots point at token 0 and are masked out of the attention.
        self.slots = rows.new_zeros((n_materials, width + 1))
        self.slots[:, 0] = torch.arange(n_materials, device=mask.device)
        self.slots[rows, columns + 1] = n_materials + torch.arange(n_sites, device=mask.device)
        self.attends = F.pad(mask, (1, 0), value=True)[:, None, None, :]
        self.padded = not bool(mask.all())
        starts = torch.arange(n_materials, device=mask.device) * (width + 1)
        own = rows * (width + 1) + columns + 1
        # Added tokens get what the first token gets. No token attends to them.
        self.positions = torch.cat([starts, own, own.new_zeros(n_added)])

    @property
    def n_materials(self) -> int:
        return self.slots.shape[0]


class _Layer(nn.Module):
    def __init__(self, d_model, n_heads, d_feedforward, dropout, norm_first):
        super().__init__()
        self.n_heads = n_heads
        self.norm_first = norm_first
        self.query = nn.Linear(d_model, d_model)
        self.key_value = nn.Linear(d_model, 2 * d_model)
        self.attention_out = nn.Linear(d_model, d_model)
        self.attention_norm = nn.LayerNorm(d_model)
        self.expand = nn.Linear(d_model, d_feedforward)
        self.contract = nn.Linear(d_feedforward, d_model)
        self.feedforward_norm = nn.LayerNorm(d_model)
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor, layout: _Layout, first_only: bool = False) -> Tensor:
        kept = tokens[: layout.n_materials] if first_only else tokens
        return self._blocks(tokens, kept, lambda each: self._attend(each, layout, first_only))

    def forward_padded(self, tokens: Tensor, attends: Tensor, first_only: bool = False) -> Tensor:
        """Like ``forward``, on tokens of shape (n_materials, width, d_model)."""
        kept = tokens[:, :1] if first_only else tokens
        return self._blocks(
            tokens, kept, lambda each: self._attend_padded(each, attends, first_only)
        )

    def _blocks(self, tokens: Tensor, kept: Tensor, attend: Callable[[Tensor], Tensor]) -> Tensor:
        """Run attention from the `kept` tokens to all `tokens`, then the feed-forward block."""
        if self.norm_first:
            kept = kept + attend(self.attention_norm(tokens))
            return kept + self._feedforward(self.feedforward_norm(kept))
        kept = self.attention_norm(kept + attend(tokens))
        return self.feedforward_norm(kept + self._feedforward(kept))

    def _attend_padded(self, tokens: Tensor, attends: Tensor, first_only: bool) -> Tensor:
        n_materials, width, d_model = tokens.shape
        keys, values = (
            self.key_value(tokens)
            .view(n_materials, width, 2, self.n_heads, -1)
            .permute(2, 0, 3, 1, 4)
        )
        asking = tokens[:, :1] if first_only else tokens
        queries = self.query(asking).view(n_materials, -1, self.n_heads, d_model // self.n_heads)
        # Plain products: fused kernels are slower for short sequences.
        scores = (queries.transpose(1, 2) * keys.shape[-1] ** -0.5) @ keys.transpose(2, 3)
        shares = scores.masked_fill(~attends, -torch.inf).softmax(dim=3).to(values.dtype)
        attended = (shares @ values).transpose(1, 2).reshape(n_materials, -1, d_model)
        return self.dropout(self.attention_out(attended))

    def _attend(self, tokens: Tensor, layout: _Layout, first_only: bool) -> Tensor:
        n_materials, width = layout.slots.shape
        d_model = tokens.shape[1]
        keys, values = (
            self.key_value(tokens)
            .index_select(0, layout.slots.reshape(-1))
            .view(n_materials, width, 2, self.n_heads, -1)
            .permute(2, 0, 3, 1, 4)
        )
        if first_only:
            queries = self.query(tokens[:n_materials]).view(n_materials, self.n_heads, 1, -1)
        else:
            queries = (
                self.query(tokens)
                .index_select(0, layout.slots.reshape(-1))
                .view(n_materials, width, self.n_heads, -1)
                .transpose(1, 2)
            )
        attended = _attention(queries, keys, values, layout.attends if layout.padded else None)
        attended = attended.transpose(1, 2).reshape(-1, d_model)
        if not first_only:
            attended = attended.index_select(0, layout.positions)
        return self.dropout(self.attention_out(attended))

    def _feedforward(self, tokens: Tensor) -> Tensor:
        return self.dropout(self.contract(F.relu(self.expand(tokens))))


def _attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Return scaled dot-product attention. `mask` is True for keys to attend to."""
    if queries.device.type != "cpu" or queries.shape[2] == 1:
        return F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    # torch's fused CPU kernel is for long sequences. For the few elements of a composition, its
    # backward pass in bf16 takes up to six times as long as plain products.
    scores = (queries * queries.shape[3] ** -0.5) @ keys.transpose(2, 3)
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return scores.softmax(dim=3).to(values.dtype) @ values


def _mean_by_material(site_vectors: Tensor, mask: Tensor) -> Tensor:
    rows = mask.nonzero(as_tuple=True)[0]
    total = site_vectors.new_zeros((mask.shape[0], site_vectors.shape[1]))
    total = total.index_add(0, rows, site_vectors)
    return total / mask.sum(dim=1, keepdim=True).clamp_min(1)
