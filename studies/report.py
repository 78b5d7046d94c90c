"""Make all tables and pictures of the results of studies: ``python studies/report.py``."""

import argparse
from pathlib import Path

from runner import RESULTS
from tables.auto import auto, auto_structures
from tables.extrapolation import extrapolation
from tables.learning_curves import learning_curves
from tables.matbench import matbench, pretrained, roost
from tables.multitask import multitask
from tables.overview import overview
from tables.pretraining import distances, pretraining
from tables.seeds import seeds
from tables.transfer import transfer

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    results = parser.parse_args().out
    first = (matbench, pretrained, roost, auto, auto_structures, overview, pretraining, distances)
    for make in (*first, extrapolation, learning_curves, multitask, seeds, transfer):
        for file, content in make(results).items():
            if isinstance(content, list):
                text = "\n\n".join(content) + "\n"
                (results / file).write_text(text, encoding="utf-8")
            else:
                content.savefig(results / file, dpi=120)
