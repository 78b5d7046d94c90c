"""Which encoder of formulas is the default: fine-tuned, or frozen beside Magpie features."""

from cells import SPLITS, validation_error
from runner import Study, grid


def measure(cell, settings, work):
    model = {"pretrained": cell["encoder"]}
    if cell["use"] == "frozen":
        model["recipe"] = "frozen"
    return {"error": validation_error(model, cell["task"], cell["split"], max_rows=1500)}


STUDIES = [
    Study(
        "choose_encoder",
        grid(
            use=("fine-tuned", "frozen"),
            encoder=("mtencoder-multi", "mtencoder-multimodal"),
            task=("jdft2d", "phonons", "expt_gap", "dielectric"),
            split=SPLITS,
        ),
        measure,
    )
]
