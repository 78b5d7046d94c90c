"""The command ``skmat benchmark``."""

from pathlib import Path

from skmat.cli.model_files import JOBLIB_WARNING, load_joblib
from skmat.cli.parser import examples
from skmat.exceptions import InvalidInputError

__all__ = ["BASELINES", "add_benchmark"]

# A copy, because its origin takes long to import. A test compares them.
BASELINES = ("dummy", "magpie-forest", "magpie-boosting", "magpie-mlp", "mtencoder")


def add_benchmark(commands):
    """Add the command ``benchmark`` to the parser."""
    benchmark = commands.add_parser(
        "benchmark",
        help="score an estimator on a public benchmark",
        description="Score an estimator on a public benchmark, with its official splits.",
        epilog=examples(
            ("the options of a benchmark", "skmat benchmark matbench --help"),
            (
                "two tasks, one fold each",
                "skmat benchmark matbench --estimator dummy --tasks steels,expt_gap --folds 0",
            ),
        ),
    )
    suites = benchmark.add_subparsers(dest="suite", required=True, metavar="SUITE")
    matbench = suites.add_parser(
        "matbench",
        help="the thirteen tasks of Matbench v0.1 on their official folds",
        description="Fit and score an estimator on the official folds of Matbench v0.1. Finished"
        " folds stay in --results-dir. Run the same command again to resume a stopped run. "
        + JOBLIB_WARNING,
        epilog=examples(
            (
                "a baseline on one task",
                "skmat benchmark matbench --estimator magpie-forest --tasks steels",
            ),
            (
                "your own estimator on all tasks, with a file to submit",
                "skmat benchmark matbench --estimator mine.joblib --save results.json.gz",
            ),
        ),
    )
    matbench.add_argument(
        "--estimator",
        required=True,
        metavar="NAME_OR_FILE",
        help=f"a baseline ({', '.join(BASELINES)}), or a joblib file of a scikit-learn estimator"
        ' for formulas or of a dict with the keys "regression" and "classification"',
    )
    matbench.add_argument(
        "--tasks", default="all", metavar="A,B,C", help="such as steels,expt_gap (default: all)"
    )
    matbench.add_argument("--folds", metavar="0,1", help="some of 0 to 4 (default: all)")
    matbench.add_argument("--n-jobs", type=int, default=1, metavar="N", help="folds at a time")
    matbench.add_argument("--random-state", type=int, default=0, metavar="SEED")
    matbench.add_argument(
        "--results-dir", type=Path, metavar="DIR", help="default: matbench-results/ESTIMATOR"
    )
    matbench.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help="write predictions in the official format (results.json, or .json.gz for submission)",
    )
    matbench.add_argument("--data-home", metavar="DIR", help="default: $SKMAT_DATA")
    matbench.add_argument("--quiet", action="store_true", help="no line per fold")
    matbench.set_defaults(run=_benchmark)


def _benchmark(arguments):
    from skmat.benchmark import run_matbench

    name, estimator = _estimator_to_benchmark(arguments.estimator)
    tasks = arguments.tasks
    if arguments.save:
        from skmat.cli.result_files import check_output

        if arguments.folds:
            raise InvalidInputError("--save needs all folds. Drop it or --folds.")
        inputs = [] if arguments.estimator in BASELINES else [arguments.estimator]
        check_output(arguments.save, (".json", ".json.gz"), inputs)
    results = run_matbench(
        estimator,
        tasks if tasks == "all" else [task.strip() for task in tasks.split(",")],
        folds=_numbers(arguments.folds) if arguments.folds else None,
        n_jobs=arguments.n_jobs,
        random_state=arguments.random_state,
        results_dir=arguments.results_dir or Path("matbench-results", name),
        name=name,
        data_home=arguments.data_home,
        verbose=0 if arguments.quiet else 1,
    )
    print(results.summary().to_string(float_format="{:.4g}".format))
    if arguments.save:
        results.save(arguments.save)
        print(f"Wrote {arguments.save}.")


def _estimator_to_benchmark(name):
    from skmat.benchmark import make_baseline

    if name in BASELINES:
        return name, make_baseline(name)
    path = Path(name)
    if not path.is_file():
        raise InvalidInputError(
            f"--estimator {name!r} is neither a baseline ({', '.join(BASELINES)}) nor a file."
            " Write a file with `joblib.dump(estimator, file)`."
        )
    return path.stem, load_joblib(path, "Write one with `joblib.dump(estimator, file)`.")


def _numbers(text):
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InvalidInputError(f"--folds must be numbers such as 0,1, got {text!r}.") from None
