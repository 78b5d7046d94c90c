import numpy as np
import pandas as pd
import pytest

from skmat.benchmark import MatbenchTask, overlap_report
from skmat.composition import read_compositions
from skmat.exceptions import InvalidCompositionError, InvalidInputError

CORPUS = ["TiO2", "Fe2O3", "NaCl", "Na0.5Cl0.5", "Cu"]


class Task:
    """Stands for a MatbenchTask of four materials and two folds."""

    X = np.array(["Ti2O4", "FeO", "GaAs", "ClNa"], dtype=object)
    folds = [(np.array([2, 3]), np.array([0, 1])), (np.array([0, 1]), np.array([2, 3]))]


def test_compositions_and_element_sets_are_counted_per_fold():
    report = overlap_report(CORPUS, Task())
    assert report.index.tolist() == [0, 1, "all"]
    assert report.index.name == "fold"
    assert report["n_test"].tolist() == [2, 2, 4]
    assert report["n_same_composition"].tolist() == [1, 1, 2]
    assert report["n_same_elements"].tolist() == [2, 1, 3]
    assert report["same_composition"].tolist() == [0.5, 0.5, 0.5]
    assert report["same_elements"].tolist() == [1.0, 0.5, 0.75]


def test_a_subset_of_the_elements_is_not_the_same_system():
    report = overlap_report(["BaTiO3", "O2", "Ti", "Ti3O5N"], ["TiO2"])
    assert report.loc["all", "n_same_elements"] == 0
    # More elements in either than in the other: rows of different widths are compared.
    report = overlap_report(["O2"], ["BaTiO3", "O"])
    assert report.loc["all", "n_same_elements"] == 1


def test_repeated_materials_count_each():
    report = overlap_report(["TiO2"], ["TiO2", "Ti2O4", "GaAs"])
    assert report.index.tolist() == ["all"]
    assert report.loc["all", ["n_test", "n_same_composition"]].tolist() == [3, 2]


@pytest.mark.parametrize(
    "form", [list, tuple, pd.Series, lambda x: pd.DataFrame({"formula": x}), read_compositions]
)
def test_forms_of_the_materials(form):
    expected = overlap_report(CORPUS, list(Task.X))
    report = overlap_report(form(CORPUS), form(list(Task.X)))
    pd.testing.assert_frame_equal(report, expected)


def test_structures_are_compared_by_their_compositions():
    from pymatgen.core import Lattice, Structure

    from skmat.structure import StructureArrays

    cell = Lattice.cubic(4), [[0, 0, 0], [0.5, 0.5, 0.5]]
    X = StructureArrays.from_structures(
        [Structure(cell[0], pair, cell[1]) for pair in (["Na", "Cl"], ["Fe", "O"])]
    )
    task = Task()
    task.X, task.folds = X, [(np.array([0]), np.array([1])), (np.array([1]), np.array([0]))]
    assert overlap_report(CORPUS, task)["n_same_composition"].tolist() == [0, 1, 1]
    assert overlap_report(X, ["NaCl", "TiO2"])["n_same_composition"].tolist() == [1]


def test_a_task_by_name(made_up_tasks):
    X = MatbenchTask("steels").X
    report = overlap_report(X, "steels")
    assert report.index.tolist() == [0, 1, 2, 3, 4, "all"]
    assert report["n_test"].tolist() == [63, 63, 62, 62, 62, 312]
    assert (report["same_composition"] == 1).all()
    assert (overlap_report(["Og"], "steels")["same_elements"] == 0).all()


def test_data_home_is_passed_on(tmp_path, monkeypatch):
    from skmat.benchmark import _task

    def fetch(name, *, data_home, **_):
        raise LookupError(name, data_home)

    monkeypatch.setattr(_task, "fetch_matbench", fetch)
    with pytest.raises(LookupError) as caught:
        overlap_report(CORPUS, "steels", data_home=tmp_path)
    assert caught.value.args == ("matbench_steels", tmp_path)


def test_bad_input_is_refused():
    with pytest.raises(InvalidInputError, match="Unknown Matbench task 'steal'"):
        overlap_report(CORPUS, "steal")
    with pytest.raises(InvalidInputError, match="single value 'TiO2'"):
        overlap_report("TiO2", Task())
    with pytest.raises(InvalidInputError, match="The corpus must be a sequence of formulas"):
        overlap_report([], Task())
    with pytest.raises(InvalidInputError, match="The task must be a sequence of formulas"):
        overlap_report(CORPUS, np.ones((2, 3)))
    with pytest.raises(InvalidInputError, match="The corpus is empty"):
        overlap_report(read_compositions([]), Task())
    with pytest.raises(InvalidCompositionError, match="row 1: 'Xx'"):
        overlap_report(["TiO2", "Xx"], Task())


def test_real_tasks(data_home):
    gaps = MatbenchTask("expt_gap", data_home=data_home).X
    report = overlap_report(gaps, "expt_is_metal", data_home=data_home)
    # The second set was made from the first and other sources: it shares most of its compounds.
    assert report.loc["all", "n_test"] == 4921
    assert (report["same_composition"] > 0.5).all()
    assert (report["same_elements"] >= report["same_composition"]).all()
    assert report["n_same_composition"].iloc[:5].sum() == report.loc["all", "n_same_composition"]
