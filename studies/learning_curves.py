"""How many labels pretraining is worth: losses on fold 0 after a part of its training rows."""

from cells import SMALL, n_training, sample_loss
from roost import MODELS as ROOST
from runner import Study, grid

MODELS = {
    "Magpie + forest": {"baseline": "magpie-forest"},
    "scratch": {"family": "mtencoder", "pretrained": None},
    "pretrained": {"pretrained": "mtencoder-multimodal"},
    "frozen": {"recipe": "frozen"},
    "voting": {"recipe": "voting"},
}
SIZES = (50, 100, 200, 500, 1000)
FRACTIONS = (0.1, 0.2, 0.5, 1.0)

STUDIES = [
    Study(
        "learning_curves",
        [
            cell
            for cell in grid(task=SMALL, size=SIZES, fold=(0,), model=MODELS)
            if cell["size"] < n_training(cell["task"])
        ],
        sample_loss,
        {"models": MODELS},
    ),
    Study(
        "learning_curves/roost",
        [
            cell | {"size": round(cell["size"] * n_training(cell["task"]))}
            for cell in grid(task=("expt_gap", "phonons"), size=FRACTIONS, fold=(0,), model=ROOST)
        ],
        sample_loss,
        {"models": ROOST},
    ),
]
