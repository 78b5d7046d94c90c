"""Pipelines that have proved themselves, in one line."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from skmat.estimators import MTEncoder
from skmat.featurizers import MagpieFeaturizer

__all__ = ["make_frozen_classifier", "make_frozen_regressor"]


def make_frozen_regressor(model=None, *, pretrained="auto", memory=None):
    """Return a regressor on the vectors of a frozen encoder and Magpie features.

    Nothing of the encoder is trained: it reads each material once, and a fit takes seconds.

    Parameters
    ----------
    model : estimator, default=None
        Regressor of standardised features and targets. None is a support vector machine whose
        ``C`` is chosen from 0.3 to 30 by cross-validation on the rows that are fitted; it takes
        one column of labels, all of them known.
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder, as :class:`skmat.MTEncoder` takes it.
    memory : str or joblib.Memory, default=None
        Keeps features between fits, as in :class:`sklearn.pipeline.Pipeline`.

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
        model = GridSearchCV(SVR(epsilon=0.02), grid, scoring="neg_mean_absolute_error")
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    return _on_features(scaled, pretrained, memory)


def make_frozen_classifier(model=None, *, pretrained="auto", memory=None):
    """Return a classifier on the vectors of a frozen encoder and Magpie features.

    Parameters
    ----------
    model : estimator, default=None
        Classifier of standardised features. None is a support vector machine with ``C=3``, whose
        probabilities are calibrated by cross-validation.
    pretrained : str, path-like or fitted encoder, default="auto"
        Encoder, as :class:`skmat.MTEncoder` takes it.
    memory : str or joblib.Memory, default=None
        Keeps features between fits, as in :class:`sklearn.pipeline.Pipeline`.

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
        model = CalibratedClassifierCV(SVC(C=3.0), ensemble=False)
    return _on_features(model, pretrained, memory)


def _on_features(model, pretrained, memory):
    features = FeatureUnion(
        [("encoder", MTEncoder(pretrained=pretrained)), ("magpie", MagpieFeaturizer())]
    )
    steps = [("features", features), ("scale", StandardScaler()), ("model", model)]
    return Pipeline(steps, memory=memory)
