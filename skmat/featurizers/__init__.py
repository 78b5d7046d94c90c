"""Transformers without training: materials to features, structures to compositions."""

from skmat._utils import bars  # noqa: F401  # before matminer imports tqdm, which may warn
from skmat.featurizers._fractions import FractionFeaturizer
from skmat.featurizers._fractions import dense_fractions as dense_fractions  # for rooms above
from skmat.featurizers._magpie import MagpieFeaturizer
from skmat.featurizers._matminer import MatminerFeaturizer
from skmat.featurizers._matminer_structure import MatminerStructureFeaturizer
from skmat.featurizers._to_composition import StructureToComposition

__all__ = [
    "FractionFeaturizer",
    "MagpieFeaturizer",
    "MatminerFeaturizer",
    "MatminerStructureFeaturizer",
    "StructureToComposition",
]
