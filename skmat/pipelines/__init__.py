"""Ready-made combinations of encoders, features and models."""

from skmat.pipelines._frozen import make_frozen_classifier, make_frozen_regressor
from skmat.pipelines._recommend import Recommendation, recommend
from skmat.pipelines._search import make_search_classifier, make_search_regressor
from skmat.pipelines._structure_lookup import StructureEmbeddingLookup
from skmat.pipelines._voting import make_voting_classifier, make_voting_regressor

__all__ = [
    "Recommendation",
    "StructureEmbeddingLookup",
    "make_frozen_classifier",
    "make_frozen_regressor",
    "make_search_classifier",
    "make_search_regressor",
    "make_voting_classifier",
    "make_voting_regressor",
    "recommend",
]
