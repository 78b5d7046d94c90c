"""Cubic perovskites of five atoms, with structures."""

import numpy as np

from skmat.datasets._bunch import as_dataset
from skmat.datasets._files import read_arrays, read_table
from skmat.datasets._options import check_targets, rows_to_keep, select_labels
from skmat.datasets._sources import PEROVSKITES
from skmat.exceptions import DatasetCorruptedError
from skmat.structure import StructureArrays

__all__ = ["fetch_perovskites"]

_LABELS = "labels/perov5_labels.csv.gz"
_STRUCTURES = "structures/perov5_structures.npz"
_ORIGIN = (
    "Its contents come from the data set perov_5 of CDVAE (GitHub repositories txie-93/cdvae and"
    " usnistgov/jarvis_leaderboard)."
)
_COLUMNS = {
    "heat_all": ("heat_all_eV_cell", "eV/unit cell"),
    "heat_ref": ("heat_ref_eV_cell", "eV/unit cell"),
    "dir_gap": ("dir_gap_eV", "eV"),
    "ind_gap": ("ind_gap_eV", "eV"),
}


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
    """Load the structures of 18,928 cubic perovskites and the labels of 8,596 of them.

    Perovskites of five atoms per cell from a search for materials that split water with light
    [1]_, as the data set perov_5 of CDVAE [2]_ has them: oxides, nitrides, sulfides, fluorides
    and mixtures of them, most of which have never been made.

    ==================  ==================================================
    Samples             8,596 (``labelled_only=True``) or 18,928
    Features            1 (the structure)
    Targets             4 real
    Missing values      none among the labelled
    ==================  ==================================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data sets; None as :func:`get_data_home` says.
    targets : str or sequence of str, default=None
        Which targets to return: "heat_all" and "heat_ref" (heats of formation), "dir_gap" and
        "ind_gap" (direct and indirect band gap). A string gives a one-dimensional target, a
        sequence a two-dimensional one, None all four.
    labelled_only : bool, default=True
        Leave out the 10,332 structures without labels, which have NaN in all targets. With False
        they are there for objectives that need no labels.
    exclude : sequence of str, DataFrame or StructureArrays, default=None
        Materials whose compositions are left out, for example those of a test set that a
        pretrained encoder must not have seen.
    download_if_missing : bool, default=True
        Without effect: there is no address to download the files from. It is there because every
        fetcher has it.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return the targets as pandas objects; `data` stays what it is, and `frame` holds formulas.

    Returns
    -------
    data : Bunch
        Dictionary-like object with the attributes:

        data : StructureArrays of length n
            The structures; ``data[0]`` is a pymatgen Structure.
        target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
            Labels in the units of `units`.
        target_names, feature_names : list of str
            Names of the targets, and ``["structure"]``.
        frame : DataFrame of shape (n, 1 + n_targets) or None
            Formulas and targets side by side; None without `as_frame`.
        units : dict of str to str
            Unit of each target.
        groups : ndarray of shape (n,), dtype int64
            Equal for structures of one composition, ready for ``GroupKFold``: anions of one
            composition stand on different sites.
        ids : ndarray of shape (n,), dtype object
            Numbers of the materials in perov_5, as strings.
        split : ndarray of shape (n,), dtype object
            "train", "val" or "test", as CDVAE splits; most labels are on "val" and "test".
        matbench_ids : ndarray of shape (n,), dtype object
            Id of the same material in matbench_perovskites ("mb-perovskites-00179") where its
            composition and label leave no doubt, else None.
        DESCR, licence, citation : str
            Full description, licence, and what to cite.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    InvalidInputError
        If a target is unknown.
    DatasetNotFoundError
        If a file is missing.
    DatasetCorruptedError
        If a file is truncated or was altered.

    References
    ----------
    .. [1] I. E. Castelli et al., "New cubic perovskites for one- and two-photon water splitting
       using the computational materials repository", Energy & Environmental Science 5, 9034-9043
       (2012). https://doi.org/10.1039/C2EE22341D
    .. [2] T. Xie, X. Fu, O.-E. Ganea, R. Barzilay, T. Jaakkola, "Crystal Diffusion Variational
       Autoencoder for Periodic Material Generation", ICLR (2022).
       https://arxiv.org/abs/2110.06197
    """
    names = check_targets(targets, _COLUMNS)
    where = {
        "data_home": data_home,
        "download_if_missing": download_if_missing,
        "origin": _ORIGIN,
    }
    table = read_table(_LABELS, dtype={"material_id": str, "formula": str}, **where)
    table = table.rename(columns={column: name for name, (column, _) in _COLUMNS.items()})
    structures = StructureArrays.from_npz(read_arrays(_STRUCTURES, **where))
    if not np.array_equal(structures.ids, table["material_id"]):
        raise DatasetCorruptedError(
            f"{_LABELS} and {_STRUCTURES} do not list the same materials; restore both."
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
        units={name: _COLUMNS[name][1] for name in names},
        groups=None if return_X_y else structures.group_ids(),
        ids=structures.ids.copy(),
        split=table["cdvae_split"].to_numpy(dtype=object),
        matbench_ids=matbench_ids.where(matbench_ids.notna(), None).to_numpy(),
        **PEROVSKITES.entries(),
    )
