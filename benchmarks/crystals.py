"""CGCNN on the official structures and folds of Matbench.

``python benchmarks/crystals.py --results-dir FOLDER`` with ``SKMAT_DATA`` set. Defaults, one
network: "cgcnn" from random weights, or names of shipped weights. Finished folds stay in FOLDER;
scores go to benchmarks/results/crystals/.
"""

import argparse
from pathlib import Path

from skmat import CGCNNClassifier, CGCNNRegressor
from skmat.benchmark import run_matbench

RESULTS = Path(__file__).parent / "results" / "crystals"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results-dir", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", default=["phonons"])
    parser.add_argument("--models", nargs="+", default=["cgcnn", "cgcnn-mp-multitask"])
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in arguments.models:
        source = None if name == "cgcnn" else name
        results = run_matbench(
            {
                "regression": CGCNNRegressor(pretrained=source),
                "classification": CGCNNClassifier(pretrained=source),
            },
            arguments.tasks,
            input="structure",
            results_dir=arguments.results_dir / name,
            name=name,
            n_jobs=arguments.n_jobs,
            verbose=1,
        )
        print(results.summary().to_string())
        results.save_scores(RESULTS / f"{name}.json")


if __name__ == "__main__":
    main()
