"""Numbers of NumPy as parameters, as grids of ``np.arange`` and ``np.linspace`` give them."""

import functools
import pickle
from numbers import Integral, Real

import numpy as np
import pytest
from common.materials import many
from matminer.featurizers.composition import Stoichiometry
from matminer.featurizers.structure import DensityFeatures
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import Interval, InvalidParameterError

import skmat
from skmat import MagpieFeaturizer, MTEncoder, MTEncoderRegressor
from skmat._utils.parameters import plain
from skmat.inputs import StructureInputMixin
from skmat.model_selection import FarthestPointSplit, QuantileShuffleSplit
from skmat.objectives import BarlowTwins, Distillation, MaskedElements, Properties

FORMULAS = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO"]
CRYSTALS = many(6)
Y = np.arange(6.0)
FAST = {"preset": "tiny", "max_epochs": 1, "random_state": 0}

#: Every public class with parameters that are validated.
CLASSES = [
    getattr(skmat, name)
    for name in sorted(skmat.__all__)
    if hasattr(getattr(skmat, name), "_parameter_constraints")
    # Presets of these have other names.
    and not name.startswith("Auto")
]
NEEDED: dict = {
    "MatminerFeaturizer": {"featurizer": Stoichiometry()},
    "MatminerStructureFeaturizer": {"featurizer": DensityFeatures(["density"])},
    "StructureEmbeddingLookup": {"encoder": skmat.CGCNNEncoder(**FAST), "structures": CRYSTALS},
}
#: Values that fit together; they are the same in float32.
VALUES = {"max_epochs": 2, "lr": 2.0**-9, "n_jobs": 1, "cutoff": 6.0, "max_atoms": 200}

KINDS = {
    "int64 and float64": (np.int64, np.float64),
    "uint8 and float32": (np.uint8, np.float32),
    "arrays of no dimension": (np.array, np.array),
}


def numbers_of(kind):
    """Return a valid Python number for every parameter that takes one."""
    numbers = {}
    for name, constraints in kind._parameter_constraints.items():
        for each in constraints if isinstance(constraints, list) else ():
            if each in ("boolean", "verbose"):
                numbers[name] = True
            elif isinstance(each, str) and each == "random_state":
                numbers[name] = 3
            elif each is Integral:
                numbers[name] = 1
            elif isinstance(each, Interval) and each.type is Integral:
                numbers[name] = each.left + 1
            elif isinstance(each, Interval) and each.type is Real:
                numbers[name] = 0.25
        if name in numbers and name in VALUES:
            numbers[name] = VALUES[name]
    return numbers


def as_numpy(value, kinds):
    integer, floating = kinds
    if isinstance(value, bool):
        return np.bool_(value) if integer is not np.array else np.array(value)
    return integer(value) if isinstance(value, int) else floating(value)


def X_of(kind):
    return CRYSTALS if issubclass(kind, StructureInputMixin) else FORMULAS


def made_of(kind, numbers):
    """Return what a model with these parameters returns."""
    fixed = {"preset": "tiny"} if "preset" in kind._parameter_constraints else {}
    fixed |= NEEDED.get(kind.__name__, {})
    model = clone(kind(**fixed, **numbers))
    for name, value in numbers.items():
        # Each alone, so that an error names it.
        kind(**{**fixed, name: value})._validate_params()
    X, y = X_of(kind), Y > 2 if is_classifier(model) else Y
    result = model.fit(X, y).transform(X)
    if hasattr(model, "partial_fit"):
        result = model.partial_fit(X, y).predict(X)
    assert repr(model)
    assert_array_equal(pickle.loads(pickle.dumps(model)).transform(X), model.transform(X))
    return result


@functools.cache
def made_of_python(kind):
    return made_of(kind, numbers_of(kind))


@pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_number_may_be_one_of_numpy(kind, kinds):
    """All at once, and with the very results that Python's numbers give."""
    numbers = {name: as_numpy(value, kinds) for name, value in numbers_of(kind).items()}
    assert_array_equal(made_of(kind, numbers), made_of_python(kind))


