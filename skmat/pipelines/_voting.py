"""The average of a fine-tuned network, a frozen pipeline and trees."""

from sklearn.base import clone
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.pipeline import make_pipeline

from skmat._utils.parameters import plain
from skmat.pipelines._family import documented, take_family
from skmat.pipelines._frozen import make_frozen_classifier, make_frozen_regressor

__all__ = ["make_voting_classifier", "make_voting_regressor"]

_DOC = """
The three make different errors, so their average is often better than each of them. On some
tasks, such as band gaps and phonons, the network alone is better.

Parameters
----------
pretrained : str, path-like or fitted encoder, default="auto"
    Encoder of the network and of the frozen pipeline, as the encoder of the family takes it.
    "auto" takes the best one for each.
{family}
random_state : int, RandomState instance or None, default=None
    Seed of the network and of the trees.
n_jobs : int, default=None
    How many of the three models are fitted in parallel.

Returns
-------
{returns}
    Its estimators are "fine_tuned" (the network), "frozen" (the pipeline) and "trees" (extremely
    randomised trees on Magpie features). Trees for structures also get the frozen vectors. It
    takes one column of labels without missing values.

See Also
--------
make_voting_{other} : The same for a {other}.
make_frozen_{kind} : The frozen pipeline.

Examples
--------
>>> from skmat import make_voting_{kind}
>>> [name for name, _ in make_voting_{kind}().estimators]
['fine_tuned', 'frozen', 'trees']
"""


@documented("regressor", _DOC, returns="VotingRegressor")
def make_voting_regressor(
    *, pretrained="auto", family="mtencoder", random_state=None, n_jobs=None
):
    """Return the average of a fine-tuned network, a frozen pipeline and trees."""
    return _make_voting(False, pretrained, family, random_state, n_jobs)


@documented("classifier", _DOC, returns="VotingClassifier")
def make_voting_classifier(
    *, pretrained="auto", family="mtencoder", random_state=None, n_jobs=None
):
    """Return the average probabilities of a fine-tuned network, a frozen pipeline and trees."""
    return _make_voting(True, pretrained, family, random_state, n_jobs)


def _make_voting(classify, pretrained, family, random_state, n_jobs):
    chosen = take_family(family, pretrained)
    make_network = chosen.classifier if classify else chosen.regressor
    make_frozen = make_frozen_classifier if classify else make_frozen_regressor
    make_trees = ExtraTreesClassifier if classify else ExtraTreesRegressor
    frozen = make_frozen(pretrained=pretrained, family=family)
    features = clone(frozen.named_steps["features"])
    if chosen.input == "formula":
        # With Magpie features, the vectors of formulas do not help trees.
        features = features["magpie"]
    trees = make_trees(300, random_state=plain(random_state))
    estimators = [
        ("fine_tuned", make_network(pretrained=pretrained, random_state=random_state)),
        ("frozen", frozen),
        ("trees", make_pipeline(features, trees)),
    ]
    if classify:
        return VotingClassifier(estimators, voting="soft", n_jobs=plain(n_jobs))
    return VotingRegressor(estimators, n_jobs=plain(n_jobs))
