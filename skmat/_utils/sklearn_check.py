"""Checks of loaded scikit-learn estimators before their compiled code runs.

Trees and support vector machines hold numbers that compiled code uses as addresses without looking
at them. Wrong numbers end the process or read foreign memory.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble._forest import BaseForest
from sklearn.ensemble._gb import BaseGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.ensemble._iforest import IsolationForest
from sklearn.neighbors._base import NeighborsBase
from sklearn.svm._base import BaseLibSVM
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree

__all__ = ["check_content"]

_LEAF = -1

#: Estimators whose compiled code trusts more numbers than this module looks at.
_UNCHECKED = (BaseGradientBoosting, IsolationForest)


def check_content(loaded) -> None:
    """Check all estimators inside `loaded`, at any depth.

    Raises
    ------
    ValueError
        If a number would lead beyond the memory of an estimator.
    """
    seen, waiting = set(), [loaded]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, BaseEstimator):
            _check_estimator(value)
        if isinstance(value, Tree):
            # Trees are reached through their estimators, which say how many features there are.
            raise ValueError("it holds a tree outside of an estimator")
        waiting.extend(_parts(value))


def _parts(value):
    """Return what may hold further estimators."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, np.ndarray):
        return list(value.flat) if value.dtype == object else []
    if isinstance(value, TreePredictor) or not hasattr(value, "__dict__"):
        return []
    is_tree = isinstance(value, BaseDecisionTree)
    return [part for name, part in vars(value).items() if not (is_tree and name == "tree_")]


def _check_estimator(estimator):
    if isinstance(estimator, _UNCHECKED):
        raise ValueError(f"it holds a {type(estimator).__name__}, which skmat cannot check")
    if isinstance(estimator, BaseDecisionTree) and hasattr(estimator, "tree_"):
        _check_tree(estimator)
    elif isinstance(estimator, BaseForest):
        for tree in getattr(estimator, "estimators_", []):
            # Forests give their own features to the trees, without another check.
            is_tree = isinstance(tree, BaseDecisionTree)
            if not is_tree or tree.n_features_in_ != estimator.n_features_in_:
                raise ValueError("a tree reads another number of features than its forest")
    elif isinstance(estimator, BaseHistGradientBoosting) and hasattr(estimator, "_predictors"):
        if estimator._preprocessor is not None:
            raise ValueError("it holds categorical features, which are not supported")
        for predictor in (each for row in estimator._predictors for each in row):
            _check_predictor(predictor, min(estimator._n_features, estimator.n_features_in_))
    elif isinstance(estimator, BaseLibSVM) and hasattr(estimator, "support_vectors_"):
        _check_svm(estimator)
    elif isinstance(estimator, NeighborsBase) and hasattr(estimator, "_fit_X"):
        _check_neighbors(estimator)


def _check_neighbors(estimator):
    if np.shape(estimator._fit_X)[1:] != (estimator.n_features_in_,):
        raise ValueError("neighbours have another number of features than X")


def _check_tree(estimator):
    tree = estimator.tree_
    if type(tree) is not Tree:
        raise ValueError(f"a tree is a {type(tree).__name__}")
    # The arrays of a tree have this length, whatever its memory is.
    if not 1 <= tree.node_count <= tree.capacity:
        raise ValueError("a tree has more nodes than memory")
    if tree.n_features != estimator.n_features_in_ or tree.n_outputs < 1:
        raise ValueError("a tree reads another number of features than its estimator")
    is_leaf = tree.children_left == _LEAF
    _check_nodes(tree.children_left, tree.children_right, tree.feature, is_leaf, tree.n_features)


def _check_predictor(predictor, n_features):
    if type(predictor) is not TreePredictor:
        raise ValueError(f"a tree is a {type(predictor).__name__}")
    nodes = predictor.nodes
    if nodes.ndim != 1 or not len(nodes):
        raise ValueError("a tree has no nodes")
    is_leaf = nodes["is_leaf"].astype(bool)
    if (nodes["is_categorical"].astype(bool) & ~is_leaf).any():
        raise ValueError("a tree splits by categories, which are not supported")
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    _check_nodes(left, right, nodes["feature_idx"], is_leaf, n_features)


def _check_nodes(left, right, feature, is_leaf, n_features):
    """Check that every split names a feature, and two later nodes, so that no path is endless."""
    inner = ~is_leaf
    number = np.arange(len(left))[inner]
    for child in (left[inner], right[inner]):
        if not ((child > number) & (child < len(left))).all():
            raise ValueError("a tree names a node that it does not have")
    if not ((feature[inner] >= 0) & (feature[inner] < n_features)).all():
        raise ValueError("a tree names a feature that X does not have")


def _check_svm(estimator):
    if estimator.kernel == "precomputed" or callable(estimator.kernel) or estimator._sparse:
        raise ValueError("a support vector machine has a kernel or sparse data that are refused")
    n_vectors, n_features = estimator.support_vectors_.shape
    n_support = np.asarray(estimator._n_support)
    is_classifier = hasattr(estimator, "classes_")
    n_classes = len(estimator.classes_) if is_classifier else 2
    expected = {
        "support_": ((n_vectors,), estimator.support_),
        "_dual_coef_": ((n_classes - 1, n_vectors), estimator._dual_coef_),
        "_intercept_": ((n_classes * (n_classes - 1) // 2,), estimator._intercept_),
        "_n_support": ((n_classes,), n_support),
    }
    for name, (shape, array) in expected.items():
        if np.shape(array) != shape:
            raise ValueError(f"{name} of a support vector machine is not of the shape {shape}")
    if n_classes < 2 or n_features != estimator.n_features_in_:
        raise ValueError("a support vector machine reads another number of features than X has")
    if (n_support < 0).any() or (is_classifier and n_support.sum() != n_vectors):
        raise ValueError("a support vector machine counts more vectors than it has")
    if estimator.shape_fit_[1] != n_features:
        raise ValueError("a support vector machine reads another number of features than X has")
    for name in ("_probA", "_probB"):
        if np.size(getattr(estimator, name)) not in (0, n_classes * (n_classes - 1) // 2):
            raise ValueError(f"{name} of a support vector machine has a wrong length")
