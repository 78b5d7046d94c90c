"""How many epochs a fit wants, from scratch and from a pretrained encoder.

``python benchmarks/epochs.py`` with ``SKMAT_DATA`` set. Trains on the splits of
``inner_splits.py``, and on their first 100 and 250 training rows. Finished fits are kept in
benchmarks/results/epochs.json, by the hash of the encoder's weights, so a killed run goes on
where it was.
"""

import argparse
import json
from pathlib import Path

import inner_splits
import numpy as np

from skmat._utils.atomic import write_atomically
from skmat.pretrained import load_checkpoint

RESULTS = Path(__file__).parent / "results" / "epochs.json"
EPOCHS = (10, 20, 30, 40, 60, 120, 240)
#: The first rows of the training part; 0 is all of them.
N_ROWS = (100, 250, 0)


def show(figures):
    """Print the figures of each task and number of rows, by the epochs, over the splits."""
    rows = sorted({key.rsplit(", ", 1)[0] for key in figures})
    for row in rows:
        cells = []
        for n_epochs in EPOCHS:
            found = figures.get(f"{row}, {n_epochs} epochs")
            mean = f"{np.mean(list(found.values())):.4f} ({len(found)})" if found else ""
            cells.append(f"{mean:12s}")
        print(f"{row:28s}", *cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretrained", default="mtencoder-multi", help="or 'scratch'")
    parser.add_argument("--tasks", nargs="+", default=list(inner_splits.TASKS))
    parser.add_argument("--rows", nargs="+", type=int, default=N_ROWS, help="0 is all")
    parser.add_argument("--epochs", nargs="+", type=int, choices=EPOCHS, default=EPOCHS)
    parser.add_argument("--splits", type=int, default=inner_splits.N_SPLITS)
    arguments = parser.parse_args()
    is_scratch = arguments.pretrained == "scratch"
    pretrained = None if is_scratch else arguments.pretrained
    source = "scratch" if is_scratch else load_checkpoint(pretrained).card.sha256
    everything = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    figures = everything.setdefault(source, {})
    for split in range(arguments.splits):
        for task in arguments.tasks:
            for n_rows in arguments.rows:
                for n_epochs in arguments.epochs:
                    key = f"{task}, {n_rows or 'all'} rows, {n_epochs} epochs"
                    found = figures.setdefault(key, {})
                    if str(split) in found:
                        continue
                    settings = {"pretrained": pretrained, "max_epochs": n_epochs}
                    found[str(split)] = inner_splits.measure(
                        settings, task, split, n_training=n_rows or None
                    )
                    write_atomically(RESULTS, (json.dumps(everything, indent=1) + "\n").encode())
    show(figures)


if __name__ == "__main__":
    main()
