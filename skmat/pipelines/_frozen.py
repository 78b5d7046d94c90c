"""A model on the vectors of a frozen encoder and Magpie features.

Cross-validation shuffles the rows. Tables of materials are often sorted by formula, so unshuffled
folds would be whole families of compounds.
"""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from skmat.estimators import FAMILIES, choose_family
from skmat.exceptions import InvalidInputError
from skmat.featurizers import MagpieFeaturizer, StructureToComposition
from skmat.pretrained import BEST, list_pretrained

__all__ = ["make_frozen_pipeline"]

#: Best frozen encoder of formulas (docs/studies/frozen.rst). Another one is best for fine-tuning.
_BEST_FROZEN = "mtencoder-multimodal"
_TASKS = ("regression", "classification")


def make_frozen_pipeline(
    task="regression", model=None, *, pretrained="auto", family="mtencoder", memory=None
):
    """Return a model on the vectors of a frozen encoder and Magpie features.

    The encoder is not trained. It reads each material once, and a fit takes seconds. Families that
    read structures get the Magpie features of the compositions.

    Parameters
    ----------
    task : {"regression", "classification"}, default="regression"
        Kind of the labels: numbers or classes. One column without missing values.
    model : estimator, default=None
        Regressor of standardised features and targets, or classifier of standardised features.
        None takes a support vector machine. For regression, cross-validation on the training rows
        chooses its ``C`` from 0.3 to 30. For classification, ``C`` is 3, and cross-validation
        calibrates the probabilities.
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder, as the encoder of the family takes it. "auto" takes the default of the family. For
        MTEncoder it takes "mtencoder-multimodal", which does better frozen. The teacher of that
        encoder learned the elastic moduli of the Materials Project, including those of Matbench.
    family : str, default="mtencoder"
        Family of the encoder, such as "mtencoder" or "roost" for formulas, and "cgcnn" or "alignn"
        for structures. A family without a default encoder needs `pretrained`.
    memory : str or joblib.Memory, default=None
        Cache of features between fits, as in :class:`sklearn.pipeline.Pipeline`. The folder holds
        pickles, which can run any code when loaded. Use a folder that only you can write to.

    Returns
    -------
    Pipeline
        Steps "features" (a FeatureUnion of "encoder" and "magpie"), "scale" and "model".

    Raises
    ------
    InvalidInputError
        If `task` or `family` is unknown, or the family has no default encoder.

    See Also
    --------
    AutoRegressor : Tries such pipelines, trees and fine-tuned networks.
    AutoClassifier : The same for classes.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmat import make_frozen_pipeline
    >>> model = make_frozen_pipeline("classification", LogisticRegression())
    >>> model.fit(["Cu", "Fe", "NaCl", "MgO"], [0, 0, 1, 1]).predict(["KCl"])
    array([1])
    """
    if not (isinstance(task, str) and task in _TASKS):
        raise InvalidInputError(f"task={task!r} must be 'regression' or 'classification'.")
    chosen = _take_family(family, pretrained)
    if family == "mtencoder" and _is_auto(pretrained):
        pretrained = _BEST_FROZEN
    if task == "regression":
        model = _regressor() if model is None else model
        model = TransformedTargetRegressor(model, transformer=StandardScaler())
    elif model is None:
        model = _classifier()
    magpie = MagpieFeaturizer()
    if chosen.input == "structure":
        magpie = make_pipeline(StructureToComposition(), magpie)
    encoder = chosen.encoder(pretrained=pretrained)
    features = FeatureUnion([("encoder", encoder), ("magpie", magpie)])
    steps = [("features", features), ("scale", StandardScaler()), ("model", model)]
    return Pipeline(steps, memory=memory)


def _regressor():
    grid = {"C": [0.3, 1.0, 3.0, 10.0, 30.0]}
    folds = KFold(5, shuffle=True, random_state=0)
    return GridSearchCV(SVR(epsilon=0.02), grid, scoring="neg_mean_absolute_error", cv=folds)


def _classifier():
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return CalibratedClassifierCV(SVC(C=3.0), ensemble=False, cv=folds)


def _take_family(name, pretrained):
    """Return the family of that name. It must have a default encoder for "auto"."""
    if not isinstance(name, str):
        raise InvalidInputError(
            f"family={name!r} must be the name of a family, one of {list(FAMILIES)}."
        )
    chosen = choose_family(name)
    if name not in BEST and _is_auto(pretrained):
        known = [each for each in list_pretrained() if each.startswith(name)]
        named = f"one of {known}" if known else "a fitted encoder"
        raise InvalidInputError(
            f"The family {name!r} has no default encoder, so 'auto' does not work. Set pretrained"
            f" to {named} or to a folder of save_pretrained."
        )
    return chosen


def _is_auto(pretrained):
    """Tell whether `pretrained` is "auto". Some objects do not support ``==``."""
    return isinstance(pretrained, str) and pretrained == "auto"
