import warnings

import numpy as np
import pandas as pd
import pytest
from matminer.featurizers.base import MultipleFeaturizer
from matminer.featurizers.composition import (
    ElementProperty,
    IonProperty,
    Stoichiometry,
    ValenceOrbital,
)
from numpy.testing import assert_allclose, assert_array_equal
from pymatgen.core import Composition
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmat.exceptions import EmptyCompositionWarning, InvalidCompositionError
from skmat.featurizers import MagpieFeaturizer
from skmat.featurizers import _magpie as magpie_module

MATBENCH_TASKS = [
    "dielectric",
    "expt_gap",
    "expt_is_metal",
    "glass",
    "jdft2d",
    "log_gvrh",
    "log_kvrh",
    "mp_e_form",
    "mp_gap",
    "mp_is_metal",
    "perovskites",
    "phonons",
    "steels",
]

FORMULAS = [
    "TiO2",
    "Fe",
    "NaN",
    "Ca(OH)2",
    "Ba0.5Sr0.5Co0.8Fe0.2O2.9",
    "Fe0.620C0.000953Mn0.000521Si0.00102Cr0.000110Ni0.192Mo0.0176V0.000112Co0.146",
    "AuCuAgPt",
    "La0.1Ce0.1Pr0.1Nd0.1Sm0.1Eu0.1Gd0.1Tb0.1Dy0.1Ho0.1",
    "HeXe3",
    "PuOg2",
    "U0.333333Pu0.333334O0.333333",
]


def matminer_features(formulas):
    featurizer = ElementProperty.from_preset("magpie")
    return np.array([featurizer.featurize(Composition(formula)) for formula in formulas])


def matbench_formulas(data_home, task):
    table = pd.read_csv(
        data_home / "matbench" / f"matbench_{task}.csv.gz",
        keep_default_na=False,
        na_values=[""],
        usecols=["composition"],
    )
    return table["composition"].drop_duplicates()


