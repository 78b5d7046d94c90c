"""Which settings of fine-tuning keep what an encoder has learned.

``python benchmarks/finetuning.py --pretrained FOLDER`` with ``SKMAT_DATA`` set. One setting is
changed at a time. Each candidate starts from the encoder in FOLDER and is trained and judged on
the splits of ``inner_splits.py``.

Finished fits are kept in benchmarks/results/finetuning.json, by the hash of the encoder's
weights, so a killed run goes on where it was and two encoders do not mix. All candidates are
run on one split before any is run on the next: a run that was cut short compares them fairly.
"""

import argparse
import json
from pathlib import Path

import inner_splits
import numpy as np

from skmat._utils.atomic import write_atomically
from skmat.nn import MTENCODER_PRESETS
from skmat.pretrained import load_checkpoint

RESULTS = Path(__file__).parent / "results" / "finetuning.json"
#: What all candidates start from; written out, because the defaults may become what is found.
COMMON = {
    "max_epochs": 60,
    "lr": 5e-4,
    "weight_decay": 0.01,
    "dropout": 0.1,
    "trainable": "all",
    "encoder_lr_factor": 1.0,
    "layer_decay": 1.0,
    "freeze_epochs": 0,
    "ema_decay": None,
    "auxiliary_objective": None,
    "auxiliary_weight": 0.1,
}
CANDIDATES = {
    "as before": {},
    "from scratch": {"pretrained": None},
    **{f"trainable={value}": {"trainable": value} for value in ("last", "head")},
    **{f"encoder_lr_factor={value}": {"encoder_lr_factor": value} for value in (0.03, 0.1, 0.3)},
    **{f"layer_decay={value}": {"layer_decay": value} for value in (0.5, 0.7, 0.85)},
    **{f"freeze_epochs={value}": {"freeze_epochs": value} for value in (3, 10, 30)},
    **{f"ema_decay={value}": {"ema_decay": value} for value in (0.99, 0.999)},
    **{
        f"auxiliary_weight={value}": {
            "auxiliary_objective": "masked_elements",
            "auxiliary_weight": value,
        }
        for value in (0.03, 0.1, 0.3, 1.0)
    },
    # A lower rate for everything is the rival of a lower one for the encoder.
    **{f"lr={value}": {"lr": value} for value in (2e-4, 1e-3)},
    **{f"max_epochs={value}": {"max_epochs": value} for value in (15, 30, 60, 120)},
    **{f"dropout={value}": {"dropout": value} for value in (0.0, 0.2)},
    "encoder_lr_factor=0.3, auxiliary_weight=0.1": {
        "encoder_lr_factor": 0.3,
        "auxiliary_objective": "masked_elements",
    },
    **{f"weight_decay={value}": {"weight_decay": value} for value in (0.0, 0.1)},
}


def network_of(checkpoint):
    """Return the parameters with which a network from scratch has the sizes of the pretrained."""
    network = checkpoint.network
    for preset, sizes in MTENCODER_PRESETS.items():
        if sizes.items() <= network.items():
            names = ("readout", "element_features")
            return {"preset": preset, **{name: network[name] for name in names}}
    raise SystemExit(f"The encoder has the sizes of no preset: {network}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pretrained", required=True, help="folder, or name of shipped weights")
    parser.add_argument(
        "--tasks", nargs="+", choices=inner_splits.TASKS, default=list(inner_splits.TASKS)
    )
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=list(CANDIDATES))
    parser.add_argument("--splits", type=int, default=inner_splits.N_SPLITS)
    parser.add_argument("--max-epochs", type=int, default=COMMON["max_epochs"])
    parser.add_argument("--max-rows", type=int, help="of each task; default: all")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()

    checkpoint = load_checkpoint(arguments.pretrained)
    common = {**COMMON, **network_of(checkpoint), "max_epochs": arguments.max_epochs}
    setup = {**common, "max_rows": arguments.max_rows}
    everything, figures = inner_splits.read_results(
        arguments.results, checkpoint.card.sha256, setup
    )
    for split in range(arguments.splits):
        for name in arguments.candidates:
            row = figures.setdefault(name, {})
            settings = {"pretrained": arguments.pretrained, **common, **CANDIDATES[name]}
            for task in arguments.tasks:
                key = f"{task}, split {split}"
                if key not in row:
                    rows = arguments.max_rows
                    row[key] = inner_splits.measure(settings, task, split, max_rows=rows)
                    content = json.dumps(everything, indent=2) + "\n"
                    write_atomically(arguments.results, content.encode())
            done = [row[f"{task}, split {split}"] for task in arguments.tasks]
            print(f"split {split}  {name:24s} {np.mean(done):.4f}", flush=True)
    keys = [f"{t}, split {s}" for t in arguments.tasks for s in range(arguments.splits)]
    inner_splits.summarise(figures, arguments.candidates, keys, "as before")


if __name__ == "__main__":
    main()
