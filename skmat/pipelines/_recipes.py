"""Ways of using the encoders that take several steps, in one line.

Cross-validation inside them draws its parts at random: tables of materials are often sorted by
formula, and parts cut in that order would be whole families.
"""

import numpy as np
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from skmat._utils.parameters import plain
from skmat.estimators import choose_family
from skmat.exceptions import InvalidInputError
from skmat.featurizers import MagpieFeaturizer, StructureToComposition
from skmat.model_selection import LimitedShuffleSplit
from skmat.pretrained import BEST, list_pretrained

__all__ = [
    "make_frozen_classifier",
    "make_frozen_regressor",
    "make_search_classifier",
    "make_search_regressor",
    "make_voting_classifier",
    "make_voting_regressor",
]


#: Frozen, this one does better than the one that is best to be fine-tuned (docs/benchmarks.rst).
#: Its teacher has learned elastic moduli, those of Matbench among them.
_BEST_FROZEN = "mtencoder-multimodal"


def make_frozen_regressor(model=None, *, pretrained="auto", family="mtencoder", memory=None):
    """Return a regressor on the vectors of a frozen encoder and Magpie features.

    Nothing of the encoder is trained: it reads each material once, and a fit takes seconds.

    Parameters
    ----------
    model : estimator, default=None
        Regressor of standardised features and targets. None is a support vector machine whose
        ``C`` is chosen from 0.3 to 30 by cross-validation on the rows that are fitted; it takes
        one column of labels, all of them known.
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder, as the encoder of the family takes it; "auto" is the default of the family, but
        for MTEncoder "mtencoder-multimodal", which does better frozen; its teacher has learned the
        elastic moduli of the Materials Project, Matbench's among them.
    family : {"mtencoder", "roost", "cgcnn", "alignn"}, default="mtencoder"
        Family of the encoder; the last two read crystals, and Magpie features are then those of
        their compositions. "alignn" has no "auto".
    memory : str or joblib.Memory, default=None
        Keeps features between fits, as in :class:`sklearn.pipeline.Pipeline`. The folder holds
        pickles, which can run any code when they are read: name none that others can write to.

    Returns
    -------
    Pipeline
        With the steps "features" (a FeatureUnion of "encoder" and "magpie"), "scale" and "model".

    See Also
    --------
    make_frozen_classifier : The same for classes.
    skmat.MTEncoderRegressor : Fine-tunes, learns several properties, and takes missing labels.

    Examples
    --------
    >>> from skmat import make_frozen_regressor
    >>> from sklearn.linear_model import Ridge
    >>> model = make_frozen_regressor(Ridge())
    >>> model.fit(["TiO2", "Fe2O3", "NaCl"], [3.2, 2.1, 8.5]).predict(["ZnO"]).shape
    (1,)
    """
    if model is None:
        grid = {"C": [0.3, 1.0, 3.0, 10.0, 30.0]}
        parts = KFold(5, shuffle=True, random_state=0)
        model = GridSearchCV(SVR(epsilon=0.02), grid, scoring="neg_mean_absolute_error", cv=parts)
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    return _on_features(scaled, pretrained, family, memory)


def make_frozen_classifier(model=None, *, pretrained="auto", family="mtencoder", memory=None):
    """Return a classifier on the vectors of a frozen encoder and Magpie features.

    Parameters
    ----------
    model : estimator, default=None
        Classifier of standardised features. None is a support vector machine with ``C=3``, whose
        probabilities are calibrated by cross-validation.
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder, as the encoder of the family takes it; "auto" is the default of the family, but
        for MTEncoder "mtencoder-multimodal", which does better frozen; its teacher has learned the
        elastic moduli of the Materials Project, Matbench's among them.
    family : {"mtencoder", "roost", "cgcnn", "alignn"}, default="mtencoder"
        Family of the encoder; the last two read crystals, and Magpie features are then those of
        their compositions. "alignn" has no "auto".
    memory : str or joblib.Memory, default=None
        Keeps features between fits, as in :class:`sklearn.pipeline.Pipeline`. The folder holds
        pickles, which can run any code when they are read: name none that others can write to.

    Returns
    -------
    Pipeline
        With the steps "features" (a FeatureUnion of "encoder" and "magpie"), "scale" and "model".

    See Also
    --------
    make_frozen_regressor : The same for numbers.
    skmat.MTEncoderClassifier : Fine-tunes.

    Examples
    --------
    >>> from skmat import make_frozen_classifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = make_frozen_classifier(LogisticRegression())
    >>> model.fit(["Cu", "Fe", "NaCl", "MgO"], ["metal", "metal", "salt", "salt"]).predict(["KCl"])
    array(['salt'], dtype='<U5')
    """
    if model is None:
        parts = StratifiedKFold(5, shuffle=True, random_state=0)
        model = CalibratedClassifierCV(SVC(C=3.0), ensemble=False, cv=parts)
    return _on_features(model, pretrained, family, memory)


