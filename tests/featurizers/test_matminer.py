import copy
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from matminer.featurizers.base import BaseFeaturizer, MultipleFeaturizer, StackedFeaturizer
from matminer.featurizers.composition import (
    AtomicOrbitals,
    ElectronegativityDiff,
    ElementProperty,
    IonProperty,
    Meredig,
    Miedema,
    Stoichiometry,
    ValenceOrbital,
    YangSolidSolution,
)
from matminer.featurizers.conversions import StrToComposition
from matminer.featurizers.structure import DensityFeatures
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmat.exceptions import (
    EmptyCompositionWarning,
    FeaturizationError,
    InvalidCompositionError,
    InvalidInputError,
)
from skmat.featurizers import MagpieFeaturizer, MatminerFeaturizer

FORMULAS = ["TiO2", "Fe2O3", "NaCl", "CuZn", "O2Ti", "TiO2", "FeNi3"]


class Toy(BaseFeaturizer):
    """One feature; fails on iron, counts its calls and remembers what it was fitted on."""

    def __init__(self, feature=1.0):
        self.feature = feature

    def fit(self, X, y=None):
        self.elements_ = {str(element) for composition in X for element in composition}
        self.y_ = y

    def featurize(self, composition):
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        if "Fe" in composition:
            raise KeyError("no iron here")
        return [self.feature]

    def feature_labels(self):
        return ["toy"]

    def citations(self):
        return []

    def implementors(self):
        return []


def stacked_featurizer():
    model = LinearRegression().fit([[0.0], [2.0]], [1.0, 5.0])
    return StackedFeaturizer(Stoichiometry(p_list=[0]), model, name="toy")


FEATURIZERS = {
    "magpie": lambda: ElementProperty.from_preset("magpie"),
    "stoichiometry": Stoichiometry,
    "stoichiometry_atoms": lambda: Stoichiometry(num_atoms=True),
    "valence": ValenceOrbital,
    "ion": lambda: IonProperty(fast=True),
    "meredig": Meredig,
    "miedema": Miedema,
    "yang": YangSolidSolution,
    "multiple": lambda: MultipleFeaturizer([Stoichiometry(), ValenceOrbital()]),
    "stacked": stacked_featurizer,
}


@pytest.fixture(params=FEATURIZERS)
def featurizer(request):
    return FEATURIZERS[request.param]()


@parametrize_with_checks([MatminerFeaturizer(Stoichiometry())])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# The raw call to StackedFeaturizer gives a list of one-element arrays.
@pytest.mark.filterwarnings("ignore")
def test_equals_the_raw_call(featurizer):
    expected = [np.ravel(featurizer.featurize(Composition(text))) for text in FORMULAS]
    ours = MatminerFeaturizer(featurizer).fit(FORMULAS)
    features = ours.transform(FORMULAS)
    assert features.dtype == np.float64
    assert_allclose(features, np.array(expected, dtype=float), rtol=1e-12, atol=1e-12)
    assert ours.get_feature_names_out().tolist() == featurizer.feature_labels()


