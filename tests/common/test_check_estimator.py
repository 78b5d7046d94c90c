"""scikit-learn's whole suite on every estimator.

Estimators of compositions are fed with matrices of amounts, as users may; those of crystals
through an adapter that makes a crystal of every row of numbers, and changes nothing else.
"""

from functools import cache

import numpy as np
import pytest
from common.instances import (
    AUTOS,
    CRYSTAL_ENCODERS,
    CRYSTAL_FEATURIZERS,
    ENCODERS,
    ESTIMATORS,
    TEACHER,
)
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from skmat import MatminerStructureFeaturizer
from skmat.structure import StructureArrays

_STOCHASTIC = (
    "training is stochastic: batches are drawn from the rows, so weighting a row is not repeating"
    " it; scikit-learn exempts its own MLPs from this check for the same reason"
)
_SPLITS = (
    "a composition is never in both parts of a split, so that the splits of the check, which cut"
    " through repeated rows, leave nothing to train on"
)


class Numbers:
    """Read a row of numbers as a crystal of chains of three atoms, one far away from the other.

    In the j-th chain, two atoms of the j-th element are as far apart as the j-th number says; a
    third, the same in all chains, stands at 4 Å on the other side of the first. (With a single
    neighbour, ALIGNN's gates would have nothing to choose from.)
    """

    def _parse_structures(self, X, *, reset, disorder):
        X = validate_data(self, X, reset=reset, dtype=np.float64)
        box = [20.0, 20.0, 20.0]
        if isinstance(self, MatminerStructureFeaturizer):
            # matminer's time grows with the square of the atoms, that of a search with the volume.
            X, box = X[:, :3], [15.0, 4.0, 4.0]
        n_rows, n_columns = X.shape
        lattice = np.broadcast_to(np.diag([*box[:2], box[2] * n_columns]), (n_rows, 3, 3))
        places = np.zeros((n_rows, n_columns, 3, 3))
        places[..., 2] = box[2] * np.arange(n_columns)[:, None]
        places[:, :, 1, 0] = 4.0 + 2.0 * np.arctan(X / 3)
        places[:, :, 2, 0] = -4.0
        frac = places.reshape(n_rows, -1, 3) / np.diagonal(lattice[0])
        chains = np.column_stack([*[np.arange(n_columns) % 90 + 1] * 2, np.full(n_columns, 92)])
        numbers = np.tile(chains.ravel(), n_rows)
        n_atoms = np.full(n_rows, 3 * n_columns)
        crystals = StructureArrays(lattice, n_atoms, numbers, frac.reshape(-1, 3))
        return crystals, [], n_rows

    def _parse_pymatgen(self, X, *, reset):
        return self._parse_structures(X, reset=reset, disorder="average")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.string = False
        return tags


@cache
def adapted(kind):
    """Return the class with an adapter, of which scikit-learn sees nothing else."""
    made = type(kind.__name__, (Numbers, kind), {"__init__": kind.__init__})
    globals()[f"_{kind.__name__}"] = made
    made.__qualname__ = f"_{kind.__name__}"  # where pickle looks
    return made


def on_numbers(estimator):
    return adapted(type(estimator))(**estimator.get_params(deep=False))


CRYSTALS = [on_numbers(estimator) for estimator in CRYSTAL_ENCODERS]
FEATURIZERS = [on_numbers(estimator) for estimator in CRYSTAL_FEATURIZERS]


#: Checks that score what was learned. To all others, two epochs are as good as forty.
_OF_SCORES = {"check_classifiers_train", "check_regressors_train"}


def expected_failed_checks(estimator):
    if type(estimator) in map(type, [*ENCODERS, *CRYSTALS]):
        return {"check_sample_weight_equivalence_on_dense_data": _STOCHASTIC}
    if type(estimator) in map(type, AUTOS):
        return {"check_sample_weight_equivalence_on_dense_data": _SPLITS}
    return {}


def with_each_check(estimators):
    """Parametrize a test by estimators and checks.

    Slow are all checks of a class with further settings, and those of scores with further forms of
    arrays, which are left out for further settings.
    """
    known, parameters = set(), []
    for estimator in estimators:
        mark = parametrize_with_checks([estimator], expected_failed_checks=expected_failed_checks)
        names, checks = mark.args
        again = type(estimator) in known
        known.add(type(estimator))
        for each in checks:
            values, marks = getattr(each, "values", each), getattr(each, "marks", ())
            check = values[1]
            further_form = check.func.__name__ in _OF_SCORES and check.keywords
            if again and further_form:
                continue
            if again or further_form:
                marks = [*marks, pytest.mark.slow]
            parameters.append(pytest.param(*values, marks=marks))
    return pytest.mark.parametrize(names, parameters, ids=mark.kwargs["ids"])


@pytest.mark.filterwarnings("ignore::skmat.exceptions.EmptyCompositionWarning")
@pytest.mark.filterwarnings("ignore::skmat.exceptions.NoveltyWarning")
@with_each_check([*ESTIMATORS, TEACHER, *CRYSTALS, *FEATURIZERS, *AUTOS])
def test_check_estimator(estimator, check):
    if "max_epochs" in estimator.get_params() and check.func.__name__ not in _OF_SCORES:
        estimator = clone(estimator).set_params(max_epochs=2)
    check(estimator)
