"""Single-task against multi-task CGCNN (Sanyal et al. 2018), on crystals of the Materials Project.

``python benchmarks/multitask_crystals.py --folder FOLDER`` with ``SKMAT_DATA`` set. Small
crystals all of whose properties are known are drawn, and split 60/20/20 by composition: a fifth
are for tests, whatever the seed, and the others are divided anew with each seed. Networks learn
one property, or all with the weighting that ``GridSearchCV`` finds on the validation crystals of
some seeds: that with the least errors of the other properties among those that cost the
formation energy 3 % at most; or with one that was fixed beforehand, and then tested on other
crystals than those it was found with (``--draw``, ``--test-seed``). All fits of a search have one
set of initial weights, those of the tests one per seed. Errors are per property: an average over
units would hide that one gets worse. Beside them, what two users ask for: Spearman's rank
correlation of formation energies, and the ROC-AUC of the gap as a judge of metals (gap below
0.025 eV).

The sets "scarce-gap" and "scarce-fermi" ask what a table with missing labels is worth: to the
crystals that are trained on come others, of other compositions, of which only cheaper properties
are known. Every network learns from all labels of its tasks that there are; where those of the
others are of another version, they are tasks of their own, which no network of one property has.

Finished fits stay in FOLDER, which is that of one set and of the same settings; results go to
benchmarks/results/crystals/, from which ``multitask_report.py`` makes tables.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import spearmanr
from sklearn.metrics import make_scorer, mean_absolute_error, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit

from skmat import CGCNNRegressor
from skmat._utils.atomic import write_atomically
from skmat.datasets import fetch_mp
from skmat.structure import StructureArrays

RESULTS = Path(__file__).parent / "results" / "crystals"
METAL = 0.025
#: The formation energy may be so much worse than alone.
MOST_COST = 1.03
#: Share of the crystals that a split trains on; the others are to choose by and to test on.
TRAINED_ON = 0.6


@dataclass(frozen=True)
class Properties:
    """What is learned together.

    Attributes
    ----------
    targets : tuple of str
        Properties of the Materials Project.
    version : str
        Version of its labels.
    weights : tuple of tuples
        Weights of the properties that are tried, the paper having tried those from 1 to 7.
    further : tuple of str
        Properties, of 2020, that are known of further crystals. Where `version` is another, they
        are tasks of their own, after `targets`.
    """

    targets: tuple[str, ...]
    version: str
    weights: tuple[tuple[int, ...], ...]
    further: tuple[str, ...] = ()

    @property
    def columns(self):
        """All tasks of the networks that learn together."""
        if self.version == FURTHER_VERSION:
            return self.targets
        return (*self.targets, *(f"{name} {FURTHER_VERSION}" for name in self.further))

    def grid(self, weights):
        """Return what is searched: these weights, or ours and such as are learned."""
        if weights:
            return [{"loss_weights": [list(each) for each in weights]}]
        fixed = [list(each) for each in self.weights]
        return [{"loss_weights": fixed}, {"loss_weighting": ["uncertainty"]}]


FURTHER_VERSION = "2020"
SETS = {
    "gap": Properties(("e_form", "gap"), "2020", ((7, 1), (3, 1), (1, 1), (1, 3), (1, 7))),
    "fermi": Properties(("e_form", "gap", "efermi"), "2024", ((1, 1, 1), (3, 1, 1), (3, 3, 1))),
    "scarce-gap": Properties(
        ("e_form", "gap"), "2020", ((30, 1), (15, 1), (7, 1), (3, 1), (1, 1)), further=("e_form",)
    ),
    "scarce-fermi": Properties(
        ("e_form", "gap", "efermi"), "2024",
        ((1, 1, 1, 1, 1), (1, 1, 3, 1, 1), (3, 1, 3, 1, 1)), further=("e_form", "gap"),
    ),
}  # fmt: skip


class Data(NamedTuple):
    """Crystals of which all properties are known, and further ones of other compositions.

    Labels have a column per task of the set, NaN where one is not known; equal `groups` are one
    composition.
    """

    X: StructureArrays
    y: np.ndarray
    groups: np.ndarray
    further_X: StructureArrays
    further_y: np.ndarray


def load(properties, arguments):
    """Return what the set is about."""
    data = fetch_mp(targets=list(properties.targets), version=properties.version)
    everything = np.ones(len(data.data), dtype=bool)
    X, labels = drawn(data, arguments.n, arguments.max_atoms, everything, arguments.draw)
    y = np.full((len(X), len(properties.columns)), np.nan)
    y[:, : len(properties.targets)] = labels
    if not properties.further:
        return Data(X, y, X.group_ids(), X[:0], y[:0])
    data = fetch_mp(targets=list(properties.further), version=FURTHER_VERSION)
    groups = StructureArrays.concatenate([X, data.data]).group_ids()
    is_new = ~np.isin(groups[len(X) :], groups[: len(X)])
    further_X, labels = drawn(data, arguments.n_further, arguments.max_atoms, is_new)
    further_y = np.full((len(further_X), y.shape[1]), np.nan)
    names = properties.further
    if properties.version != FURTHER_VERSION:
        names = [f"{name} {FURTHER_VERSION}" for name in names]
    further_y[:, [properties.columns.index(name) for name in names]] = labels
    return Data(X, y, X.group_ids(), further_X, further_y)


def drawn(data, n, max_atoms, allowed, draw=0):
    """Return `n` small crystals with all labels, none of earlier draws, and these."""
    kept = np.isfinite(data.target).all(axis=1) & (data.data.n_atoms <= max_atoms) & allowed
    left = np.flatnonzero(kept)
    for seed in range(draw + 1):
        rows = np.sort(np.random.default_rng(seed).choice(left, min(n, len(left)), replace=False))
        left = np.setdiff1d(left, rows)
    return data.data.take(rows), data.target[rows]


def split(groups, seed, arguments):
    """Return rows to train on (60 %), to choose by and to test on (20 % each)."""
    everything = np.arange(len(groups))
    outer = GroupShuffleSplit(1, test_size=0.2, random_state=arguments.test_seed)
    rest, test = next(outer.split(everything, groups=groups))
    inner = GroupShuffleSplit(1, test_size=0.25, random_state=seed)
    training, validation = next(inner.split(rest, groups=groups[rest]))
    return rest[training], rest[validation], test


def model(seed, epochs, arguments, weighting=None):
    return CGCNNRegressor(
        pretrained=None, preset=arguments.preset, max_epochs=epochs,
        batch_size=arguments.batch_size, n_task_layers=arguments.task_layers, random_state=seed,
        memory=str(arguments.folder / "graphs"), **(weighting or {}),
    )  # fmt: skip


def with_further(data, rows, columns, arguments):
    """Return crystals and labels to train on, and for how many epochs.

    To the crystals of `rows` come the further ones that have a label in `columns`.
    """
    X, y = data.X.take(rows), data.y[rows][:, columns]
    taken = np.isfinite(data.further_y[:, columns]).any(axis=1)
    if not taken.any():
        return X, y, arguments.max_epochs
    X = StructureArrays.concatenate([X, data.further_X.take(np.flatnonzero(taken))])
    y = np.vstack([y, data.further_y[taken][:, columns]])
    return X, y, arguments.further_epochs


def measure(data, seed, kind, weighting, fraction, arguments):
    """Fit one network, or read what was found before."""
    path = arguments.folder / f"{kind}-{fraction:g}-{seed}.json"
    if path.exists():
        return json.loads(path.read_text())
    properties = SETS[arguments.set]
    targets = properties.targets
    training, _, test = split(data.groups, seed, arguments)
    rows = np.random.default_rng(seed).permutation(training)[: round(fraction * len(data.X))]
    columns = list(range(len(properties.columns))) if kind == TOGETHER else [targets.index(kind)]
    X, y, epochs = with_further(data, rows, columns, arguments)
    fitted = model(seed, epochs, arguments, weighting if kind == TOGETHER else None)
    predicted = fitted.fit(X, y).predict(data.X.take(test)).reshape(len(test), -1)
    found = {"kind": kind, "fraction": fraction, "seed": seed, "n_training": len(X)}
    for place, column in enumerate(columns[: len(targets)]):
        truth, guess = data.y[test, column], predicted[:, place]
        found[f"{targets[column]} MAE"] = mean_absolute_error(truth, guess)
        if targets[column] == "e_form":
            found["e_form Spearman"] = float(spearmanr(truth, guess).statistic)
        elif targets[column] == "gap":
            found["metal ROC-AUC"] = roc_auc_score(truth < METAL, -guess)
    write_atomically(path, json.dumps(found).encode())
    return found


def errors_in(column):
    """Return a scorer: minus the error of one property."""

    def score(truth, guess):
        return -mean_absolute_error(np.reshape(truth, (len(truth), -1))[:, column],
                                    np.reshape(guess, (len(guess), -1))[:, column])  # fmt: skip

    return make_scorer(score)


def splits(data, rest, n_rows, arguments):
    """Return for each seed searched where its crystals stand: to train on, to choose by.

    `rest` are all but the tests'; after them come the further ones, up to `n_rows` in all, on
    which every split trains.
    """
    further = np.arange(len(rest), n_rows)
    found = []
    for seed in arguments.search_seeds:
        training, validation, _ = split(data.groups, seed, arguments)
        found.append(
            (np.r_[np.searchsorted(rest, training), further], np.searchsorted(rest, validation))
        )
    return found


def search(data, arguments):
    """Return errors on the validation crystals of some seeds, and the best weighting.

    Without such seeds nothing is searched: the one weighting given is taken.
    """
    if not arguments.search_seeds:
        (fixed,) = arguments.weights
        return {"seeds": [], "best": {"loss_weights": list(fixed)}, "alone": {}, "ratios": []}
    path = arguments.folder / "weighting.json"
    if path.exists():
        return json.loads(path.read_text())
    properties = SETS[arguments.set]
    targets = properties.targets
    rest = np.sort(np.concatenate(split(data.groups, 0, arguments)[:2]))

    def tried(columns, grid, n_jobs):
        X, y, epochs = with_further(data, rest, columns, arguments)
        judged = [(place, column) for place, column in enumerate(columns) if column < len(targets)]
        found = GridSearchCV(
            model(0, epochs, arguments), grid,
            scoring={targets[column]: errors_in(place) for place, column in judged},
            cv=splits(data, rest, len(X), arguments),
            refit=False, n_jobs=n_jobs, error_score="raise",
        ).fit(X, y).cv_results_  # fmt: skip
        errors = [-found[f"mean_test_{targets[column]}"] for _, column in judged]
        return found["params"], np.transpose(errors)

    singles = Parallel(arguments.n_jobs)(
        delayed(tried)([column], {}, 1) for column in range(len(targets))
    )
    alone = [errors[0, 0] for _, errors in singles]
    everything = list(range(len(properties.columns)))
    weightings, errors = tried(everything, properties.grid(arguments.weights), arguments.n_jobs)
    ratios = errors / alone
    kept, others = ratios[:, 0], np.log(ratios[:, 1:]).mean(axis=1)
    allowed = kept <= MOST_COST
    best = int(np.where(allowed, others, np.inf).argmin() if allowed.any() else kept.argmin())
    content = {
        "seeds": arguments.search_seeds,
        "best": weightings[best],
        "alone": dict(zip(targets, alone, strict=True)),
        "ratios": [
            [weighting, dict(zip(targets, row, strict=True))]
            for weighting, row in zip(weightings, ratios.tolist(), strict=True)
        ],
    }
    write_atomically(path, json.dumps(content).encode())
    return content


def check_settings(arguments):
    """Refuse a folder with the fits of other settings."""
    names = ["set", "weights", "search_seeds", "preset", "task_layers", "n", "max_atoms"]
    names += ["max_epochs", "batch_size", "draw", "test_seed"]
    names += ["n_further", "further_epochs"] if SETS[arguments.set].further else []
    settings = json.dumps({name: getattr(arguments, name) for name in names})
    path = arguments.folder / "settings.json"
    if path.exists() and path.read_text() != settings:
        raise SystemExit(f"{arguments.folder} holds fits of {path.read_text()}; take another.")
    write_atomically(path, settings.encode())


def weights(text):
    """Read weights of the properties, such as 7:1."""
    return tuple(int(part) for part in text.split(":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--set", choices=SETS, default="gap")
    parser.add_argument("--name", help="of the results, that of the set unless given")
    parser.add_argument("--weights", type=weights, nargs="+", help="to try, such as 7:1")
    parser.add_argument("--preset", default="base")
    parser.add_argument("--task-layers", type=int, default=0, help="of each property's own")
    parser.add_argument("--n", type=int, default=2000, help="crystals")
    parser.add_argument("--max-atoms", type=int, default=12)
    parser.add_argument("--n-further", type=int, default=8000, help="crystals, in the scarce sets")
    parser.add_argument("--further-epochs", type=int, default=40, help="of networks that see them")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2, 3, 4],
                        help="none: search alone")  # fmt: skip
    parser.add_argument("--search-seeds", type=int, nargs="*", default=[0],
                        help="none: the one weighting given, tests alone")  # fmt: skip
    parser.add_argument("--draw", type=int, default=0, help="of crystals, the earlier left out")
    parser.add_argument("--test-seed", type=int, default=0, help="by which tests are set apart")
    parser.add_argument("--fractions", type=float, nargs="+", default=[TRAINED_ON])
    parser.add_argument("--max-epochs", type=int, default=150)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--together-only", type=float, nargs="*", default=[], help="fractions")
    parser.add_argument("--n-jobs", type=int, default=2)
    arguments = parser.parse_args()
    if not arguments.search_seeds and len(arguments.weights or ()) != 1:
        parser.error("without --search-seeds, --weights takes one weighting, such as 7:1")
    if max(arguments.fractions + arguments.together_only) > TRAINED_ON:
        parser.error(f"of the crystals, {TRAINED_ON:.0%} are there to train on")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    check_settings(arguments)
    RESULTS.mkdir(parents=True, exist_ok=True)
    properties = SETS[arguments.set]
    data = load(properties, arguments)
    best = search(data, arguments)
    kinds = (*properties.targets, TOGETHER)
    jobs = [(s, k, f) for f in arguments.fractions for s in arguments.seeds for k in kinds]
    jobs += [(s, TOGETHER, f) for f in arguments.together_only for s in arguments.seeds]
    rows = Parallel(arguments.n_jobs)(
        delayed(measure)(data, s, k, best["best"], f, arguments) for s, k, f in dict.fromkeys(jobs)
    )
    content = {
        "preset": arguments.preset, "task_layers": arguments.task_layers, "n": len(data.X),
        "draw": arguments.draw, "test_seed": arguments.test_seed,
        "targets": properties.targets, "version": properties.version,
        "further": properties.further, "n_further": len(data.further_X),
        "further_epochs": arguments.further_epochs,
        "max_atoms": arguments.max_atoms, "max_epochs": arguments.max_epochs,
        "batch_size": arguments.batch_size, "search": best,
        "correlation": np.corrcoef(data.y[:, : len(properties.targets)].T).round(3).tolist(),
        "fits": rows,
    }  # fmt: skip
    path = RESULTS / f"multitask-{arguments.name or arguments.set}.json"
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


TOGETHER = "together"


if __name__ == "__main__":
    main()
