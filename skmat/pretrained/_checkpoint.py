"""A checkpoint folder: model.safetensors, config.json, card.json and the card as README.md."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from skmat._atomic import write_atomically
from skmat.exceptions import InvalidInputError, PretrainedError
from skmat.pretrained._card import ModelCard
from skmat.pretrained._registry import resolve_folder

__all__ = ["WEIGHT_DTYPES", "Checkpoint", "load_checkpoint", "save_checkpoint"]

#: Number formats that weights are stored in; they are computed on in float32.
WEIGHT_DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16}

_WEIGHTS = "model.safetensors"
_CONFIG = "config.json"
_CARD = "card.json"


@dataclass
class Checkpoint:
    """An encoder's weights and what is needed to build its network again.

    Attributes
    ----------
    family : str
        Encoder family, such as "mtencoder".
    network : dict
        Arguments of the network.
    state : dict of str to Tensor
        Tensors of the encoder, float32.
    card : ModelCard
        Where it comes from.
    source : str
        Where it was loaded from, for messages.
    """

    family: str
    network: dict[str, Any]
    state: dict[str, Tensor]
    card: ModelCard
    source: str


def save_checkpoint(folder, checkpoint: Checkpoint, dtype: str = "float32") -> Path:
    """Write `checkpoint` into `folder`, which is made if need be.

    Parameters
    ----------
    folder : path-like
        Where to; existing files of the same names are replaced.
    checkpoint : Checkpoint
        What to write.
    dtype : {"float32", "bf16"}, default="float32"
        Number format of the weights on disk; "bf16" halves the size and rounds to 8 bits.
    """
    if dtype not in WEIGHT_DTYPES:
        raise InvalidInputError(f"dtype={dtype!r} is none of {sorted(WEIGHT_DTYPES)}.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: _cast(tensor.detach().cpu(), WEIGHT_DTYPES[dtype]).contiguous()
        for name, tensor in checkpoint.state.items()
    }
    described = {"family": checkpoint.family, "network": checkpoint.network}
    # The sizes travel inside the weights as well, so that one hash covers both.
    content = save(state, metadata={"config": json.dumps(described)})
    # Not by safetensors itself, whose files nobody else may read.
    write_atomically(folder / _WEIGHTS, content)
    sha256 = hashlib.sha256(content).hexdigest()
    card = replace(checkpoint.card, sha256=sha256)
    _write_json(folder / _CONFIG, {**described, "sha256": sha256})
    _write_json(folder / _CARD, card.to_dict())
    (folder / "README.md").write_text(card.to_markdown(), encoding="utf-8")
    return folder


def load_checkpoint(name_or_folder) -> Checkpoint:
    """Read a checkpoint and verify that its weights are the ones its configuration describes.

    Parameters
    ----------
    name_or_folder : str or path-like
        Name of shipped weights (see ``list_pretrained``) or a folder written by
        ``save_pretrained``.

    Raises
    ------
    PretrainedError
        If there is no such checkpoint, a file is missing or unreadable, or the weights do not
        have the recorded SHA-256.
    """
    folder = resolve_folder(name_or_folder)
    config = _read_json(folder / _CONFIG)
    card = ModelCard.from_dict(_read_json(folder / _CARD))
    weights = folder / _WEIGHTS
    if not weights.is_file():
        raise PretrainedError(f"{folder} has no {_WEIGHTS}; save the encoder there again.")
    missing = {"family", "network", "sha256"} - set(config)
    if missing:
        raise PretrainedError(f"{folder / _CONFIG} lacks {sorted(missing)}; save it again.")
    if _sha256(weights) != config["sha256"]:
        raise PretrainedError(
            f"{weights} is not the file that {_CONFIG} describes (its SHA-256 differs): it was"
            " altered or cut short. Save the encoder again, or reinstall skmat if it is a"
            " shipped one."
        )
    try:
        state = load_file(weights)
        with safe_open(weights, framework="pt") as file:
            written = json.loads((file.metadata() or {}).get("config", "{}"))
    except SafetensorError as error:
        raise PretrainedError(f"{weights} cannot be read ({error}); save it again.") from error
    if written != {"family": config["family"], "network": config["network"]}:
        raise PretrainedError(
            f"{folder / _CONFIG} does not describe these weights: family or network were changed"
            " after saving. Save the encoder again."
        )
    return Checkpoint(
        family=config["family"],
        network=config["network"],
        state={name: _cast(tensor, torch.float32) for name, tensor in state.items()},
        card=card,
        source=str(name_or_folder),
    )


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Change the format of numbers; counters, such as batch normalisation's, stay whole."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, values: dict) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PretrainedError(
            f"{path.parent} is no checkpoint: it has no {path.name}. Write one with"
            " save_pretrained(folder)."
        ) from None
    except ValueError as error:
        raise PretrainedError(f"{path} is not valid JSON ({error}); save it again.") from error
    if not isinstance(values, dict):
        raise PretrainedError(f"{path} holds no JSON object; save it again.")
    return values
