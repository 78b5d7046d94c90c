"""Checkpoint folders: config.json, the weights file that it names, and the card as README.md.

config.json holds the family, the sizes and the model card. It names the weights by file and hash.
A save writes new weights under a new name and then replaces config.json. A reader therefore always
sees a whole checkpoint, even if a writer is killed.
"""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from skmat._utils.atomic import write_atomically
from skmat._utils.hub import is_hub_address
from skmat._utils.json_files import parse_json
from skmat._utils.paths import make_folder, read_path
from skmat.exceptions import InvalidInputError, PretrainedError, shorten
from skmat.pretrained._card import ModelCard
from skmat.pretrained._folder import (
    CARD,
    CONFIG,
    MOST_BYTES,
    README,
    WEIGHTS,
    is_weights,
    locked,
    name_weights,
    named_weights,
    parse_object,
    read_bytes,
    remove_replaced,
)
from skmat.pretrained._hub import hub_checkpoint
from skmat.pretrained._registry import resolve_folder

__all__ = ["WEIGHT_DTYPES", "Checkpoint", "load_checkpoint", "save_checkpoint"]

#: Number formats of stored weights. Loading converts them to float32.
WEIGHT_DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16}

#: Number formats of tensors in a weights file.
_STORED = {"F64", "F32", "F16", "BF16", "I64", "I32"}

#: Maximum of reads while writers replace the checkpoint.
_MOST_READS = 1000


@dataclass
class Checkpoint:
    """An encoder's weights and the arguments to rebuild its network.

    Attributes
    ----------
    family : str
        Encoder family, such as "mtencoder".
    network : dict
        Arguments of the network.
    state : dict of str to Tensor
        Tensors of the encoder, float32.
    card : ModelCard
        Origin and training of the encoder.
    source : str
        Name or folder of the checkpoint, for messages.
    """

    family: str
    network: dict[str, Any]
    state: dict[str, Tensor]
    card: ModelCard
    source: str


def save_checkpoint(folder, checkpoint: Checkpoint, dtype: str = "float32") -> Path:
    """Write `checkpoint` into `folder`, and create the folder if it is missing.

    Saving replaces an existing checkpoint as a whole. A concurrent reader finds either the old or
    the new one. If the writer is killed, the old one stays. Of two concurrent writers the later
    one wins.

    Parameters
    ----------
    folder : path-like
        Folder of the checkpoint. Saving replaces config.json, README.md and the old weights. Other
        files stay.
    checkpoint : Checkpoint
        Checkpoint to write.
    dtype : {"float32", "bf16"}, default="float32"
        Number format of the weights on disk. "bf16" halves the size and rounds to 8 bits.

    Raises
    ------
    InvalidInputError
        If `dtype` is unknown, or `folder` or the card cannot be written.
    PretrainedError
        If weights are NaN or infinite, or another process locks the folder for 60 s.
    OSError
        If the disk is full, or the folder is not writable.
    """
    if dtype not in WEIGHT_DTYPES:
        raise InvalidInputError(f"dtype={dtype!r} must be one of {sorted(WEIGHT_DTYPES)}.")
    folder = read_path(folder, "folder", InvalidInputError)
    state = {
        name: _cast(tensor.detach().cpu(), WEIGHT_DTYPES[dtype]).contiguous()
        for name, tensor in checkpoint.state.items()
    }
    _check_numbers(state, "The weights", "They are not saved")
    described = {"family": checkpoint.family, "network": checkpoint.network}
    # The weights file also holds the sizes, so one hash covers both.
    content = save(state, metadata={"config": json.dumps(described)})
    sha256 = hashlib.sha256(content).hexdigest()
    card = replace(checkpoint.card, sha256=sha256)
    config = {**described, "sha256": sha256, "card": card.to_dict()}
    make_folder(folder, "folder")
    with locked(folder) as alone:
        before = named_weights(folder)
        weights = folder / name_weights(folder, sha256, alone)
        try:
            # safetensors itself writes files that only their owner can read.
            write_atomically(weights, content)
            text = json.dumps({**config, "weights": weights.name}, indent=2, ensure_ascii=False)
            write_atomically(folder / CONFIG, (text + "\n").encode())
        except BaseException:
            if weights.name not in (before, named_weights(folder)):
                weights.unlink(missing_ok=True)
            raise
        remove_replaced(folder, before, alone)
        write_atomically(folder / README, card.to_markdown().encode())
    return folder


