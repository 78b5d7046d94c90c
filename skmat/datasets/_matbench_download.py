"""Download Matbench through matminer's loader, and convert it to files of a data home."""

import hashlib
import io
import math
import tempfile
import zipfile
import zlib

import numpy as np
import pandas as pd
from pymatgen.core import Element

from skmat.composition import read_compositions
from skmat.datasets._files import write_file
from skmat.datasets._matbench_tasks import official_splitter
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError
from skmat.structure import StructureArrays

__all__ = ["is_structures", "is_table", "structures_path", "table_path", "write_task"]


def table_path(info):
    """Return the path of the table of a task inside a data home."""
    return f"matbench/{info.name}.csv.gz"


def structures_path(info):
    """Return the path of the structures of a task inside a data home."""
    return f"structures/{info.name}_structures.npz"


#: Of each task: the SHA-256 of its compositions, row by row, the sum of its labels, and the sum
#: weighted by row number. Labels may differ in the last digits.
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

#: Step, offset and hash of the labels of each task, for `values_of`. The hash ignores differences
#: below 1e-4 of their standard deviation: conversions change the last digits.
_LABELS = {
    "matbench_steels": (
        0.0301,
        0.737542,
        "b263c7e28684ed454ba9af64bb66b660c646d624f76f86987ddb3b642b3a84e7",
    ),
    "matbench_jdft2d": (
        0.0134,
        0.158893,
        "8194ce261d24c28d07e41bc932574442680d115948e2ba98a620df6965c86a39",
    ),
    "matbench_phonons": (
        0.0494,
        0.715547,
        "6430ee6481811a7470a287d1d1b99cd723d1eb9fbe07188782a180319357f735",
    ),
    "matbench_expt_gap": (
        0.000144,
        0.5,
        "2863ae5dafda9323a90c8a13d5d54ea2ad5d2e092032f6c0181ad062473bf585",
    ),
    "matbench_dielectric": (
        0.00021,
        0.881645,
        "7dacca11d6aab100b0718a5a33cb378855d61778164817f18141ebbf0c31712f",
    ),
    "matbench_expt_is_metal": (
        1.0,
        0.5,
        "bb7c0139babee99abef6f06ed12b9f581290c81e9a244be26656ed21ab7a7090",
    ),
    "matbench_glass": (
        1.0,
        0.5,
        "c03a4060d3e0612939625daa4604ff5978af62b4ed02400933683b3c5b374a2d",
    ),
    "matbench_log_gvrh": (
        3.72e-05,
        0.595983,
        "f8cf830f75d9ea36c6cd5039a8357b0a3b6ae47ffbf9c2bfbf1c44749fcd0ffe",
    ),
    "matbench_log_kvrh": (
        3.69e-05,
        0.635668,
        "a8d21c96b06d75eb80e46e31e3c7a8d39f5277c946b673f209bf018b0b0fb06a",
    ),
    "matbench_perovskites": (
        7.42e-05,
        0.533693,
        "cba97f5c672e2f612b3a0c3e85aa7932c2af82e7d83b584418c9e954c38c1269",
    ),
    "matbench_mp_gap": (
        0.00016,
        0.0625,
        "a707ec0e5d215a7ea1be99a1cb0547d5a7b062cc267e7cfe39217f70f5daff5e",
    ),
    "matbench_mp_is_metal": (
        1.0,
        0.5,
        "158cdb980ddaf91853389dfd34d5a105bdd141fb9602557fe811541079141556",
    ),
    "matbench_mp_e_form": (
        0.000116,
        0.082892,
        "ad8685b3be9e997a6b6a5b660eed85a9eab5672c0661f4c1c195e48ff5573a2c",
    ),
}

#: The same for the logarithms of cell volumes (in Å^3), of tasks with structures in the manifest.
_VOLUMES = {
    "matbench_phonons": (
        0.000617,
        0.566681,
        "9108f4710998c03a4e7f46853dc06e2ffdfd91b59addd8037cce0726de50e175",
    ),
}


def write_task(info, home):
    """Download a task and write its missing files.

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
        If the download is not the task.
    """
    paths = [table_path(info)] + ([structures_path(info)] if info.has_structure else [])
    missing = [path for path in paths if not (home / path).is_file()]
    frame = _download(info, missing, home)
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
    contents[table_path(info)] = table.to_csv(index=False, lineterminator="\n").encode()
    for path in missing:
        # Trusted: matminer verified the hash of its source, and formulas and labels are known.
        write_file(home, path, contents[path], record=True)


