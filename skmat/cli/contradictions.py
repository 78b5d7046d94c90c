"""Rows of one material whose labels differ."""

import numpy as np
import pandas as pd

from skmat._utils.digits import digits_text
from skmat.composition import read_compositions

__all__ = ["contradictions"]

#: Relative differences up to here are of rounding.
_SAME = 1e-9


def contradictions(X, labels, further=(), input="formula"):
    """Tell by how much the labels of one material differ.

    Parameters
    ----------
    X : list or DataFrame
        Materials, or a frame of them and the further columns. Rows of one material that differ in
        a further column do not contradict each other.
    labels : DataFrame
        Labels, missing where there are none: numbers, or text for classes.
    further : sequence of str
        Further columns of `X`.
    input : {"formula", "structure"}
        What a material is. Formulas of one composition are one material, structures only if they
        are the same text or file.

    Returns
    -------
    dict of str to str
        A sentence for each target with contradictions.
    """
    groups = _groups(X, list(further), input)
    found = {}
    for name in labels:
        known = labels[name].notna().to_numpy()
        column = labels[name][known].reset_index(drop=True)
        of_known = groups[known]
        by_material = column.groupby(of_known)
        if pd.api.types.is_numeric_dtype(column):
            least, most = by_material.transform("min"), by_material.transform("max")
            is_odd = (most - least > _SAME * np.maximum(least.abs(), most.abs())).to_numpy()
        else:
            is_odd = (by_material.transform("nunique") > 1).to_numpy()
        if not is_odd.any():
            continue
        if pd.api.types.is_numeric_dtype(column):
            misses = (column - by_material.transform("median")).abs()[is_odd].mean()
            rest = (
                f"on average, they are {digits_text(misses)} away from the median of that {input}"
            )
        else:
            n_equal = column.groupby([of_known, column]).transform("size")
            commonest = n_equal.groupby(of_known).transform("max")
            share = 1 - (commonest / by_material.transform("size"))[is_odd].mean()
            rest = f"at least {100 * share:.0f} % of them are predicted wrongly"
        what = f"{is_odd.sum()} labels differ from others of the same {input}"
        found[name] = f"{what}; {rest}. No model of a {input} can tell such rows apart."
    return found


def _groups(X, further, input):
    """Return a number per row, equal for rows of one material and equal further columns."""
    materials = X
    if isinstance(X, pd.DataFrame):
        (name,) = set(X.columns) - set(further)
        materials = X[name].tolist()
    if input == "formula":
        groups = read_compositions(materials).group_ids()
    else:
        groups = pd.factorize(np.array(list(map(str, materials)), dtype=object))[0]
    if not further:
        return groups
    frame = X[further].reset_index(drop=True)
    return frame.groupby([groups, *further], dropna=False, observed=True).ngroup().to_numpy()
