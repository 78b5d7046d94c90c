"""Ready-made combinations of encoders, features and models."""

from skmat.pipelines._frozen import make_frozen_pipeline
from skmat.pipelines._structure_lookup import StructureEmbeddingLookup

__all__ = ["StructureEmbeddingLookup", "make_frozen_pipeline"]
