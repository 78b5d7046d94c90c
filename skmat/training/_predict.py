"""Embeddings, predictions and losses of a fitted network."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skmat.nn import Encoder
from skmat.objectives import TaskLosses
from skmat.training._data import BatchLoader, TrainingData
from skmat.training._device import autocast
from skmat.training._model import MultiObjectiveModel
from skmat.training._surroundings import own_surroundings

__all__ = ["mean_losses", "run_encoder", "run_heads"]

#: Materials per batch. The last batch is filled up to this size. Matrix products of equal shapes
#: add in the same order, so that a prediction does not depend, to the last bit, on the other
#: materials of the call.
_CHUNK = 64

#: Atoms per batch of structures. A larger structure is a batch of its own. Atoms, bonds and angles
#: take at most 0.7 MB per atom in ALIGNN's "small".
_CHUNK_ATOMS = 1024

#: Compositions per batch when only the mean losses are needed.
_LOSS_CHUNK = 512


def run_encoder(
    encoder: Encoder, materials: Any, make_batch: Callable, device: str, precision: str
) -> np.ndarray:
    """Embed materials.

    Returns
    -------
    ndarray of shape (n_materials, out_features), float32
    """
    return _run(
        lambda batch, rows: encoder(batch).material,
        encoder.out_features,
        encoder,
        materials,
        make_batch,
        device,
        precision,
    )


def run_heads(
    model: MultiObjectiveModel,
    materials: Any,
    make_batch: Callable,
    device: str,
    precision: str,
    extra: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Predict every target.

    `extra` holds further numbers of the materials, as ``TrainingData`` does.

    Returns
    -------
    list of ndarray of shape (n_materials, 2 or n_classes), float32
        One per target, as returned by ``PropertyHead.predict``.
    """
    heads: Any = model.heads["properties"]

    def predict(batch, rows) -> Tensor:
        encoded = model.encoder(batch)
        if extra is not None:
            encoded = encoded._replace(extra=torch.from_numpy(extra[rows]).to(device))
        return torch.cat([head.predict(head(head.read(encoded))) for head in heads], dim=1)

    widths = [max(2, head.n_classes) for head in heads]
    joined = _run(predict, sum(widths), model, materials, make_batch, device, precision)
    return np.split(joined, np.cumsum(widths)[:-1], axis=1)


@own_surroundings()
def mean_losses(
    model: MultiObjectiveModel, data: TrainingData, device: str, precision: str
) -> dict[str, float]:
    """Return the mean loss of each task on `data`.

    Corruptions are the same at each call. The loss of a task without labels is NaN.
    """
    model.eval()
    chunk = _LOSS_CHUNK if _are_compositions(data.materials) else _CHUNK
    total = None
    with torch.inference_mode(), autocast(device, precision):
        for batch, _ in BatchLoader(data, chunk, model.objectives, generator=None):
            losses = model(batch.to(device))
            total = losses if total is None else TaskLosses(*map(torch.add, total, losses))
    if total is None:
        return dict.fromkeys(model.task_names, float("nan"))
    return dict(zip(model.task_names, (total.sums / total.counts).tolist(), strict=True))


@own_surroundings()
def _run(function, width, module, materials, make_batch, device, precision) -> np.ndarray:
    module.eval()
    results = np.empty((len(materials), width), dtype=np.float32)
    with torch.inference_mode(), autocast(device, precision):
        for rows, filled in _chunks(materials):
            output = function(make_batch(materials, filled).to(device), filled)
            results[rows] = output[: len(rows)].float().cpu().numpy()
    return results


def _are_compositions(materials) -> bool:
    return hasattr(materials, "n_elements")


def _chunks(materials) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows of each batch, and the same rows filled up to the batch size."""
    if _are_compositions(materials):
        yield from _equal_chunks(materials.n_elements)
        return
    # Structures have too many sizes for batches of equal shape, so that the last bits of a
    # prediction depend on the rest of its batch. Batches of similar sizes take the least memory.
    by_size = np.argsort(materials.n_sites, kind="stable")
    while len(by_size):
        n_atoms = np.cumsum(materials.n_sites[by_size[:_CHUNK]])
        n_rows = max(1, np.searchsorted(n_atoms, _CHUNK_ATOMS, side="right"))
        yield by_size[:n_rows], by_size[:n_rows]
        by_size = by_size[n_rows:]


def _equal_chunks(sizes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield up to `_CHUNK` rows of one size, and the same rows filled up to `_CHUNK`."""
    by_size = np.argsort(sizes, kind="stable")
    borders = np.flatnonzero(np.diff(sizes[by_size])) + 1
    for group in np.split(by_size, borders):
        for start in range(0, len(group), _CHUNK):
            rows = group[start : start + _CHUNK]
            yield rows, np.resize(rows, _CHUNK)
