"""Models on official folds of Matbench; ``matbench.json`` says which on what."""

import json
from pathlib import Path

from cells import matbench_study

DECLARED = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
STUDIES = [
    matbench_study(name, study["models"], study["parts"]) for name, study in DECLARED.items()
]