def load_checkpoint(name_or_folder) -> Checkpoint:
    """Read a checkpoint and verify that its configuration describes its weights.

    Reading executes no code of the checkpoint.

    Parameters
    ----------
    name_or_folder : str or path-like
        Name of shipped weights (see ``list_pretrained``), a folder written by
        ``save_pretrained``, or "hf://organisation/name", with "@revision" if needed.

    Raises
    ------
    PretrainedError
        If the checkpoint does not exist, or a file is missing or unreadable. If the SHA-256 of the
        weights differs from the recorded one, or the files do not describe a checkpoint.
    """
    folder = resolve_folder(name_or_folder)
    try:
        return _load(folder, str(name_or_folder))
    except PretrainedError as error:
        if is_hub_address(name_or_folder):
            raise hub_checkpoint(name_or_folder).damaged(error) from error
        raise


def _load(folder: Path, source: str) -> Checkpoint:
    for _ in range(_MOST_READS):
        config = read_bytes(folder / CONFIG, MOST_BYTES)
        try:
            family, network, card, content = _read_parts(folder, config)
        except PretrainedError:
            # A writer may have replaced the checkpoint meanwhile. Then read again.
            if read_bytes(folder / CONFIG, MOST_BYTES) == config:
                raise
            continue
        return Checkpoint(
            family=family,
            network=network,
            state=_read_state(content, folder, {"family": family, "network": network}),
            card=card,
            source=source,
        )
    raise PretrainedError(f"{folder} changes during every read. Save to another folder.")


def _read_parts(folder: Path, config: bytes) -> tuple[str, dict, ModelCard, bytes]:
    """Return family, sizes, card and the verified content of the weights file."""
    path = folder / CONFIG
    values = parse_object(config, path)
    missing = {"family", "network", "sha256"} - set(values)
    if missing:
        raise PretrainedError(f"{path} lacks {sorted(missing)}. Save the encoder again.")
    name = values.get("weights", WEIGHTS)
    expected = {
        "family": isinstance(values["family"], str),
        "network": isinstance(values["network"], dict),
        "sha256": isinstance(values["sha256"], str),
        # Other names could point to files outside of this folder.
        "weights": isinstance(name, str) and is_weights(name),
        "card": isinstance(values.get("card", {}), dict),
    }
    for key, fits in expected.items():
        if not fits:
            raise PretrainedError(
                f"{path} has an invalid value {key} = {shorten(values[key])}. Save the encoder"
                " again."
            )
    card_path = path if "card" in values else folder / CARD
    described = values.get("card")
    if described is None:
        described = parse_object(read_bytes(card_path, MOST_BYTES), card_path)
    try:
        card = ModelCard.from_dict(described)
    except InvalidInputError as error:
        raise PretrainedError(f"{card_path}: {error} Save the encoder again.") from error
    content = read_bytes(folder / name)
    if hashlib.sha256(content).hexdigest() != values["sha256"]:
        raise PretrainedError(
            f"{folder / name} is not the file that {CONFIG} describes (its SHA-256 differs). It"
            " was altered or cut short. Save the encoder again. If it is a shipped one, reinstall"
            " skmat."
        )
    return values["family"], values["network"], card, content


def _read_state(content: bytes, folder: Path, described: dict) -> dict[str, Tensor]:
    """Return the tensors of a weights file, after checking its configuration."""
    try:
        header = parse_json(content[8 : 8 + int.from_bytes(content[:8], "little")])
        formats = {each["dtype"] for name, each in header.items() if name != "__metadata__"}
        if not formats <= _STORED:
            raise ValueError(f"unknown number format {shorten(min(formats - _STORED))}")
        written = parse_json(header.get("__metadata__", {}).get("config", "{}"))
        state = load(content)
    # A damaged header can raise any of these.
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PretrainedError(
            f"The weights in {folder} cannot be read ({error}). Save the encoder again."
        ) from error
    if written != described:
        raise PretrainedError(
            f"{folder / CONFIG} does not describe these weights. Its family or network was changed"
            " after saving. Save the encoder again."
        )
    state = {name: _cast(tensor, torch.float32) for name, tensor in state.items()}
    _check_numbers(state, f"The weights in {folder}", "Train the encoder again and save it")
    return state


def _check_numbers(state: dict[str, Tensor], what: str, remedy: str) -> None:
    """Raise for weights that would only give NaN."""
    faults = {
        "NaN or infinite": lambda name, tensor: (
            # One pass: in float64, a sum of finite float32 numbers is finite.
            not math.isfinite(tensor.sum(dtype=torch.float64).item())
        ),
        "negative variances": lambda name, tensor: (
            name.endswith("running_var") and bool((tensor < 0).any())
        ),
    }
    for fault, has_it in faults.items():
        bad = [name for name, tensor in state.items() if has_it(name, tensor)]
        if bad:
            more = ", ..." if len(bad) > 5 else ""
            raise PretrainedError(f"{what} are {fault} in {', '.join(bad[:5])}{more}. {remedy}.")


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Convert floating-point tensors. Counters of batch normalisation stay integers."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