@parametrize_with_checks([MagpieFeaturizer()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_equals_matminer():
    features = MagpieFeaturizer().fit_transform(FORMULAS)
    assert features.shape == (len(FORMULAS), 132)
    assert features.dtype == np.float64
    assert_allclose(features, matminer_features(FORMULAS), rtol=0, atol=1e-9)


@pytest.mark.parametrize("n_formulas", [300, pytest.param(3000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("task", MATBENCH_TASKS)
def test_equals_matminer_on_a_sample_of_matbench(data_home, task, n_formulas):
    formulas = matbench_formulas(data_home, task)
    formulas = formulas.sample(min(len(formulas), n_formulas), random_state=0)
    features = MagpieFeaturizer().fit_transform(formulas)
    assert_allclose(features, matminer_features(formulas), rtol=0, atol=1e-9)


def test_feature_names_are_those_of_matminer():
    names = MagpieFeaturizer().fit(["TiO2"]).get_feature_names_out()
    assert names.dtype == object
    assert names.tolist() == ElementProperty.from_preset("magpie").feature_labels()


def test_feature_names_check_the_input_names():
    featurizer = MagpieFeaturizer().fit(pd.DataFrame({"formula": ["TiO2"]}))
    assert len(featurizer.get_feature_names_out(["formula"])) == 132
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        featurizer.get_feature_names_out(["composition"])


def test_set_output_keeps_index_and_names():
    X = pd.DataFrame({"formula": ["TiO2", "Fe2O3"]}, index=["a", "b"])
    featurizer = MagpieFeaturizer().set_output(transform="pandas")
    features = featurizer.fit_transform(X)
    assert features.index.tolist() == ["a", "b"]
    assert features.loc["a", "MagpieData maximum Number"] == 22
    assert isinstance(clone(featurizer).fit_transform(X), pd.DataFrame)


def test_rows_do_not_depend_on_each_other(monkeypatch):
    together = MagpieFeaturizer().fit_transform(FORMULAS)
    alone = [MagpieFeaturizer().fit_transform([formula])[0] for formula in FORMULAS]
    assert_array_equal(together, alone)
    monkeypatch.setattr(magpie_module, "_CHUNK_SIZE", 500)
    assert_array_equal(MagpieFeaturizer().fit_transform(FORMULAS), together)


def test_order_of_elements_changes_no_bit():
    features = MagpieFeaturizer().fit_transform(["Fe0.1Ni0.2Co0.7", "Co0.7Fe0.1Ni0.2"])
    assert_array_equal(features[0], features[1])


def test_amounts_give_the_features_of_the_formula():
    amounts = pd.DataFrame({"Ti": [1, 0], "O": [2, 3], "Fe": [0, 2]})
    features = MagpieFeaturizer().fit_transform(amounts)
    assert_array_equal(features, MagpieFeaturizer().fit_transform(["TiO2", "Fe2O3"]))


def test_invalid_rows_raise_or_become_nan():
    featurizer = MagpieFeaturizer().fit(["TiO2"])
    with pytest.raises(InvalidCompositionError) as error:
        featurizer.transform(["Xx", "TiO2", None])
    assert error.value.rows == [0, 2]
    featurizer.set_params(on_invalid="nan")
    features = featurizer.transform(["Xx", "TiO2", None])
    assert np.isnan(features[[0, 2]]).all()
    assert np.isfinite(features[1]).all()
    assert np.isnan(featurizer.transform([None])).all()
    with pytest.raises(InvalidCompositionError):
        featurizer.fit(["Xx", "TiO2"])


def test_empty_amounts_become_nan_with_a_warning():
    featurizer = MagpieFeaturizer().fit([[1.0, 2.0], [3.0, 4.0]])
    with pytest.warns(EmptyCompositionWarning, match="row 1"):
        features = featurizer.transform([[1.0, 2.0], [0.0, 0.0]])
    assert np.isnan(features).all(axis=1).tolist() == [False, True]
    featurizer.set_params(on_invalid="nan")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        featurizer.transform([[1.0, 2.0], [0.0, 0.0]])


def test_transform_needs_fit():
    with pytest.raises(NotFittedError):
        MagpieFeaturizer().transform(["TiO2"])


def test_wrong_parameter():
    with pytest.raises(ValueError, match="on_invalid"):
        MagpieFeaturizer(on_invalid="ignore").fit(["TiO2"])


def test_works_in_a_pipeline():
    model = make_pipeline(MagpieFeaturizer(), Ridge()).fit(FORMULAS, np.arange(len(FORMULAS)))
    assert model.predict(["TiO2", "SiO2"]).shape == (2,)


def test_all_features_are_those_of_ward_et_al_as_matminer_has_them():
    # Gases without an electronegativity are left out: matminer has NaN there, or a mean.
    formulas = [each for each in FORMULAS if each not in ("HeXe3", "PuOg2")]
    formulas += ["Fe3O4", "KMnO4", "LiFePO4", "CuAu", "La0.5Sr0.5CoO2.75"]
    others = MultipleFeaturizer(
        [Stoichiometry(), ValenceOrbital(props=["avg"]), IonProperty(fast=True)]
    )
    # Ten lanthanides have matminer try all combinations, which are few enough.
    expected = np.array([others.featurize(Composition(each)) for each in formulas], dtype=float)
    featurizer = MagpieFeaturizer(features="all").fit(formulas)
    found = featurizer.transform(formulas)
    assert found.shape == (len(formulas), 145)
    assert_allclose(found[:, 132:], expected, rtol=1e-12, atol=1e-12)
    assert_array_equal(found[:, :132], MagpieFeaturizer().fit_transform(formulas))
    assert featurizer.get_feature_names_out()[132:].tolist() == others.feature_labels()
    assert {0.0, 1.0} == set(found[:, 142])


def test_neutral_compounds_of_many_elements_take_no_time():
    elements = "LiNaKMgCaAlSiTiVCrMnFeCoNiCuZnO"
    assert MagpieFeaturizer(features="all").fit_transform([elements])[0, 142] in (0.0, 1.0)
