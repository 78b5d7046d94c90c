"""Checkpoints of no encoder, and what others may make of them."""

import hashlib
import json

import safetensors.torch
import torch

from skmat.pretrained import Checkpoint, ModelCard


def make_checkpoint(**changes):
    torch.manual_seed(0)
    state = {"a": torch.randn(7, 5), "b": 1e-4 * torch.randn(3), "c": torch.randn(4, 6).T}
    card = ModelCard(name="small", description="Åström's encoder", metrics={"MAE": 0.5})
    values = {"family": "mtencoder", "network": {"d_model": 5}, "state": state, "card": card}
    return Checkpoint(**{**values, "source": "a test", **changes})


def to_format_0_1(folder):
    """Make a folder what version 0.1 wrote, as shipped weights are."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "card.json").write_text(json.dumps(config.pop("card")))
    (folder / config.pop("weights")).rename(folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def put_weights(folder, state, metadata=None):
    """Put tensors in the place of a checkpoint's, with their hash, as a hostile writer would."""
    config = json.loads((folder / "config.json").read_text())
    if metadata is None:
        described = {key: config[key] for key in ("family", "network")}
        metadata = {"config": json.dumps(described)}
    put_content(folder, safetensors.torch.save(state, metadata=metadata))


def put_content(folder, content):
    config = json.loads((folder / "config.json").read_text())
    (folder / config.get("weights", "model.safetensors")).write_bytes(content)
    config["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))


def alter(folder, *, config=None, network=None, state=None, card=None):
    """Change parts of a checkpoint, with hash and metadata that agree, as a hostile writer would.

    Each is a function that changes a dict: all of config.json, its network, the tensors, the card.
    """
    path = folder / "config.json"
    values = json.loads(path.read_text())
    weights = folder / values.get("weights", "model.safetensors")
    tensors = safetensors.torch.load(weights.read_bytes())
    for change, part in (
        (network, values["network"]),
        (state, tensors),
        (card, values.get("card")),
        (config, values),
    ):
        if change is not None:
            change(part)
    path.write_text(json.dumps(values))
    if config is None and (network is not None or state is not None):
        put_weights(folder, tensors)
    return folder
