"""Distance between data sets of compositions."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.utils import check_random_state

from skmat.benchmark._materials import as_compositions
from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.composition._formula import ATOMIC_NUMBERS
from skmat.exceptions import DatasetNotFoundError, InvalidInputError

__all__ = ["dataset_distance"]

_SCALE = Path("el_lookup", "mod_petti.json")
#: Lawrencium. The scale ends there; ElMD puts all heavier elements where helium is.
_HEAVIEST = 103


def dataset_distance(a, b, *, n_samples=1000, n_draws=5, random_state=0):
    """Return the earth mover's distance between two data sets of compositions.

    How far the materials of one have to be moved to become those of the other: the Wasserstein-1
    distance between the two data sets as distributions, with the element mover's distance of
    Hargreaves et al. [1]_ between two compositions. That is itself an earth mover's distance:
    the sum over all atoms, in shares of the composition, of the steps that each moves on the
    modified Pettifor scale [2]_, which lines up the elements by how well they replace each other
    in compounds. On a line, the cheapest way has a closed form: the area between the cumulative
    distributions of the two compositions. Its unit is places on that scale: 0.2 between CaTiO3
    and SrTiO3 (one atom of five moves by one place), 102 at the most.

    Two samples of one data set are not the same, so that even between them the distance is not
    zero, the less so the fewer and the more diverse the materials are. This `floor` is measured
    too: data sets no further apart cannot be told apart by samples of this size. It is no
    constant to be subtracted; where the distance is several times the floor, it hardly matters.

    Parameters
    ----------
    a, b : array-like of formulas or CompositionArrays
        The data sets. Each row counts, so that a composition that occurs twice weighs double.
    n_samples : int, default=1000
        Number of rows drawn from each, with replacement, so that data sets of any size compare.
        Time grows with its third power, memory with its square.
    n_draws : int, default=5
        Number of times that samples are drawn, 2 or more.
    random_state : int, RandomState instance or None, default=0
        Draws of the samples.

    Returns
    -------
    Series
        Float64, with the entries:

        distance
            Distance between samples of `a` and of `b`, mean over the draws.
        standard_error
            Standard error of `distance` from the scatter of the draws.
        floor
            Distance between two samples of `a`, averaged with that between two samples of `b`,
            mean over the draws.

    Raises
    ------
    InvalidInputError
        If a data set holds no material, a formula that cannot be read or an element heavier than
        lawrencium, which has no place on the scale; or if `n_samples` or `n_draws` is too small.
    DatasetNotFoundError
        If the package ElMD, which holds the scale, is not installed.

    Notes
    -----
    The scale is read from ElMD, the package of the authors of [1]_
    (``pip install skmat[distance]``), but none of its code is run: version 0.5.15 cannot be
    imported beside setuptools 82 or newer, and the closed form gives its numbers (to 1e-13) 16
    times as fast (300 by 300 formulas of Matbench, reading them included). So
    ``pip install --no-deps ElMD`` is enough, without its requirement numba.

    References
    ----------
    .. [1] C. J. Hargreaves et al., "The earth mover's distance as a metric for the space of
       inorganic compositions", Chem. Mater. 32, 10610-10620 (2020).
       https://doi.org/10.1021/acs.chemmater.0c03381
    .. [2] H. Glawe et al., "The optimal one dimensional periodic table: a modified Pettifor
       chemical scale from data mining", New J. Phys. 18, 093011 (2016).
       https://doi.org/10.1088/1367-2630/18/9/093011

    Examples
    --------
    >>> from skmat.benchmark import dataset_distance
    >>> dataset_distance(["CaTiO3"], ["SrTiO3"])["distance"].round(6)  # doctest: +SKIP
    0.2
    """
    if n_samples < 1 or n_draws < 2:
        raise InvalidInputError(
            f"n_samples must be 1 or more and n_draws 2 or more (for a standard error), got"
            f" {n_samples!r} and {n_draws!r}."
        )
    generator = check_random_state(random_state)
    a, b = _placeable(a, "`a`"), _placeable(b, "`b`")
    distances, floors = [], []
    for _ in range(n_draws):
        a1, a2, b1, b2 = (
            _cumulative(materials.take(generator.randint(len(materials), size=n_samples)))
            for materials in (a, a, b, b)
        )
        distances.append(_transport_cost(a1, b1))
        floors.append((_transport_cost(a1, a2) + _transport_cost(b1, b2)) / 2)
    return pd.Series(
        {
            "distance": np.mean(distances),
            "standard_error": np.std(distances, ddof=1) / np.sqrt(n_draws),
            "floor": np.mean(floors),
        }
    )


def _transport_cost(a, b):
    """Return the mean cost of the cheapest one-to-one transport; it is exact for equal sizes."""
    costs = cdist(a, b, "cityblock")
    return costs[linear_sum_assignment(costs)].mean()


def _placeable(materials, what):
    """Return materials as CompositionArrays of elements that are on the scale."""
    arrays = as_compositions(materials, what)
    heavy = np.unique(arrays.atomic_numbers[arrays.atomic_numbers > _HEAVIEST])
    if len(heavy):
        raise InvalidInputError(
            f"{what} holds elements with the atomic numbers {heavy.tolist()}, but the modified"
            f" Pettifor scale ends with lawrencium ({_HEAVIEST}). Drop these materials."
        )
    return arrays


def _cumulative(arrays):
    """Return the cumulative distribution of each composition on the scale.

    The sum of absolute differences of two rows is the element mover's distance.

    Returns
    -------
    ndarray of shape (n, 103), dtype float64
        Column `k` is the share of atoms that stand at place `k` or before.
    """
    places = _places()
    rows, slots = np.nonzero(arrays.atomic_numbers)
    shares = np.zeros((len(arrays), places.max() + 1))
    shares[rows, places[arrays.atomic_numbers[rows, slots]]] = arrays.fractions[rows, slots]
    return shares.cumsum(axis=1)


@cache
def _places():
    """Return the place of each element on the modified Pettifor scale, by atomic number."""
    spec = find_spec("ElMD")
    if spec is None or not spec.submodule_search_locations:
        raise DatasetNotFoundError(
            "dataset_distance needs the modified Pettifor scale, which is part of the package"
            " ElMD. Install it with `pip install skmat[distance]`."
        )
    path = Path(spec.submodule_search_locations[0]) / _SCALE
    if not path.is_file():
        raise DatasetNotFoundError(
            f"The installed ElMD lacks {_SCALE.as_posix()}. Install version 0.5.15 with"
            " `pip install --force-reinstall --no-deps ElMD==0.5.15`."
        )
    places = np.zeros(MAX_ATOMIC_NUMBER + 1, dtype=np.int64)
    for symbol, place in json.loads(path.read_text(encoding="utf-8")).items():
        if symbol in ATOMIC_NUMBERS:
            places[ATOMIC_NUMBERS[symbol]] = place
    return places
