"""Descriptors of the elements, read from the tables that matminer ships."""

from functools import cache

import numpy as np
from pymatgen.core import Element

from skmat._utils.imports import importing
from skmat.composition._arrays import MAX_ATOMIC_NUMBER
from skmat.exceptions import InvalidInputError

__all__ = ["ELEMENT_TABLES", "MAGPIE_PROPERTIES", "element_table"]

#: The 22 elemental properties of the Magpie preset, in matminer's order (Ward et al. 2016).
MAGPIE_PROPERTIES = (
    "Number",
    "MendeleevNumber",
    "AtomicWeight",
    "MeltingT",
    "Column",
    "Row",
    "CovalentRadius",
    "Electronegativity",
    "NsValence",
    "NpValence",
    "NdValence",
    "NfValence",
    "NValence",
    "NsUnfilled",
    "NpUnfilled",
    "NdUnfilled",
    "NfUnfilled",
    "NUnfilled",
    "GSvolume_pa",
    "GSbandgap",
    "GSmagmom",
    "SpaceGroupNumber",
)


@cache
def element_table(name):
    """Return a table with one row per element.

    Parameters
    ----------
    name : {"magpie", "matscholar", "megnet"}
        - "magpie": the 22 elemental properties of Ward et al. (2016), in their own units.
        - "matscholar": 200-dimensional word vectors of Tshitoyan et al. (2019), dimensionless.
        - "megnet": 16-dimensional vectors learned by MEGNet (Chen et al. 2019), dimensionless.

        Elements missing from a table get the mean of the others, as in matminer.

    Returns
    -------
    ndarray of shape (118, n_columns), dtype float64, read-only
        Row `z - 1` describes the element with atomic number `z`.

    Raises
    ------
    InvalidInputError
        If no table has that name.
    """
    if name not in ELEMENT_TABLES:
        raise InvalidInputError(
            f"Unknown element table {name!r}. Choose one of {sorted(ELEMENT_TABLES)}."
        )
    class_name, columns = ELEMENT_TABLES[name]
    with importing():
        # Imported here: importing matminer is slow.
        from matminer.utils import data

        source = getattr(data, class_name)(impute_nan=True)
    columns = columns or source.prop_names
    table = np.array(
        [
            [source.get_elemental_property(Element.from_Z(z), column) for column in columns]
            for z in range(1, MAX_ATOMIC_NUMBER + 1)
        ],
        dtype=np.float64,
    )
    table.setflags(write=False)
    return table


#: Table name: matminer's class, and the columns used (None means all).
ELEMENT_TABLES = {
    "magpie": ("MagpieData", MAGPIE_PROPERTIES),
    "matscholar": ("MatscholarElementData", None),
    "megnet": ("MEGNetElementData", None),
}
