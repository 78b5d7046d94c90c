"""The candidates of each preset, cheapest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.utils import get_tags

from skmat.auto._materials import EMBEDDING, feature_width
from skmat.estimators import FAMILIES
from skmat.estimators._predictor import EncoderPredictor
from skmat.exceptions import InvalidInputError

__all__ = [
    "DESCRIPTIONS",
    "PRESETS",
    "Candidate",
    "make_candidates",
    "make_gates",
    "names_of_candidates",
]

#: Names of presets, from the fastest.
PRESETS = ("fast", "medium", "best")

_CHEAP = ("svm", "trees", "trees-vectors", "boosting", "trees-fractions", "boosting-l1")

#: What the candidates are, for reports.
DESCRIPTIONS = {
    "svm": "support vectors on Magpie features and embeddings",
    "svm-structure": "support vectors on embeddings of structures too",
    "trees": "randomised trees on Magpie features and element fractions",
    "trees-vectors": "randomised trees on embeddings of formulas too",
    "trees-structure": "randomised trees on embeddings of structures too",
    "trees-fractions": "randomised trees on element fractions",
    "boosting": "boosted trees on Magpie features and element fractions",
    "boosting-l1": "boosted trees for absolute errors",
    "roost": "fine-tuned network of formulas",
    "mtencoder": "fine-tuned network of formulas",
    "mtencoder-alone": "fine-tuned network of formulas, one per target",
    "mtencoder-multimodal": "fine-tuned network of formulas, pretrained on structures too",
    "cgcnn": "fine-tuned network of structures",
    "alignn": "fine-tuned network of structures with angles",
}

#: Rows above which kernels take hours.
_MOST_FOR_KERNELS = 5_000
#: Structures above which "medium" leaves out ALIGNN, whose fits would take hours.
_MOST_FOR_ALIGNN = 2_000
#: Labels of each class, below which a fold may have too few to calibrate kernels.
_FEWEST_FOR_KERNELS = 15
#: Folds inside of a fold, whose predictions calibrate kernels.
_FOLDS_OF_CALIBRATION = 3
#: Rows from which boosting gains by a second thread. With 1,000 rows two take four times as long.
_THREADS_OF_BOOSTING = 20_000
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
    refit : dict or None
        Parameters of a model of all rows, which predicts in the place of the models of the folds.
    runs_in_threads : bool
        Whether fits in threads run at the same time.
    threads_from : int
        Training rows from which a fit gains by several threads of OpenMP.
    is_joint : bool
        Whether one model learns all targets.
    takes_logs : bool
        Whether the model may learn logarithms of the target.
    learns_gate : bool
        Whether the model gets a gate for zero-inflated targets.
    most_rows : int or None
        Training rows above which the candidate is left out.
    may_write : bool
        Whether ``predict`` of the model may change what it reads.
    """

    name: str
    model: Any
    reads: Sequence[str] | str
    is_network: bool = False
    is_kernel: bool = False
    refit: dict | None = None
    runs_in_threads: bool = False
    threads_from: int = 0
    is_joint: bool = False
    takes_logs: bool = True
    learns_gate: bool = False
    most_rows: int | None = None
    may_write: bool = False


