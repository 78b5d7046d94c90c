"""A search for the weights to start from."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import GridSearchCV

from skmat._utils.parameters import plain
from skmat.model_selection import LimitedShuffleSplit
from skmat.pipelines._family import documented, take_family

__all__ = ["make_search_classifier", "make_search_regressor"]

_DOC = """
The search compares the candidates on three random splits. In each, it trains a network from each
candidate on at most 2,000 rows. It then trains the best again on all rows. Use it for materials
unlike the pretraining data, such as alloys of ten elements, where random weights can be better.

Parameters
----------
pretrained : sequence, default=("auto", None)
    Candidates, each as the {kind} of the family takes it.
{family}
random_state : int, RandomState instance or None, default=None
    Seed of the networks and of the splits.
n_jobs : int, default=None
    How many networks are trained in parallel.

Returns
-------
GridSearchCV
    Search over ``pretrained`` by {metric}. It takes one column of labels without missing
    values.{classes}

See Also
--------
make_search_{other} : The same for a {other}.

Examples
--------
>>> from skmat import make_search_{kind}
>>> make_search_{kind}().param_grid
{'pretrained': ['auto', None]}
"""


@documented("regressor", _DOC, metric="mean absolute error", classes="")
def make_search_regressor(
    pretrained=("auto", None), *, family="mtencoder", random_state=None, n_jobs=None
):
    """Return a regressor that chooses its pretrained weights by cross-validation."""
    model = take_family(family, *pretrained).regressor(random_state=random_state)
    return _make_search(model, pretrained, "neg_mean_absolute_error", random_state, n_jobs)


@documented(
    "classifier", _DOC, metric="log-likelihood", classes=" Each class needs at least two rows."
)
def make_search_classifier(
    pretrained=("auto", None), *, family="mtencoder", random_state=None, n_jobs=None
):
    """Return a classifier that chooses its pretrained weights by cross-validation."""
    model = take_family(family, *pretrained).classifier(random_state=random_state)
    return _make_search(model, pretrained, _log_likelihood, random_state, n_jobs)


def _make_search(model, pretrained, scoring, random_state, n_jobs):
    return GridSearchCV(
        model,
        {"pretrained": list(pretrained)},
        scoring=scoring,
        cv=LimitedShuffleSplit(stratify=is_classifier(model), random_state=random_state),
        n_jobs=plain(n_jobs),
        error_score="raise",
    )


def _log_likelihood(model, X, y):
    """Return the mean log-probability of the true class. Unseen classes have probability 0."""
    columns = {each: column for column, each in enumerate(model.classes_)}
    true = [
        row[columns[each]] if each in columns else 0.0
        for row, each in zip(model.predict_proba(X), y, strict=True)
    ]
    return float(np.log(np.clip(true, 1e-7, 1.0)).mean())