def test_a_grid_of_arange_and_linspace():
    search = GridSearchCV(
        MTEncoderRegressor(**FAST),
        {"max_epochs": np.arange(1, 3), "lr": np.linspace(1e-3, 2e-3, 2)},
        cv=2,
        error_score="raise",
    ).fit(FORMULAS, Y)
    assert search.best_params_["max_epochs"] in (1, 2)


@pytest.mark.parametrize(
    "freeze_epochs", [[np.int64(1), np.int32(2)], np.array([1, 2]), (np.int64(1), 2), np.array(1)]
)
def test_stages_of_numpy(freeze_epochs):
    source = MTEncoder(**FAST).fit(FORMULAS)
    settings = {**FAST, "max_epochs": np.int64(4), "pretrained": source}
    expected = [int(each) for each in np.atleast_1d(freeze_epochs)]
    one, two = (
        MTEncoderRegressor(**settings, freeze_epochs=each).fit(FORMULAS, Y).predict(FORMULAS)
        for each in (freeze_epochs, expected if len(expected) > 1 else expected[0])
    )
    assert_array_equal(one, two)


@pytest.mark.parametrize(
    "objective",
    [
        Properties(hidden=(np.int64(8), np.int32(4)), dropout=np.float32(0.5)),
        Properties(hidden=[np.int64(8)], n_task_layers=np.int64(0)),
        MaskedElements(ratio=np.float64(0.5), scale=np.float32(2), hidden=(np.int64(8),)),
        MaskedElements(at_least_one=np.bool_(True)),
        BarlowTwins(width=np.int64(8), off_diagonal=np.float32(0.5), hidden=(np.uint8(8),)),
        Distillation(MagpieFeaturizer(), hidden=(np.int64(8),), scale=np.float32(2)),
    ],
    ids=lambda objective: objective.name,
)
def test_objectives_of_numpy_are_saved(objective, tmp_path):
    encoder = MTEncoder(**FAST, objectives=objective).fit(FORMULAS, Y)
    folder = encoder.save_pretrained(tmp_path / "encoder")
    assert np.isfinite(MTEncoder(pretrained=folder).fit(FORMULAS).transform(FORMULAS)).all()


@pytest.mark.parametrize("kind", [np.int64, np.array])
def test_splitters(kind):
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40.0)
    seed = kind(0)
    for one, two in [
        (FarthestPointSplit(None, kind(2), train_size=kind(5), random_state=seed),
         FarthestPointSplit(None, 2, train_size=5, random_state=0)),
        (QuantileShuffleSplit(kind(2), train_size=kind(9), n_quantiles=kind(3), random_state=seed),
         QuantileShuffleSplit(2, train_size=9, n_quantiles=3, random_state=0)),
    ]:  # fmt: skip
        assert one.get_n_splits() == 2
        for (train, test), (train2, test2) in zip(one.split(X, y), two.split(X, y), strict=True):
            assert_array_equal(train, train2)
            assert_array_equal(test, test2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_epochs", np.int64(0)),
        ("max_epochs", np.float64(2)),
        ("max_epochs", np.array([2])),
        ("lr", np.float64("nan")),
        ("lr", np.float32("inf")),
        ("dropout", np.float32(1)),
        ("n_estimators", np.array(-1)),
        ("warm_start", np.int64(2)),
        ("patience", np.array(None)),
        ("lr", 10**400),
        ("max_epochs", 10**400),
    ],
)
def test_what_is_refused_of_python_is_refused_of_numpy(name, value):
    with pytest.raises((InvalidParameterError, ValueError)):
        MTEncoderRegressor(**{**FAST, name: value}).fit(FORMULAS, Y)


def test_parameters_stay_as_they_were_given():
    model = MTEncoderRegressor(**{**FAST, "max_epochs": np.int64(1)}).fit(FORMULAS, Y)
    assert type(model.get_params()["max_epochs"]) is np.int64


def test_plain():
    assert type(plain(np.float32(0.5))) is float
    assert type(plain(np.longdouble(0.5))) is float
    assert plain(np.bool_(True)) is True
    assert plain((np.int64(1), [np.array(2)])) == (1, [2])
    assert all(type(each) is int for each in plain([np.int64(1), np.uint8(2)]))
    array = np.arange(2)
    assert plain(array) is array
    assert plain("auto") == "auto"
    assert plain(None) is None
