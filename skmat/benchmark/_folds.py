"""The official folds of Matbench v0.1, built from the published seed and checked by hash."""

import hashlib

import numpy as np

from skmat.datasets._matbench_tasks import official_splitter
from skmat.exceptions import InvalidInputError

__all__ = ["hash_folds", "official_folds"]

#: `hash_folds` of the folds in the validation file of matbench 0.6.
_HASHES = {
    "matbench_steels": "b99c929cd978bdda81423ae7d61c2aa9ac8777cb28f9a734d1458fc7419463c8",
    "matbench_jdft2d": "bd997b53575216e81a1677a2e7b38600f181b05398bc409b1b7bf9f6726ba73d",
    "matbench_phonons": "65b196a5dc17009a6eec1a5b204c59121fc308604ced80e41fb3493a4c54f065",
    "matbench_expt_gap": "f0beed89484d37de9243ca63d96b9a562d94c635ffc813ee972aa04bce6fa0e3",
    "matbench_dielectric": "692b67cb9fb8828eb855612217b052244f7a52e14e0b662ba303725d805e2f2c",
    "matbench_expt_is_metal": "7b9bd880b9aaaef0e14409cb1a236c141ceb7a6f9e889b8f380fcf221e637699",
    "matbench_glass": "476512302e86389df12c67e5bfbc86db99022844f03f9788b880a2bdd16d4f93",
    "matbench_log_gvrh": "0b03088089ef0c81688dfd71c0eaa1902cd162e549d98fb2f24ff5fd1d1eea63",
    "matbench_log_kvrh": "a1a2403ca8bbc450178e16afd485aa78019687befbd77abe8d5c94bceb917ce8",
    "matbench_perovskites": "1a820b809d1d263c90fa6ee2c9292d9538eeaef128166751d75e051653dba12a",
    "matbench_mp_gap": "e558e0c5467eb8771d4d4458352e7e6ae832eacb35f046671db8d83cc38922ce",
    "matbench_mp_is_metal": "790d1becf301075cc95a5bfe34d5cfb8676a4b078ba01916dc43499c3ea7a69b",
    "matbench_mp_e_form": "abb3a81fbc067e394fb605befd97005e670e6987f7c2b316831728b1d7821a8a",
}


def official_folds(info, ids, y):
    """Return the official folds of a task.

    ``KFold`` splits regression tasks and ``StratifiedKFold`` splits classification tasks. Both
    shuffle with the seed 18012019 [1]_.

    Parameters
    ----------
    info : MatbenchTaskInfo
        Task to split.
    ids : ndarray of shape (n,), dtype object
        Official ids of all materials, in their official order.
    y : ndarray of shape (n,)
        Labels. Only classification tasks use them.

    Returns
    -------
    list of 5 tuple (ndarray, ndarray)
        Positions of the training and of the test rows of each fold.

    Raises
    ------
    InvalidInputError
        If the folds differ from the official ones. The data were altered, or the installed
        scikit-learn shuffles differently.

    References
    ----------
    .. [1] A. Dunn et al., npj Comput. Mater. 6, 138 (2020), section "Methods".
    """
    folds = list(official_splitter(info).split(ids, y))
    if hash_folds((ids[train], ids[test]) for train, test in folds) != _HASHES[info.name]:
        raise InvalidInputError(
            f"The folds of {info.name} differ from the official ones, so scores could not be"
            " compared. Delete the file of this data set from data_home and fetch it again. If"
            " the folds still differ, install the scikit-learn version named in constraints.txt."
        )
    return folds


def hash_folds(folds):
    """Return the SHA-256 of folds, given as pairs (training ids, test ids)."""
    digest = hashlib.sha256()
    for fold in folds:
        for part in fold:
            digest.update(" ".join(np.asarray(part).tolist()).encode() + b"\n")
    return digest.hexdigest()
