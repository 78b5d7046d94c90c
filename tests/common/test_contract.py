"""The same contract, written out for formulas, which scikit-learn's suite cannot feed."""

import copy
import random
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from common.contract import assert_same, assert_same_in_another_process, fit, fitted, outputs
from common.instances import ENCODERS, ESTIMATORS, labels_for, name_of
from numpy.testing import assert_array_equal
from pymatgen.core import Composition
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline, make_union

from skmat import MagpieFeaturizer
from skmat.exceptions import InvalidCompositionError

FORMULAS = [
    "TiO2", "Fe2O3", "NaCl", "Cu", "GaAs", "BaTiO3", "Ca(OH)2", "Fe0.95Ni0.05", "NaN", "Al2O3",
    "MgO", "ZnS", "SiO2", "LiCoO2", "CrMnFeCoNi", "Bi2Te3", "Fe0.6C0.01Mn0.1Si0.01Cr0.1Ni0.05Mo0"
    ".02V0.01Nb0.01Co0.05Al0.02Ti0.01W0.01", "H2O", "Cu", "O2Ti",
]  # fmt: skip

FRAME = pd.DataFrame({"formula": FORMULAS}, index=range(7, 27))

all_estimators = pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
all_encoders = pytest.mark.parametrize("estimator", ENCODERS, ids=name_of)


@all_estimators
def test_fit_is_idempotent(estimator):
    estimator = fitted(estimator, FORMULAS)
    before = outputs(estimator, FORMULAS)
    estimator.fit(FORMULAS, labels_for(estimator, len(FORMULAS)))
    assert_same(before, outputs(estimator, FORMULAS))


@all_estimators
def test_one_seed_gives_equal_bits(estimator):
    first, second = fitted(estimator, FORMULAS), fit(estimator, FORMULAS)
    assert_same(outputs(first, FORMULAS), outputs(second, FORMULAS))


@all_encoders
def test_seeds_differ(estimator):
    first, second = (fitted(estimator, FORMULAS, seed=seed).transform(FORMULAS) for seed in (0, 1))
    assert not np.allclose(first, second)


@all_encoders
def test_callers_generators_and_threads_are_untouched(estimator):
    np.random.seed(5)  # noqa: NPY002 - the global generator is what is watched
    random.seed(5)
    torch.manual_seed(5)
    before = (np.random.get_state()[1].copy(), random.getstate(), torch.get_rng_state())  # noqa: NPY002
    threads = torch.get_num_threads()
    outputs(fit(estimator, FORMULAS), FORMULAS)
    clone(estimator).set_params(random_state=None).fit(FORMULAS, labels_for(estimator, 20))
    assert_array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert before[1] == random.getstate()
    assert torch.equal(before[2], torch.get_rng_state())
    assert threads == torch.get_num_threads()


@all_estimators
def test_order_does_not_matter(estimator):
    estimator = fitted(estimator, FORMULAS)
    order = np.random.default_rng(0).permutation(len(FORMULAS))
    whole = outputs(estimator, FORMULAS)
    shuffled = outputs(estimator, [FORMULAS[i] for i in order])
    assert_same({name: values[order] for name, values in whole.items()}, shuffled)


@all_estimators
def test_every_row_alone_gives_the_same_bits(estimator):
    estimator = fitted(estimator, FORMULAS)
    whole = outputs(estimator, FORMULAS)
    alone = [outputs(estimator, [formula]) for formula in FORMULAS]
    joined = {name: np.concatenate([each[name] for each in alone]) for name in whole}
    assert_same(whole, joined)


@all_estimators
def test_one_compound_written_two_ways(estimator):
    estimator = fitted(estimator, FORMULAS)
    assert_same(
        outputs(estimator, ["TiO2", "BaTiO3", "Ca(OH)2"]),
        outputs(estimator, ["O2Ti", "O3TiBa", "CaO2H2"]),
    )


