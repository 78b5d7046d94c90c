import copy
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from common.materials import bcc_iron, many, mixed_salt, rock_salt, rutile
from joblib import parallel_config
from matminer.featurizers.base import BaseFeaturizer, MultipleFeaturizer
from matminer.featurizers.composition import Stoichiometry
from matminer.featurizers.conversions import StructureToIStructure
from matminer.featurizers.dos import DOSFeaturizer
from matminer.featurizers.site import AverageBondLength, CoordinationNumber
from matminer.featurizers.structure import (
    BagofBonds,
    BondFractions,
    DensityFeatures,
    EwaldEnergy,
    GlobalSymmetryFeatures,
    MinimumRelativeDistances,
    PartialRadialDistributionFunction,
    SineCoulombMatrix,
    SiteStatsFingerprint,
    StructureComposition,
)
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.analysis.local_env import MinimumDistanceNN, VoronoiNN
from pymatgen.core import IStructure, Structure
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union

from skmat import (
    MagpieFeaturizer,
    MatminerFeaturizer,
    MatminerStructureFeaturizer,
    StructureToComposition,
)
from skmat.exceptions import FeaturizationError, InvalidInputError, InvalidStructureError
from skmat.structure import StructureArrays

CRYSTALS = [rock_salt(), rutile(), bcc_iron(), rock_salt(), rock_salt(4.2, "Mg", "O")]


class Toy(BaseFeaturizer):
    """One feature; fails on iron, counts its calls and remembers what it was fitted on."""

    def fit(self, X, y=None):
        self.formulas_ = [structure.composition.reduced_formula for structure in X]
        self.y_ = y

    def featurize(self, structure):
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        if "Fe" in structure.composition:
            raise KeyError("no iron here")
        return [structure.volume]

    def feature_labels(self):
        return ["toy"]

    def citations(self):
        return []

    def implementors(self):
        return []


def symmetry():
    return GlobalSymmetryFeatures(["spacegroup_num", "is_centrosymmetric", "n_symmetry_ops"])


FEATURIZERS = {
    "density": DensityFeatures,
    "symmetry": symmetry,
    "sites": lambda: SiteStatsFingerprint(CoordinationNumber(MinimumDistanceNN())),
    "fitted_matrix": SineCoulombMatrix,
    "fitted_bags": BagofBonds,
    "fitted_bonds": lambda: BondFractions(MinimumDistanceNN()),
    "composition": lambda: StructureComposition(Stoichiometry()),
    "multiple": lambda: MultipleFeaturizer([DensityFeatures(), SineCoulombMatrix()]),
}


@pytest.fixture(params=FEATURIZERS)
def featurizer(request):
    return FEATURIZERS[request.param]()


def charged(a=5.64):
    return rock_salt(a).add_oxidation_state_by_element({"Na": 1, "Cl": -1})


def test_equals_the_raw_call(featurizer):
    raw = copy.deepcopy(featurizer)
    raw.fit(CRYSTALS)
    expected = [raw.featurize(structure) for structure in CRYSTALS]
    ours = MatminerStructureFeaturizer(featurizer).fit(CRYSTALS)
    features = ours.transform(CRYSTALS)
    assert features.dtype == np.float64
    assert_array_equal(features, np.array(expected, dtype=float))
    assert ours.get_feature_names_out().tolist() == raw.feature_labels()


