"""Measured ionic conductivities of lithium solid electrolytes."""

import io
import re
import tarfile

import numpy as np
from pymatgen.core import Structure

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._docs import shared_docs
from skmat.datasets._files import read_content, read_table
from skmat.datasets._obelix_download import (
    CIFS_PATH,
    TABLE_PATH,
    is_table,
    write_cifs,
    write_table,
)
from skmat.datasets._options import check_choice
from skmat.datasets._sources import OBELIX

__all__ = ["fetch_obelix"]

_TARGET = "log10_conductivity"
_TABLE_ORIGIN = "It can be downloaded through the Python package obelix-data."
_CIFS_ORIGIN = "It is data/downloads/all_cifs.tar.gz of the GitHub repository NRC-Mila/OBELiX."


@shared_docs(features="[input]")
def fetch_obelix(
    *,
    data_home=None,
    subset="all",
    input="formula",
    below_limit="limit",
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load OBELiX, measured ionic conductivities of 599 lithium conductors.

    Ionic conductivities at room temperature, collected from the literature and checked by hand
    [1]_.

    ==================  ==================================================
    Samples             599 (train 478, test 121), 321 with a structure
    Features            1 (the formula, or the structure)
    Targets             1 real
    Missing values      none, but 37 labels are upper bounds
    ==================  ==================================================

    Parameters
    ----------
    {data_home}
    subset : {"all", "train", "test"}, default="all"
        Part of the official split. It keeps the materials of one publication together.
    input : {"formula", "structure"}, default="formula"
        What ``data`` holds. "structure" leaves out the 278 materials without one. Most structures
        have partially occupied sites. Encoders read them with ``disorder="average"``.
    below_limit : {"limit", "nan", "drop"}, default="limit"
        What to do with the 37 upper bounds of conductivity ("<1E-10", once "<1E-8"). "limit" uses
        the bound as the label. "nan" makes the label missing. "drop" leaves the material out.
        ``below_limit`` of the Bunch marks them in any case.
    download_if_missing : bool, default=True
        Download missing files. The table comes through the package obelix-data, if it is
        installed (``pip install obelix-data``). The structures come from the repository of
        OBELiX.
    {form}

    Returns
    -------
    {bunch}
        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas as in the table ("Li1.3Al0.3Ti1.7(PO4)3"), or pymatgen Structures.
        target : ndarray of shape (n,), dtype float64, or Series
            log10 of the ionic conductivity in S/cm. If total and bulk conductivity are known, the
            total one.
        {label}
        groups : ndarray of shape (n,), dtype int64
            Equal for entries of one composition, for ``GroupKFold``. The 599 entries have 500
            compositions.
        ids : ndarray of shape (n,), dtype object
            Ids of the entries ("jqc").
        below_limit : ndarray of shape (n,), dtype bool
            Whether the label is an upper bound.
        split : ndarray of shape (n,), dtype object
            "train" or "test".
        family : ndarray of shape (n,), dtype object
            Family of the material ("NASICON", "garnet"), as in the table. "" for the 33 entries
            without a family.
        space_group : ndarray of shape (n,), dtype int64
            Number of the space group.
        space_group_symbol : ndarray of shape (n,), dtype object
            Its symbol, without spaces.
        doi : ndarray of shape (n,), dtype object
            DOI of the source of the conductivity.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] F. Therrien et al., "OBELiX: A Curated Dataset of Crystal Structures and
       Experimentally Measured Ionic Conductivities for Lithium Solid-State Electrolytes",
       arXiv:2502.14234 (2025). https://arxiv.org/abs/2502.14234
    """
    check_choice("subset", subset, ("all", "train", "test"))
    check_choice("input", input, ("formula", "structure"))
    check_choice("below_limit", below_limit, ("limit", "nan", "drop"))
    where = {"data_home": data_home, "download_if_missing": download_if_missing}
    table = read_table(
        TABLE_PATH, obtain=write_table, origin=_TABLE_ORIGIN, is_same=is_table, **where
    )
    conductivity = table["Ionic conductivity (S cm-1)"].astype(str)
    table["censored"] = conductivity.str.startswith("<")
    table[_TARGET] = np.log10(conductivity.str.removeprefix("<").astype(np.float64))
    if below_limit == "nan":
        table.loc[table["censored"], _TARGET] = np.nan
    table["formula"] = _formulas(table)
    if input == "structure":
        content = read_content(CIFS_PATH, obtain=write_cifs, origin=_CIFS_ORIGIN, **where)
        cifs = _read_archive(content)
        table = table[table["ID"].isin(list(cifs))]
    if below_limit == "drop":
        table = table[~table["censored"]]
    if subset != "all":
        table = table[table["split"] == subset]
    if input == "structure":
        materials = _read_structures([cifs[name] for name in table["ID"]])
    else:
        materials = table["formula"].to_numpy(dtype=object)
    return as_dataset(
        materials,
        table[_TARGET].to_numpy(dtype=np.float64, copy=True),
        material_name=input,
        target_names=[_TARGET],
        description="obelix",
        return_X_y=return_X_y,
        as_frame=as_frame,
        units={_TARGET: "log10(S/cm)"},
        groups=read_compositions(table["formula"]).group_ids(),
        ids=table["ID"].to_numpy(dtype=object),
        below_limit=table["censored"].to_numpy(copy=True),
        split=table["split"].to_numpy(dtype=object),
        family=table["Family"].fillna("").to_numpy(dtype=object),
        space_group=table["Space group #"].to_numpy(dtype=np.int64, copy=True),
        space_group_symbol=table["Space group"].str.replace(" ", "").to_numpy(dtype=object),
        doi=table["DOI"].to_numpy(dtype=object),
        **OBELIX.entries(),
    )


def _formulas(table):
    """Return the reduced formulas. A hydrate with a star gets the formula of its cell."""
    reduced = table["Reduced Composition"]
    return reduced.where(~reduced.str.contains("*", regex=False), table["True Composition"])


def _read_archive(content):
    """Return the text of each CIF, by the id of its entry."""
    cifs = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            name = re.search(r"([^/]+)\.cif$", member.name)
            stream = archive.extractfile(member)
            if name and stream is not None:
                cifs[name[1]] = stream.read().decode()
    return cifs


def _read_structures(cifs):
    structures = np.empty(len(cifs), dtype=object)
    for row, cif in enumerate(cifs):
        structures[row] = Structure.from_str(cif, fmt="cif")
    return structures
