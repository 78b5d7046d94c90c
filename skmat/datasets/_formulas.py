"""Formulas without labels, for self-supervised pretraining."""

import numpy as np

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._docs import shared_docs
from skmat.datasets._files import read_table
from skmat.datasets._options import rows_to_keep
from skmat.datasets._sources import FORMULAS
from skmat.exceptions import InvalidInputError

__all__ = ["PATH", "fetch_formulas"]

PATH = "composition/all_formulas.csv.gz"
_ORIGIN = (
    "It is the union of the formulas of OQMD, the Materials Project, AFLOW, JARVIS-DFT and"
    " Matbench, compiled for skmat. Build it with skmat.datasets.build_dataset('formulas')."
)


@shared_docs()
def fetch_formulas(
    *,
    data_home=None,
    sources=None,
    exclude_sources=None,
    exclude=None,
    download_if_missing=True,
    as_frame=False,
):
    """Load 425,745 formulas of inorganic materials without labels, from a file that you build.

    The file is not downloaded. :func:`build_dataset` makes it from the other data sets.

    The union of the compositions of several databases. Pass ``fetch_formulas().data`` to ``fit``
    with objectives that need no labels. `return_X_y` is missing, because there is no y.

    Parameters
    ----------
    {data_home}
    sources : str or sequence of str, default=None
        Keep formulas of at least one of these sources. None keeps all. ``DESCR`` lists the
        sources: "oqmd", "mp2025", "matbench_glass" and so on.
    exclude_sources : str or sequence of str, default=None
        Leave out the compositions of these sources, in every spelling. Use it for the Matbench
        task on which you will test a pretrained encoder.
    {exclude}
    {no_download}
    as_frame : bool, default=False
        Return a DataFrame instead of an array.

    Returns
    -------
    {bunch}
        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas, in alphabetical order.
        target : None
            There are no labels.
        target_names, feature_names : list of str
            ``[]`` and ``["formula"]``.
        frame : DataFrame of shape (n, 1) or None
            The same as `data`. None unless ``as_frame=True``.
        units : dict
            Empty.
        sources : ndarray of shape (n,), dtype object
            Names of the sources of each formula, joined by ``"|"``.
        source_names : list of str
            All sources of the file.
        groups : ndarray of shape (n,), dtype int64
            Number of the composition. 76 compositions have two spellings.
        ids : ndarray of shape (n,), dtype object
            The formulas.
        {source}

    Raises
    ------
    {raises}
    """
    table = read_table(
        PATH,
        dtype=str,
        data_home=data_home,
        download_if_missing=download_if_missing,
        origin=_ORIGIN,
    )
    held = table["sources"].str.get_dummies(sep="|").astype(bool)
    compositions = read_compositions(table["formula"])
    groups = compositions.group_ids()
    kept = np.ones(len(table), dtype=bool)
    if sources is not None:
        kept &= _is_held("sources", sources, held)
    if exclude_sources is not None:
        # By composition: sources may spell it in different ways.
        unwanted = groups[_is_held("exclude_sources", exclude_sources, held)]
        kept &= ~np.isin(groups, unwanted)
    kept = np.intersect1d(
        np.flatnonzero(kept), rows_to_keep(lambda: compositions, exclude, len(table))
    )
    formulas = table["formula"].to_numpy(dtype=object)[kept]
    return as_dataset(
        formulas,
        None,
        material_name="formula",
        target_names=[],
        description="formulas",
        return_X_y=False,
        as_frame=as_frame,
        units={},
        sources=table["sources"].to_numpy(dtype=object)[kept],
        source_names=list(held.columns),
        groups=groups[kept],
        ids=formulas.copy(),
        **FORMULAS.entries(),
    )


def _is_held(parameter, names, held):
    """Tell which formulas are in any of the sources `names`."""
    names = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in names if name not in held.columns]
    if unknown:
        raise InvalidInputError(
            f"{parameter} has unknown names {unknown}. Choose among {list(held.columns)}."
        )
    return held[names].any(axis=1).to_numpy()
