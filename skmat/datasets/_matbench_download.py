"""Matbench from matminer's loader to our files."""

import io
import math
import tempfile

import numpy as np
import pandas as pd
from pymatgen.core import Element

from skmat.crystal import StructureArrays
from skmat.datasets._files import write_file
from skmat.datasets._matbench_tasks import official_splitter
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

__all__ = ["structures_path", "table_path", "write_task"]


def table_path(info):
    """Return where the table of a task stands in a data home."""
    return f"matbench/{info.name}.csv.gz"


def structures_path(info):
    """Return where the structures of a task stand in a data home."""
    return f"structures/{info.name}_structures.npz"


def write_task(info, home):
    """Download a task and write those of its files that are not there.

    Parameters
    ----------
    info : MatbenchTaskInfo
        The task.
    home : pathlib.Path
        The data home.

    Raises
    ------
    DatasetNotFoundError
        If the download fails.
    DatasetCorruptedError
        If what was downloaded is not the task.
    """
    frame = _download(info)
    _check(frame, info)
    ids = [info.id_format.format(row + 1) for row in range(len(frame))]
    contents = {}
    if info.has_structure:
        structures = list(frame["structure"])
        formulas = [official_formula(structure) for structure in structures]
        stream = io.BytesIO()
        StructureArrays.from_structures(structures, ids).save(stream)
        contents[structures_path(info)] = stream.getvalue()
    else:
        formulas = frame["composition"].astype(str).tolist()
    target = frame[info.target].to_numpy(dtype=float if info.kind == "regression" else bool)
    table = pd.DataFrame(
        {
            "mbid": ids,
            "composition": formulas,
            "target": target,
            "test_fold": official_test_folds(info, target),
        }
    )
    contents[table_path(info)] = table.to_csv(index=False).encode()
    for path, content in contents.items():
        # matminer verified the hash of its source, so what is made of it is known content.
        if not (home / path).is_file():
            write_file(home, path, content, record=True)


def official_formula(structure):
    """Return the formula of a cell as the official data write it.

    They were written by a pymatgen that left elements of equal electronegativity in the order of
    the sites; today's sorts them by symbol. Twelve sites of Cu, Si and Se are "Si2Cu4Se6" there
    and "Cu4Si2Se6" here.
    """
    amounts = structure.composition.get_el_amt_dict()
    symbols = sorted(amounts, key=_electronegativity)
    return "".join(f"{symbol}{amounts[symbol]:g}" for symbol in symbols)


def official_test_folds(info, target):
    """Return the number of the fold whose test set each row belongs to."""
    folds = np.empty(len(target), dtype=np.int64)
    for number, (_, test) in enumerate(official_splitter(info).split(target, target)):
        folds[test] = number
    return folds


def _download(info):
    # Imported here: it takes seconds.
    from matminer.datasets import load_dataset

    with tempfile.TemporaryDirectory() as folder:
        try:
            return load_dataset(info.name, data_home=folder, download_if_missing=True)
        # Whatever matminer and its network stack raise, the user learns which data set it was.
        except Exception as error:
            raise DatasetNotFoundError(
                f"{info.name} could not be downloaded through matminer"
                f" ({type(error).__name__}: {error}). Try again later, or put the file"
                f" {table_path(info)!r} into the data home yourself."
            ) from error


def _check(frame, info):
    material = "structure" if info.has_structure else "composition"
    missing = [name for name in (material, info.target) if name not in frame.columns]
    if missing or len(frame) != info.n_samples:
        raise DatasetCorruptedError(
            f"What matminer returned for {info.name} is not that task: it has {len(frame)} rows"
            f" (expected {info.n_samples}) and the columns {list(frame.columns)} (expected"
            f" {[material, info.target]}). Nothing was written; update matminer and try again."
        )


def _electronegativity(symbol):
    value = Element(symbol).X
    return math.inf if math.isnan(value) else value