def test_clone_gives_the_same_features_without_a_warning(featurizer):
    ours = MatminerStructureFeaturizer(featurizer, on_invalid="nan")
    ours.set_output(transform="pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cloned = clone(ours)
    assert cloned.on_invalid == "nan"
    assert cloned.featurizer is not featurizer
    pd.testing.assert_frame_equal(cloned.fit_transform(CRYSTALS), ours.fit_transform(CRYSTALS))


@pytest.mark.filterwarnings("ignore:X .* feature names")
def test_every_form_of_X_gives_the_same(tmp_path, featurizer):
    ours = MatminerStructureFeaturizer(featurizer).fit(CRYSTALS)
    expected = ours.transform(CRYSTALS)
    files = [tmp_path / f"{row}.json" for row in range(len(CRYSTALS))]
    for structure, path in zip(CRYSTALS, files, strict=True):
        structure.to(filename=str(path))
    column = np.empty((len(CRYSTALS), 1), dtype=object)
    column[:, 0] = CRYSTALS
    for X in (
        StructureArrays.from_structures(CRYSTALS),
        pd.Series(CRYSTALS, index=range(10, 15)),
        pd.DataFrame({"structure": pd.Series(CRYSTALS)}),
        column,
        [structure.as_dict() for structure in CRYSTALS],
        [IStructure.from_sites(structure) for structure in CRYSTALS],
        [structure.to(fmt="poscar") for structure in CRYSTALS],
        files,
    ):
        assert_allclose(ours.transform(X), expected, rtol=1e-9, atol=1e-9)
        fitted = clone(ours).fit(X)
        assert_allclose(fitted.transform(CRYSTALS), expected, rtol=1e-9, atol=1e-9)


def test_each_distinct_crystal_is_featurized_once():
    moved = rock_salt()
    moved.translate_sites([0], [0.01, 0, 0])
    magnetic = rock_salt()
    magnetic.add_site_property("magmom", [1.0] * 8)
    labelled = rock_salt()
    labelled[0].label = "Na2"
    X = [rock_salt(), rock_salt(), IStructure.from_sites(rock_salt())]
    for more, n_calls in (
        ([], 1),
        ([moved, charged(), charged(), labelled], 4),
        ([magnetic, magnetic, magnetic.copy()], 3),
        ([mixed_salt(0.5), mixed_salt(0.5), mixed_salt(0.6)], 3),
    ):
        ours = MatminerStructureFeaturizer(Toy()).fit(X)
        ours.transform([*X, *more])
        assert ours.featurizer_.n_calls_ == n_calls
    ours = MatminerStructureFeaturizer(Toy()).fit(X)
    arrays = StructureArrays.from_structures([*CRYSTALS, moved])
    features = ours.set_params(on_invalid="nan").transform(arrays)
    assert ours.featurizer_.n_calls_ == 5
    assert_array_equal(features[:, 0] > 0, [True, True, False, True, True, True])


def test_oxidation_states_reach_the_featurizer():
    X = [charged(5.6), charged(5.7)]
    ours = MatminerStructureFeaturizer(EwaldEnergy()).fit(X)
    expected = [EwaldEnergy().featurize(structure) for structure in X]
    for given in (
        X,
        [structure.as_dict() for structure in X],
        list(map(IStructure.from_sites, X)),
    ):
        assert_array_equal(ours.transform(given), expected)
    for bare in (StructureArrays.from_structures(X), [rock_salt(), rutile()]):
        with pytest.raises(FeaturizationError, match="oxidation state") as error:
            ours.transform(bare)
        assert error.value.rows == [0, 1]


def test_crystals_are_not_changed():
    X = [charged()]
    featurizer = PartialRadialDistributionFunction(cutoff=4)
    ours = MatminerStructureFeaturizer(featurizer).fit(X)
    first = ours.transform(X)
    assert X[0][0].species_string == "Na+"
    assert_array_equal(ours.transform(X), first)
    featurizer.fit(X)
    featurizer.featurize(X[0])
    assert X[0][0].species_string == "Na", "matminer takes them away"


@pytest.mark.parametrize("form", [list, StructureArrays.from_structures])
def test_workers_give_the_same_features(form):
    X = form(many(9))
    ours = MatminerStructureFeaturizer(symmetry()).fit(X)
    expected = ours.transform(X)
    ours.set_params(n_jobs=2)
    with parallel_config(backend="threading"):
        assert_array_equal(ours.transform(X), expected)


def test_all_rows_that_the_featurizer_fails_on_are_named():
    ours = MatminerStructureFeaturizer(Toy()).fit(CRYSTALS)
    iron = bcc_iron()
    X = [rutile(), iron, rock_salt(cation="Fe", anion="O"), rock_salt(), iron]
    for given in (X, StructureArrays.from_structures(X)):
        with pytest.raises(FeaturizationError) as error:
            ours.transform(given)
        assert error.value.rows == [1, 2, 4]
        message = str(error.value)
        assert "3 of 5 rows cannot be featurized" in message
        assert "row 2: 'Fe4 O4': KeyError: 'no iron here'" in message
        assert "on_invalid='nan'" in message


def test_bad_rows_become_nan_on_demand():
    ours = MatminerStructureFeaturizer(Toy(), on_invalid="nan").fit(CRYSTALS)
    X = [rutile(), bcc_iron(), None, "missing.cif", rutile()]
    volume = rutile().volume
    assert_array_equal(ours.transform(X)[:, 0], [volume, np.nan, np.nan, np.nan, volume])
    assert_array_equal(ours.transform([None]), [[np.nan]])


def test_rows_that_are_no_crystal_raise():
    ours = MatminerStructureFeaturizer(DensityFeatures()).fit(CRYSTALS)
    with pytest.raises(InvalidStructureError) as error:
        ours.transform([rutile(), None, "missing.cif"])
    assert error.value.rows == [1, 2]
    with pytest.raises(InvalidStructureError):
        ours.set_params(on_invalid="nan").fit([rutile(), None])
    with pytest.raises(InvalidInputError, match="list of one"):
        ours.transform(rutile())


@pytest.mark.parametrize("as_arrays", [False, True])
def test_overlapping_atoms_are_a_fault(as_arrays):
    twice = rock_salt()
    twice.append("Cl", [0.5, 0.5, 0.5])
    rows = [twice, rutile(), bcc_iron()]
    if as_arrays:
        rows = StructureArrays.from_structures(rows)
    featurizer = MatminerStructureFeaturizer(DensityFeatures())
    with pytest.raises(InvalidStructureError, match=r"row 0: .* 0 Å apart: remove one"):
        featurizer.fit(rows)
    found = featurizer.set_params(on_invalid="nan").fit(rows[1:]).transform(rows)
    assert np.isnan(found[0]).all()
    assert_allclose(found[1:], featurizer.transform(rows[1:]))


def test_alternative_places_of_an_atom_do_not_overlap():
    split = Structure(
        rock_salt().lattice, [{"Na": 0.5}, {"Na": 0.5}, "Cl"],
        [[0, 0, 0], [0, 0, 0.001], [0.5, 0.5, 0.5]],
    )  # fmt: skip
    featurizer = MatminerStructureFeaturizer(Toy()).fit([split])
    assert_allclose(featurizer.transform([split]), [[split.volume]])


def test_disordered_crystals_reach_the_featurizer_as_they_are():
    X = [rutile(), mixed_salt(0.75), rock_salt(cation={"Li": 0.4})]
    raw = StructureComposition(Stoichiometry(num_atoms=True))
    expected = [raw.featurize(structure) for structure in X]
    for given in (X, StructureArrays.from_structures(X, disorder="average")):
        assert_allclose(MatminerStructureFeaturizer(raw).fit_transform(given), expected)
        ours = MatminerStructureFeaturizer(DensityFeatures()).fit(given)
        with pytest.raises(FeaturizationError, match=r"row 1: 'K1 Na3 Cl4': .*[Dd]isordered"):
            ours.transform(given)
        rows = ours.set_params(on_invalid="nan").transform(given)
        assert_array_equal(np.isnan(rows).all(axis=1), [False, True, True])


def test_featurizer_is_fitted_on_a_copy():
    toy = Toy()
    for X in (CRYSTALS[:2], StructureArrays.from_structures(CRYSTALS[:2])):
        ours = MatminerStructureFeaturizer(toy).fit(X, [1, 2])
        assert ours.featurizer_.formulas_ == ["NaCl", "TiO2"]
        assert ours.featurizer_.y_ == [1, 2]
        assert not hasattr(toy, "formulas_")


def test_what_a_fitted_featurizer_has_not_seen_is_the_failure_of_a_row():
    ours = MatminerStructureFeaturizer(BagofBonds()).fit([rock_salt(), rutile()])
    assert ours.transform([rutile()]).shape == (1, 64 + 36)
    with pytest.raises(FeaturizationError, match=r"row 1: 'Fe2': .* not in the fitted"):
        ours.transform([rutile(), bcc_iron()])


def test_features_that_are_no_numbers_are_named():
    with pytest.raises(InvalidInputError, match=r"for Ti2 O4: 'crystal_system' \('tetragonal'\)"):
        MatminerStructureFeaturizer(GlobalSymmetryFeatures()).fit_transform([rutile()])
    featurizer = MinimumRelativeDistances()
    with pytest.raises(InvalidInputError, match="specie"):
        MatminerStructureFeaturizer(featurizer).fit_transform([rock_salt()])
    numbers = MatminerStructureFeaturizer(MinimumRelativeDistances(include_species=False))
    assert numbers.fit_transform([rock_salt()]).shape == (1, 8)


def test_number_of_features_and_labels_must_agree():
    class Mislabelled(Toy):
        def feature_labels(self):
            return ["one", "two"]

    with pytest.raises(InvalidInputError, match="1 features for Ti2 O4, but it has 2"):
        MatminerStructureFeaturizer(Mislabelled()).fit_transform([rutile()])


@pytest.mark.parametrize("wrong", [DensityFeatures, "density", None, Ridge()])
def test_only_instances_of_featurizers_are_taken(wrong):
    with pytest.raises(ValueError, match=r"'featurizer' parameter .* must be an instance"):
        MatminerStructureFeaturizer(wrong).fit([rutile()])


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (AverageBondLength(VoronoiNN()), "SiteStatsFingerprint"),
        (Stoichiometry(), "StructureToComposition"),
        (StructureToIStructure(), "matminer.featurizers.structure"),
        (DOSFeaturizer(), "matminer.featurizers.structure"),
        (MultipleFeaturizer([DensityFeatures(), Stoichiometry()]), "StructureComposition"),
    ],
)
def test_featurizers_of_other_input_are_refused_with_a_remedy(wrong, remedy):
    with pytest.raises(InvalidInputError, match="does not featurize structures") as error:
        MatminerStructureFeaturizer(wrong).fit([rutile()])
    assert remedy in str(error.value)


