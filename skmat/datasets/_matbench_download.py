"""Matbench from matminer's loader to our files."""

import hashlib
import io
import math
import tempfile

import numpy as np
import pandas as pd
from pymatgen.core import Element

from skmat.composition import read_compositions
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


#: Of each task: the SHA-256 of its compositions, row by row, the sum of its labels, and their sum
#: weighted by the row number. The labels themselves may differ in the last digits.
_CONTENTS = {
    "matbench_steels": (
        "d3edcbfde84b9bb8be05a0ac998d9440092181eddea3547ded275e7b4122b242",
        443351.5,
        67657478.2,
    ),
    "matbench_jdft2d": (
        "c5bb7d5bec1dd6f5f47f528abc3f2309faf74bc4a50d42fbbe6dbce9bb204037",
        71676.1242537267,
        22107740.974982787,
    ),
    "matbench_phonons": (
        "9e22f3df0d29469853087d489c61b386e084078085bde56e84c37ecee2a5dc99",
        735409.6528821628,
        479799397.58485967,
    ),
    "matbench_expt_gap": (
        "b7b16b811ce2cba1268e2bfd8d92efea87fa68ee3e3cc3ef2008b2bc5180edff",
        4493.280000000001,
        9045849.06,
    ),
    "matbench_dielectric": (
        "6db82d6bd1ddafbe937bff72e59f3d073cbcd722f384b348b2b47984a721ed69",
        11568.488559071371,
        27944472.772656403,
    ),
    "matbench_expt_is_metal": (
        "df38a18bb70c4c7c451234a837a9f5df2b0dab1cc9be2419bb7eda5d9f911030",
        2451.0,
        6614870.0,
    ),
    "matbench_glass": (
        "0f0bd7c3647bcfc3d7bcfea04dff8624fd6d29d07ed5b5d928cc4bd415e3cb5e",
        4035.0,
        12367505.0,
    ),
    "matbench_log_gvrh": (
        "f8343ca6a4b531ebf318c5988742add7b1f826c17007b003f82631fe6f317876",
        17069.826319386913,
        93685415.93880683,
    ),
    "matbench_log_kvrh": (
        "f8343ca6a4b531ebf318c5988742add7b1f826c17007b003f82631fe6f317876",
        20660.458655502112,
        114084572.30272356,
    ),
    "matbench_perovskites": (
        "7b45e3f98b93714117f6baae4242d66cf4c6a59d59db0225912a980aeca5c1e6",
        27841.800000000003,
        263186211.57999995,
    ),
    "matbench_mp_gap": (
        "6f07f9637dff478416e05a5bfd58c2d78ca734799dd706af76bbdcf4482bc4c7",
        128887.6775,
        7398033860.1025,
    ),
    "matbench_mp_is_metal": (
        "6f07f9637dff478416e05a5bfd58c2d78ca734799dd706af76bbdcf4482bc4c7",
        46151.0,
        2447483109.0,
    ),
    "matbench_mp_e_form": (
        "49abaf0d5db8449928c277b81dee61e6cd4dd2355a8507a8d217895c34563553",
        -186903.97235692147,
        -18249371838.94453,
    ),
}


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
    paths = [table_path(info)] + ([structures_path(info)] if info.has_structure else [])
    missing = [path for path in paths if not (home / path).is_file()]
    frame = _download(info, missing)
    _check_form(frame, info)
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
    _check_content(formulas, target, info)
    table = pd.DataFrame(
        {
            "mbid": ids,
            "composition": formulas,
            "target": target,
            "test_fold": official_test_folds(info, target),
        }
    )
    contents[table_path(info)] = table.to_csv(index=False).encode()
    for path in missing:
        # matminer verified the hash of its source, and formulas and labels are the known ones.
        write_file(home, path, contents[path], record=True)


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


def _download(info, missing):
    # Imported here: it takes seconds.
    from matminer.datasets import load_dataset

    with tempfile.TemporaryDirectory() as folder:
        try:
            return load_dataset(info.name, data_home=folder, download_if_missing=True)
        # Whatever matminer and its network stack raise, the user learns which data set it was.
        except Exception as error:
            raise DatasetNotFoundError(
                f"{info.name} could not be downloaded through matminer"
                f" ({type(error).__name__}: {error}). Try again later, or put"
                f" {' and '.join(map(repr, missing))} into the data home yourself, each with its"
                " .sha256 if a fetcher wrote it."
            ) from error


def _check_form(frame, info):
    material = "structure" if info.has_structure else "composition"
    missing = [name for name in (material, info.target) if name not in frame.columns]
    if missing or len(frame) != info.n_samples:
        raise DatasetCorruptedError(
            f"What matminer returned for {info.name} is not that task: it has {len(frame)} rows"
            f" (expected {info.n_samples}) and the columns {list(frame.columns)} (expected"
            f" {[material, info.target]}). Nothing was written; update matminer and try again."
        )


def _check_content(formulas, target, info):
    sha256, *sums = content_of(formulas, target)
    known, *known_sums = _CONTENTS[info.name]
    if sha256 != known:
        raise DatasetCorruptedError(
            f"The formulas that matminer returned for {info.name} are not those of that task, or"
            " stand in another order. Nothing was written; update matminer and pymatgen and try"
            " again, and report it if it persists."
        )
    if not np.allclose(sums, known_sums, rtol=1e-9, atol=0):
        raise DatasetCorruptedError(
            f"The labels that matminer returned for {info.name} are not those of that task: they"
            f" add up to {sums[0]:.10g} where {known_sums[0]:.10g} is expected. Nothing was"
            " written; update matminer and try again, and report it if it persists."
        )


def content_of(formulas, target):
    """Return what tells the content of a task from another: an entry of `_CONTENTS`."""
    target = np.asarray(target, dtype=np.float64)
    # Of compositions, not of strings: the order of elements in a formula says nothing.
    sha256 = hashlib.sha256(read_compositions(formulas).keys().tobytes()).hexdigest()
    return sha256, float(target.sum()), float(target @ np.arange(len(target)))


def _electronegativity(symbol):
    value = Element(symbol).X
    return math.inf if math.isnan(value) else value
