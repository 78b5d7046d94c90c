"""Compositions to vectors that need no training, as scikit-learn transformers."""

from skmat.featurizers._magpie import MagpieFeaturizer
from skmat.featurizers._matminer import MatminerFeaturizer

__all__ = ["MagpieFeaturizer", "MatminerFeaturizer"]