def test_the_featurizer_of_compositions_names_this_one():
    with pytest.raises(InvalidInputError, match="MatminerStructureFeaturizer"):
        MatminerFeaturizer(DensityFeatures()).fit(["TiO2"])


def test_site_featurizers_are_wrapped_by_their_statistics():
    sites = SiteStatsFingerprint(AverageBondLength(MinimumDistanceNN()), stats=["mean"])
    lengths = MatminerStructureFeaturizer(sites).fit_transform([rock_salt(5.64), bcc_iron()])
    assert_allclose(lengths, [[5.64 / 2], [2.87 * np.sqrt(3) / 2]], rtol=1e-3)


def test_pandas_in_and_out():
    X = pd.DataFrame({"structure": pd.Series(CRYSTALS)})
    X.index = list("abcde")
    ours = MatminerStructureFeaturizer(DensityFeatures()).set_output(transform="pandas")
    features = ours.fit_transform(X)
    assert features.index.tolist() == list("abcde")
    assert features.columns.tolist() == ["density", "vpa", "packing fraction"]
    assert ours.n_features_in_ == 1
    assert_array_equal(ours.feature_names_in_, ["structure"])
    with pytest.raises(ValueError, match="feature names"):
        ours.transform(X.rename(columns={"structure": "crystal"}))


