"""How many labels pretraining is worth: losses after a part of the training rows of a fold."""

from cells import FOLDS, SMALL, n_training, sample_loss
from matbench import DECLARED
from runner import Study, grid

from skmat.benchmark._runner import package_versions

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
#: What the figure of the landing page compares, all at today's defaults.
DEFAULTS = {
    "auto-fast": {"auto": "fast", "decision": "balanced_accuracy"},
    "pretrained": {"pretrained": "mtencoder-multi"},
    "scratch": DECLARED["pretrained"]["models"]["scratch"],
    "Magpie + forest": DECLARED["matbench"]["models"]["magpie-forest"],
    "ridge": {"recipe": "ridge"},
}
#: The tasks of Matbench whose labels are measured, not computed.
MEASURED = [
    cell
    for cell in grid(
        fold=FOLDS,
        task=("expt_gap", "steels", "expt_is_metal", "glass"),
        size=(10, 50, 100, 200, 500),
        model=DEFAULTS,
    )
    if cell["size"] < n_training(cell["task"])
]


def sample_loss_and_versions(cell, settings, work):
    versions = ", ".join(" ".join(fact) for fact in package_versions().items())
    return sample_loss(cell, settings, work) | {"versions": versions}


STUDIES = [
    Study("learning_curves", SAMPLES, sample_loss, {"models": MODELS}),
    Study("learning_curves/measured", MEASURED, sample_loss_and_versions, {"models": DEFAULTS}),
    Study("learning_curves/roost", SHARES, sample_loss, {"models": ROOST}),
]
