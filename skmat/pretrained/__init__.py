"""Checkpoints: safetensors files with a configuration and a model card, without pickle."""

from skmat.pretrained._card import ModelCard
from skmat.pretrained._checkpoint import Checkpoint, load_checkpoint
from skmat.pretrained._checkpoint import save_checkpoint as save_checkpoint
from skmat.pretrained._registry import BEST, list_pretrained
from skmat.pretrained._report import LoadReport
from skmat.pretrained._report import compare_state as compare_state
from skmat.pretrained._report import load_state as load_state

__all__ = [
    "BEST",
    "Checkpoint",
    "LoadReport",
    "ModelCard",
    "list_pretrained",
    "load_checkpoint",
]
