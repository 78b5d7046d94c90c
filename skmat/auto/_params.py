"""The parameters that AutoRegressor and AutoClassifier share, and their docstrings."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, dataclass_transform

from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skmat._utils.saved_models import saved_class
from skmat.auto._candidates import PRESETS
from skmat.estimators._docs import complete_docstring
from skmat.estimators._params import constraints_of, dataclass_of_parameters, param

__all__ = ["AutoParams", "auto_estimator"]

_ATTRIBUTES = """
leaderboard_ : DataFrame
    Per candidate and target: the out-of-fold error, the weight in the average, seconds of all
    fits and predictions, and the status: "fitted", or why it was left out.
error_name_ : str
    What the errors of ``leaderboard_`` are.
target_names_ : list of str
    Names of the columns of y.
input_ : {"formula", "structure"}
    What X holds.
material_column_ : str or None
    Column of the materials, if X has further columns.
n_features_in_ : int
    Number of columns of X.
"""


@dataclass_of_parameters()
class AutoParams:
    """Parameters of both.

    Parameters
    ----------
    -- Models --

    preset : {"fast", "medium", "best"} or list of str
        Candidates. "fast" trains no network. "medium" also fine-tunes pretrained networks. "best"
        repeats the folds with other seeds. A list names candidates; see ``leaderboard_``.
    candidates : list of (str, estimator) or None
        Further candidates. An estimator that reads formulas or structures gets the materials of
        X: networks of skmat with its further columns, other estimators without. All others get
        Magpie features, element fractions and further columns. Classifiers learn the indices of
        the classes. ``save_model`` does not keep this parameter.
    time_limit : float or None
        Seconds that the fit may take, more or less. A candidate that would take longer than what
        is left is left out, so that a fit often ends earlier. The first one is always fitted.
    cv : "auto", int or splitter
        Folds. "auto" takes five, three if "medium" gets more than 2,000 rows, and one hold-out
        part above 20,000 rows. "fast" repeats the folds below 500 rows, and "best" below 1,000. A
        composition is never in both parts of a split. A splitter gets the materials and y: numbers
        with NaN where they are missing, or the indices of classes with -1. If it needs all labels,
        it gets the rows that have one.
    keep_candidates : bool
        Whether to keep candidates without weight, for ``predict_candidates``. Networks among them
        keep the models of the folds.

    -- Materials --

    input : {"auto", "formula", "structure"}
        What X holds. "auto" looks at the first material.
    disorder : {"raise", "average"}
        What to do with disordered structures, as in :class:`skmat.CGCNNRegressor`.
    on_invalid : {"raise", "nan"}
        How predictions treat rows that cannot be read: raise an error that lists all of them, or
        return NaN for them (None for labels of classes). ``fit`` always raises.

    -- Machine --

    device : str
        Device of the networks and of the encoders of features, as in
        :class:`skmat.MTEncoderRegressor`.
    random_state : int, RandomState instance or None
        Seed of the splits and of all candidates without a seed of their own.
    n_jobs : int or None
        Folds that are fitted at a time, by joblib.
    verbose : int
        1 prints a line per candidate and the leaderboard to standard error.
    """

    preset: str | Sequence[str] = param("medium", [StrOptions(set(PRESETS)), "array-like"])
    candidates: Any = param(None, ["array-like", None])
    time_limit: float | None = param(None, [Interval(Real, 0, None, closed="neither"), None])
    cv: Any = param("auto", [StrOptions({"auto"}), Integral, HasMethods(["split"]), "array-like"])
    keep_candidates: bool = param(False, ["boolean"])
    input: str = param("auto", [StrOptions({"auto", "formula", "structure"})])
    disorder: str = param("raise", [StrOptions({"raise", "average"})])
    on_invalid: str = param("raise", [StrOptions({"raise", "nan"})])
    device: str = param("auto", [str])
    random_state: Any = param(None, ["random_state"])
    n_jobs: int | None = param(None, [Integral, None])
    verbose: int = param(0, ["verbose"])


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(param,))
def auto_estimator(cls):
    """Make a public estimator: ``__init__``, validation, a docstring and a name in model folders.

    Its docstring has a summary, its own parameters, and an example. ``_about`` describes it,
    ``_attributes`` its own attributes, ``_also`` what to see, and ``_references`` the sources.
    """
    cls = dataclass_of_parameters()(cls)
    cls._parameter_constraints = constraints_of(cls)
    complete_docstring(cls, cls._about, cls._attributes.strip() + _ATTRIBUTES, cls._also)
    return saved_class(cls)
