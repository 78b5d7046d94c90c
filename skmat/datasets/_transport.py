"""Electronic transport properties of Materials Project compounds (Ricci et al. 2017)."""

import tarfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._options import check_choice, check_targets
from skmat.exceptions import DatasetNotFoundError

__all__ = ["UNITS", "load_transport"]

_ARCHIVE = Path("utils", "data_files", "mp_transport", "transport_database.tar.xz")
_MEMBER = "transport_database.csv"

# matminer's metadata names the units without their powers of ten; these follow from the
# numbers themselves (see descr/transport.rst).
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

# uV/K, in the valley between the two modes of |S_p - S_n|.
_METAL_BELOW = 400.0


def load_transport(
    *, return_X_y=False, as_frame=False, targets=None, as_log=True, duplicates="median"
):
    """Load electronic transport properties of inorganic compounds.

    The 47,737 entries (34,630 distinct compounds) of the database of Ricci et al. [1]_ that
    matminer ships inside its package: conductivity, Seebeck coefficient, electronic thermal
    conductivity, power factor and conductivity effective mass, each for p-type (``_p``) and
    n-type (``_n``) doping of 1e18 carriers per cm^3 at 300 K. Nothing is downloaded or written.

    ==================  ==========================================
    Samples             34,630 (``duplicates="median"``) or 47,737
    Features            1 (the formula)
    Targets             10 real, 1 derived binary
    Missing values      none
    ==================  ==========================================

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return pandas objects instead of arrays.
    targets : str or sequence of str, default=None
        Which targets to return: "sigma_p", "sigma_n", "S_p", "S_n", "kappa_p", "kappa_n",
        "PF_p", "PF_n", "m_p", "m_n", "is_metal". A string gives a one-dimensional target, a
        sequence a two-dimensional one, None all ten quantities (without "is_metal").
    as_log : bool, default=True
        Return log10 of the positive quantities (``sigma``, ``kappa``, ``PF``, ``m``), which
        span 9 to 16 decades. The Seebeck coefficient has a sign and stays linear.
    duplicates : {"median", "keep"}, default="median"
        The database holds several entries (polymorphs, mostly) of 5,147 compounds, which a
        formula cannot tell apart. "median" makes them one row, so that a random split never puts
        a compound on both sides: the median of each quantity, taken on the log10 scale for the
        positive ones whether or not `as_log` is set, and the label of the majority, a tie
        counting as not metallic. "keep" returns every entry; split with ``groups``.

    Returns
    -------
    data : Bunch
        Dictionary-like object with the attributes:

        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas, as Materials Project writes them; rows follow the order of the file.
        target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
            Targets in the units of `units`; int64 (0 or 1) for ``targets="is_metal"``.
        target_names, feature_names : list of str
            Names of the targets, and ``["formula"]``.
        frame : DataFrame of shape (n, 1 + n_targets) or None
            Formulas and targets side by side; None without `as_frame`.
        units : dict of str to str
            Unit of each target; "" for the label.
        is_metal : ndarray of shape (n,), dtype bool
            Label derived from the data, whether or not it is a target: the Seebeck coefficients
            for both dopings differ by less than 400 uV/K. It includes semiconductors whose gap
            is so narrow (below about 0.3 eV) that doping changes nothing at 300 K.
        groups : ndarray of shape (n,), dtype int64
            Equal for entries of one composition, ready for ``GroupKFold``; a compound's number
            does not depend on `duplicates`.
        ids : ndarray of shape (n,), dtype object
            Materials Project id of each row ("mp-149"); where a row stands for several entries,
            all of theirs, joined by commas.
        DESCR : str
            Full description: units, label rule and its check, duplicates, licence.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    InvalidInputError
        If a target or a way to treat duplicates is unknown.
    DatasetNotFoundError
        If matminer is not installed or was installed without its data file.

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
    """Read every entry of the database, in the order of the file and in linear units."""
    entries = _read_csv().rename(columns={"mp_id": "id", "pretty_formula": "formula"})
    # Each distinct formula is read once: a quarter of the entries repeat one.
    codes, formulas = pd.factorize(entries["formula"])
    entries["group"] = read_compositions(formulas).group_ids()[codes].astype(np.int64)
    entries[_LABEL] = (entries["S_p"] - entries["S_n"]).abs() < _METAL_BELOW
    return entries


@cache
def _merged_entries():
    """Make one row of all entries of a composition, where the first of them stands."""
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
    # In memory: site-packages may be read-only. The string "NaN" is sodium nitride.
    try:
        with tarfile.open(_find_archive()) as archive:
            return pd.read_csv(archive.extractfile(_MEMBER), keep_default_na=False, na_values=[""])
    except (KeyError, tarfile.TarError, EOFError) as error:
        raise DatasetNotFoundError(
            "matminer's transport database cannot be read. Reinstall matminer, e.g. with"
            " `pip install --force-reinstall --no-deps matminer`."
        ) from error


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
