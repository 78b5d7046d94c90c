import copy

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    IsolationForest,
    VotingRegressor,
)
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeRegressor

from skmat._utils.sklearn_check import check_content
from skmat._utils.sklearn_files import _TRUSTED, load_sklearn
from skmat.exceptions import SavedModelError

X = np.random.default_rng(0).normal(size=(60, 3))
Y = X[:, 0]
THREE = np.digitize(Y, [-0.5, 0.5])

FOREST = ExtraTreesRegressor(2, random_state=0).fit(X, Y)
BOOSTING = HistGradientBoostingRegressor(max_iter=3).fit(X, Y)


def first_tree(forest):
    return forest.estimators_[0].tree_


def with_nodes(forest, change, **others):
    """Return a forest whose first tree was changed."""
    forest = copy.deepcopy(forest)
    state = first_tree(forest).__getstate__()
    nodes = state["nodes"].copy()
    change(nodes)
    first_tree(forest).__setstate__({**state, "nodes": nodes, **others})
    return forest


def set_child(side, value):
    def change(nodes):
        nodes[side][0] = value

    return change


def set_feature(value):
    def change(nodes):
        nodes["feature"][0] = value

    return change


HOSTILE_TREES = [
    *(with_nodes(FOREST, set_child("left_child", value)) for value in (10**6, 0, -7)),
    *(with_nodes(FOREST, set_child("right_child", value)) for value in (10**6, 0, -1)),
    *(with_nodes(FOREST, set_feature(value)) for value in (3, 10**9, -1)),
    with_nodes(FOREST, lambda nodes: None, node_count=10**6),
    with_nodes(FOREST, lambda nodes: None, node_count=0),
]


@pytest.mark.parametrize("forest", HOSTILE_TREES, ids=range(len(HOSTILE_TREES)))
def test_trees_that_lead_beyond_their_memory(forest):
    for model in (
        *(forest, forest.estimators_[0], [forest], {"a": (forest,)}),
        make_pipeline(StandardScaler(), forest),
    ):
        with pytest.raises(ValueError, match="a tree"):
            check_content(model)
    # skops alone loads them.
    content = skops.io.dumps(forest) if first_tree(forest).node_count < 10**5 else None
    if content is not None and first_tree(forest).node_count:
        skops.io.loads(content, trusted=_TRUSTED)
        with pytest.raises(SavedModelError, match="damaged"):
            load_sklearn(content)


def test_a_forest_with_trees_of_other_features():
    forest = copy.deepcopy(FOREST)
    forest.estimators_[1] = DecisionTreeRegressor().fit(np.hstack([X, X]), Y)
    with pytest.raises(ValueError, match="another number of features"):
        check_content(forest)
    forest = copy.deepcopy(FOREST)
    for tree in forest.estimators_:
        tree.n_features_in_ = 2
    forest.n_features_in_ = 2
    with pytest.raises(ValueError, match="another number of features"):
        check_content(forest)
    forest.estimators_ = [StandardScaler().fit(X)]
    with pytest.raises(ValueError, match="another number of features"):
        check_content(forest)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("left", 10**6),
        ("right", 0),
        ("feature_idx", 3),
        ("feature_idx", -1),
        ("is_categorical", 1),
    ],
)
def test_boosting_that_leads_beyond_its_memory(field, value):
    model = copy.deepcopy(BOOSTING)
    model._predictors[1][0].nodes[field][0] = value
    with pytest.raises(ValueError, match="a tree"):
        check_content(model)


def test_boosting_with_other_features_or_no_nodes():
    model = copy.deepcopy(BOOSTING)
    model._n_features = 1
    model._predictors[0][0].nodes["feature_idx"][0] = 1
    with pytest.raises(ValueError, match="a feature that X does not have"):
        check_content(model)
    model = copy.deepcopy(BOOSTING)
    model._predictors[0][0].nodes = model._predictors[0][0].nodes[:0]
    with pytest.raises(ValueError, match="no nodes"):
        check_content(model)
    model._predictors = [[StandardScaler()]]
    with pytest.raises(ValueError, match="a tree is a StandardScaler"):
        check_content(model)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("support_vectors_", lambda array: array[:, :2].copy()),
        ("support_vectors_", lambda array: array[:-1].copy()),
        ("support_", lambda array: array[:-1].copy()),
        ("_dual_coef_", lambda array: array[:, :-1].copy()),
        ("_intercept_", lambda array: array[:0].copy()),
        ("_n_support", lambda array: array[:1].copy()),
        ("_n_support", lambda array: array * 1000),
        ("_n_support", lambda array: array * 0 - 1),
        ("shape_fit_", lambda shape: (shape[0], 9)),
        ("n_features_in_", lambda number: number + 1),
        ("kernel", lambda kernel: "precomputed"),
        ("_sparse", lambda sparse: True),
        ("_probA", lambda array: np.ones(7)),
    ],
)
def test_support_vectors_of_other_shapes(name, change):
    model = SVC().fit(X, THREE)
    check_content(model)
    setattr(model, name, change(getattr(model, name)))
    with pytest.raises(ValueError, match="support vector"):
        check_content(VotingRegressor([("a", model)]))


def test_what_is_right_passes():
    regressor = SVR().fit(X, Y)
    two = SVC().fit(X, Y > 0)
    neighbors = KNeighborsRegressor(algorithm="brute").fit(X, Y)
    check_content([FOREST, BOOSTING, regressor, two, neighbors, SVR(), KNeighborsRegressor()])
    neighbors.n_features_in_ = 2
    with pytest.raises(ValueError, match="neighbours"):
        check_content(neighbors)


def test_estimators_that_are_not_checked_and_trees_alone():
    with pytest.raises(ValueError, match="IsolationForest, which skmat cannot check"):
        check_content([IsolationForest(n_estimators=2).fit(X)])
    with pytest.raises(ValueError, match="outside of an estimator"):
        check_content({"tree": first_tree(FOREST)})