@all_estimators
def test_every_row_in_gives_a_row_out(estimator):
    estimator = fitted(estimator, FORMULAS)
    for values in outputs(estimator, FORMULAS).values():
        assert len(values) == len(FORMULAS)
        assert pd.notna(values).all()


@all_estimators
def test_every_form_of_X_gives_the_same(estimator):
    estimator = fitted(estimator, FORMULAS)
    expected = outputs(estimator, FORMULAS)
    forms = [
        np.array(FORMULAS),
        np.array(FORMULAS, dtype=object).reshape(-1, 1),
        pd.Series(FORMULAS, index=range(100, 120)),
        pd.DataFrame({"formula": FORMULAS}),
        [Composition(formula) for formula in FORMULAS],
        [Composition(formula).as_dict() for formula in FORMULAS],
    ]
    for X in forms:
        with warnings.catch_warnings():
            # Feature names where none were fitted: scikit-learn warns, and so do we.
            warnings.simplefilter("ignore", UserWarning)
            assert_same(expected, outputs(estimator, X))


@all_estimators
def test_amounts_and_formulas_learn_the_same(estimator):
    amounts = np.zeros((len(FORMULAS), 118))
    for row, formula in enumerate(FORMULAS):
        for element, amount in Composition(formula).items():
            amounts[row, element.Z - 1] = amount
    by_formula = outputs(fitted(estimator, FORMULAS), FORMULAS)
    by_amounts = outputs(fitted(estimator, amounts), amounts)
    for name, values in by_formula.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(by_amounts[name], values, rtol=1e-4, atol=1e-5)


@all_estimators
def test_feature_names(estimator):
    estimator = fitted(estimator, FRAME)
    assert estimator.n_features_in_ == 1
    assert_array_equal(estimator.feature_names_in_, ["formula"])
    with pytest.raises(ValueError, match="feature names"):
        estimator.transform(FRAME.rename(columns={"formula": "composition"}))


@all_estimators
def test_pandas_out(estimator):
    estimator = fitted(estimator, FRAME).set_output(transform="pandas")
    out = estimator.transform(FRAME)
    assert_array_equal(out.index, FRAME.index)
    assert_array_equal(out.columns, estimator.get_feature_names_out())


@all_estimators
def test_clone_and_deepcopy(estimator):
    estimator = fitted(estimator, FORMULAS)
    expected = outputs(estimator, FORMULAS)
    assert_same(expected, outputs(copy.deepcopy(estimator), FORMULAS))
    with pytest.raises(NotFittedError):
        clone(estimator).transform(FORMULAS)
    assert_same(expected, outputs(fit(clone(estimator), FORMULAS), FORMULAS))


def test_joblib_in_another_process(tmp_path):
    estimators = [fitted(estimator, FORMULAS) for estimator in ESTIMATORS]
    assert_same_in_another_process(estimators, FORMULAS, tmp_path)


@all_estimators
def test_bad_rows_are_all_named(estimator):
    bad = ["TiO2", "Xy2O", None, "Fe-2"]
    with pytest.raises(InvalidCompositionError) as caught:
        clone(estimator).fit(bad, labels_for(estimator, 4))
    assert caught.value.rows == [1, 2, 3]
    estimator = fitted(estimator, FORMULAS)
    with pytest.raises(InvalidCompositionError):
        estimator.transform(bad)
    estimator.set_params(on_invalid="nan")
    for values in outputs(estimator, bad).values():
        assert_array_equal(pd.isna(values.reshape(4, -1)).all(axis=1), [False, True, True, True])


@all_estimators
def test_in_a_pipeline(estimator):
    if is_classifier(estimator) or is_regressor(estimator):
        pipeline = make_pipeline("passthrough", clone(estimator))
    else:
        from sklearn.linear_model import Ridge

        pipeline = make_pipeline(make_union(MagpieFeaturizer(), clone(estimator)), Ridge())
    y = labels_for(estimator, len(FORMULAS))
    scores = cross_val_score(pipeline, np.array(FORMULAS, dtype=object), np.array(y), cv=2)
    assert np.isfinite(scores).all()
