"""Which shipped encoder of formulas is the default, on validation splits of ``inner_splits.py``.

``python benchmarks/choose_encoder.py`` with ``SKMAT_DATA`` set. Each encoder is fine-tuned, or
with ``--frozen`` used as it is (``make_frozen_regressor``), on 1,500 rows at most of four
regressions.
What is in benchmarks/results/choose_encoder.json is not run again.
"""

import argparse
import json
from pathlib import Path

from inner_splits import N_SPLITS, figure, load, measure, predict

from skmat import make_frozen_regressor
from skmat._utils.atomic import write_atomically

RESULTS = Path(__file__).parent / "results" / "choose_encoder.json"
TASKS = ("jdft2d", "phonons", "expt_gap", "dielectric")
ENCODERS = ("mtencoder-multi", "mtencoder-multimodal")
MAX_ROWS = 1500


def measure_frozen(encoder, task, split):
    X, y, X_validation, y_validation = load(task, split, MAX_ROWS)
    model = make_frozen_regressor(pretrained=encoder).fit(X, y)
    return figure(y, y_validation, predict(model, X_validation))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frozen", action="store_true")
    parser.add_argument("--encoders", nargs="+", default=list(ENCODERS))
    arguments = parser.parse_args()
    use = "frozen" if arguments.frozen else "fine-tuned"
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for encoder in arguments.encoders:
        for task in TASKS:
            figures = found.setdefault(use, {}).setdefault(encoder, {}).setdefault(task, [])
            for split in range(len(figures), N_SPLITS):
                if arguments.frozen:
                    value = measure_frozen(encoder, task, split)
                else:
                    value = measure({"pretrained": encoder}, task, split, max_rows=MAX_ROWS)
                figures.append(value)
                write_atomically(RESULTS, (json.dumps(found, indent=1) + "\n").encode())
                print(use, encoder, task, split, round(value, 3), flush=True)


if __name__ == "__main__":
    main()
