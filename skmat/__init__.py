"""skmat: pretrained encoders for inorganic materials as scikit-learn estimators.

Public names are imported when they are first used, so that ``import skmat`` does not import
torch.
"""

import importlib

from skmat._version import __version__

_PUBLIC = {
    "ALIGNNClassifier": "skmat.estimators",
    "ALIGNNEncoder": "skmat.estimators",
    "ALIGNNRegressor": "skmat.estimators",
    "CGCNNClassifier": "skmat.estimators",
    "CGCNNEncoder": "skmat.estimators",
    "CGCNNRegressor": "skmat.estimators",
    "StructureEmbeddingLookup": "skmat.pipelines",
    "MTEncoder": "skmat.estimators",
    "MTEncoderClassifier": "skmat.estimators",
    "MTEncoderRegressor": "skmat.estimators",
    "MagpieFeaturizer": "skmat.featurizers",
    "MatminerFeaturizer": "skmat.featurizers",
    "MatminerStructureFeaturizer": "skmat.featurizers",
    "Recommendation": "skmat.pipelines",
    "RoostClassifier": "skmat.estimators",
    "RoostEncoder": "skmat.estimators",
    "RoostRegressor": "skmat.estimators",
    "StructureToComposition": "skmat.featurizers",
    "list_pretrained": "skmat.pretrained",
    "make_frozen_classifier": "skmat.pipelines",
    "make_frozen_regressor": "skmat.pipelines",
    "make_search_classifier": "skmat.pipelines",
    "make_search_regressor": "skmat.pipelines",
    "make_voting_classifier": "skmat.pipelines",
    "make_voting_regressor": "skmat.pipelines",
    "recommend": "skmat.pipelines",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name):
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'skmat' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_PUBLIC])
