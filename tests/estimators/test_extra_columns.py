"""Tables with one column of materials and further columns of numbers."""

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from common.contract import assert_same_in_another_process
from pymatgen.core import Lattice, Structure
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV

from skmat import (
    ALIGNNRegressor,
    CGCNNClassifier,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostRegressor,
    load_model,
)
from skmat.estimators._plan import FitData
from skmat.exceptions import InvalidCompositionError, InvalidInputError
from skmat.objectives import Distillation
from skmat.training._cuda_graph import _CUDAGraphTraining, train_cuda_graph

FORMULAS = ["TiO2", "NaCl", "Fe2O3", "MgO", "ZnO", "Cu", "GaAs", "CdTe"] * 5
T = np.linspace(200.0, 1000.0, 40)
TABLE = pd.DataFrame({"T": T, "formula": FORMULAS, "P": [1.0, 2.0, np.nan, 3.0] * 10})
LABELS = 3 * T

SITES = [[0, 0, 0], [0.5, 0.5, 0.5]]
CRYSTALS = [
    Structure(Lattice.cubic(4.0 + 0.05 * i), ["Cs", anion], SITES)
    for i in range(5)
    for anion in ("Cl", "Br", "I", "F")
]


def make(kind=MTEncoderRegressor, **parameters):
    defaults = {"preset": "tiny", "max_epochs": 2, "random_state": 0, "batch_size": 16}
    return kind(**defaults | parameters)


@pytest.mark.parametrize("kind", [MTEncoderRegressor, RoostRegressor])
def test_numbers_are_learned(kind):
    model = make(kind, max_epochs=40, lr=3e-3).fit(TABLE, LABELS)
    assert model.score(TABLE, LABELS) > 0.95
    assert model.n_features_in_ == 3
    assert list(model.feature_names_in_) == ["T", "formula", "P"]
    assert model.extra_columns_ == ["T", "P"]
    warmer, colder = (model.predict(TABLE.assign(T=t)).mean() for t in (900.0, 300.0))
    assert warmer > colder + 1000


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (CGCNNRegressor, {"n_task_layers": 1}),
        (CGCNNClassifier, {}),
        (ALIGNNRegressor, {}),
    ],
)
def test_structures_have_them_too(kind, parameters):
    table = pd.DataFrame({"structure": CRYSTALS, "T": T[:20]})
    labels = np.arange(20) % 2 if kind is CGCNNClassifier else LABELS[:20]
    model = make(kind, **parameters).fit(table, labels)
    assert model.n_features_in_ == 2
    predict = getattr(model, "predict_proba", model.predict)
    assert np.abs(predict(table) - predict(table.assign(T=700.0))).max() > 1e-4
    assert model.transform(table).shape == model.transform(table.assign(T=0.0)).shape
    with pytest.raises(ValueError, match=r"missing:\n- T"):
        model.predict(table[["structure"]])
    with pytest.raises(InvalidInputError, match="further columns"):
        model.predict(CRYSTALS)


def test_any_table_gives_the_same():
    model = make().fit(TABLE, LABELS)
    expected = model.predict(TABLE)
    np.testing.assert_array_equal(model.predict(pl.from_pandas(TABLE)), expected)
    np.testing.assert_array_equal(model.predict(TABLE.astype({"T": object})), expected)
    as_given = make().fit(pl.from_pandas(TABLE), LABELS)
    np.testing.assert_array_equal(as_given.predict(TABLE), expected)
    # Rows do not depend on each other.
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_array_equal(model.predict(TABLE.iloc[order]), expected[order])


def test_numbers_are_standardised_and_missing_ones_are_the_mean():
    weights = np.where(T < 600, 1.0, 3.0)
    model = make().fit(TABLE, LABELS, weights)
    scaling = model.estimators_[0].extra_scaling
    known = ~np.isnan(TABLE["P"])
    np.testing.assert_allclose(
        scaling.mean,
        [np.average(T, weights=weights), np.average(TABLE["P"][known], weights=weights[known])],
    )
    for column, mean in zip("TP", scaling.mean, strict=True):
        missing, filled = (model.predict(TABLE.assign(**{column: x})) for x in (np.nan, mean))
        np.testing.assert_array_equal(missing, filled)
    # Other units give the same model.
    other = make().fit(TABLE.assign(T=T * 1024), LABELS, weights)
    np.testing.assert_array_equal(other.predict(TABLE.assign(T=T * 1024)), model.predict(TABLE))


def test_each_network_standardises_its_own_rows():
    model = make(n_estimators=2, patience=2, validation_fraction=0.5).fit(TABLE, LABELS)
    first, second = (each.extra_scaling.mean[0] for each in model.estimators_)
    assert first != second


def test_a_constant_and_an_empty_column_do_nothing():
    table = TABLE[["formula"]].assign(c=5.0, empty=np.nan)
    model = make().fit(table, LABELS)
    expected = model.predict(table)
    np.testing.assert_array_equal(model.predict(table.assign(c=9.0, empty=300.0)), expected)
    assert np.isfinite(expected).all()