def test_transform_needs_fit():
    with pytest.raises(NotFittedError):
        MatminerStructureFeaturizer(DensityFeatures()).transform(CRYSTALS)
    with pytest.raises(NotFittedError):
        MatminerStructureFeaturizer(DensityFeatures()).get_feature_names_out()


def test_joblib_keeps_what_was_fitted(tmp_path, featurizer):
    ours = MatminerStructureFeaturizer(featurizer).fit(CRYSTALS)
    joblib.dump(ours, tmp_path / "featurizer.joblib")
    loaded = joblib.load(tmp_path / "featurizer.joblib")
    assert_array_equal(loaded.transform(CRYSTALS), ours.transform(CRYSTALS))


def test_grid_search_in_a_pipeline():
    model = make_pipeline(MatminerStructureFeaturizer(DensityFeatures()), Ridge())
    name = "matminerstructurefeaturizer__featurizer"
    X, y = many(9), np.arange(9.0)
    for grid in (
        {f"{name}__desired_features": [("density",), ("density", "vpa")]},
        {name: [DensityFeatures(), symmetry()], "ridge__alpha": [0.1, 1.0]},
    ):
        for given in (X, StructureArrays.from_structures(X)):
            search = GridSearchCV(model, grid, cv=3, error_score="raise").fit(given, y)
            assert copy.deepcopy(search).predict([rutile()]).shape == (1,)


def test_beside_features_of_compositions():
    union = make_union(
        MatminerStructureFeaturizer(DensityFeatures()),
        make_pipeline(StructureToComposition(), MagpieFeaturizer()),
    )
    features = union.fit_transform(CRYSTALS)
    assert features.shape == (5, 3 + 132)
    alone = MatminerStructureFeaturizer(DensityFeatures()).fit_transform(CRYSTALS)
    assert_array_equal(features[:, :3], alone)
    assert union.get_feature_names_out()[0] == "matminerstructurefeaturizer__density"


def test_coordinates_outside_the_cell_are_kept():
    class First(Toy):
        def featurize(self, structure):
            return [structure.frac_coords[1, 0]]

    structure = Structure(np.eye(3) * 4, ["Na", "Cl"], [[0, 0, 0], [1.5, 0.5, 0.5]])
    frozen = IStructure.from_sites(structure)
    features = MatminerStructureFeaturizer(First()).fit_transform([structure, frozen])
    assert_array_equal(features, [[1.5], [1.5]])
