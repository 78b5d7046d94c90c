"""Any structure featurizer of matminer as a scikit-learn transformer."""

from operator import itemgetter

import numpy as np
from pymatgen.core import Structure
from sklearn.base import _fit_context

from skmat.exceptions import InvalidStructureError
from skmat.featurizers._matminer_base import MatminerTransformer
from skmat.inputs import StructureInputMixin
from skmat.structure import StructureArrays
from skmat.structure._overlaps import find_overlaps

__all__ = ["MatminerStructureFeaturizer"]


class MatminerStructureFeaturizer(StructureInputMixin, MatminerTransformer):
    """Wrap a structure featurizer of matminer.

    The featurizer gets copies as pymatgen Structures. They keep oxidation states and properties
    (which a ``StructureArrays`` does not have) and disordered sites, which only some featurizers
    can use. Equal structures are featurized once. Structures with properties, such as magnetic
    moments, are equal only if they are the same object. A row on which the featurizer fails raises
    an error, while matminer's own `transform` returns NaN.

    Parameters
    ----------
    featurizer : matminer.featurizers.base.BaseFeaturizer
        An instance that reads one structure, such as ``DensityFeatures()``,
        ``SiteStatsFingerprint.from_preset("CrystalNNFingerprint_ops")`` or a
        ``MultipleFeaturizer`` of several. All its features must be numbers, as in
        ``GlobalSymmetryFeatures(["spacegroup_num", "n_symmetry_ops"])``. `fit` copies it.
    n_jobs : int or None, default=None
        Number of joblib workers. None means 1, unless ``joblib.parallel_config`` sets another
        number. -1 means one per CPU.
    on_invalid : {"raise", "nan"}, default="raise"
        What `transform` does with rows that cannot be read as structures, whose atoms overlap
        (less than 0.3 Å apart), or on which the featurizer fails. "raise" raises an error that
        lists them. "nan" returns NaN for them. `fit` always raises.

    Attributes
    ----------
    featurizer_ : matminer.featurizers.base.BaseFeaturizer
        The fitted copy of `featurizer`.
    n_features_in_ : int
        1.
    feature_names_in_ : ndarray of shape (1,)
        Name of the column seen in `fit`, if `X` was a DataFrame.

    See Also
    --------
    MatminerFeaturizer : The same for composition featurizers.
    StructureToComposition : Turns structures into compositions, for composition featurizers.

    References
    ----------
    .. [1] L. Ward et al., "Matminer: An open source toolkit for materials data mining",
       Computational Materials Science 152 (2018) 60-69.

    Examples
    --------
    >>> from matminer.featurizers.structure import DensityFeatures
    >>> from pymatgen.core import Lattice, Structure
    >>> from skmat.featurizers import MatminerStructureFeaturizer
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> salts = [
    ...     Structure(Lattice.cubic(a), ["Cs", "Cl"], sites) for a in (4.1, 4.2)
    ... ]
    >>> featurizer = MatminerStructureFeaturizer(
    ...     DensityFeatures(["density", "vpa"])
    ... ).fit(salts)
    >>> featurizer.transform(salts).round(2)  # g/cm³, Å³/atom
    array([[ 4.06, 34.46],
           [ 3.77, 37.04]])
    >>> featurizer.get_feature_names_out()
    array(['density', 'vpa'], dtype=object)
    """

    _materials = "structures"
    _room = "structure"
    _remedies = {
        "site": "Wrap it in matminer's SiteStatsFingerprint, for statistics over sites.",
        "composition": (
            "Wrap it in matminer's StructureComposition, or in skmat.MatminerFeaturizer after"
            " skmat.StructureToComposition."
        ),
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Fit a copy of the featurizer.

        Most featurizers learn nothing.

        Parameters
        ----------
        X : array-like of shape (n_samples,)
            Structures, in any form that :func:`skmat.structure.read_structures` takes.
        y : array-like of shape (n_samples,), default=None
            Passed to the featurizer's own `fit`.

        Returns
        -------
        self : MatminerStructureFeaturizer

        Raises
        ------
        InvalidStructureError
            If rows cannot be read as structures, or if their atoms overlap. The error lists all
            of them.
        InvalidInputError
            If the featurizer does not read structures.
        """
        return self._fit(X, y)

    def transform(self, X):
        """Featurize structures.

        Parameters
        ----------
        X : array-like of shape (n_samples,)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out), dtype float64
            The featurizer's features, in its own units. With ``on_invalid="nan"``, rows that are
            invalid or on which it fails are NaN.

        Raises
        ------
        InvalidStructureError
            If rows cannot be read as structures, or if their atoms overlap, and
            ``on_invalid="raise"``.
        FeaturizationError
            If the featurizer fails on rows and ``on_invalid="raise"``. The error lists all of
            them with the featurizer's messages.
        InvalidInputError
            If a feature is not a number.
        """
        return self._transform(X)

    def _read_items(self, X, *, reset, on_invalid):
        """Return pymatgen Structures, the row of each, and the number of rows.

        A StructureArrays stays one, and builds a Structure on access.
        """
        structures, problems, n_rows = self._parse_pymatgen(X, reset=reset)
        rows = np.setdiff1d(np.arange(n_rows), [row for row, _, _ in problems])
        overlaps = dict(find_overlaps(_as_arrays(structures)))
        problems += [
            (int(rows[place]), structures[place].formula, fault)
            for place, fault in overlaps.items()
        ]
        if problems and on_invalid == "raise":
            raise InvalidStructureError(sorted(problems, key=itemgetter(0)), n_rows)
        if overlaps:
            kept = [place for place in range(len(structures)) if place not in overlaps]
            structures, rows = _take(structures, kept), rows[kept]
        return structures, rows.tolist(), n_rows

    def _take(self, items, positions):
        taken = _take(items, positions)
        return taken if isinstance(taken, StructureArrays) else list(map(_copy, taken))

    def _keys(self, items):
        if isinstance(items, StructureArrays):
            return _keys_of_arrays(items)
        return [_key(structure) for structure in items]


def _as_arrays(structures):
    if isinstance(structures, StructureArrays):
        return structures
    return StructureArrays.from_structures(structures, disorder="average")


def _take(structures, positions):
    if isinstance(structures, StructureArrays):
        return structures.take(positions)
    return [structures[position] for position in positions]


def _copy(structure):
    """Return a mutable copy: some featurizers of matminer change it."""
    if isinstance(structure, Structure):
        return structure.copy()
    return Structure.from_sites(
        structure.sites, charge=structure._charge, properties=structure.properties
    )


def _key(structure):
    """Return a key that is equal for equal structures, or unique for one with properties."""
    if structure.properties or any(site.properties for site in structure):
        return id(structure)
    sites = [
        (tuple(site.species.items()), site.frac_coords.tobytes(), site.label) for site in structure
    ]
    return structure.lattice.matrix.tobytes(), structure._charge, tuple(sites)


def _keys_of_arrays(arrays):
    sites = [slice(*ends) for ends in zip(arrays.offsets[:-1], arrays.offsets[1:], strict=True)]
    return [
        (lattice.tobytes(), arrays.atomic_number[part].tobytes(), arrays.frac[part].tobytes())
        for lattice, part in zip(arrays.lattice, sites, strict=True)
    ]