def test_the_first_values_standardise_an_empty_column(tmp_path):
    table = TABLE[["formula"]].assign(empty=np.nan)
    model = make().partial_fit(table, LABELS).partial_fit(table, LABELS)
    model = load_model(model.save_model(tmp_path / "model"))
    model.partial_fit(table.assign(empty=T), LABELS)
    scaling = model.estimators_[0].extra_scaling
    np.testing.assert_allclose([scaling.mean[0], scaling.scale[0]], [T.mean(), T.std()])


def test_the_encoder_does_not_read_them(tmp_path):
    model = make().fit(TABLE, LABELS)
    vectors = model.transform(TABLE)
    np.testing.assert_array_equal(vectors, model.transform(TABLE.assign(T=0.0, P=7.0)))
    folder = model.save_pretrained(tmp_path / "encoder")
    encoder = MTEncoder.from_pretrained(folder)
    np.testing.assert_array_equal(encoder.transform(FORMULAS), vectors)


def test_without_further_columns_nothing_changes():
    alone, plain = make().fit(TABLE[["formula"]], LABELS), make().fit(FORMULAS, LABELS)
    assert alone.extra_columns_ == plain.extra_columns_ == []
    assert alone._hash_weights() == plain._hash_weights()
    assert alone.estimators_[0].extra_scaling is None
    assert "n_extra" not in alone.estimators_[0].model.objectives[0].describe()
    amounts = pd.DataFrame({"Fe": [1.0, 2.0, 1.0], "O": [1.0, 3.0, 2.0]})
    assert make().fit(amounts, [1.0, 2.0, 3.0]).extra_columns_ == []


def test_columns_of_fit_are_needed():
    model = make().fit(TABLE, LABELS)
    with pytest.raises(ValueError, match=r"missing:\n- P"):
        model.predict(TABLE[["T", "formula"]])
    with pytest.raises(ValueError, match="same order"):
        model.predict(TABLE[["formula", "T", "P"]])
    with pytest.raises(ValueError, match=r"unseen at fit time:\n- x"):
        model.predict(TABLE.assign(x=1))
    with pytest.raises(InvalidInputError, match=r"further columns \['T', 'P'\].*is a list"):
        model.predict(FORMULAS)
    with pytest.raises(InvalidInputError, match="'T' of X holds values such as 'warm'"):
        model.predict(TABLE.assign(T="warm"))
    with pytest.raises(InvalidInputError, match="row 0, column 'T': inf"):
        model.predict(TABLE.assign(T=np.inf))
    with pytest.raises(ValueError, match="0 sample"):
        model.predict(TABLE.iloc[:0])


def test_bad_formulas():
    model = make(on_invalid="nan").fit(TABLE, LABELS)
    table = TABLE.iloc[:3].assign(formula=["TiO2", "Xx", None])
    predicted = model.predict(table)
    np.testing.assert_array_equal(np.isnan(predicted), [False, True, True])
    assert predicted[0] == model.predict(TABLE.iloc[:3])[0]
    names = TABLE.rename(columns={"formula": "alloy"}).assign(alloy="A-17")
    with pytest.raises(InvalidCompositionError) as caught:
        make().fit(names, LABELS)
    assert "'alloy'" in caught.value.__notes__[0]
    with pytest.raises(InvalidInputError, match=r"'formula' .*'phase'"):
        make().fit(TABLE.assign(phase="cubic"), LABELS)


@pytest.mark.parametrize("kind", [MTEncoderRegressor, MTEncoderClassifier])
def test_labels_among_the_columns_are_refused(kind):
    labels = np.arange(40.0) % 3
    partly = np.where(T < 900, labels, np.nan)
    with pytest.raises(InvalidInputError, match="'label' of X holds the labels of 'y'"):
        make(kind).fit(TABLE.assign(label=labels), partly)
    # A column of one value is no leak.
    make(kind).fit(TABLE.assign(label=1.0), np.ones(40))


def test_encoders_do_not_have_them():
    with pytest.raises(InvalidInputError, match="matrix of amounts"):
        make(MTEncoder).fit(TABLE)


def test_partial_fit_keeps_the_first_standardisation():
    model = make().partial_fit(TABLE, LABELS)
    scaling = model.estimators_[0].extra_scaling
    model.partial_fit(TABLE.iloc[:5], LABELS[:5])
    np.testing.assert_array_equal(model.estimators_[0].extra_scaling.mean, scaling.mean)
    with pytest.raises(ValueError, match="same order"):
        model.partial_fit(TABLE[["P", "formula", "T"]], LABELS)


def test_warm_start_needs_the_same_columns():
    model = make(warm_start=True).fit(TABLE, LABELS)
    expected = model.predict(TABLE)
    for table in (TABLE[["P", "formula", "T"]], TABLE[["formula"]], TABLE.assign(x=1.0)):
        with pytest.raises(InvalidInputError, match=r"further columns \['T', 'P'\]"):
            model.fit(table, LABELS)
        np.testing.assert_array_equal(model.predict(TABLE), expected)
    model.fit(TABLE, LABELS)


