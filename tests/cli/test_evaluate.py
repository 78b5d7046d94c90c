import joblib
import numpy as np
import pandas as pd
import pytest
from common.commands import fails, run
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score

from skmat import AutoRegressor, MTEncoderClassifier, MTEncoderRegressor
from skmat.benchmark import score_predictions
from skmat.cli.scores import scores_by_class

TABLE = """formula,gap,kind,two
TiO2,3.2,oxide,yes
NaCl,8.5,halide,no
Fe2O3,2.1,oxide,yes
GaAs,,arsenide,no
KCl,8.7,,yes
"""
FRAME = pd.DataFrame(
    {
        "formula": ["TiO2", "NaCl", "Fe2O3", "GaAs", "KCl"],
        "gap": [3.2, 8.5, 2.1, np.nan, 8.7],
        "kind": ["oxide", "halide", "oxide", "arsenide", None],
        "two": ["yes", "no", "yes", "no", "yes"],
    }
)
SMALL = {"preset": "tiny", "max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "data.csv").write_text(TABLE)
    X = FRAME["formula"]
    models = {
        "gap": MTEncoderRegressor(**SMALL).fit(X, FRAME[["gap"]]),
        "kind": MTEncoderClassifier(**SMALL).fit(X, FRAME[["kind"]]),
        "two": MTEncoderClassifier(**SMALL).fit(X, FRAME[["two"]]),
        "average": AutoRegressor(preset=["trees"], cv=2, random_state=0).fit(X, FRAME[["gap"]]),
    }
    for name, model in models.items():
        joblib.dump(model, folder / f"{name}.joblib")
    return folder


def scores(folder, tmp_path, name, *options):
    out = tmp_path / "scores.csv"
    command = ("evaluate", folder / f"{name}.joblib", folder / "data.csv", "-o", out)
    assert run(*command, *options) == 0
    (row,) = pd.read_csv(out, float_precision="round_trip").to_dict("records")
    return row


def test_numbers_are_scored_in_their_unit(folder, tmp_path):
    row = scores(folder, tmp_path, "gap")
    known = FRAME["gap"].notna()
    predicted = joblib.load(folder / "gap.joblib").predict(FRAME["formula"])[known.to_numpy(), 0]
    assert (row["target"], row["labels"]) == ("gap", 4)
    assert row["mae"] == mean_absolute_error(FRAME["gap"][known], predicted)
    assert row["r2"] == r2_score(FRAME["gap"][known], predicted)
    assert "coverage_90" not in row


def test_an_average_has_intervals(folder, tmp_path):
    row = scores(folder, tmp_path, "average")
    model = joblib.load(folder / "average.joblib")
    known = FRAME["gap"].notna().to_numpy()
    low, high = (each[known, 0] for each in model.predict_interval(FRAME["formula"], 0.9))
    truth = FRAME["gap"][known].to_numpy()
    assert row["coverage_90"] == np.mean((low <= truth) & (truth <= high))


def test_classes(folder, tmp_path):
    row = scores(folder, tmp_path, "kind")
    known = FRAME["kind"].notna().to_numpy()
    predicted = joblib.load(folder / "kind.joblib").predict(FRAME["formula"])[known, 0]
    assert row["labels"] == 4
    assert row["accuracy"] == accuracy_score(FRAME["kind"][known], predicted)
    assert np.isnan(row["roc_auc"])


def test_two_classes_are_scored_as_in_the_benchmark(folder, tmp_path):
    row = scores(folder, tmp_path, "two")
    model = joblib.load(folder / "two.joblib")
    truth = (FRAME["two"] == "yes").to_numpy()
    probability = np.asarray(model.predict_proba(FRAME["formula"])[0])[:, 1].astype(float)
    predicted = model.predict(FRAME["formula"])[:, 0] == "yes"
    expected = score_predictions(truth, probability, labels=predicted)
    assert row["roc_auc"] == expected["roc_auc"]
    assert row["f1"] == expected["f1"]


def test_the_screen_shows_four_digits(folder, capsys):
    assert run("evaluate", folder / "gap.joblib", folder / "data.csv") == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["target", "labels", "mae", "rmse", "r2", "max_error"]
    assert all(len(cell.strip("-0.").replace(".", "")) <= 4 for cell in row.split()[2:])


def test_other_columns_and_unknown_classes(folder, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("formula,found\nTiO2,oxide\nNaCl,fluoride\n")
    out = tmp_path / "s.csv"
    model = folder / "kind.joblib"
    assert run("evaluate", model, other, "--targets", "found", "-o", out) == 0
    (row,) = pd.read_csv(out).to_dict("records")
    assert row["target"] == "found"
    assert row["accuracy"] <= 0.5


def test_a_minus_is_a_label_if_it_is_a_class(tmp_path):
    signs = pd.DataFrame({"sign": ["+", "-"] * 2})
    MTEncoderClassifier(**SMALL).fit(FRAME["formula"][:4], signs).save_model(tmp_path / "model")
    (tmp_path / "t.csv").write_text("formula,sign\nTiO2,-\nKBr,-\n")
    out = tmp_path / "scores.csv"
    assert run("evaluate", tmp_path / "model", tmp_path / "t.csv", "-o", out) == 0
    assert pd.read_csv(out)["labels"].tolist() == [2]


def test_what_cannot_be_scored(folder, tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text("formula,gap,kind\nTiO2,,metal\nNaCl,,metal\n")
    gap, kind = folder / "gap.joblib", folder / "kind.joblib"
    assert "No row has a label of 'gap'" in fails(capsys, "evaluate", gap, table)
    error = fails(capsys, "evaluate", kind, table)
    assert "None of the labels of 'kind' is a class of the model" in error
    assert "'metal'" in error
    assert "'halide'" in error
    error = fails(capsys, "evaluate", gap, table, "--targets", "gap,kind")
    assert "--targets names 2 columns, but the model predicts 'gap'" in error
    error = fails(capsys, "evaluate", gap, table, "--targets", "kind")
    assert "row 1, kind: 'metal'" in error
    assert error.endswith(
        "The model predicts numbers. Leave cells without a label empty, and write"
        " the others as plain numbers: 3.2 or 3.2e-5.\n"
    )
    table.write_text("formula\nTiO2\n")
    assert "no column 'gap'" in fails(capsys, "evaluate", gap, table)
    assert "is an input" in fails(capsys, "evaluate", gap, folder / "data.csv", "-o", gap)


def test_one_label_and_labels_of_one_class_are_no_reason_to_warn(folder, tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text("formula,gap,two\nTiO2,3.2,yes\nNaCl,,yes\n")
    assert run("evaluate", folder / "gap.joblib", table) == 0
    assert run("evaluate", folder / "two.joblib", table) == 0
    assert capsys.readouterr().err == ""


def test_scores_of_each_class():
    truth, guess = np.array(list("aaabbc")), np.array(list("aababd"))
    found = scores_by_class(truth, guess)
    assert list(found) == ["a", "b", "c", "d"]
    expected = {"labels": 3, "recall": 2 / 3, "precision": 2 / 3, "f1": 2 / 3}
    assert found["a"] == pytest.approx(expected)
    assert found["b"] == pytest.approx({"labels": 2, "recall": 0.5, "precision": 0.5, "f1": 0.5})
    assert found["c"]["recall"] == 0
    assert np.isnan(found["c"]["precision"])
    assert np.isnan(found["d"]["recall"])
    assert found["d"]["labels"] == 0
