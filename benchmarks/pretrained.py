"""Every shipped encoder, fine-tuned with default settings, and a network from scratch beside them.

``python benchmarks/pretrained.py --results-dir FOLDER`` with ``SKMAT_DATA`` set runs the official
folds of Matbench; finished folds stay in FOLDER with their predictions. Scores go to
benchmarks/results/pretrained/. ``--also NAME=FOLDER`` adds an encoder that is not shipped.
"""

import argparse
from pathlib import Path

from skmat import MTEncoderClassifier, MTEncoderRegressor, list_pretrained
from skmat.benchmark import run_matbench
from skmat.datasets._matbench_tasks import MATBENCH_TASKS

RESULTS = Path(__file__).parent / "results" / "pretrained"
SMALL = ("steels", "jdft2d", "phonons", "expt_gap", "dielectric", "glass", "expt_is_metal")
#: Its pretraining labels are those of these tasks, test rows included.
CONTAMINATED = {
    "mtencoder-multi": ("matbench_mp_gap", "matbench_mp_is_metal", "matbench_mp_e_form")
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results-dir", type=Path, required=True)
    parser.add_argument(
        "--encoders", nargs="+", help="default: 'scratch' and all that are shipped"
    )
    parser.add_argument("--also", nargs="*", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--tasks", nargs="+", default=list(SMALL), help="'all' takes thirteen")
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    also = dict(pair.split("=", 1) for pair in arguments.also)
    names = arguments.encoders or ["scratch", *list_pretrained(), *also]
    tasks = list(MATBENCH_TASKS) if arguments.tasks == ["all"] else arguments.tasks
    for name in names:
        source = None if name == "scratch" else also.get(name, name)
        results = run_matbench(
            {
                "regression": MTEncoderRegressor(pretrained=source),
                "classification": MTEncoderClassifier(pretrained=source),
            },
            [task for task in tasks if task not in CONTAMINATED.get(name, ())],
            results_dir=arguments.results_dir / name,
            name=name,
            n_jobs=arguments.n_jobs,
            verbose=1,
        )
        print(results.summary().to_string())
        results.save_scores(RESULTS / f"{name}.json")


if __name__ == "__main__":
    main()
