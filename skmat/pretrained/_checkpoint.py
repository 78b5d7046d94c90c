"""A checkpoint folder: config.json, the weights file that it names, and the card as README.md.

config.json is the checkpoint: it holds family, sizes and model card, and names the weights by file
and hash. A save writes new weights under a new name and then replaces config.json, so that a
reader sees one save or the other, whenever it comes and wherever a writer is killed.
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
from skmat.pretrained._registry import resolve_folder

__all__ = ["WEIGHT_DTYPES", "Checkpoint", "load_checkpoint", "save_checkpoint"]

#: Number formats that weights are stored in; they are computed on in float32.
WEIGHT_DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16}

#: Formats of numbers that tensors of a checkpoint may have in the file.
_STORED = {"F64", "F32", "F16", "BF16", "I64", "I32"}

#: How often a reader begins anew because writers replaced what it was to read.
_MOST_READS = 1000


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

    A checkpoint that is there is replaced as a whole: a reader, even one that reads meanwhile,
    finds the old one or the new one. If the writer is killed, the old one stays. Of two writers
    at once the later one wins.

    Parameters
    ----------
    folder : path-like
        Where to; config.json and README.md that are there are replaced. Other files stay, except
        the weights of the checkpoint that is replaced.
    checkpoint : Checkpoint
        What to write.
    dtype : {"float32", "bf16"}, default="float32"
        Number format of the weights on disk; "bf16" halves the size and rounds to 8 bits.

    Raises
    ------
    InvalidInputError
        If `dtype` is unknown, or `folder` or the card cannot be written.
    PretrainedError
        If weights are NaN or infinite, or another process keeps the folder for a minute.
    OSError
        If the disk is full, or the folder cannot be written to.
    """
    if dtype not in WEIGHT_DTYPES:
        raise InvalidInputError(f"dtype={dtype!r} is none of {sorted(WEIGHT_DTYPES)}.")
    folder = read_path(folder, "folder", InvalidInputError)
    state = {
        name: _cast(tensor.detach().cpu(), WEIGHT_DTYPES[dtype]).contiguous()
        for name, tensor in checkpoint.state.items()
    }
    _check_numbers(state, "The weights", "they are not saved")
    described = {"family": checkpoint.family, "network": checkpoint.network}
    # The sizes travel inside the weights as well, so that one hash covers both.
    content = save(state, metadata={"config": json.dumps(described)})
    sha256 = hashlib.sha256(content).hexdigest()
    card = replace(checkpoint.card, sha256=sha256)
    config = {**described, "sha256": sha256, "card": card.to_dict()}
    make_folder(folder, "folder")
    with locked(folder) as alone:
        before = named_weights(folder)
        weights = folder / name_weights(folder, sha256, alone)
        try:
            # Not by safetensors itself, whose files nobody else may read.
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
    """Read a checkpoint and verify that its weights are the ones its configuration describes.

    Nothing of it is executed.

    Parameters
    ----------
    name_or_folder : str or path-like
        Name of shipped weights (see ``list_pretrained``) or a folder written by
        ``save_pretrained``.

    Raises
    ------
    PretrainedError
        If there is no such checkpoint, a file is missing or unreadable, the weights do not have
        the recorded SHA-256, or what the files say is no checkpoint.
    """
    folder = resolve_folder(name_or_folder)
    for _ in range(_MOST_READS):
        config = read_bytes(folder / CONFIG, MOST_BYTES)
        try:
            family, network, card, content = _read_parts(folder, config)
        except PretrainedError:
            # Unless a writer has replaced the checkpoint meanwhile, and removed its files.
            if read_bytes(folder / CONFIG, MOST_BYTES) == config:
                raise
            continue
        return Checkpoint(
            family=family,
            network=network,
            state=_read_state(content, folder, {"family": family, "network": network}),
            card=card,
            source=str(name_or_folder),
        )
    raise PretrainedError(f"{folder} is written to all the time; save to another folder.")


def _read_parts(folder: Path, config: bytes) -> tuple[str, dict, ModelCard, bytes]:
    """Return what a configuration describes: family, sizes, card, verified weights file."""
    path = folder / CONFIG
    values = parse_object(config, path)
    missing = {"family", "network", "sha256"} - set(values)
    if missing:
        raise PretrainedError(f"{path} lacks {sorted(missing)}; save it again.")
    name = values.get("weights", WEIGHTS)
    expected = {
        "family": isinstance(values["family"], str),
        "network": isinstance(values["network"], dict),
        "sha256": isinstance(values["sha256"], str),
        # No other names: what is read is a file of this folder, and none of the user's.
        "weights": isinstance(name, str) and is_weights(name),
        "card": isinstance(values.get("card", {}), dict),
    }
    for key, fits in expected.items():
        if not fits:
            raise PretrainedError(
                f"{path} has {key} = {shorten(values[key])}, which no checkpoint has; save it"
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
            f"{folder / name} is not the file that {CONFIG} describes (its SHA-256 differs): it"
            " was altered or cut short. Save the encoder again, or reinstall skmat if it is a"
            " shipped one."
        )
    return values["family"], values["network"], card, content


def _read_state(content: bytes, folder: Path, described: dict) -> dict[str, Tensor]:
    """Return the tensors of a weights file, which must be those of this configuration."""
    try:
        header = parse_json(content[8 : 8 + int.from_bytes(content[:8], "little")])
        formats = {each["dtype"] for name, each in header.items() if name != "__metadata__"}
        if not formats <= _STORED:
            raise ValueError(f"it has numbers of the format {shorten(min(formats - _STORED))}")
        written = parse_json(header.get("__metadata__", {}).get("config", "{}"))
        state = load(content)
    # Whatever a header leads to that is none.
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PretrainedError(
            f"The weights in {folder} cannot be read ({error}); save it again."
        ) from error
    if written != described:
        raise PretrainedError(
            f"{folder / CONFIG} does not describe these weights: family or network were changed"
            " after saving. Save the encoder again."
        )
    state = {name: _cast(tensor, torch.float32) for name, tensor in state.items()}
    _check_numbers(state, f"The weights in {folder}", "save an encoder that is trained again")
    return state


def _check_numbers(state: dict[str, Tensor], what: str, remedy: str) -> None:
    """Refuse weights that can give nothing but NaN."""
    faults = {
        "NaN or infinite": lambda name, tensor: (
            # One pass; in float64 the sum of numbers that float32 can hold is finite.
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
            raise PretrainedError(f"{what} are {fault} in {', '.join(bad[:5])}{more}; {remedy}.")


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Change the format of numbers; counters, such as batch normalisation's, stay whole."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
