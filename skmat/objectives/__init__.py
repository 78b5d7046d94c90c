"""What a network learns: properties, hidden elements, twin views, a teacher; and their weighting.

An objective is one file here. It says how it corrupts a batch, which heads it needs and what its
losses are; of the encoder it knows nothing but ``out_features``.
"""

from skmat.objectives._barlow_twins import BarlowTwins
from skmat.objectives._base import Objective, Target, TaskLosses, View
from skmat.objectives._distillation import DISTILLATION_LOSSES, DISTILLATION_SCALINGS, Distillation
from skmat.objectives._masked_elements import CORRUPTION_SCHEMES, MaskedElements
from skmat.objectives._properties import REGRESSION_LOSSES, Properties
from skmat.objectives._resolve import OBJECTIVE_NAMES, resolve_objectives
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
    "OBJECTIVE_NAMES",
    "Objective",
    "Properties",
    "REGRESSION_LOSSES",
    "Target",
    "TaskLosses",
    "View",
    "resolve_objectives",
]
