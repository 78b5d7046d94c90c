"""CGCNN on the official structures and folds of ``phonons``."""

from cells import FOLDS, matbench_study

MODELS = {
    "cgcnn": {"family": "cgcnn", "pretrained": None},
    "cgcnn-mp-multitask": {"pretrained": "cgcnn-mp-multitask"},
}
STUDIES = [matbench_study("crystals", MODELS, (MODELS, ("phonons",), FOLDS))]
