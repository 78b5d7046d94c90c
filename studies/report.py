"""Make tables and pictures of the results of studies: ``python studies/report.py [NAME]``."""

import argparse
from pathlib import Path

from runner import RESULTS
from tables import learning_curves, matbench, multitask, pretraining, transfer

TABLES = {
    "matbench": matbench.matbench,
    "pretrained": matbench.pretrained,
    "roost": matbench.roost,
    "pretraining": pretraining.pretraining,
    "distances": pretraining.distances,
    "learning_curves": learning_curves.learning_curves,
    "multitask": multitask.multitask,
    "transfer": transfer.transfer,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*TABLES, []], help="default: all")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    arguments = parser.parse_args()
    for name in arguments.names or TABLES:
        for file, content in TABLES[name](arguments.out).items():
            if isinstance(content, list):
                text = "\n\n".join(content) + "\n"
                (arguments.out / file).write_text(text, encoding="utf-8")
            else:
                content.savefig(arguments.out / file, dpi=120)


if __name__ == "__main__":
    main()
