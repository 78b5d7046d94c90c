"""The shipped encoders."""

import os
from pathlib import Path

from skmat._utils.hub import is_hub_address
from skmat._utils.paths import read_path
from skmat.exceptions import PretrainedError
from skmat.pretrained._hub import download, hub_checkpoint

__all__ = ["BEST", "list_pretrained", "resolve_folder"]

#: Encoder that ``pretrained="auto"`` takes, by family.
BEST = {
    "mtencoder": "mtencoder-multi",
    "roost": "roost-multimodal",
    "cgcnn": "cgcnn-mp-multitask",
    "alignn": "alignn-mp-mpt",
}

_SHIPPED = Path(__file__).parent / "weights"


def list_pretrained(as_frame=False):
    """Return the shipped encoders: names that ``pretrained=`` takes without a path.

    Parameters
    ----------
    as_frame : bool, default=False
        Whether to return a table that describes them.

    Returns
    -------
    list of str, or DataFrame
        The names in alphabetical order. The table has one row per name and these columns:

        - name.
        - family: "mtencoder", "roost", "cgcnn" or "alignn".
        - input: "formula" or "structure".
        - auto: whether ``pretrained="auto"`` takes it.
        - pretrained_on: data sets, with the number of their materials.
        - held_out: data sets whose compositions the encoder has not seen.
        - n_parameters: learned numbers of the encoder.
        - size_mb: size of the weights file, in 10^6 bytes.
        - licence: that of the weights.
        - description: what the encoder has learned, in words.

    Examples
    --------
    >>> from skmat import list_pretrained
    >>> table = list_pretrained(as_frame=True)
    >>> table.loc[table["auto"], ["name", "family", "input"]]
                     name     family      input
    0       alignn-mp-mpt     alignn  structure
    1  cgcnn-mp-multitask      cgcnn  structure
    3     mtencoder-multi  mtencoder    formula
    9    roost-multimodal      roost    formula
    """
    names = sorted(path.parent.name for path in _SHIPPED.glob("*/config.json"))
    if not as_frame:
        return names
    from skmat.pretrained._overview import overview

    return overview({name: _SHIPPED / name for name in names}, set(BEST.values()))


def resolve_folder(name_or_folder) -> Path:
    """Return the folder of a shipped name, of a path or of an address of the Hub.

    A ``Path`` is never a name or an address.

    Raises
    ------
    PretrainedError
        If it is none of them.
    """
    if isinstance(name_or_folder, str) and name_or_folder in list_pretrained():
        return _SHIPPED / name_or_folder
    if is_hub_address(name_or_folder):
        return download(hub_checkpoint(name_or_folder))
    folder = read_path(name_or_folder, "pretrained", PretrainedError)
    if os.path.isdir(folder):
        return folder
    shipped = ", ".join(list_pretrained()) or "none are shipped in this version"
    raise PretrainedError(
        f"pretrained={str(name_or_folder)!r} is neither a shipped encoder ({shipped}), nor a"
        " folder written by save_pretrained, nor an address such as hf://organisation/name."
    )
