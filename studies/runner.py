"""Runs the cells of a study that are missing, and keeps each result as soon as it is there."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from joblib import Parallel, delayed

from skmat._utils.atomic import write_atomically
from skmat.benchmark import MatbenchResults

RESULTS = Path(__file__).resolve().parent / "results"
#: Weights and graphs that studies make on the way; not in the repository.
WORK = RESULTS.parent / "work"


def read_plan(name):
    """Return the data of a study's declaration, ``NAME.toml``."""
    path = RESULTS.parent / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def grid(**axes):
    """Return a cell for each combination of the values of the axes."""
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


@dataclass(frozen=True)
class Study:
    """Cells, and how each is measured. The results are one file, ``NAME.json``."""

    name: str
    #: What is measured, by axis: model, task, split, seed, size. All have the same axes.
    cells: list[dict]
    #: ``measure(cell, settings, work)`` returns the figures of a cell: a dict, or a list of them.
    measure: Callable
    #: What all cells share, as data for JSON. Results of other settings are not mixed with these.
    settings: dict = field(default_factory=dict)
    #: ``prepare(cells, settings, work, jobs)`` makes what several cells need.
    prepare: Callable = lambda cells, settings, work, jobs: None
    #: ``facts(settings)`` returns what else the file says about the data.
    facts: Callable = lambda settings: {}

    def key(self, row):
        return tuple(row[axis] for axis in self.cells[0])

    def read(self, results):
        """Return the header of the file and, by cell, its rows."""
        path = results / f"{self.name}.json"
        header = json.loads(path.read_text()) if path.exists() else {"rows": []}
        found = {}
        for row in header.pop("rows"):
            found.setdefault(self.key(row), []).append(row)
        return _joined(header, json.loads(json.dumps(self.settings)), path), found

    def write(self, results, header, found):
        keys = dict.fromkeys([*map(self.key, self.cells), *found])
        rows = [row for key in keys for row in found.get(key, [])]
        path = results / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(header | {"rows": rows}, indent=1) + "\n"
        write_atomically(path, content.encode())

    def measured(self, cell, work):
        """Return a cell and its rows."""
        figures = self.measure(cell, self.settings, work)
        figures = [figures] if isinstance(figures, dict) else figures
        return cell, [cell | each if isinstance(each, dict) else each for each in figures]


class MatbenchStudy(Study):
    """A study whose cells are a "model", "task" and "fold", measured as a ``FoldResult``.

    The results are a folder with one file per model.
    """

    def read(self, results):
        found = {}
        for model in {cell["model"] for cell in self.cells}:
            path = results / self.name / f"{model}.json"
            for fold in MatbenchResults.load(path).folds if path.exists() else []:
                found[model, fold.task.removeprefix("matbench_"), fold.fold] = [fold]
        return {}, found

    def write(self, results, header, found):
        (results / self.name).mkdir(parents=True, exist_ok=True)
        for name in {model for model, _, _ in found}:
            folds = [fold for key, (fold,) in found.items() if key[0] == name]
            MatbenchResults(name, folds).save_scores(results / self.name / f"{name}.json")


def missing(study, results=RESULTS, only=None):
    """Return the cells without a result, of those that have the values in `only`."""
    _, found = study.read(results)
    return [
        cell
        for cell in study.cells
        if study.key(cell) not in found
        and all(str(cell.get(axis)) in values for axis, values in (only or {}).items())
    ]


def run(study, results=RESULTS, work=WORK, *, jobs=1, only=None, say=print):
    """Measure the missing cells, `jobs` at a time."""
    cells = missing(study, results, only)
    if not cells:
        return
    header, found = study.read(results)
    work.mkdir(parents=True, exist_ok=True)
    study.prepare(cells, study.settings, work, jobs)
    header = study.facts(study.settings) | header
    fits = (delayed(study.measured)(cell, work) for cell in cells)
    # This process alone writes.
    done = Parallel(jobs, return_as="generator_unordered")(fits)
    for n, (cell, rows) in enumerate(done, 1):
        found[study.key(cell)] = rows
        study.write(results, header, found)
        say(f"[{n}/{len(cells)}] {study.name}: {describe(cell)}")


def describe(cell):
    return ", ".join(f"{axis} {value}" for axis, value in cell.items())


def _joined(held, declared, where):
    """Return the settings that are held and those that are declared, if they do not differ."""
    joined = dict(held)
    for name, value in declared.items():
        known = joined.setdefault(name, value)
        if isinstance(value, dict) and isinstance(known, dict):
            joined[name] = _joined(known, value, where)
        elif known != value:
            raise SystemExit(
                f"{where} holds results of {name} = {known}; the study declares {value}."
                " Move the file away, or name another folder by --out."
            )
    return joined