@pytest.mark.filterwarnings("ignore")
def test_clone_gives_the_same_features_without_a_warning(featurizer):
    ours = MatminerFeaturizer(featurizer, on_invalid="nan").set_output(transform="pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cloned = clone(ours)
    assert cloned.on_invalid == "nan"
    assert cloned.featurizer is not featurizer
    pd.testing.assert_frame_equal(
        cloned.fit_transform(FORMULAS[:3]), ours.fit_transform(FORMULAS[:3])
    )


def test_equals_the_vectorised_magpie():
    ours = MatminerFeaturizer(ElementProperty.from_preset("magpie")).fit(FORMULAS)
    magpie = MagpieFeaturizer().fit(FORMULAS)
    assert_allclose(ours.transform(FORMULAS), magpie.transform(FORMULAS), rtol=0, atol=1e-9)
    assert_array_equal(ours.get_feature_names_out(), magpie.get_feature_names_out())


def test_each_distinct_composition_is_featurized_once():
    ours = MatminerFeaturizer(Toy()).fit(["TiO2"])
    ours.transform(["TiO2", "O2Ti", Composition("TiO2"), {"Ti": 1, "O": 2}, "Ti2O4"])
    assert ours.featurizer_.n_calls_ == 2


def test_order_of_elements_changes_no_bit():
    features = MatminerFeaturizer(ElementProperty.from_preset("magpie")).fit_transform(
        ["Fe0.1Ni0.2Co0.7", "Co0.7Fe0.1Ni0.2"]
    )
    assert_array_equal(features[0], features[1])


def test_amounts_give_the_features_of_the_formula():
    amounts = pd.DataFrame({"Ti": [1, 0], "O": [2, 3], "Fe": [0, 2]})
    ours = MatminerFeaturizer(Stoichiometry(num_atoms=True))
    assert_array_equal(ours.fit_transform(amounts), ours.fit_transform(["TiO2", "Fe2O3"]))


def test_oxidation_states_reach_the_featurizer():
    ours = MatminerFeaturizer(ElectronegativityDiff())
    values = [{"Ti4+": 1, "O2-": 2}, Composition({"Na+": 1, "Cl-": 1})]
    expected = [ElectronegativityDiff().featurize(Composition(value)) for value in values]
    assert_allclose(ours.fit_transform(values), expected)
    with pytest.raises(FeaturizationError, match=r"[Oo]xidation"):
        ours.transform(["TiO2"])


def test_workers_give_the_same_features():
    ours = MatminerFeaturizer(Meredig()).fit(FORMULAS)
    expected = ours.transform(FORMULAS)
    ours.set_params(n_jobs=2)
    with parallel_config(backend="threading"):
        assert_array_equal(ours.transform(FORMULAS), expected)


def test_all_rows_that_the_featurizer_fails_on_are_named():
    ours = MatminerFeaturizer(Toy()).fit(FORMULAS)
    with pytest.raises(FeaturizationError) as error:
        ours.transform(["TiO2", "Fe2O3", "FeO", "NaCl", "Fe2O3"])
    assert error.value.rows == [1, 2, 4]
    message = str(error.value)
    assert "3 of 5 rows cannot be featurized" in message
    assert "row 2: 'Fe1 O1': KeyError: 'no iron here'" in message
    assert "on_invalid='nan'" in message
    assert isinstance(error.value, InvalidInputError)


def test_bad_rows_become_nan_on_demand():
    ours = MatminerFeaturizer(Toy(), on_invalid="nan").fit(FORMULAS)
    features = ours.transform(["TiO2", "Fe2O3", None, "Xx", "NaCl"])
    assert_array_equal(features[:, 0], [1, np.nan, np.nan, np.nan, 1])
    assert_array_equal(ours.transform([None]), [[np.nan]])


def test_rows_that_are_no_composition_raise():
    ours = MatminerFeaturizer(Stoichiometry()).fit(FORMULAS)
    with pytest.raises(InvalidCompositionError) as error:
        ours.transform(["TiO2", "Xx", None])
    assert error.value.rows == [1, 2]
    with pytest.raises(InvalidCompositionError):
        ours.set_params(on_invalid="nan").fit(["TiO2", "Xx"])


def test_featurizer_is_fitted_on_a_copy():
    toy = Toy()
    ours = MatminerFeaturizer(toy).fit(["TiO2", "NaCl"], [1, 2])
    assert ours.featurizer_.elements_ == {"Ti", "O", "Na", "Cl"}
    assert ours.featurizer_.y_ == [1, 2]
    assert not hasattr(toy, "elements_")


@pytest.mark.parametrize("y", [[1, 2, 3], pd.Series([1, 2, 3], index=[7, 8, 9])])
def test_featurizer_is_fitted_on_the_labels_of_its_compositions(y):
    with pytest.warns(EmptyCompositionWarning):
        ours = MatminerFeaturizer(Toy()).fit([[1, 0, 1], [0, 0, 0], [0, 1, 1]], y)
    assert list(ours.featurizer_.y_) == [1, 3]


@pytest.mark.parametrize("feature", ["s", None, 1j, [1.0, 2.0]])
def test_features_that_are_no_numbers_are_named(feature):
    ours = MatminerFeaturizer(Toy(feature)).fit(["TiO2"])
    with pytest.raises(InvalidInputError, match=r"not numbers, for Ti1 O2: 'toy'"):
        ours.transform(["TiO2"])


def test_real_featurizer_with_text_features():
    ours = MatminerFeaturizer(AtomicOrbitals()).fit(["TiO2"])
    with pytest.raises(InvalidInputError, match="'HOMO_character'"):
        ours.transform(["TiO2"])


def test_number_of_features_and_labels_must_agree():
    class Mislabelled(Toy):
        def feature_labels(self):
            return ["one", "two"]

    with pytest.raises(InvalidInputError, match="1 features for Ti1 O2, but it has 2"):
        MatminerFeaturizer(Mislabelled()).fit_transform(["TiO2"])


@pytest.mark.parametrize("wrong", [Stoichiometry, "magpie", None, Ridge()])
def test_only_instances_of_featurizers_are_taken(wrong):
    with pytest.raises(ValueError, match=r"'featurizer' parameter .* must be an instance"):
        MatminerFeaturizer(wrong).fit(["TiO2"])


@pytest.mark.parametrize(
    "wrong",
    [
        DensityFeatures(),
        StrToComposition(),
        MultipleFeaturizer([Stoichiometry(), DensityFeatures()]),
    ],
)
def test_featurizers_of_other_input_are_refused(wrong):
    with pytest.raises(InvalidInputError, match="does not featurize compositions"):
        MatminerFeaturizer(wrong).fit(["TiO2"])


def test_set_output_keeps_index_and_names():
    X = pd.DataFrame({"formula": ["TiO2", "NaCl"]}, index=["a", "b"])
    ours = MatminerFeaturizer(Stoichiometry(p_list=[0])).set_output(transform="pandas")
    features = ours.fit_transform(X)
    assert features.index.tolist() == ["a", "b"]
    assert features.columns.tolist() == ["0-norm"]


def test_transform_needs_fit():
    with pytest.raises(NotFittedError):
        MatminerFeaturizer(Stoichiometry()).transform(["TiO2"])
    with pytest.raises(NotFittedError):
        MatminerFeaturizer(Stoichiometry()).get_feature_names_out()


def test_grid_search_reaches_the_parameters_of_the_featurizer():
    model = make_pipeline(MatminerFeaturizer(Stoichiometry()), Ridge())
    name = "matminerfeaturizer__featurizer"
    grid = {f"{name}__num_atoms": [False, True]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    search.fit(FORMULAS, np.arange(len(FORMULAS)))
    search = GridSearchCV(model, {name: [Stoichiometry(), ValenceOrbital()]}, cv=2)
    search.fit(FORMULAS, np.arange(len(FORMULAS)))
    assert copy.deepcopy(search).predict(["TiO2"]).shape == (1,)
