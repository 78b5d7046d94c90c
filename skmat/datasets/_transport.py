"""Electronic transport properties of Materials Project compounds (Ricci et al. 2017)."""

import hashlib
import io
import tarfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._docs import shared_docs
from skmat.datasets._options import check_choice, check_targets
from skmat.exceptions import DatasetCorruptedError, DatasetNotFoundError

__all__ = ["UNITS", "load_transport"]

_ARCHIVE = Path("utils", "data_files", "mp_transport", "transport_database.tar.xz")
_MEMBER = "transport_database.csv"
#: SHA-256 of the table, which is the same in all versions of matminer from 0.9.3 to 0.10.1.
_SHA256 = "2cf962a60eaf7c7ba792e84046114a8237f5cd0c3ec409fde3c1db3a16ced42e"

# matminer's metadata lacks the powers of ten. They follow from the numbers: see
# descr/transport.rst.
UNITS = {
    "sigma_p": "1e15 S/(m s)",
    "sigma_n": "1e15 S/(m s)",
    "S_p": "uV/K",
    "S_n": "uV/K",
    "kappa_p": "GW/(K m s)",
    "kappa_n": "GW/(K m s)",
    "PF_p": "GW/(K^2 m s)",
    "PF_n": "GW/(K^2 m s)",
    "m_p": "m_e",
    "m_n": "m_e",
}
_QUANTITIES = list(UNITS)
_POSITIVE = [name for name in _QUANTITIES if not name.startswith("S_")]
_LABEL = "is_metal"

# In uV/K, in the valley between the two modes of |S_p - S_n|.
_METAL_BELOW = 400.0


@shared_docs()
def load_transport(
    *, return_X_y=False, as_frame=False, targets=None, as_log=True, duplicates="median"
):
    """Load electronic transport properties of inorganic compounds.

    Conductivity, Seebeck coefficient, electronic thermal conductivity, power factor and
    conductivity effective mass, each for p-type (``_p``) and n-type (``_n``) doping of 1e18
    carriers per cm^3 at 300 K. The 47,737 entries (34,630 compositions) of Ricci et al. [1]_ are
    part of matminer. Nothing is downloaded or written.

    ==================  ==========================================
    Samples             34,630 (``duplicates="median"``) or 47,737
    Features            1 (the formula)
    Targets             10 real, 1 derived binary
    Missing values      none
    ==================  ==========================================

    Parameters
    ----------
    {form}
    targets : str or sequence of str, default=None
        Targets to return: "sigma_p", "sigma_n", "S_p", "S_n", "kappa_p", "kappa_n", "PF_p",
        "PF_n", "m_p", "m_n", "is_metal". A string gives a one-dimensional target, a sequence a
        two-dimensional one, None all ten quantities (without "is_metal").
    as_log : bool, default=True
        Return log10 of the positive quantities (``sigma``, ``kappa``, ``PF``, ``m``), which span
        9 to 16 decades. The Seebeck coefficient has a sign and stays linear.
    duplicates : {"median", "keep"}, default="median"
        What to do with the 5,147 compositions that have several entries (mostly polymorphs), which
        a formula cannot distinguish.

        - "median" merges them, so a random split cannot leak a composition. Each quantity is the
          median, taken on the log10 scale for positive quantities, whatever `as_log`. The label is
          that of the majority, and a tie is not metallic.
        - "keep" returns all entries. Split them by ``groups``.

    Returns
    -------
    {bunch}
        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas of the Materials Project, in the order of the file.
        target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
            Targets in the units of `units`. int64 (0 or 1) for ``targets="is_metal"``.
        target_names, feature_names : list of str
            Names of the targets, and ``["formula"]``.
        frame : DataFrame of shape (n, 1 + n_targets) or None
            Formulas and targets in one table. None unless ``as_frame=True``.
        units : dict of str to str
            Unit of each target, "" for the label.
        is_metal : ndarray of shape (n,), dtype bool
            Label derived from the data, also if it is not a target. True if the Seebeck
            coefficients for both dopings differ by less than 400 uV/K. This includes
            semiconductors with a gap below about 0.3 eV, which doping does not change at 300 K.
        groups : ndarray of shape (n,), dtype int64
            Equal for entries of one composition, for ``GroupKFold``. The numbers do not depend on
            `duplicates`.
        ids : ndarray of shape (n,), dtype object
            Materials Project id of each row ("mp-149"). Merged rows have all ids of their entries,
            joined by commas.
        DESCR : str
            Full description: units, rule for the label and its check, duplicates, licence.

    {tuple}

    Raises
    ------
    InvalidInputError
        If a parameter has an unknown value.
    DatasetNotFoundError
        If matminer or its data file is not installed.
    DatasetCorruptedError
        If the data file is cut off or was altered.

    References
    ----------
    .. [1] F. Ricci et al., "An ab initio electronic transport database for inorganic
       materials", Scientific Data 4, 170085 (2017). https://doi.org/10.1038/sdata.2017.85

    Examples
    --------
    >>> from skmat.datasets import load_transport
    >>> X, y = load_transport(targets=["S_p", "S_n"], return_X_y=True)
    >>> X[:3]
    array(['Cs', 'As', 'Hf'], dtype=object)
    >>> y.shape
    (34630, 2)
    """
    names = check_targets(targets, [*_QUANTITIES, _LABEL], default=_QUANTITIES)
    check_choice("duplicates", duplicates, ("median", "keep"))
    entries = _merged_entries() if duplicates == "median" else _entries()
    y = entries[names].to_numpy(dtype=np.float64, copy=True)
    units = {name: UNITS.get(name, "") for name in names}
    if as_log:
        for column, name in enumerate(names):
            if name in _POSITIVE:
                y[:, column] = np.log10(y[:, column])
                units[name] = f"log10({units[name]})"
    if isinstance(targets, str):
        y = y[:, 0].astype(np.int64) if targets == _LABEL else y[:, 0]
    return as_dataset(
        entries["formula"].to_numpy(dtype=object, copy=True),
        y,
        material_name="formula",
        target_names=names,
        description="transport",
        return_X_y=return_X_y,
        as_frame=as_frame,
        units=units,
        is_metal=entries[_LABEL].to_numpy(copy=True),
        groups=entries["group"].to_numpy(copy=True),
        ids=entries["id"].to_numpy(dtype=object, copy=True),
    )


