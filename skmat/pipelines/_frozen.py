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

_DOC = """
The encoder is not trained. It reads each material once, and a fit takes seconds. Families that
read structures get the Magpie features of the compositions.

Parameters
----------
model : estimator, default=None
    {model}
pretrained : str, path-like or fitted encoder, default="auto"
    Encoder, as the encoder of the family takes it. "auto" takes the default of the family. For
    MTEncoder it takes "mtencoder-multimodal", which does better frozen. The teacher of that
    encoder learned the elastic moduli of the Materials Project, including those of Matbench.
{family}
memory : str or joblib.Memory, default=None
    Cache of features between fits, as in :class:`sklearn.pipeline.Pipeline`. The folder holds
    pickles, which can run any code when loaded. Use a folder that only you can write to.

Returns
-------
Pipeline
    Steps "features" (a FeatureUnion of "encoder" and "magpie"), "scale" and "model".

See Also
--------
make_frozen_{other} : The same for a {other}.
make_voting_{kind} : Average with a fine-tuned network and trees.

Examples
--------
>>> from sklearn.linear_model import {estimator}
>>> from skmat import make_frozen_{kind}
>>> model = make_frozen_{kind}({estimator}())
>>> model.fit(["Cu", "Fe", "NaCl", "MgO"], [0, 0, 1, 1]).predict(["KCl"]).round()
array({result})
"""


@documented(
    "regressor",
    _DOC,
    model="""Regressor of standardised features and targets. None takes a support vector machine.
    Cross-validation on the training rows chooses its ``C`` from 0.3 to 30. It takes one column of
    labels without missing values.""",
    estimator="Ridge",
    result="[1.]",
)
def make_frozen_regressor(model=None, *, pretrained="auto", family="mtencoder", memory=None):
    """Return a regressor on the vectors of a frozen encoder and Magpie features."""
    if model is None:
        grid = {"C": [0.3, 1.0, 3.0, 10.0, 30.0]}
        folds = KFold(5, shuffle=True, random_state=0)
        model = GridSearchCV(SVR(epsilon=0.02), grid, scoring="neg_mean_absolute_error", cv=folds)
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    return _make_frozen(scaled, pretrained, family, memory)


@documented(
    "classifier",
    _DOC,
    model="""Classifier of standardised features. None takes a support vector machine with ``C=3``.
    Cross-validation calibrates its probabilities.""",
    estimator="LogisticRegression",
    result="[1]",
)
def make_frozen_classifier(model=None, *, pretrained="auto", family="mtencoder", memory=None):
    """Return a classifier on the vectors of a frozen encoder and Magpie features."""
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
