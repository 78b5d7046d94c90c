"""Runs the cells of a study that are missing, and keeps each result as soon as it is there."""

import json
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


def grid(**axes):
    """Return a cell for each combination of the values of the axes."""
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


@dataclass(frozen=True)
class Study:
    """Cells, and how each is measured. The results are one file, ``NAME.json``.

    Attributes
    ----------
    name : str
        The module that declares the study. A module with several studies adds "/" and a word.
    cells : list of dict
        What is measured, by axis: model, task, split, seed, size. All have the same axes.
    measure : callable
        ``measure(cell, settings, work)`` returns the figures of a cell: a dict, or a list of them.
    settings : dict
        What all cells share, as data for JSON. Results of other settings are not mixed with these.
    prepare : callable, optional
        ``prepare(cells, settings, work, jobs)`` makes what several cells need.
    facts : callable, optional
        ``facts(settings)`` returns what else the file says about the data.
    """

    name: str
    cells: list[dict]
    measure: Callable
    settings: dict = field(default_factory=dict)
    prepare: Callable | None = None
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
        content = header | {"rows": [row for key in self._order(found) for row in found[key]]}
        _write_json(results / f"{self.name}.json", content)

    def _order(self, found):
        declared = [self.key(cell) for cell in self.cells]
        return [key for key in dict.fromkeys([*declared, *found]) if key in found]


@dataclass(frozen=True)
class MatbenchStudy(Study):
    """A study whose cells are a "model", "task" and "fold", measured as a ``FoldResult``.

    The results are a folder with one file per model.
    """

    def read(self, results):
        paths = {cell["model"]: self._path(results, cell["model"]) for cell in self.cells}
        found = {
            (model, fold.task.removeprefix("matbench_"), fold.fold): [fold]
            for model, path in paths.items()
            if path.exists()
            for fold in MatbenchResults.load(path).folds
        }
        return {}, found

    def write(self, results, header, found):
        by_model = {}
        for model, task, fold in self._order(found):
            by_model.setdefault(model, []).extend(found[model, task, fold])
        for model, folds in by_model.items():
            path = self._path(results, model)
            path.parent.mkdir(parents=True, exist_ok=True)
            MatbenchResults(model, folds).save_scores(path)

    def _path(self, results, model):
        return results / self.name / f"{model}.json"


def missing(study, results=RESULTS, only=None):
    """Return the cells without a result, of those that have the values in `only`."""
    _, found = study.read(results)
    chosen = [
        cell
        for cell in study.cells
        if all(str(cell.get(axis)) in values for axis, values in (only or {}).items())
    ]
    return [cell for cell in chosen if study.key(cell) not in found]


def run(study, results=RESULTS, work=WORK, *, jobs=1, only=None, say=print):
    """Measure the missing cells, `jobs` at a time."""
    cells = missing(study, results, only)
    if not cells:
        return
    header, found = study.read(results)
    work.mkdir(parents=True, exist_ok=True)
    if study.prepare:
        study.prepare(cells, study.settings, work, jobs)
    header = study.facts(study.settings) | header
    fits = (delayed(_measured)(study.measure, cell, study.settings, work) for cell in cells)
    # This process alone writes.
    done = Parallel(jobs, return_as="generator_unordered")(fits)
    for n, (cell, rows) in enumerate(done, 1):
        found[study.key(cell)] = rows
        study.write(results, header, found)
        say(f"[{n}/{len(cells)}] {study.name}: {describe(cell)}")


def describe(cell):
    return ", ".join(f"{axis} {value}" for axis, value in cell.items())


def _measured(measure, cell, settings, work):
    figures = measure(cell, settings, work)
    if isinstance(figures, dict):
        figures = [figures]
    return cell, [cell | each if isinstance(each, dict) else each for each in figures]


def _joined(held, declared, where):
    """Return the settings that are held and those that are declared, if they do not differ."""
    joined = dict(held)
    for name, value in declared.items():
        if isinstance(value, dict) and isinstance(held.get(name), dict):
            joined[name] = _joined(held[name], value, where)
        elif held.get(name, value) != value:
            raise SystemExit(
                f"{where} holds results of {name} = {held[name]}; the study declares {value}."
                " Move the file away, or name another folder by --out."
            )
        else:
            joined[name] = value
    return joined


def _write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())
