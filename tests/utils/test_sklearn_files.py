import functools
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, SVR

from skmat._utils.sklearn_files import dump_sklearn, load_sklearn
from skmat.exceptions import InvalidInputError, SavedModelError

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(80, 4))
Y = X[:, 0] + GENERATOR.normal(size=80)
CLASSES = np.array(["glass", "metal", "other"])[np.digitize(Y, [-0.7, 0.7])]
GAPS = np.where(GENERATOR.random(X.shape) < 0.1, np.nan, X)

REGRESSORS = [
    ExtraTreesRegressor(3, random_state=0),
    ExtraTreesRegressor(3, max_leaf_nodes=9, bootstrap=True, random_state=1),
    RandomForestRegressor(3, random_state=0),
    HistGradientBoostingRegressor(max_iter=5),
    HistGradientBoostingRegressor(loss="absolute_error", max_iter=5, max_features=0.5),
    HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=5),
    *(SVR(), SVR(kernel="linear"), Ridge(), KNeighborsRegressor(algorithm="brute")),
    make_pipeline(StandardScaler(), SVR()),
    TransformedTargetRegressor(SVR(), transformer=StandardScaler()),
    TransformedTargetRegressor(SVR(), func=np.arcsinh, inverse_func=np.sinh),
    GridSearchCV(SVR(), {"C": [1, 10]}, cv=KFold(2), scoring="neg_mean_absolute_error"),
    VotingRegressor([("a", SVR()), ("b", Ridge())]),
]

CLASSIFIERS = [
    ExtraTreesClassifier(3, random_state=0),
    HistGradientBoostingClassifier(max_iter=5),
    *(SVC(), LogisticRegression()),
    *(CalibratedClassifierCV(SVC(), method=each, cv=2) for each in ("sigmoid", "isotonic")),
    CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2),
    CalibratedClassifierCV(ExtraTreesClassifier(3, random_state=0), cv=2),
]


def assert_comes_back(model, X):
    again = load_sklearn(dump_sklearn(model))
    for name in ("predict", "predict_proba", "decision_function"):
        if hasattr(model, name):
            first, second = getattr(model, name)(X), getattr(again, name)(X)
            assert first.dtype == second.dtype
            np.testing.assert_array_equal(first, second)
    assert repr(again) == repr(model)


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: repr(model)[:60])
def test_regressors_come_back(model):
    assert_comes_back(model.fit(X, Y), X)


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: repr(model)[:60])
def test_classifiers_come_back(model):
    assert_comes_back(model.fit(X, CLASSES), X)


def test_missing_features_and_several_targets():
    two = np.stack([Y, Y**2], axis=1)
    assert_comes_back(ExtraTreesRegressor(3, random_state=0).fit(GAPS, two), GAPS)
    assert_comes_back(HistGradientBoostingRegressor(max_iter=5).fit(GAPS, Y), GAPS)
    assert_comes_back(make_pipeline(SimpleImputer(), StandardScaler(), SVR()).fit(GAPS, Y), GAPS)


def test_neighbours_without_a_model():
    model = NearestNeighbors(algorithm="brute").fit(X)
    again = load_sklearn(dump_sklearn(model))
    for first, second in zip(model.kneighbors(X), again.kneighbors(X), strict=True):
        np.testing.assert_array_equal(first, second)


def test_compression_is_on():
    model = ExtraTreesRegressor(10, random_state=0).fit(X, Y)
    assert len(dump_sklearn(model)) < 0.5 * len(skops.io.dumps(model))


class Mine(BaseEstimator):
    def __init__(self, part=None):
        self.part = part


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (Mine(), "Mine"),
        (make_pipeline(Mine(), SVR()), "Mine"),
        (FunctionTransformer(os.system), "system"),
        (FunctionTransformer(functools.partial(os.system, "true")), "functools.partial"),
        (KNeighborsRegressor(algorithm="kd_tree").fit(X, Y), "KDTree.*algorithm='brute'"),
        (GradientBoostingRegressor(n_estimators=2).fit(X, Y), "GradientBoostingRegressor"),
        (
            HistGradientBoostingRegressor(categorical_features=[0], max_iter=2).fit(
                np.column_stack([np.arange(80) % 3, X]), Y
            ),
            "categorical features",
        ),
        (SVR(kernel="precomputed").fit(X @ X.T, Y), "kernel"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_what_cannot_be_loaded_is_not_written(model, named):
    with pytest.raises(InvalidInputError, match=f"(?s)cannot be saved without pickle.*{named}"):
        dump_sklearn(model)


RAN = []


def run(*_):
    RAN.append(True)


class Planted(BaseEstimator):
    """Runs a function when it is unpickled, and when skops restores its state."""

    def __reduce__(self):
        return run, ()

    def __setstate__(self, state):
        run()


def test_a_foreign_type_is_named_and_never_built():
    content = skops.io.dumps(make_pipeline(StandardScaler(), Mine(SVR())))
    with pytest.raises(SavedModelError, match=r"Mine, which skmat does not load.*Nothing"):
        load_sklearn(content)


@pytest.mark.parametrize(
    ("module", "name"), [("os", "system"), ("builtins", "exec"), (__name__, "run")]
)
def test_a_planted_function_is_not_called(module, name):
    """A file may name any function as the type of an object."""
    model = StandardScaler().fit(X)
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    schema = json.loads(parts["schema.json"])
    for loader in ("ObjectNode", "FunctionNode", "ConstructorFromReduceNode", "TypeNode"):
        schema["content"]["content"]["copy"] = {
            "__class__": name,
            "__module__": module,
            "__loader__": loader,
            "__id__": 1,
            "content": schema["content"]["content"]["copy"],
        }
        parts["schema.json"] = json.dumps(schema).encode()
        with pytest.raises(SavedModelError, match=rf"holds {module}\.{name}, which"):
            load_sklearn(packed(parts))
    assert not RAN


@pytest.mark.parametrize("planted", ["whole", "array"])
def test_a_planted_pickle_is_not_read(planted):
    content = pickle.dumps(Planted())
    if planted == "array":
        with zipfile.ZipFile(io.BytesIO(skops.io.dumps(StandardScaler().fit(X)))) as archive:
            parts = {each: archive.read(each) for each in archive.namelist()}
        name = next(each for each in parts if each.endswith(".npy"))
        stream = io.BytesIO()
        np.save(stream, np.array([Planted()], dtype=object), allow_pickle=True)
        content = packed({**parts, name: stream.getvalue()})
    with pytest.raises(SavedModelError):
        load_sklearn(content)
    assert not RAN


def packed(parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize("cut", [0, 3, 100, 1000, -1])
def test_a_file_that_was_cut_short_is_refused(cut):
    content = dump_sklearn(StandardScaler().fit(X))
    with pytest.raises(SavedModelError, match="damaged"):
        load_sklearn(content[:cut])


@pytest.mark.parametrize(
    "parts",
    [{"other.json": b"{}"}, {"schema.json": b"[" * 100_000}, {"schema.json": b"{}"}],
    ids=["no schema", "deep schema", "empty schema"],
)
def test_an_archive_of_something_else_is_refused(parts):
    with pytest.raises(SavedModelError, match="damaged"):
        load_sklearn(packed(parts))


def test_an_archive_that_fills_the_memory_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * 50_000_000)
    with pytest.raises(SavedModelError, match="unpack to 50,000,000 bytes"):
        load_sklearn(stream.getvalue())
