"""The candidates of each preset, cheapest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.utils import get_tags

from skmat.auto._materials import EMBEDDING
from skmat.estimators import FAMILIES
from skmat.estimators._predictor import EncoderPredictor
from skmat.exceptions import InvalidInputError

__all__ = ["PRESETS", "Candidate", "make_candidates", "make_gates", "names_of_candidates"]

#: Names of presets, from the fastest.
PRESETS = ("fast", "medium", "best")

#: Rows above which kernels take hours.
_MOST_FOR_KERNELS = 5_000
#: Rows per leaf grow above this number, so that forests fit into memory.
_ROWS_OF_FULL_TREES = 20_000


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model that may become a part of the average.

    Attributes
    ----------
    name : str
        Name in the leaderboard.
    model : estimator
        Unfitted model.
    reads : tuple of str or {"formula", "structure", "materials"}
        Names of features, or the input of a model that reads materials.
    is_network : bool
        Whether the model is a network of skmat. It takes long, and several targets with missing
        labels.
    is_kernel : bool
        Whether the model is a kernel machine, which takes a moment.
    is_joint : bool
        Whether one model learns all targets.
    learns_gate : bool
        Whether the model gets a gate for zero-inflated targets.
    most_rows : int or None
        Training rows above which the candidate is left out.
    """

    name: str
    model: Any
    reads: Sequence[str] | str
    is_network: bool = False
    is_kernel: bool = False
    is_joint: bool = False
    learns_gate: bool = False
    most_rows: int | None = None


def make_candidates(
    preset, added, *, input, is_classifier, n_targets, n_rows, has_columns, device
):
    """Return the candidates of a preset and those that the user added.

    Parameters
    ----------
    preset : {"fast", "medium", "best"} or sequence of str
        Name of a preset, or names of candidates.
    added : sequence of (str, estimator) or None
        Further candidates. Networks of skmat and others that read text get the materials, others
        get features.
    input : {"formula", "structure"}
        What a material is.
    is_classifier : bool
        Kind of the task.
    n_targets, n_rows : int
        Columns of y, and rows to train on.
    has_columns : bool
        Whether X has further numeric columns.
    device : str
        Device of the networks.

    Returns
    -------
    list of Candidate

    Raises
    ------
    InvalidInputError
        If a name is unknown or used twice, or an added candidate is not of the kind of the task.
    """
    known = _cheap(is_classifier, input, n_rows) + _networks(
        is_classifier, input, n_targets, device
    )
    names = names_of_candidates(preset, input, n_targets)
    by_name = {each.name: each for each in known}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise InvalidInputError(
            f"preset={preset!r} names {unknown}, which are not candidates for"
            f" {'classification' if is_classifier else 'regression'} on {input}s. Use one of"
            f" {PRESETS}, or a list of names out of {sorted(by_name)}."
        )
    chosen = [each for each in known if each.name in names]
    chosen = [each for each in chosen if each.most_rows is None or n_rows <= each.most_rows]
    chosen += _added(added, is_classifier, n_targets, [each.name for each in chosen])
    if not chosen:
        raise InvalidInputError(
            f"preset={preset!r} and candidates={added!r} leave no candidate. Name at least one."
        )
    if has_columns:
        chosen = [_with_columns(each) for each in chosen]
    return chosen


def names_of_candidates(preset, input="formula", n_targets=1):
    """Return the names of the candidates of a preset."""
    if not isinstance(preset, str):
        return list(preset)
    names = ["svm", "svm-tight", "trees-fractions", "trees", "boosting-l1", "boosting"]
    if input == "structure":
        names += ["trees-vectors", "svm-structure"]
    if preset == "fast":
        return names
    names += ["roost", "mtencoder", "mtencoder-multimodal"]
    if n_targets > 1:
        names += ["mtencoder-alone"]
    if input == "structure":
        names += ["cgcnn"] if preset == "medium" else ["cgcnn", "alignn"]
    return names


def make_gates(n_rows):
    """Return the classifiers that tell whether a label is above the lowest."""
    both = ("magpie", "fractions")
    return [
        Candidate("gate-trees", ExtraTreesClassifier(**_trees(n_rows, 0.33)), both),
        Candidate("gate-boosting", HistGradientBoostingClassifier(**_BOOSTING), both),
    ]


_BOOSTING = {
    "max_iter": 200,
    "learning_rate": 0.1,
    "max_leaf_nodes": 15,
    "max_bins": 63,
    "min_samples_leaf": 8,
    "max_features": 0.4,
}


