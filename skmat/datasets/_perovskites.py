"""Cubic perovskites of five atoms, with structures."""

import numpy as np

from skmat.datasets._bunch import as_dataset
from skmat.datasets._docs import shared_docs
from skmat.datasets._files import read_arrays, read_table
from skmat.datasets._options import check_targets, rows_to_keep, select_labels
from skmat.datasets._sources import PEROVSKITES
from skmat.exceptions import DatasetCorruptedError
from skmat.structure import StructureArrays

__all__ = ["COLUMNS", "LABELS", "STRUCTURES", "fetch_perovskites"]

LABELS = "labels/perov5_labels.csv.gz"
STRUCTURES = "structures/perov5_structures.npz"
_ORIGIN = (
    "Its contents come from the data set perov_5 of CDVAE (GitHub repositories txie-93/cdvae and"
    " usnistgov/jarvis_leaderboard). Build it with"
    " skmat.datasets.build_dataset('perovskites', 'cdvae/data/perov_5')."
)
COLUMNS = {
    "heat_all": ("heat_all_eV_cell", "eV/unit cell"),
    "heat_ref": ("heat_ref_eV_cell", "eV/unit cell"),
    "dir_gap": ("dir_gap_eV", "eV"),
    "ind_gap": ("ind_gap_eV", "eV"),
}


@shared_docs(features='["structure"]')
def fetch_perovskites(
    *,
    data_home=None,
    targets=None,
    labelled_only=True,
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load 18,928 cubic perovskites and labels of 8,596 of them, from files that you build.

    The files are not downloaded. :func:`build_dataset` makes them from a public repository. Your
    build has labels for all structures.

    Perovskites of five atoms per cell, from a computational search for materials that split water
    with light [1]_: oxides, nitrides, sulfides, fluorides and mixtures of them. Most have never
    been synthesised. The data are the set perov_5 of CDVAE [2]_.

    ==================  ==================================================
    Samples             8,596 (``labelled_only=True``) or 18,928
    Features            1 (the structure)
    Targets             4 real
    Missing values      none among the labelled
    ==================  ==================================================

    Parameters
    ----------
    {data_home}
    targets : str or sequence of str, default=None
        Targets to return: "heat_all" and "heat_ref" (heats of formation), "dir_gap" and "ind_gap"
        (direct and indirect band gap). A string gives a one-dimensional target, a sequence a
        two-dimensional one, None all four.
    labelled_only : bool, default=True
        Leave out the 10,332 structures without labels. False returns them with NaN in all
        targets, for objectives that need no labels.
    {exclude}
    {no_download}
    {form_of_structures}

    Returns
    -------
    {bunch}
        data : StructureArrays of length n
            The structures. ``data[0]`` is a pymatgen Structure.
        {labels}
        groups : ndarray of shape (n,), dtype int64
            Equal for structures of one composition, for ``GroupKFold``. Such structures differ
            in the sites of the anions.
        ids : ndarray of shape (n,), dtype object
            Numbers of the materials in perov_5, as strings.
        split : ndarray of shape (n,), dtype object
            Split of CDVAE: "train", "val" or "test". Most labels are in "val" and "test".
        matbench_ids : ndarray of shape (n,), dtype object
            Id of the same material in matbench_perovskites ("mb-perovskites-00179"). None if
            composition and label do not identify it.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] I. E. Castelli et al., "New cubic perovskites for one- and two-photon water splitting
       using the computational materials repository", Energy & Environmental Science 5, 9034-9043
       (2012). https://doi.org/10.1039/C2EE22341D
    .. [2] T. Xie, X. Fu, O.-E. Ganea, R. Barzilay, T. Jaakkola, "Crystal Diffusion Variational
       Autoencoder for Periodic Material Generation", ICLR (2022).
       https://arxiv.org/abs/2110.06197
    """
    names = check_targets(targets, COLUMNS)
    where = {
        "data_home": data_home,
        "download_if_missing": download_if_missing,
        "origin": _ORIGIN,
    }
    table = read_table(LABELS, dtype={"material_id": str, "formula": str}, **where)
    table = table.rename(columns={column: name for name, (column, _) in COLUMNS.items()})
    structures = StructureArrays.from_npz(read_arrays(STRUCTURES, **where))
    if not np.array_equal(structures.ids, table["material_id"]):
        raise DatasetCorruptedError(
            f"{LABELS} and {STRUCTURES} do not list the same materials. Restore both."
        )
    if labelled_only:
        labelled = table[names].notna().any(axis=1).to_numpy()
        table, structures = table[labelled], structures[labelled]
    kept = rows_to_keep(structures.compositions, exclude, len(table))
    table, structures = table.iloc[kept], structures[kept]
    matbench_ids = table["mbid_label_matched"].astype(object)
    return as_dataset(
        structures,
        select_labels(table, names, targets),
        material_name="structure",
        target_names=names,
        description="perovskites",
        return_X_y=return_X_y,
        as_frame=as_frame,
        formulas=table["formula"].to_numpy(dtype=object),
        units={name: COLUMNS[name][1] for name in names},
        groups=None if return_X_y else structures.group_ids(),
        ids=structures.ids.copy(),
        split=table["cdvae_split"].to_numpy(dtype=object),
        matbench_ids=matbench_ids.where(matbench_ids.notna(), None).to_numpy(),
        **PEROVSKITES.entries(),
    )
