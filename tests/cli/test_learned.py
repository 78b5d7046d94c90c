"""Rows that a model has learned."""

import json
import warnings

import numpy as np
import pytest
from common.auto import BINARIES, NUMBERS, SWAPPED, regressor
from common.materials import rock_salt
from sklearn.utils import Bunch

from skmat.cli.learned import digests_of, warn_of_learned_rows


@pytest.fixture
def folder(tmp_path):
    content = {"written_by": "skmat train", "input": "formula", "material_column": "name"}
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    (tmp_path / "predictions.csv").write_text(
        "row,name,gap,learned\n1,TiO2,3.0,True\n2,NaCl,8.5,False\n3,KCl,,False\n4,LiF,x,True\n"
    )
    return tmp_path


def said(path, materials, model=None, X=None):
    """Return the warning, empty if there is none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_learned_rows(path, model, materials, materials if X is None else X)
    return "".join(str(each.message) for each in caught)


def test_equal_names_are_counted(folder):
    text = said(folder, [" TiO2", "TiO2", "NaCl", "KCl", "LiF"])
    assert text.startswith("3 of 5 rows have a material that the model has learned")


def test_of_rows_that_were_not_learned_nothing_is_said(folder, tmp_path):
    assert said(folder, ["NaCl"]) == ""
    (folder / "predictions.csv").write_text("formula\nTiO2\n")  # changed by the user
    assert said(folder, ["TiO2"]) == ""
    assert said(tmp_path / "model.joblib", ["TiO2"]) == ""


def test_an_average_knows_materials_however_they_are_written(tmp_path):
    model = regressor().fit(BINARIES, NUMBERS)
    assert said(tmp_path, [*SWAPPED[:3], "LaNi5"], model).startswith("3 of 4 rows")


def test_an_average_knows_structures_whatever_their_files_are_called(tmp_path):
    X = [rock_salt(4.2 + 0.1 * i, metal) for i, metal in enumerate(("Na", "K", "Li", "Mg", "Ca"))]
    model = regressor().fit(X, np.arange(5.0))
    given = [X[3].copy(), rock_salt(6.0, "Rb", "I"), X[1] * (2, 1, 1)]
    assert said(tmp_path, ["a.cif", "b.cif", "c.cif"], model, given).startswith("2 of 3 rows")


def cif_of(a):
    return rock_salt(a).to(fmt="cif")


def test_files_are_known_by_what_they_hold(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
    learned, test = [tmp_path / "train" / f"{i}.cif" for i in range(3)], tmp_path / "test"
    for i, path in enumerate(learned):
        path.write_text(cif_of(5.5 + 0.1 * i))
    content = {"written_by": "skmat train", "input": "structure", "material_column": "cif"}
    content["structures_learned"] = digests_of(learned)
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    (tmp_path / "predictions.csv").write_text("row,cif,gap,learned\n1,0.cif,3.0,True\n")
    (test / "0.cif").write_text(cif_of(6.0))
    (test / "renamed.cif").write_text(cif_of(5.6))
    assert said(tmp_path, [test / "0.cif", test / "missing.cif", None]) == ""
    windows = cif_of(5.5).replace("\n", "\r\n")
    given = [test / "0.cif", test / "renamed.cif", windows]
    assert said(tmp_path, given).startswith("2 of 3 rows")


def test_a_folder_that_does_not_list_its_structures_says_so(tmp_path):
    content = {"written_by": "skmat train", "input": "structure", "material_column": "cif"}
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    assert "does not list the structures" in said(tmp_path, [cif_of(5.5)])
    model = Bunch(_has_learned=lambda X: np.array([True, False]))
    assert said(tmp_path, [cif_of(5.5), cif_of(6.0)], model).startswith("1 of 2 rows")
    content["structures_learned"] = []
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    assert said(tmp_path, [cif_of(5.5)]) == ""