def make_candidates(
    preset,
    added,
    *,
    input,
    is_classifier,
    n_targets,
    n_rows,
    n_columns=0,
    fewest=None,
    device="auto",
    disorder="average",
    left_out=None,
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
        Columns of y, and rows with a label.
    n_columns : int, default=0
        Number of further numeric columns of X.
    fewest : int, default=None
        Labels of the rarest class.
    device : str, default="auto"
        Device of the networks.
    disorder : {"raise", "average"}, default="average"
        What networks of structures do with disordered ones. "average" also suits an Auto
        estimator that refuses these, which it does before its networks get any.
    left_out : dict, default=None
        Gets why candidates of the preset are not tried, by their name.

    Returns
    -------
    list of Candidate

    Raises
    ------
    InvalidInputError
        If a name is unknown or used twice, or an added candidate is not of the kind of the task.
    """
    known = _cheap(is_classifier, input, n_rows, n_columns, device) + _networks(
        is_classifier, input, n_targets, device, disorder
    )
    names = names_of_candidates(preset, input, n_targets, is_classifier)
    if is_classifier and isinstance(preset, str):
        names.remove("boosting-l1")
    by_name = {each.name: each for each in known}
    is_list = not isinstance(preset, str)
    unknown = [name for name in names if is_list and name not in by_name]
    if unknown:
        raise InvalidInputError(
            f"preset={preset!r} names {unknown}, which are not candidates for"
            f" {'classification' if is_classifier else 'regression'} on {input}s. Use one of"
            f" {PRESETS}, or a list of names out of {sorted(by_name)}."
        )
    named = [each for each in known if each.name in names]
    if not is_list and preset == "medium":
        named = [
            replace(each, most_rows=_MOST_FOR_ALIGNN) if each.name == "alignn" else each
            for each in named
        ]
    left_out = {} if left_out is None else left_out
    for each in named:
        why = _reason_to_leave_out(each, n_rows, fewest)
        if why is not None:
            left_out[each.name] = why
    chosen = [each for each in named if each.name not in left_out]
    chosen += _added(added, is_classifier, n_targets, [each.name for each in chosen])
    for each in chosen:
        left_out.pop(each.name, None)  # one of the user has the name
    if not chosen:
        text = "".join(f" {name!r} is left out: {why}." for name, why in left_out.items())
        raise InvalidInputError(
            f"preset={preset!r} and candidates={added!r} leave no candidate.{text} Name"
            f" {'another one' if left_out else 'at least one'}."
        )
    if n_columns:
        chosen = [_with_columns(each) for each in chosen]
    return chosen


def _reason_to_leave_out(candidate, n_rows, fewest):
    """Return why a candidate is not tried, or None."""
    if candidate.most_rows is not None and n_rows > candidate.most_rows:
        return f"it takes too long with more than {candidate.most_rows:,} rows"
    if candidate.is_kernel and fewest is not None and fewest < _FEWEST_FOR_KERNELS:
        return (
            f"it needs {_FEWEST_FOR_KERNELS} labels of each class, and the rarest class has"
            f" {fewest}"
        )
    return None


def names_of_candidates(preset, input="formula", n_targets=1, is_classifier=False):
    """Return the names of the candidates of a preset."""
    if not isinstance(preset, str):
        return list(preset)
    names = [*_CHEAP]
    if input == "structure":
        names += ["svm-structure", "trees-structure"]
    if preset == "fast":
        # Next to the absolute error, the squared one gains 0.4 % for a fifth of the time.
        return names if is_classifier else [name for name in names if name != "boosting"]
    names += ["roost", "mtencoder", "mtencoder-multimodal"]
    if n_targets > 1:
        names += ["mtencoder-alone"]
    if input == "structure":
        names += ["cgcnn", "alignn"]
    return names


def make_gates(n_rows, n_columns=0):
    """Return the classifiers that tell whether a label is above the lowest."""
    gates = [
        Candidate("gate-trees", _trees(True, n_rows, 0.33), _BOTH, refit={}, runs_in_threads=True),
        _boosted("gate-boosting", _boosting(True)),
    ]
    return [_with_columns(each) for each in gates] if n_columns else gates


# Settings were chosen on splits of the training rows of Matbench's folds.

_BOTH = ("magpie", "fractions")


def _trees(is_classifier, n_rows, max_features, leaf=2):
    make = ExtraTreesClassifier if is_classifier else ExtraTreesRegressor
    leaf = max(leaf, n_rows // _ROWS_OF_FULL_TREES)
    return make(100, max_features=max_features, min_samples_leaf=leaf)


def _boosting(is_classifier, loss="squared_error"):
    shared = {"max_leaf_nodes": 15, "max_bins": 63, "min_samples_leaf": 8}
    # Without it, boosting stops early above 10,000 rows, on rows of the same composition.
    shared["early_stopping"] = False
    if is_classifier:
        return HistGradientBoostingClassifier(
            max_iter=150, learning_rate=0.03, max_features=0.2, **shared
        )
    return HistGradientBoostingRegressor(
        loss=loss, max_iter=200, learning_rate=0.1, max_features=0.4, **shared
    )


def _boosted(name, model, takes_logs=True):
    return Candidate(name, model, _BOTH, takes_logs=takes_logs, threads_from=_THREADS_OF_BOOSTING)


def _kernel(is_classifier, width):
    # X and, for numbers, y are standardised.
    settings = {"C": 10.0, "gamma": 0.3 / width}
    if is_classifier:
        folds = StratifiedKFold(_FOLDS_OF_CALIBRATION, shuffle=True, random_state=0)
        model = CalibratedClassifierCV(SVC(**settings), ensemble=False, cv=folds)
    else:
        model = SVR(epsilon=0.1, **settings)
    return make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(), model)


def _cheap(is_classifier, input, n_rows, n_columns, device):
    def kernel(name, reads):
        model = _kernel(is_classifier, feature_width(reads, device) + n_columns)
        return Candidate(
            name,
            model,
            reads,
            is_kernel=True,
            runs_in_threads=True,
            most_rows=_MOST_FOR_KERNELS,
        )

    def trees(name, max_features, reads, leaf=2):
        # With many features, two rows per leaf have the error of one, for half of the size.
        model = _trees(is_classifier, n_rows, max_features, leaf)
        refit = {"n_estimators": 2 * model.n_estimators}
        return Candidate(name, model, reads, refit=refit, runs_in_threads=True)

    vectors = EMBEDDING["formula"]
    candidates = [kernel("svm", ("magpie", vectors))]
    if input == "structure":
        # Before those of compositions: most often they are better, and take as long.
        structure = EMBEDDING["structure"]
        candidates += [
            kernel("svm-structure", ("magpie", vectors, structure)),
            trees("trees-structure", "sqrt" if is_classifier else 0.33, (*_BOTH, structure)),
        ]
    candidates += [
        trees("trees", 0.33, _BOTH),
        trees("trees-vectors", "sqrt" if is_classifier else 0.33, (*_BOTH, vectors)),
        _boosted("boosting", _boosting(is_classifier)),
    ]
    if not is_classifier:
        # On fractions alone, classifiers are far behind the others.
        candidates.append(trees("trees-fractions", 1.0, ("fractions",), leaf=1))
        absolute = _boosting(is_classifier, "absolute_error")
        # The absolute error tolerates long tails by itself.
        candidates.append(_boosted("boosting-l1", absolute, takes_logs=False))
    if n_rows > _MOST_FOR_KERNELS:
        # The fastest of those that are left: a time limit has to wait for the first one.
        fastest = "boosting" if is_classifier else "boosting-l1"
        candidates.sort(key=lambda each: each.name != fastest)
    return candidates


def _networks(is_classifier, input, n_targets, device, disorder):
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
            network("cgcnn", "cgcnn", disorder=disorder),
            network("alignn", "alignn", disorder=disorder),
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
            candidate = Candidate(name, model, "materials", may_write=True)
        else:
            candidate = Candidate(name, model, _BOTH, may_write=True)
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
