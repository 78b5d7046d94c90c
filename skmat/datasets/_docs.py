"""Descriptions that several loaders share, written once."""

import re
from textwrap import indent

__all__ = ["shared_docs"]

_PLACEHOLDER = re.compile(r"^( *)\{(\w+)\}\n", re.MULTILINE)

_SHARED = {
    "data_home": """\
data_home : str or path-like, default=None
    Folder of the data sets. None means the default of :func:`get_data_home`.
""",
    "exclude": """\
exclude : sequence of str, DataFrame or StructureArrays, default=None
    Leave out materials with these compositions, such as those of a test set that a pretrained
    encoder must not have seen.
""",
    "download_with_pip": """\
download_if_missing : bool, default=True
    If the file is missing, download a package of 35 MB with pip, without installing it.
""",
    "no_download": """\
download_if_missing : bool, default=True
    Has no effect: the files are not downloaded. All fetchers accept it.
""",
    "form": """\
return_X_y : bool, default=False
    Return ``(data, target)`` instead of a Bunch.
as_frame : bool, default=False
    Return pandas objects instead of arrays.
""",
    "form_of_structures": """\
return_X_y : bool, default=False
    Return ``(data, target)`` instead of a Bunch.
as_frame : bool, default=False
    Return pandas objects instead of arrays. `StructureArrays` stay as they are, because columns of
    Structures can take gigabytes. ``frame`` holds their formulas, and ``feature_names`` is then
    ``["formula"]``.
""",
    "bunch": """\
data : Bunch
    Dictionary-like object with the attributes:

""",
    "labels": """\
target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
    Labels in the units of `units`. Missing labels are NaN.
target_names, feature_names : list of str
    Names of the targets, and ``<features>``.
frame : DataFrame of shape (n, 1 + n_targets) or None
    Formulas and targets in one table. None unless ``as_frame=True``.
units : dict of str to str
    Unit of each target, "1" if it is dimensionless.
""",
    "label": """\
target_names, feature_names : list of str
    Name of the label, and ``<features>``.
frame : DataFrame of shape (n, 2) or None
    Materials and labels in one table. None unless ``as_frame=True``.
units : dict of str to str
    Unit of the label, "" for classes.
""",
    "source": """\
DESCR, licence, citation : str
    Full description, licence, and what to cite.
""",
    "tuple": """\
(data, target) : tuple
    If ``return_X_y=True``.
""",
    "raises": """\
InvalidInputError
    If a parameter has an unknown value.
DatasetNotFoundError
    If a file is missing and is not downloaded.
DatasetCorruptedError
    If a file is cut off or was altered.
""",
    "materials_project": """\
.. [1] A. Jain et al., "Commentary: The Materials Project: A materials genome approach to
   accelerating materials innovation", APL Materials 1, 011002 (2013).
   https://doi.org/10.1063/1.4812323
""",
    "crabnet": """\
.. [2] A. Y.-T. Wang et al., "Compositionally restricted attention-based network for materials
   property predictions", npj Computational Materials 7, 77 (2021).
   https://doi.org/10.1038/s41524-021-00545-1
""",
}


def shared_docs(features='["formula"]'):
    """Replace each line ``{name}`` in the docstring of a loader by the text of that name.

    Parameters
    ----------
    features : str, default='["formula"]'
        What the loader returns as `feature_names`.
    """

    def fill(match):
        return indent(_SHARED[match[2]].replace("<features>", features), match[1])

    def decorate(function):
        if function.__doc__:  # python -OO has none
            function.__doc__ = _PLACEHOLDER.sub(fill, function.__doc__)
        return function

    return decorate
