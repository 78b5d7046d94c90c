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

from skmat.featurizers import MagpieFeaturizer, StructureToComposition
from skmat.pipelines._family import documented, is_auto, take_family

__all__ = ["make_frozen_classifier", "make_frozen_regressor"]

#: Best frozen encoder of formulas (docs/benchmarks.rst). Another one is best for fine-tuning.
_BEST_FROZEN = "mtencoder-multimodal"

_TEXTS = {
    "about": """
The encoder is not trained. It reads each material once, and a fit takes seconds. Families that
read structures get the Magpie features of the compositions.
""",
    "parameters": """
pretrained : str, path-like or fitted encoder, default="auto"
    Encoder, as the encoder of the family takes it. "auto" takes the default of the family. For
    MTEncoder it takes "mtencoder-multimodal", which does better frozen. The teacher of that
    encoder learned the elastic moduli of the Materials Project, including those of Matbench.
{family}
memory : str or joblib.Memory, default=None
    Cache of features between fits, as in :class:`sklearn.pipeline.Pipeline`. The folder holds
    pickles, which can run any code when loaded. Use a folder that only you can write to.
""",
    "returns": """
Pipeline
    Steps "features" (a FeatureUnion of "encoder" and "magpie"), "scale" and "model".
""",
}


@documented(**_TEXTS)
def make_frozen_regressor(model=None, *, pretrained="auto", family="mtencoder", memory=None):
    """Return a regressor on the vectors of a frozen encoder and Magpie features.

    {about}

    Parameters
    ----------
    model : estimator, default=None
        Regressor of standardised features and targets. None takes a support vector machine.
        Cross-validation on the training rows chooses its ``C`` from 0.3 to 30. It takes one
        column of labels without missing values.
    {parameters}

    Returns
    -------
    {returns}

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
        folds = KFold(5, shuffle=True, random_state=0)
        model = GridSearchCV(SVR(epsilon=0.02), grid, scoring="neg_mean_absolute_error", cv=folds)
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    return _make_frozen(scaled, pretrained, family, memory)


@documented(**_TEXTS)
def make_frozen_classifier(model=None, *, pretrained="auto", family="mtencoder", memory=None):
    """Return a classifier on the vectors of a frozen encoder and Magpie features.

    {about}

    Parameters
    ----------
    model : estimator, default=None
        Classifier of standardised features. None takes a support vector machine with ``C=3``.
        Cross-validation calibrates its probabilities.
    {parameters}

    Returns
    -------
    {returns}

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
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        model = CalibratedClassifierCV(SVC(C=3.0), ensemble=False, cv=folds)
    return _make_frozen(model, pretrained, family, memory)


def _make_frozen(model, pretrained, family, memory):
    chosen = take_family(family, pretrained)
    if family == "mtencoder" and is_auto(pretrained):
        pretrained = _BEST_FROZEN
    magpie = MagpieFeaturizer()
    if chosen.input == "structure":
        magpie = make_pipeline(StructureToComposition(), magpie)
    encoder = chosen.encoder(pretrained=pretrained)
    features = FeatureUnion([("encoder", encoder), ("magpie", magpie)])
    steps = [("features", features), ("scale", StandardScaler()), ("model", model)]
    return Pipeline(steps, memory=memory)
