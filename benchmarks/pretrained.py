"""Every shipped encoder, fine-tuned, and what stands beside it, on the official folds of Matbench.

``python benchmarks/pretrained.py --results-dir FOLDER`` with ``SKMAT_DATA`` set. The models:

- "scratch", and the name of each shipped encoder of formulas: the regressor of its family with
  defaults but for ``pretrained``; "roost-scratch";
- "frozen": ``make_frozen_regressor()``;
- "trees": extremely randomised trees on Magpie features, as in ``make_voting_regressor``;
- "auto": ``pretrained="auto"``, which is the default encoder but for alloys, which begin with
  random weights;
- "voting": the mean of the predictions of "auto", "frozen" and "trees", which is what
  ``make_voting_regressor()`` predicts. For the last two nothing is fitted that was before.

Finished folds stay in FOLDER with their predictions. Scores go to
benchmarks/results/pretrained/. ``--also NAME=FOLDER`` adds an encoder that is not shipped.

The larger tasks were run with ``--to`` folders below that one: "large" with ``--models scratch
mtencoder-multi --tasks perovskites log_gvrh log_kvrh``, and "long" with ``--models
mtencoder-oqmd-joint --tasks mp_gap mp_is_metal mp_e_form --max-epochs 60`` on a GPU, folds 0 to 2
and, of mp_e_form, 0 and 1.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from inner_splits import TASKS
from matbench_table import ALLOYS

from skmat import (
    list_pretrained,
    make_frozen_classifier,
    make_frozen_regressor,
    make_voting_classifier,
    make_voting_regressor,
)
from skmat.benchmark import MatbenchResults, MatbenchTask, run_matbench, score_predictions
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.estimators import choose_family
from skmat.pipelines._recipes import _BEST_FROZEN
from skmat.pretrained import BEST

RESULTS = Path(__file__).parent / "results" / "pretrained"
DEFAULT = BEST["mtencoder"]
_LEARNED = ("matbench_mp_gap", "matbench_mp_is_metal", "matbench_mp_e_form")
#: Pretraining labels, or those of the teacher, are those of these tasks, test rows included.
CONTAMINATED = {
    "mtencoder-multi": _LEARNED,
    "mtencoder-multimodal": (*_LEARNED, "matbench_log_gvrh", "matbench_log_kvrh"),
}
#: What stays frozen, of which "voting" has a part.
CONTAMINATED["frozen"] = CONTAMINATED["voting"] = CONTAMINATED[_BEST_FROZEN]
#: By name, the family of a network from scratch.
SCRATCH = {"scratch": "mtencoder", "roost-scratch": "roost"}
MEMBERS = ("auto", "frozen", "trees")


def estimators(name, also, max_epochs):
    """Return what `run_matbench` takes."""
    if name == "frozen":
        return make_frozen_regressor(), make_frozen_classifier()
    if name == "trees":
        voting = make_voting_regressor(), make_voting_classifier()
        return tuple(dict(each.estimators)["trees"] for each in voting)
    source = None if name in SCRATCH else also.get(name, name)
    family = choose_family(SCRATCH.get(name), source)
    settings = {"pretrained": source, "max_epochs": max_epochs or "auto"}
    return family.regressor(**settings), family.classifier(**settings)


def run(name, tasks, arguments, also):
    if name == "auto":
        parts = [
            ("scratch", [task for task in tasks if task in ALLOYS]),
            (DEFAULT, [task for task in tasks if task not in ALLOYS]),
        ]
        found = [run(each, some, arguments, also) for each, some in parts if some]
        return MatbenchResults(name, [fold for results in found for fold in results.folds])
    regressor, classifier = estimators(name, also, arguments.max_epochs)
    return run_matbench(
        {"regression": regressor, "classification": classifier},
        [task for task in tasks if task not in CONTAMINATED.get(name, ())],
        results_dir=arguments.results_dir / name,
        folds=arguments.folds,
        name=name,
        n_jobs=arguments.n_jobs,
        verbose=1,
    )


def vote(tasks, arguments):
    """Return the results of the average of the members, on the tasks that all have finished."""
    tasks = [task for task in tasks if task not in CONTAMINATED["voting"]]
    members = [run(name, tasks, arguments, {}) for name in MEMBERS]
    folds = []
    for same in zip(*(member.folds for member in members), strict=True):
        first = same[0]
        data = MatbenchTask(first.task)
        test = data.folds[first.fold][1]
        each = [[fold.predictions[key] for key in data.ids[test]] for fold in same]
        mean = np.mean(each, axis=0)
        folds.append(
            replace(
                first,
                scores=score_predictions(data.y[test], mean),
                parameters={"mean of": list(MEMBERS)},
                seconds_fit=sum(fold.seconds_fit for fold in same),
                seconds_predict=sum(fold.seconds_predict for fold in same),
                peak_memory_mb=max(fold.peak_memory_mb for fold in same),
                predictions=dict(zip(data.ids[test].tolist(), mean.tolist(), strict=True)),
            )
        )
    return MatbenchResults("voting", folds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results-dir", type=Path, required=True)
    parser.add_argument("--models", nargs="+", help="default: all of those above")
    parser.add_argument("--also", nargs="*", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), help="'all' takes thirteen")
    parser.add_argument("--folds", type=int, nargs="+", default=None, help="default: all five")
    parser.add_argument("--max-epochs", type=int, help='of the networks; default: "auto"')
    parser.add_argument("--to", type=Path, default=RESULTS, help="where the scores go")
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    also = dict(pair.split("=", 1) for pair in arguments.also)
    shipped = [each for each in list_pretrained() if choose_family(None, each).input == "formula"]
    names = arguments.models or ["scratch", *shipped, *also, "auto", "frozen", "trees", "voting"]
    short = list(MATBENCH_TASKS) if arguments.tasks == ["all"] else arguments.tasks
    tasks = [task if task in MATBENCH_TASKS else f"matbench_{task}" for task in short]
    for name in names:
        is_vote = name == "voting"
        results = vote(tasks, arguments) if is_vote else run(name, tasks, arguments, also)
        print(results.summary().to_string())
        results.save_scores(arguments.to / f"{name}.json")


if __name__ == "__main__":
    main()
