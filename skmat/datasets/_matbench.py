"""The thirteen tasks of Matbench v0.1."""

from functools import cache, partial

import numpy as np

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._docs import shared_docs
from skmat.datasets._files import read_arrays, read_table
from skmat.datasets._matbench_download import (
    is_structures,
    is_table,
    structures_path,
    table_path,
    write_task,
)
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, resolve_task_name
from skmat.datasets._options import check_choice
from skmat.datasets._sources import matbench_source
from skmat.exceptions import DatasetCorruptedError, InvalidInputError
from skmat.structure import StructureArrays

__all__ = ["fetch_matbench"]

_ORIGIN = "It can be downloaded through matminer's loader."


@shared_docs(features="[input]")
def fetch_matbench(
    task,
    *,
    input="formula",
    data_home=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load a task of Matbench v0.1, downloading it if necessary.

    Thirteen supervised tasks of 312 to 132,752 inorganic materials [1]_, listed in ``DESCR``. Rows
    are in the official order.

    Parameters
    ----------
    task : str
        Name of the task, with or without ``matbench_``: "matbench_steels", "matbench_jdft2d",
        "matbench_phonons", "matbench_expt_gap", "matbench_dielectric", "matbench_expt_is_metal",
        "matbench_glass", "matbench_log_gvrh", "matbench_log_kvrh", "matbench_perovskites",
        "matbench_mp_gap", "matbench_mp_is_metal", "matbench_mp_e_form".
    input : {"formula", "structure"}, default="formula"
        What ``data`` holds. "structure" works for the nine tasks with structures. It needs a
        second file, which the download writes too.
    {data_home}
    download_if_missing : bool, default=True
        If a file is missing, download the task through matminer. Parsing the structures of the
        two largest tasks takes minutes and gigabytes, once.
    {form_of_structures}

    Returns
    -------
    {bunch}
        data : ndarray of shape (n,), dtype object, DataFrame of shape (n, 1), or StructureArrays
            Official formulas ("Ca1Ag2Ge2"), or structures.
        target : ndarray of shape (n,), dtype float64 or bool, or Series
            Labels in the unit of `units`. Classes are bool.
        {label}
        groups : ndarray of shape (n,), dtype int64
            Equal for materials of one composition, for ``GroupKFold``.
        ids : ndarray of shape (n,), dtype object
            Official ids ("mb-steels-001").
        task : MatbenchTaskInfo
            Name, size, unit and kind of the task.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] A. Dunn et al., "Benchmarking materials property prediction methods: the Matbench test
       set and Automatminer reference algorithm", npj Computational Materials 6, 138 (2020).
       https://doi.org/10.1038/s41524-020-00406-3
    """
    info = MATBENCH_TASKS[resolve_task_name(task)]
    check_choice("input", input, ("formula", "structure"))
    if input == "structure" and not info.has_structure:
        raise InvalidInputError(
            f"{info.name} has no structures: its official input is a composition. Set"
            " input='formula'."
        )
    where = {
        "data_home": data_home,
        "download_if_missing": download_if_missing,
        "obtain": partial(write_task, info),
        "origin": _ORIGIN,
    }
    table = read_table(
        table_path(info), dtype={"composition": str}, is_same=partial(is_table, info), **where
    )
    formulas = table["composition"].to_numpy(dtype=object)
    ids = table["mbid"].to_numpy(dtype=object)
    compositions = cache(partial(read_compositions, formulas))
    materials = formulas
    if input == "structure":
        materials = StructureArrays.from_npz(
            read_arrays(structures_path(info), is_same=partial(is_structures, info), **where)
        )
        if not np.array_equal(materials.ids, ids) or not np.array_equal(
            materials.compositions().keys(), compositions().keys()
        ):
            raise DatasetCorruptedError(
                f"{table_path(info)} and {structures_path(info)} do not list the same materials."
                " Delete both and fetch them again."
            )
    return as_dataset(
        materials,
        table["target"].to_numpy(
            dtype=bool if info.kind == "classification" else np.float64, copy=True
        ),
        material_name=input,
        target_names=[info.target],
        description="matbench",
        return_X_y=return_X_y,
        as_frame=as_frame,
        formulas=formulas,
        units={info.target: info.unit},
        groups=None if return_X_y else compositions().group_ids(),
        ids=ids,
        task=info,
        **matbench_source(info.name).entries(),
    )
