"""Base of the transformers that wrap featurizers of matminer."""

import copy
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from matminer.featurizers.base import BaseFeaturizer
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from skmat._utils.doc_links import DocLinkMixin
from skmat._utils.parameters import PlainParametersMixin
from skmat.exceptions import FeaturizationError, InvalidInputError

__all__ = ["MatminerTransformer"]

#: Subpackages of ``matminer.featurizers``, each with its own kind of input.
_ROOMS = ("bandstructure", "composition", "conversions", "dos", "function", "site", "structure")

#: Batches per worker. Rows differ in cost: with one batch each, some workers would be idle.
_TASKS_PER_JOB = 4


class MatminerTransformer(PlainParametersMixin, TransformerMixin, DocLinkMixin, BaseEstimator):
    """Apply a featurizer of matminer to materials, and return its features as an array.

    A subclass mixes in the reading of ``X`` and adds ``_read_items`` and ``_keys``. Its `fit` and
    `transform` document inputs and errors, and call `_fit` and `_transform`.
    """

    _parameter_constraints = {
        "featurizer": [BaseFeaturizer],
        "n_jobs": [Integral, None],
        "on_invalid": [StrOptions({"raise", "nan"})],
    }

    #: ``_read_items(X, *, reset, on_invalid)`` returns the valid items of X, the row of each item,
    #: and the number of rows. Errors name an item by its ``formula``.
    _read_items: Callable[..., tuple[Any, list[int], int]]

    #: ``_keys(items)`` returns a key of each item. Items with equal keys are featurized once.
    _keys: Callable[..., list[Any]]

    #: Name of the materials in errors, and their subpackage of ``matminer.featurizers``.
    _materials: str
    _room: str

    #: Remedies for featurizers of other subpackages.
    _remedies: dict[str, str] = {}

    def __init__(self, featurizer, *, n_jobs=None, on_invalid="raise"):
        self.featurizer = featurizer
        self.n_jobs = n_jobs
        self.on_invalid = on_invalid

    def __sklearn_clone__(self):
        # Copy the featurizer as it is. scikit-learn would rebuild it through its constructor. That
        # warns for presets and loses attributes such as the fitted model of a StackedFeaturizer.
        shell = copy.copy(self)
        shell.featurizer = None
        cloned = super(MatminerTransformer, shell).__sklearn_clone__()
        cloned.featurizer = copy.deepcopy(self.featurizer)
        return cloned

    def get_feature_names_out(self, input_features=None):
        """Return the featurizer's own labels of its features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Checked against the names seen in `fit`.

        Returns
        -------
        ndarray of shape (n_features_out,), dtype object
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        return np.array(self.featurizer_.feature_labels(), dtype=object)

    def _take(self, items, positions):
        """Return some of the items. The featurizer may change them."""
        return [items[position] for position in positions]

    def _fit(self, X, y):
        self._check_featurizer()
        items, rows, n_rows = self._read_items(X, reset=True, on_invalid="raise")
        if y is not None and len(rows) < n_rows:
            y = _safe_indexing(y, rows)
        featurizer = copy.deepcopy(self.featurizer)
        featurizer.fit(self._take(items, range(len(items))), y)
        self.featurizer_ = featurizer
        return self

    def _transform(self, X):
        check_is_fitted(self)
        items, rows, n_rows = self._read_items(X, reset=False, on_invalid=self.on_invalid)
        firsts, positions = _deduplicate(self._keys(items))
        outcomes = self._featurize(items, firsts)
        if self.on_invalid == "raise":
            _raise_failures(items, rows, n_rows, [outcomes[position] for position in positions])
        labels = self.featurizer_.feature_labels()
        distinct = np.full((len(firsts), len(labels)), np.nan)
        for position, outcome in enumerate(outcomes):
            if not isinstance(outcome, str):
                distinct[position] = self._as_numbers(outcome, labels, items, firsts[position])
        features = np.full((n_rows, len(labels)), np.nan)
        features[rows] = distinct[positions]
        return features

    def _check_featurizer(self):
        for part in getattr(self.featurizer, "featurizers", [self.featurizer]):
            for cls in type(part).__mro__:
                package, _, room = cls.__module__.partition("matminer.featurizers.")
                room = room.split(".")[0]
                if not package and room in _ROOMS and room != self._room:
                    remedy = f"Pass a featurizer of matminer.featurizers.{self._room}."
                    raise InvalidInputError(
                        f"{type(part).__name__} (from {cls.__module__}) does not featurize"
                        f" {self._materials}. {self._remedies.get(room, remedy)}"
                    )

    def _featurize(self, items, positions):
        """Return the features of some items, or a message for those on which it fails."""
        n_tasks = _TASKS_PER_JOB * effective_n_jobs(self._plain("n_jobs"))
        batch_size = max(1, -(-len(positions) // n_tasks))
        batches = Parallel(n_jobs=self._plain("n_jobs"))(
            delayed(_featurize_batch)(
                self.featurizer_, self._take(items, positions[start : start + batch_size])
            )
            for start in range(0, len(positions), batch_size)
        )
        return [outcome for batch in batches for outcome in batch]

    def _as_numbers(self, features, labels, items, position):
        if len(features) != len(labels):
            raise InvalidInputError(
                f"{type(self.featurizer_).__name__} gives {len(features)} features for"
                f" {items[position].formula}, but it has {len(labels)} feature labels."
            )
        numbers = [_as_number(feature) for feature in features]
        wrong = [
            f"{label!r} ({feature!r})"
            for label, feature, number in zip(labels, features, numbers, strict=True)
            if number is None
        ]
        if wrong:
            raise InvalidInputError(
                f"{type(self.featurizer_).__name__} gives features that are not numbers, for"
                f" {items[position].formula}: {', '.join(wrong)}. Use a featurizer whose features"
                " are all numbers, or call its `featurize_dataframe` and encode them."
            )
        return numbers


def _deduplicate(keys):
    """Return the first index of each distinct key, and for each key its position among these."""
    known: dict = {}
    firsts: list[int] = []
    positions: list[int] = []
    for index, key in enumerate(keys):
        if key not in known:
            known[key] = len(firsts)
            firsts.append(index)
        positions.append(known[key])
    return firsts, positions


def _raise_failures(items, rows, n_rows, outcomes):
    problems = [
        (row, items[index].formula, outcome)
        for index, (row, outcome) in enumerate(zip(rows, outcomes, strict=True))
        if isinstance(outcome, str)
    ]
    if problems:
        raise FeaturizationError(problems, n_rows)


def _featurize_batch(featurizer, items):
    outcomes: list[list | str] = []
    for item in items:
        try:
            outcomes.append(list(featurizer.featurize(item)))
        # Featurizers raise errors of many types.
        except Exception as error:
            outcomes.append(f"{type(error).__name__}: {error}")
    return outcomes


def _as_number(feature):
    if feature is None or isinstance(feature, str):
        return None
    try:
        return np.asarray(feature, dtype=np.float64).item()
    except (TypeError, ValueError):
        return None
