"""The shipped encoders of Roost on official folds of the tasks under 5,000 rows but ``glass``."""

from cells import FOLDS, SMALL, matbench_study

MODELS = {
    "roost-scratch": {"family": "roost", "pretrained": None},
    "roost-ssl": {"pretrained": "roost-ssl"},
    "roost-fingerprint": {"pretrained": "roost-fingerprint"},
    "roost-multimodal": {"pretrained": "roost-multimodal"},
}
STUDIES = [matbench_study("roost", MODELS, (MODELS, SMALL[:-1], FOLDS))]
