"""Rows that a model of ``skmat train`` has learned."""

import json
import warnings
from types import SimpleNamespace

import pandas as pd
import pytest

from skmat.cli.learned import warn_of_learned_rows


@pytest.fixture
def folder(tmp_path):
    content = {"written_by": "skmat train", "material_column": "name"}
    (tmp_path / "metrics.json").write_text(json.dumps(content))
    (tmp_path / "predictions.csv").write_text(
        "row,name,gap,learned\n1,TiO2,3.0,True\n2,NaCl,8.5,False\n3,KCl,,False\n4,LiF,x,True\n"
    )
    return tmp_path


def said(folder, materials, labels):
    """Return the warning, empty if there is none."""
    arguments = SimpleNamespace(model=folder)
    model = SimpleNamespace(target_names_=["gap"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_learned_rows(arguments, model, materials, pd.DataFrame({"other": labels}))
    return "".join(str(each.message) for each in caught)


def test_equal_materials_with_equal_labels_are_counted(folder):
    text = said(folder, [" TiO2", "TiO2", "NaCl", "KCl", "TiO2"], [3.0, 3.1, 8.5, None, None])
    assert text.startswith("1 of 5 rows are among those that the model has learned")
    assert said(folder, ["LiF", "LiF"], ["x", "y"]).startswith("1 of 2 rows")


def test_of_rows_that_were_not_learned_nothing_is_said(folder, tmp_path):
    assert said(folder, ["TiO2", "NaCl"], [3.1, 8.5]) == ""
    (folder / "predictions.csv").write_text("formula\nTiO2\n")  # changed by the user
    assert said(folder, ["TiO2"], [3.0]) == ""
    assert said(tmp_path / "model.joblib", ["TiO2"], [3.0]) == ""
