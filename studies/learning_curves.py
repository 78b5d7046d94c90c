"""How many labels pretraining is worth: losses on fold 0 after a part of its training rows."""

from cells import SMALL, n_training, sample_loss
from matbench import DECLARED
from runner import Study, grid

#: Models, and where their losses with all labels are.
WHOLE = {
    "Magpie + forest": ("matbench", "magpie-forest"),
    "scratch": ("pretrained", "scratch"),
    "pretrained": ("pretrained", "mtencoder-multimodal"),
    "frozen": ("pretrained", "frozen"),
    "voting": ("pretrained", "voting"),
}
MODELS = {label: DECLARED[study]["models"][name] for label, (study, name) in WHOLE.items()}
ROOST = DECLARED["roost"]["models"]
SIZES = (50, 100, 200, 500, 1000)
SAMPLES = [
    cell
    for cell in grid(task=SMALL, size=SIZES, fold=(0,), model=MODELS)
    if cell["size"] < n_training(cell["task"])
]
SHARES = [
    cell | {"size": round(cell["size"] * n_training(cell["task"]))}
    for cell in grid(
        task=("expt_gap", "phonons"), size=(0.1, 0.2, 0.5, 1.0), fold=(0,), model=ROOST
    )
]
STUDIES = [
    Study("learning_curves", SAMPLES, sample_loss, {"models": MODELS}),
    Study("learning_curves/roost", SHARES, sample_loss, {"models": ROOST}),
]