@cache
def _entries():
    """Read all entries of the database, in the order of the file and in linear units."""
    entries = _read_csv().rename(columns={"mp_id": "id", "pretty_formula": "formula"})
    # Parse each distinct formula once: a quarter of the entries repeat one.
    codes, formulas = pd.factorize(entries["formula"])
    entries["group"] = read_compositions(formulas).group_ids()[codes].astype(np.int64)
    entries[_LABEL] = (entries["S_p"] - entries["S_n"]).abs() < _METAL_BELOW
    return entries


@cache
def _merged_entries():
    """Merge the entries of each composition into one row, at the place of the first."""
    entries = _entries()
    merged = entries.drop_duplicates("group").set_index("group")
    repeated = entries[entries.duplicated("group", keep=False)].copy()
    repeated[_POSITIVE] = np.log10(repeated[_POSITIVE])
    by_group = repeated.groupby("group")
    medians = by_group[_QUANTITIES].median()
    medians[_POSITIVE] = 10 ** medians[_POSITIVE]
    merged.loc[medians.index, _QUANTITIES] = medians
    merged.loc[medians.index, _LABEL] = by_group[_LABEL].mean() > 0.5
    merged.loc[medians.index, "id"] = by_group["id"].agg(",".join)
    return merged.reset_index()


def _read_csv():
    # Imported here: some builds of Python lack it.
    from lzma import LZMAError

    path = _find_archive()
    # In memory: site-packages may be read-only.
    try:
        with tarfile.open(path, "r:xz") as archive:
            member = archive.extractfile(_MEMBER)
            content = member.read() if member else b""
    except (KeyError, EOFError, tarfile.TarError, LZMAError) as error:
        raise _corrupted(path, f"It cannot be read ({type(error).__name__}: {error}).") from error
    # Another release may compress the same table in another way.
    found = hashlib.sha256(content).hexdigest()
    if found != _SHA256:
        raise _corrupted(path, f"The SHA-256 of its table is {found} instead of {_SHA256}.")
    # The string "NaN" is sodium nitride.
    return pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""])


def _corrupted(path, fault):
    return DatasetCorruptedError(
        f"{path} is not the known transport database: it is cut off or was altered, or this"
        f" version of matminer has another one. {fault} Reinstall a version that has it, e.g. with"
        " `pip install --force-reinstall --no-deps matminer==0.10.1`."
    )


def _find_archive():
    """Find the archive without importing matminer, which takes seconds."""
    spec = find_spec("matminer")
    if spec is None or not spec.submodule_search_locations:
        raise DatasetNotFoundError(
            "The transport database is part of matminer, which is not installed. Install it,"
            " e.g. with `pip install matminer`."
        )
    archive = Path(spec.submodule_search_locations[0]) / _ARCHIVE
    if not archive.is_file():
        raise DatasetNotFoundError(
            f"The installed matminer lacks {_ARCHIVE.as_posix()}. Reinstall it from its wheel,"
            " e.g. with `pip install --force-reinstall --no-deps matminer`."
        )
    return archive
