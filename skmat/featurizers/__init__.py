"""Transformers that need no training: of compositions to vectors, of crystals to compositions."""

from skmat.featurizers._magpie import MagpieFeaturizer
from skmat.featurizers._matminer import MatminerFeaturizer
from skmat.featurizers._to_composition import StructureToComposition

__all__ = ["MagpieFeaturizer", "MatminerFeaturizer", "StructureToComposition"]