def make_search_regressor(
    pretrained=("auto", None), *, family="mtencoder", random_state=None, n_jobs=None
):
    """Return a regressor that finds out whether pretraining helps, and which.

    A network is trained with each of several weights to start from on parts of the rows, three
    times, and the best is trained on all of them. Where materials are unlike those that an encoder
    has read, such as alloys of ten elements, random weights can be better than its.

    Parameters
    ----------
    pretrained : sequence, default=("auto", None)
        Weights to choose from, each as the regressor of the family takes them.
    family : {"mtencoder", "roost", "cgcnn", "alignn"}, default="mtencoder"
        Family of the networks; the last two read crystals. "alignn" has no "auto".
    random_state : int, RandomState instance or None, default=None
        Seed of the networks and of the splits.
    n_jobs : int, default=None
        How many networks are trained at a time.

    Returns
    -------
    GridSearchCV
        Over ``pretrained``, by mean absolute error, on three splits of at most 2,000 rows to train
        on. It takes one column of labels, all of them known.

    See Also
    --------
    make_search_classifier : The same for classes.

    Examples
    --------
    >>> from skmat import make_search_regressor
    >>> make_search_regressor().param_grid
    {'pretrained': ['auto', None]}
    """
    model = _family(family, *pretrained).regressor(random_state=random_state)
    return _search(model, pretrained, "neg_mean_absolute_error", False, random_state, n_jobs)


def make_search_classifier(
    pretrained=("auto", None), *, family="mtencoder", random_state=None, n_jobs=None
):
    """Return a classifier that finds out whether pretraining helps, and which.

    Parameters
    ----------
    pretrained : sequence, default=("auto", None)
        Weights to choose from, each as the classifier of the family takes them.
    family : {"mtencoder", "roost", "cgcnn", "alignn"}, default="mtencoder"
        Family of the networks; the last two read crystals. "alignn" has no "auto".
    random_state : int, RandomState instance or None, default=None
        Seed of the networks and of the splits.
    n_jobs : int, default=None
        How many networks are trained at a time.

    Returns
    -------
    GridSearchCV
        Over ``pretrained``, by the logarithm of the likelihood, on three splits of at most 2,000
        rows to train on. It takes one column of labels, all of them known, and two rows of each
        class at least.

    See Also
    --------
    make_search_regressor : The same for numbers.

    Examples
    --------
    >>> from skmat import make_search_classifier
    >>> make_search_classifier().cv.stratify
    True
    """
    model = _family(family, *pretrained).classifier(random_state=random_state)
    return _search(model, pretrained, _log_likelihood, True, random_state, n_jobs)


def _log_likelihood(model, X, y):
    """Return the mean logarithm of the probability of the true class, seen in training or not."""
    places = {each: place for place, each in enumerate(model.classes_)}
    probabilities = model.predict_proba(X)
    true = [
        row[places[each]] if each in places else 0.0
        for row, each in zip(probabilities, y, strict=True)
    ]
    return float(np.log(np.clip(true, 1e-7, 1.0)).mean())


def _search(model, pretrained, scoring, stratify, random_state, n_jobs):
    parts = LimitedShuffleSplit(stratify=stratify, random_state=random_state)
    return GridSearchCV(
        model,
        {"pretrained": list(pretrained)},
        scoring=scoring,
        cv=parts,
        n_jobs=plain(n_jobs),
        error_score="raise",
    )