def test_equal_inputs_have_equal_numbers():
    def groups(table):
        model = make()
        materials = model._read_materials(table, None, reset=True)
        return FitData(None, materials, None, None, None, model._read_extra(table)).input_groups()

    table = TABLE.iloc[[0, 0, 8, 2, 10, 10]].assign(T=[1, 1, 2, 3, 3, 3])
    table["P"] = [1.0, 1.0, 1.0, np.nan, np.nan, 2.0]
    assert len(set(groups(table))) == 4
    assert groups(table)[3] == groups(table)[4]
    assert len(set(groups(table[["formula"]]))) == 2


def test_contradictions_are_no_reason_to_stop_early():
    # Labels of one formula differ, as their temperatures do.
    table = TABLE.iloc[:40].assign(formula=["TiO2", "NaCl"] * 20)
    with_numbers = make(max_epochs="auto").fit(table, LABELS)
    without = make(max_epochs="auto").fit(table[["formula"]], LABELS)
    assert len(with_numbers.history_) == 120
    assert len(without.history_) == 120
    from skmat.estimators._plan import _contradiction
    from skmat.estimators._targets import read_numeric_targets

    shares = []
    for columns in (["T", "formula", "P"], ["formula"]):
        model = make()
        materials = model._read_materials(table[columns], None, reset=True)
        targets = read_numeric_targets(LABELS, 40)
        extra = model._read_extra(table[columns])
        data = FitData(None, materials, targets, np.ones(40), None, extra)
        shares.append(_contradiction(model, data))
    assert shares[0] == 0.0
    assert shares[1] > 0.9


def test_teachers_get_the_materials_alone():
    seen = []

    class Teacher(TransformerMixin, BaseEstimator):
        _needs_no_rows = True

        def fit(self, X, y=None):
            return self

        def __sklearn_is_fitted__(self):
            return True

        def transform(self, X):
            seen.append(list(X.columns))
            return np.arange(len(X) * 2.0).reshape(-1, 2)

    model = make(auxiliary_objective=Distillation(Teacher(), name="teacher"))
    model.fit(TABLE, LABELS)
    assert seen == [["formula"]]


@pytest.mark.parametrize("zero_inflated", [False, "auto", True])
def test_model_folders(tmp_path, zero_inflated):
    labels = np.column_stack([np.where(T < 600, 0.0, T), LABELS])
    model = make(zero_inflated=zero_inflated, n_estimators=2).fit(TABLE, labels)
    loaded = load_model(model.save_model(tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict(TABLE), model.predict(TABLE))
    for one, other in zip(
        loaded.predict_mixture(TABLE), model.predict_mixture(TABLE), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(loaded.lowest_labels_, model.lowest_labels_)
    loaded.partial_fit(TABLE, labels)


def test_a_search_and_files(tmp_path):
    search = GridSearchCV(make(), {"lr": [1e-3, 1e-2]}, cv=2).fit(TABLE, LABELS)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    model = make(loss="robust_l1", precision="bf16", zero_inflated=True, n_estimators=2)
    model = clone(model).fit(TABLE, LABELS)
    assert_same_in_another_process([model], TABLE, tmp_path)
    joblib.dump(model, tmp_path / "model.joblib")
    assert joblib.load(tmp_path / "model.joblib").extra_columns_ == ["T", "P"]


@pytest.mark.parametrize("zero_inflated", [False, True])
def test_recorded_steps_read_them(monkeypatch, zero_inflated):
    """A GPU trains by other code. One batch holds everything, so that the order is no matter."""
    settings = {"batch_size": 64, "dropout": 0.0, "max_epochs": 4, "zero_inflated": zero_inflated}
    expected = make(**settings).fit(TABLE, LABELS)
    steps = []

    def recorded(*arguments):
        steps.append(_CUDAGraphTraining)
        return train_cuda_graph(*arguments, capture=False)

    monkeypatch.setattr("skmat.training._fit.can_use_cuda_graph", lambda *_: True)
    monkeypatch.setattr("skmat.training._fit.train_cuda_graph", recorded)
    found = make(**settings).fit(TABLE, LABELS)
    assert steps
    for row, other in zip(found.history_, expected.history_, strict=True):
        assert row["train_loss"] == pytest.approx(other["train_loss"], rel=0.05)
    assert np.abs(found.predict(TABLE) - found.predict(TABLE.assign(T=300.0))).max() > 1.0


def test_a_model_of_an_older_version_has_none():
    model = make().fit(FORMULAS, LABELS)
    expected = model.predict(FORMULAS)
    del model.extra_columns_
    for fitted in model.estimators_:
        del fitted.extra_scaling
    np.testing.assert_array_equal(model.predict(FORMULAS), expected)
