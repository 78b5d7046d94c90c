"""What a network learns: properties, masked elements, twin views, a teacher's features.

An objective is one file. It corrupts a batch, builds heads and computes losses. Of the encoder it
knows only ``out_features``. Nothing here imports scikit-learn.
"""

from skmat.objectives._barlow_twins import BarlowTwins
from skmat.objectives._base import Objective, Target, TaskLosses, View
from skmat.objectives._distillation import DISTILLATION_LOSSES, DISTILLATION_SCALINGS, Distillation
from skmat.objectives._distillation import TeacherDescription as TeacherDescription
from skmat.objectives._masked_elements import CORRUPTION_SCHEMES, MaskedElements
from skmat.objectives._properties import REGRESSION_LOSSES, Properties
from skmat.objectives._weighting import LOSS_WEIGHTINGS, LossWeighting

__all__ = [
    "CORRUPTION_SCHEMES",
    "DISTILLATION_LOSSES",
    "DISTILLATION_SCALINGS",
    "LOSS_WEIGHTINGS",
    "BarlowTwins",
    "Distillation",
    "LossWeighting",
    "MaskedElements",
    "Objective",
    "Properties",
    "REGRESSION_LOSSES",
    "Target",
    "TaskLosses",
    "View",
]
