"""Encoders on disk: safetensors with a configuration and a model card, never pickle."""

from skmat.pretrained._card import ModelCard
from skmat.pretrained._checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from skmat.pretrained._registry import BEST, list_pretrained, resolve_folder
from skmat.pretrained._report import LoadReport, compare_state, load_state

__all__ = [
    "BEST",
    "Checkpoint",
    "LoadReport",
    "ModelCard",
    "compare_state",
    "list_pretrained",
    "load_checkpoint",
    "load_state",
    "resolve_folder",
    "save_checkpoint",
]
