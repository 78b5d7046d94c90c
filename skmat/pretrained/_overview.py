"""The table of the shipped encoders."""

import math
import re

import pandas as pd

from skmat._utils.json_files import parse_json, read_json
from skmat.pretrained._card import ModelCard
from skmat.pretrained._folder import CONFIG, MOST_BYTES, WEIGHTS

__all__ = ["INPUTS", "overview"]

#: What each family reads. The estimators say the same; a test compares.
INPUTS = {
    "mtencoder": "formula",
    "roost": "formula",
    "cgcnn": "structure",
    "alignn": "structure",
}

#: Tensors that training does not change by gradients: tables of elements and running statistics.
_NOT_LEARNED = re.compile(r"(.*[._])?(table|running_mean|running_var|num_batches_tracked)")
#: Counts in a list of data sets, such as "matbench_steels (0), matbench_glass (67)".
_COUNT = re.compile(r" \([\d,]+\)")


def overview(folders, automatic):
    """Return the table.

    Parameters
    ----------
    folders : dict of str to Path
        Checkpoint folders by name.
    automatic : set of str
        Names that ``pretrained="auto"`` takes.

    Returns
    -------
    DataFrame
        The columns that ``list_pretrained`` describes.
    """
    rows = [_row(name, folder, name in automatic) for name, folder in folders.items()]
    return pd.DataFrame(rows)


def _row(name, folder, is_automatic):
    config = read_json(folder / CONFIG, MOST_BYTES)
    card = ModelCard.from_dict(config["card"])
    weights = folder / config.get("weights", WEIGHTS)
    return {
        "name": name,
        "family": config["family"],
        "input": INPUTS[config["family"]],
        "auto": is_automatic,
        "pretrained_on": _data_sets(card.data),
        "held_out": _COUNT.sub("", card.excluded.partition("those of ")[2] or card.excluded),
        "n_parameters": _n_parameters(weights),
        "size_mb": round(weights.stat().st_size / 1e6, 2),
        "licence": card.licence,
        "description": card.description,
    }


def _data_sets(data):
    """Return the tables that a card lists, without what became of them."""
    return re.split("; (?:joined by composition|together):", data)[0]


def _n_parameters(weights):
    """Count the learned numbers in a weights file by its header."""
    with weights.open("rb") as stream:
        header = parse_json(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(
        math.prod(tensor["shape"])
        for name, tensor in header.items()
        if name != "__metadata__" and not _NOT_LEARNED.fullmatch(name)
    )
