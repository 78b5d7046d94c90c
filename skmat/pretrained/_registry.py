"""The shipped encoders."""

import os
from pathlib import Path

from skmat._utils.paths import read_path
from skmat.exceptions import PretrainedError

__all__ = ["BEST", "list_pretrained", "resolve_folder"]

#: Encoder that ``pretrained="auto"`` takes, by family. Other families start from random weights.
BEST = {
    "mtencoder": "mtencoder-multi",
    "roost": "roost-multimodal",
    "cgcnn": "cgcnn-mp-multitask",
}

_SHIPPED = Path(__file__).parent / "weights"


def list_pretrained() -> list[str]:
    """Return the names that ``pretrained=`` takes without a path, in alphabetical order."""
    return sorted(path.parent.name for path in _SHIPPED.glob("*/config.json"))


def resolve_folder(name_or_folder) -> Path:
    """Return the folder of a shipped name or of a path. A ``Path`` is never a name.

    Raises
    ------
    PretrainedError
        If it is neither a shipped name nor a folder.
    """
    if isinstance(name_or_folder, str) and name_or_folder in list_pretrained():
        return _SHIPPED / name_or_folder
    folder = read_path(name_or_folder, "pretrained", PretrainedError)
    if os.path.isdir(folder):
        return folder
    shipped = ", ".join(list_pretrained()) or "none are shipped in this version"
    raise PretrainedError(
        f"pretrained={str(name_or_folder)!r} is neither a shipped encoder ({shipped}) nor a"
        " folder written by save_pretrained."
    )
