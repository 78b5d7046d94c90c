"""The baselines on Matbench: every task, every fold, nothing tuned.

``python benchmarks/matbench.py --results-dir FOLDER`` with ``SKMAT_DATA`` set takes hours of two
cores; it may be stopped and goes on where it was, because finished folds stay in FOLDER with their
predictions. Scores, settings and seconds go to benchmarks/results/matbench/, from which
``benchmarks/matbench_table.py`` makes the table.
"""

import argparse
from pathlib import Path

from skmat.benchmark import make_baseline, run_matbench
from skmat.benchmark._baselines import BASELINES
from skmat.datasets._matbench_tasks import MATBENCH_TASKS

RESULTS = Path(__file__).parent / "results" / "matbench"
#: Tasks on which one fold of 500 trees takes half an hour or more of a core, and all ten folds
#: five to six hours.
TOO_LARGE_FOR_FORESTS = ("matbench_mp_gap", "matbench_mp_e_form")


def tasks_of(name):
    left_out = TOO_LARGE_FOR_FORESTS if name == "magpie-forest" else ()
    return [task for task in MATBENCH_TASKS if task not in left_out]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results-dir", type=Path, required=True)
    parser.add_argument("--baselines", nargs="+", choices=BASELINES, default=list(BASELINES))
    parser.add_argument("--tasks", nargs="+", help="default: all that are run")
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in arguments.baselines:
        results = run_matbench(
            make_baseline(name),
            arguments.tasks or tasks_of(name),
            n_jobs=arguments.n_jobs,
            results_dir=arguments.results_dir / name,
            name=name,
            verbose=1,
        )
        print(results.summary().to_string())
        if not arguments.tasks:
            results.save_scores(RESULTS / f"{name}.json")


if __name__ == "__main__":
    main()