def is_table(info, content):
    """Tell whether the bytes are the table of a task, with labels in any notation."""
    try:
        table = pd.read_csv(
            io.BytesIO(content),
            dtype={"composition": str},
            keep_default_na=False,
            na_values=[""],
            float_precision="round_trip",
        )
        ids = [info.id_format.format(row + 1) for row in range(info.n_samples)]
        kind = np.float64 if info.kind == "regression" else bool
        labels = table["target"].to_numpy(dtype=kind)
        return (
            table["mbid"].tolist() == ids
            and content_of(table["composition"], labels)[0] == _CONTENTS[info.name][0]
            and values_of(labels, *_LABELS[info.name][:2]) == _LABELS[info.name][2]
        )
    except (ValueError, KeyError, TypeError):
        return False


def is_structures(info, content):
    """Tell whether arrays are the structures of a task, by ids, compositions and volumes.

    Coordinates are not compared: they depend on the choice of the cell. ``_VOLUMES`` lists the
    known tasks.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            structures = StructureArrays.from_npz(dict(arrays))
        ids = [info.id_format.format(row + 1) for row in range(info.n_samples)]
        sha256 = _sha256(structures.compositions())
        volumes = np.log(np.abs(np.linalg.det(structures.lattice.astype(np.float64))))
        return (
            list(structures.ids) == ids
            and sha256 == _CONTENTS[info.name][0]
            and values_of(volumes, *_VOLUMES[info.name][:2]) == _VOLUMES[info.name][2]
        )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def values_of(values, step, offset):
    """Return a hash of values that ignores their last digits.

    It hashes the interval number of each value. Intervals have the length `step` and start at
    `offset` steps, chosen so that no value is near the end of an interval.
    """
    numbers = np.floor(np.asarray(values, dtype=np.float64) / step - offset)
    if not np.isfinite(numbers).all():
        return ""
    return hashlib.sha256(numbers.astype("<i8").tobytes()).hexdigest()


def official_formula(structure):
    """Return the formula of a cell in the spelling of the official data.

    Elements of equal electronegativity keep the order of the sites, as in an older pymatgen.
    Today's pymatgen sorts them by symbol: "Cu4Si2Se6" instead of "Si2Cu4Se6".
    """
    amounts = structure.composition.get_el_amt_dict()
    symbols = sorted(amounts, key=_electronegativity)
    return "".join(f"{symbol}{amounts[symbol]:g}" for symbol in symbols)


def official_test_folds(info, target):
    """Return for each row the number of the fold that tests it."""
    folds = np.empty(len(target), dtype=np.int64)
    for number, (_, test) in enumerate(official_splitter(info).split(target, target)):
        folds[test] = number
    return folds


def _download(info, missing, home):
    # Imported here: the import takes seconds.
    from matminer.datasets import load_dataset

    with tempfile.TemporaryDirectory() as folder:
        try:
            return load_dataset(info.name, data_home=folder, download_if_missing=True)
        # matminer and its network stack raise errors of many types. Name the data set.
        except Exception as error:
            raise DatasetNotFoundError(
                f"{info.name} could not be downloaded through matminer"
                f" ({type(error).__name__}: {error}). Try again later, or put"
                f" {' and '.join(map(repr, missing))} into the data home {home} yourself, with the"
                " .sha256 file if a fetcher wrote it."
            ) from error


def _check_form(frame, info):
    material = "structure" if info.has_structure else "composition"
    missing = [name for name in (material, info.target) if name not in frame.columns]
    if missing or len(frame) != info.n_samples:
        raise DatasetCorruptedError(
            f"matminer returned other data for {info.name}: {len(frame)} rows (expected"
            f" {info.n_samples}) and the columns {list(frame.columns)} (expected"
            f" {[material, info.target]}). Nothing was written. Update matminer and try again."
        )


def _check_content(formulas, target, info):
    sha256, *sums = content_of(formulas, target)
    known, *known_sums = _CONTENTS[info.name]
    if sha256 != known:
        raise DatasetCorruptedError(
            f"matminer returned other formulas for {info.name}, or another order. Nothing was"
            " written. Update matminer and pymatgen and try again, and report the error if it"
            " persists."
        )
    if not np.allclose(sums, known_sums, rtol=1e-9, atol=0):
        raise DatasetCorruptedError(
            f"matminer returned other labels for {info.name}: they add up to {sums[0]:.10g}"
            f" instead of {known_sums[0]:.10g}. Nothing was written. Update matminer and try"
            " again, and report the error if it persists."
        )


def content_of(formulas, target):
    """Return the fingerprint of the content of a task: an entry of `_CONTENTS`."""
    target = np.asarray(target, dtype=np.float64)
    # Hash compositions, not strings: the order of elements in a formula is arbitrary.
    sha256 = _sha256(read_compositions(formulas))
    return sha256, float(target.sum()), float(target @ np.arange(len(target)))


def _sha256(compositions):
    return hashlib.sha256(compositions.keys().astype("<i8").tobytes()).hexdigest()


def _electronegativity(symbol):
    value = Element(symbol).X
    return math.inf if math.isnan(value) else value
