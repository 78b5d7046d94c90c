"""The runner of studies, on a study of two models and twenty rows."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STUDIES = Path(__file__).parents[2] / "studies"
TOY = """
import os
import signal
from pathlib import Path

import numpy as np
from runner import Study, grid
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

MODELS = {"line": LinearRegression(), "mean": DummyRegressor()}


def measure(cell, settings, work):
    log = work / "log.txt"
    cells = log.read_text().splitlines() if log.exists() else []
    if os.environ.get("KILLED_AFTER") == str(len(cells)):
        os.kill(os.getpid(), signal.SIGKILL)
    with log.open("a") as stream:
        stream.write(f"{cell['model']} {cell['seed']}\\n")
    X = np.random.default_rng(cell["seed"]).normal(size=(20, 2))
    y = X.sum(axis=1)
    model = MODELS[cell["model"]].fit(X[:10], y[:10])
    return {"error": float(abs(model.predict(X[10:]) - y[10:]).mean())}


STUDIES = [Study("toy", grid(model=MODELS, seed=range(2)), measure, {"n": 20, "by": {"line": 1}})]
"""


def run_script(name, *arguments, **environment):
    return subprocess.run(
        [sys.executable, STUDIES / name, *map(str, arguments)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def runner(monkeypatch):
    monkeypatch.syspath_prepend(STUDIES)
    import runner

    return runner


class Toy:
    """A folder with the study, and what a run of it does."""

    def __init__(self, folder, runner):
        self.folder, self.runner = folder, runner
        self.results = folder / "toy.json"
        (folder / "toy.py").write_text(TOY)
        spec = importlib.util.spec_from_file_location("toy", folder / "toy.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        (self.study,) = module.STUDIES

    def run(self, **only):
        self.runner.run(self.study, self.folder, self.folder / "work", only=only, say=str)

    def run_script(self, *arguments, killed_after=""):
        folders = ("--out", self.folder, "--work", self.folder / "work")
        path = f"{self.folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        killed_after = str(killed_after)
        return run_script(
            "run.py", "toy", *folders, *arguments, PYTHONPATH=path, KILLED_AFTER=killed_after
        )

    @property
    def rows(self):
        return json.loads(self.results.read_text())["rows"]

    @property
    def log(self):
        return (self.folder / "work" / "log.txt").read_text().splitlines()


@pytest.fixture
def toy(tmp_path, runner):
    return Toy(tmp_path, runner)


@pytest.fixture
def whole(tmp_path_factory, runner):
    """Another folder in which everything was run at once."""
    toy = Toy(tmp_path_factory.mktemp("whole"), runner)
    toy.run()
    return toy


def test_a_run_measures_the_missing_cells_alone(toy):
    toy.run()
    content, errors = toy.results.read_bytes(), [row["error"] for row in toy.rows]
    assert toy.log == ["line 0", "line 1", "mean 0", "mean 1"]
    assert max(errors[:2]) < 1e-9 < min(errors[2:])
    toy.run()
    assert len(toy.log) == 4
    held = json.loads(content)
    del held["rows"][1]
    toy.results.write_text(json.dumps(held))
    toy.run()
    assert toy.log[4:] == ["line 1"]
    assert toy.results.read_bytes() == content


def test_a_killed_run_goes_on_and_gives_the_same(toy, whole):
    assert toy.run_script(killed_after=2).returncode < 0
    assert len(toy.rows) == 2
    toy.run()
    assert toy.log == whole.log
    assert toy.results.read_bytes() == whole.results.read_bytes()


def test_two_cells_at_a_time_give_the_same(toy, whole):
    assert toy.run_script("--jobs", 2).returncode == 0
    assert toy.results.read_bytes() == whole.results.read_bytes()


def test_cells_are_listed_and_chosen(toy):
    listed = toy.run_script("--dry-run", "--only", "model=line").stdout
    assert listed == "toy: 2 of 4 cells to run\n  model line, seed 0\n  model line, seed 1\n"
    assert not toy.results.exists()
    toy.run_script("--only", "model=line", "seed=1")
    assert toy.log == ["line 1"]


def test_results_of_other_settings_are_not_mixed_with_these(toy):
    toy.run(seed=["0"])
    held = json.loads(toy.results.read_text())
    toy.results.write_text(json.dumps(held | {"by": {"mean": 2}, "note": "kept"}))
    toy.run(model=["line"])
    kept = json.loads(toy.results.read_text())
    assert (kept["by"], kept["note"]) == ({"mean": 2, "line": 1}, "kept")
    toy.results.write_text(json.dumps(held | {"by": {"line": 2}}))
    with pytest.raises(SystemExit, match="results of line = 2; the study declares 1"):
        toy.run()


def test_a_study_of_matbench_has_a_file_per_model(runner, tmp_path):
    from skmat.benchmark import MatbenchResults
    from skmat.benchmark._fold_result import FoldResult

    def measure(cell, settings, work):
        made.append(cell)
        scores = {"mae": float(cell["fold"])}
        task, seconds = f"matbench_{cell['task']}", 1.0
        return [FoldResult(task, cell["fold"], 8, 2, scores, {}, 0, seconds, seconds, 1.0, {})]

    made = []
    cells = runner.grid(model=["a", "b"], task=["steels"], fold=[0, 1])
    study = runner.MatbenchStudy("toy", cells, measure)
    runner.run(study, tmp_path, tmp_path / "work", only={"fold": ["0"]}, say=lambda line: None)
    assert runner.missing(study, tmp_path) == cells[1::2]
    runner.run(study, tmp_path, tmp_path / "work", say=lambda line: None)
    assert made == [*cells[::2], *cells[1::2]]
    for name in "ab":
        results = MatbenchResults.load(tmp_path / "toy" / f"{name}.json")
        assert results.name == name
        assert results.scores["mae"].tolist() == [0.0, 1.0]


#: Studies that have not been run.
PENDING = {
    "auto",
    "learning_curves/measured",
    "seeds",
    "transfer/alignn-small-15-50-200",
}


def test_the_results_of_all_studies_are_there():
    listed = run_script("run.py", "--dry-run").stdout.splitlines()
    listed = [line.split(": ") for line in listed if not line.startswith("  ")]
    assert len(listed) > 20
    incomplete = {name for name, cells in listed if not cells.startswith("0 of ")}
    assert incomplete == PENDING


def test_the_tables_are_those_of_the_results(tmp_path):
    kept = STUDIES / "results"
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    measured = ("speed", "memory")
    tables = [path.name for path in kept.glob("*.md") if not path.name.startswith(measured)]
    assert len(tables) >= 9
    for name in tables:
        (tmp_path / name).unlink()
    made = run_script("report.py", "--out", tmp_path)
    assert made.returncode == 0, made.stderr
    for name in tables:
        assert (tmp_path / name).read_text() == (kept / name).read_text(), name