def _trees(n_rows, max_features):
    leaf = max(1, n_rows // _ROWS_OF_FULL_TREES)
    return {"n_estimators": 200, "max_features": max_features, "min_samples_leaf": leaf}


def _cheap(is_classifier, input, n_rows):
    trees = ExtraTreesClassifier if is_classifier else ExtraTreesRegressor
    boosting = HistGradientBoostingClassifier if is_classifier else HistGradientBoostingRegressor
    both, vectors = ("magpie", "fractions"), ("magpie", EMBEDDING["formula"])
    candidates = [
        _kernel_candidate(name, is_classifier, penalty, vectors)
        for name, penalty in (("svm", 3.0), ("svm-tight", 30.0))
    ]
    candidates += [
        Candidate("trees-fractions", trees(**_trees(n_rows, 1.0)), ("fractions",)),
        Candidate("trees", trees(**_trees(n_rows, 0.33)), both),
        Candidate("boosting", boosting(**_BOOSTING), both),
    ]
    if not is_classifier:
        absolute = boosting(loss="absolute_error", **_BOOSTING)
        candidates.append(Candidate("boosting-l1", absolute, both))
    if input == "structure":
        read = (*both, EMBEDDING["structure"])
        candidates += [
            Candidate("trees-vectors", trees(**_trees(n_rows, 0.33)), read),
            _kernel_candidate("svm-structure", is_classifier, 10.0, read),
        ]
    return candidates


def _kernel_candidate(name, is_classifier, penalty, reads):
    # Targets are standardised before.
    model = SVC(C=penalty, probability=False) if is_classifier else SVR(C=penalty, epsilon=0.02)
    model = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), model)
    return Candidate(name, model, reads, is_kernel=True, most_rows=_MOST_FOR_KERNELS)


def _networks(is_classifier, input, n_targets, device):
    def network(name, family, joint=True, **settings):
        chosen = FAMILIES[family]
        make = chosen.classifier if is_classifier else chosen.regressor
        model = make(device=device, **settings)
        return Candidate(
            name,
            model,
            chosen.input,
            is_network=True,
            is_joint=joint and n_targets > 1,
            learns_gate=not is_classifier,
        )

    candidates = [
        network("roost", "roost"),
        network("mtencoder", "mtencoder"),
        network("mtencoder-alone", "mtencoder", joint=False),
        network("mtencoder-multimodal", "mtencoder", pretrained="mtencoder-multimodal"),
    ]
    if input == "structure":
        candidates += [
            network("cgcnn", "cgcnn"),
            network("alignn", "alignn", pretrained="alignn-mp-mpt"),
        ]
    return candidates


def _added(added, is_classifier, n_targets, taken):
    candidates = []
    for each in added or ():
        name, model = _named(each)
        if name in taken:
            raise InvalidInputError(
                f"candidates has {name!r}, which another candidate is named too. Rename it."
            )
        taken = [*taken, name]
        tags = get_tags(model)
        kind = "classifier" if is_classifier else "regressor"
        if tags.estimator_type != kind:
            raise InvalidInputError(
                f"The candidate {name!r} is a {tags.estimator_type}, but a {kind} is needed."
            )
        if isinstance(model, EncoderPredictor):
            joint = n_targets > 1
            candidate = Candidate(name, model, model._input, is_network=True, is_joint=joint)
        elif _reads_materials(model):
            candidate = Candidate(name, model, "materials")
        else:
            candidate = Candidate(name, model, ("magpie", "fractions"))
        candidates.append(candidate)
    return candidates


def _reads_materials(model):
    """Tell whether a model reads text, or the first model inside it does."""
    if get_tags(model).input_tags.string:
        return True
    # Pipelines, searches and ensembles do not tell what those inside of them read.
    if isinstance(model, Pipeline):
        inside = [step for _, step in model.steps if _is_estimator(step)][:1]
    else:
        inside = []
        for value in model.get_params(deep=False).values():
            pairs = value if isinstance(value, list | tuple) else [(None, value)]
            inside += [each for pair in pairs for each in _items(pair) if _is_estimator(each)]
    return any(_reads_materials(each) for each in inside)


def _items(pair):
    return pair if isinstance(pair, list | tuple) else (pair,)


def _is_estimator(value):
    return isinstance(value, BaseEstimator)


def _named(pair):
    if isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str):
        name, model = pair
        if hasattr(model, "fit") and not isinstance(model, type):
            return name, model
    raise InvalidInputError(
        f"candidates holds {pair!r}. Each candidate is a pair of a name and an estimator, such as"
        " ('ridge', Ridge())."
    )


def _with_columns(candidate):
    if isinstance(candidate.reads, str):
        return candidate
    model = candidate.model
    if not get_tags(model).input_tags.allow_nan:
        # Columns may have missing values.
        model = make_pipeline(SimpleImputer(keep_empty_features=True), model)
    return replace(candidate, model=model, reads=(*candidate.reads, "columns"))