def make_voting_regressor(
    *, pretrained="auto", family="mtencoder", random_state=None, n_jobs=None
):
    """Return the average of a fine-tuned network, a frozen pipeline and trees on Magpie features.

    The three err differently, so that their average is often better than each of them. Where
    the network alone is much better than the others, as on band gaps and phonons, it is better
    than the average too.

    Parameters
    ----------
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder of the first two, as the encoder of the family takes it; "auto" is the best one of
        each.
    family : {"mtencoder", "roost", "cgcnn", "alignn"}, default="mtencoder"
        Family of the network and of the frozen encoder; the last two read crystals. "alignn" has
        no "auto".
    random_state : int, RandomState instance or None, default=None
        Seed of the network and of the trees.
    n_jobs : int, default=None
        How many of the three are fitted at a time.

    Returns
    -------
    VotingRegressor
        Of "fine_tuned" (the regressor of the family), "frozen" (of
        :func:`make_frozen_regressor`) and "trees" (extremely randomised, on Magpie features, and
        on the frozen vectors too where they are of crystals). It takes one column of labels, all
        of them known.

    See Also
    --------
    make_voting_classifier : The same for classes.

    Examples
    --------
    >>> from skmat import make_voting_regressor
    >>> [name for name, _ in make_voting_regressor().estimators]
    ['fine_tuned', 'frozen', 'trees']
    """
    members = _members(
        _family(family, pretrained).regressor(pretrained=pretrained, random_state=random_state),
        make_frozen_regressor(pretrained=pretrained, family=family),
        ExtraTreesRegressor(300, random_state=plain(random_state)),
        family,
    )
    return VotingRegressor(members, n_jobs=plain(n_jobs))


def make_voting_classifier(
    *, pretrained="auto", family="mtencoder", random_state=None, n_jobs=None
):
    """Return the average of a fine-tuned network, a frozen pipeline and trees on Magpie features.

    Their probabilities are averaged.

    Parameters
    ----------
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder of the first two, as the encoder of the family takes it; "auto" is the best one of
        each.
    family : {"mtencoder", "roost", "cgcnn", "alignn"}, default="mtencoder"
        Family of the network and of the frozen encoder; the last two read crystals. "alignn" has
        no "auto".
    random_state : int, RandomState instance or None, default=None
        Seed of the network and of the trees.
    n_jobs : int, default=None
        How many of the three are fitted at a time.

    Returns
    -------
    VotingClassifier
        Of "fine_tuned" (the classifier of the family), "frozen" (of
        :func:`make_frozen_classifier`) and "trees" (extremely randomised, on Magpie features, and
        on the frozen vectors too where they are of crystals).

    See Also
    --------
    make_voting_regressor : The same for numbers.

    Examples
    --------
    >>> from skmat import make_voting_classifier
    >>> [name for name, _ in make_voting_classifier().estimators]
    ['fine_tuned', 'frozen', 'trees']
    """
    members = _members(
        _family(family, pretrained).classifier(pretrained=pretrained, random_state=random_state),
        make_frozen_classifier(pretrained=pretrained, family=family),
        ExtraTreesClassifier(300, random_state=plain(random_state)),
        family,
    )
    return VotingClassifier(members, voting="soft", n_jobs=plain(n_jobs))


def _family(name, *sources):
    """Return the family of that name, which must have what is taken for each "auto"."""
    if not isinstance(name, str):
        raise InvalidInputError(f"family={name!r} must be the name of a family.")
    chosen = choose_family(name)
    if name not in BEST and any(isinstance(each, str) and each == "auto" for each in sources):
        known = [each for each in list_pretrained() if each.startswith(name)]
        raise InvalidInputError(
            f"The family {name!r} has no encoder that 'auto' stands for; name one of {known}, or"
            " give a folder, as pretrained."
        )
    return chosen


def _on_features(model, pretrained, family, memory):
    chosen = _family(family, pretrained)
    if family == "mtencoder" and isinstance(pretrained, str) and pretrained == "auto":
        pretrained = _BEST_FROZEN
    magpie = MagpieFeaturizer()
    if chosen.input == "structure":
        magpie = make_pipeline(StructureToComposition(), magpie)
    encoder = chosen.encoder(pretrained=pretrained)
    features = FeatureUnion([("encoder", encoder), ("magpie", magpie)])
    steps = [("features", features), ("scale", StandardScaler()), ("model", model)]
    return Pipeline(steps, memory=memory)


def _members(network, frozen, trees, family):
    features = clone(frozen.named_steps["features"])
    if _family(family).input == "formula":
        # Beside Magpie features, vectors of formulas do not help trees.
        features = features["magpie"]
    return [
        ("fine_tuned", network),
        ("frozen", frozen),
        ("trees", make_pipeline(features, trees)),
    ]
