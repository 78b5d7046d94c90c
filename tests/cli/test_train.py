"""``skmat train`` and ``skmat predict`` with the average of the best models."""

import joblib
import numpy as np
import pandas as pd
import pytest
from common.commands import ALL_DIGITS, fails, run
from common.materials import FORMULAS, many

from skmat import AutoClassifier, AutoRegressor, MTEncoderRegressor
from skmat.auto import _base

GAPS = [3.2, 2.1, 8.5, 0.0, 1.4, 3.3, 7.8, 3.6, 9.0, 0.2]
FIRST = ["--preset", "fast", "--time-limit", "999", "--quiet", "--device", "cpu"]


@pytest.fixture(scope="module", autouse=True)
def _one_candidate():
    """Let presets be one candidate: these tests need no more."""
    with pytest.MonkeyPatch.context() as patch:
        make = _base.make_candidates
        patch.setattr(_base, "make_candidates", lambda *args, **kwargs: make(*args, **kwargs)[:1])
        yield


def frame():
    """Return twenty rows: the gap depends on the temperature, and four labels are missing."""
    table = pd.DataFrame({"formula": FORMULAS * 2, "T": [300] * 10 + [900] * 10})
    table["gap"] = [
        gap + (0 if T == 300 else 5) for gap, T in zip(GAPS * 2, table["T"], strict=True)
    ]
    table["density"] = np.linspace(2, 8, 20)
    table.loc[3:6, "density"] = np.nan
    table["kind"] = np.where(np.array(GAPS * 2) > 1, "insulator", "metal")
    return table


@pytest.fixture(scope="module")
def folder(_one_candidate, tmp_path_factory):
    """Tables, and models as the command line writes them."""
    folder = tmp_path_factory.mktemp("models")
    data = folder / "data.csv"
    frame().to_csv(data, index=False)
    train = ("train", data, *FIRST, "--targets")
    assert run(*train, "gap,density", "--model", folder / "two.joblib") == 0
    assert run(*train, "gap", "--columns", "T", "--model", folder / "hot.joblib") == 0
    classes = ("--classification", "--decision", "balanced_accuracy")
    assert run(*train, "kind", *classes, "--model", folder / "kind.joblib") == 0
    return folder


def test_the_default_is_the_average(folder):
    two, kind = (joblib.load(folder / f"{name}.joblib") for name in ("two", "kind"))
    assert isinstance(two, AutoRegressor)
    assert (two.preset, two.time_limit, two.random_state) == ("fast", 999, 0)
    assert two.target_names_ == ["gap", "density"]
    assert isinstance(kind, AutoClassifier)
    assert kind.decision == "balanced_accuracy"
    assert AutoRegressor().preset == "medium"


def test_train_says_whether_the_model_is_any_good(folder, tmp_path, capsys):
    model = tmp_path / "m.joblib"
    arguments = ("--targets", "gap,density", "--model", model)
    assert run("train", folder / "data.csv", *FIRST, *arguments) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Out-of-fold mean absolute error ± standard error, in the unit")
    labels, oof = frame()[["gap", "density"]], joblib.load(model).oof_predictions_
    for place, name in enumerate(labels):
        error = (labels[name] - oof[:, place]).abs().mean()
        guess = (labels[name] - labels[name].median()).abs().mean()
        assert said[1 + place].startswith(f"  {name}: {error:.4g} ± ")
        assert f" the median of the labels: {guess:.4g}" in said[1 + place]
    assert said[3].startswith("Models that have not seen a row predict it.")
    assert any(line.startswith("Best candidates, by out-of-fold mean abs") for line in said)
    assert any(line.split()[:2] == ["gap", "svm"] for line in said)
    assert said[-1].endswith(f"20 rows: gap (20 labels), density (16 labels). Wrote {model}.")


def test_options_of_a_network_train_one(folder, tmp_path, capsys):
    model = tmp_path / "m.joblib"
    train = ("train", folder / "data.csv", "--targets", "gap", "--model", model)
    network = ("--pretrained", "none", "--size", "tiny", "--max-epochs", "1", "--quiet")
    assert run(*train, *network) == 0
    assert isinstance(joblib.load(model), MTEncoderRegressor)
    assert "Out-of-fold" not in capsys.readouterr().out
    error = fails(capsys, *train, "--size", "tiny", "--time-limit", "9")
    assert "--time-limit is for the average of all models, and --size for one network" in error
    error = fails(capsys, *train, "--decision", "f1")
    assert "--decision is for classes, but the labels are numbers" in error
    for name in ("interval", "novelty"):
        option = (f"--{name}", *["0.9"] * (name == "interval"))
        error = fails(capsys, "predict", folder / "data.csv", "--model", model, *option)
        assert f"--{name} is for averages of models" in error
        assert "MTEncoderRegressor" in error


def test_further_columns_are_learned_and_asked_for(folder, tmp_path, capsys):
    model, out = folder / "hot.joblib", tmp_path / "out.csv"
    assert run("predict", *ALL_DIGITS, folder / "data.csv", "--model", model, "--output", out) == 0
    table, fitted = frame(), joblib.load(model)
    found = pd.read_csv(out, float_precision="round_trip")["gap_predicted"]
    np.testing.assert_array_equal(found, fitted.predict(table[["formula", "T"]]))
    # The material column may have another name.
    renamed = tmp_path / "renamed.csv"
    table.rename(columns={"formula": "x"})[["T", "x"]].to_csv(renamed, index=False)
    column = ("--formula-column", "x")
    assert run("predict", *ALL_DIGITS, renamed, *column, "--model", model, "--output", out) == 0
    again = pd.read_csv(out, float_precision="round_trip")["gap_predicted"]
    np.testing.assert_array_equal(again, found)
    assert "also reads the columns 'T'. Give a table" in fails(
        capsys, "predict", "--formulas", "TiO2", "--model", model
    )
    table[["formula"]].to_csv(renamed, index=False)
    assert "no column 'T'" in fails(capsys, "predict", renamed, "--model", model)


@pytest.mark.parametrize("name", ["two", "kind"])
def test_a_folder_of_save_model_predicts_too(folder, name, tmp_path, capsys):
    saved = joblib.load(folder / f"{name}.joblib").save_model(tmp_path / "model")
    for path in (folder / f"{name}.joblib", saved):
        assert (
            run("predict", *ALL_DIGITS, "--formulas", "TiO2", "Cu", "--model", path, "--novelty")
            == 0
        )
    first, second = np.split(np.array(capsys.readouterr().out.splitlines()), 2)
    np.testing.assert_array_equal(first, second)
    (tmp_path / "empty").mkdir()
    fails(capsys, "predict", "--formulas", "Cu", "--model", tmp_path / "empty")


def test_a_network_learns_further_columns_too(folder, tmp_path):
    model, out = tmp_path / "m.joblib", tmp_path / "out.csv"
    train = ("train", folder / "data.csv", "--targets", "gap", "--columns", "T", "--model", model)
    assert run(*train, "--size", "tiny", "--max-epochs", "2", "--quiet") == 0
    fitted = joblib.load(model)
    assert isinstance(fitted, MTEncoderRegressor)
    data = tmp_path / "data.csv"
    table = frame()[["T", "formula"]].rename(columns={"formula": "x"})
    table.to_csv(data, index=False)
    column = ("--formula-column", "x")
    assert run("predict", *ALL_DIGITS, data, *column, "--model", model, "--output", out) == 0
    found = pd.read_csv(out, float_precision="round_trip")["gap_predicted"]
    expected = fitted.predict(frame()[["formula", "T"]])
    assert expected.shape == (20,)
    np.testing.assert_array_equal(found, expected)
    assert abs(found[:10].to_numpy() - found[10:].to_numpy()).min() > 0


def test_further_columns_are_numbers_and_no_labels(folder, tmp_path, capsys):
    data = tmp_path / "data.csv"
    table = frame().astype({"T": object})
    table.loc[1, "T"] = "300 K"
    table.to_csv(data, index=False)
    train = ("train", data, *FIRST, "--targets", "gap", "--model", tmp_path / "m.joblib")
    error = fails(capsys, *train, "--columns", "T")
    assert "row 2, T: '300 K'" in error
    assert "Further columns hold plain numbers" in error
    table.assign(gap="?").to_csv(data, index=False)
    error = fails(capsys, *train, "--columns", "T")
    assert "row 1, gap: '?'" in error
    assert "row 2, T: '300 K'" in error
    error = fails(capsys, *train, "--columns", "gap")
    assert "--columns names 'gap', which holds the labels" in error
    error = fails(capsys, *train, "--columns", "formula")
    assert "holds the materials" in error
    error = fails(capsys, *train, "--columns", "T,T")
    assert "--columns must name distinct columns" in error


def test_labels_and_further_columns_have_one_decimal_mark(folder, tmp_path, capsys):
    data = tmp_path / "data.csv"
    train = ("train", data, *FIRST, "--targets", "gap", "--columns", "T")
    for T, gap, bad in (("1.200", "3,0", "T: '1.200'"), ("1,5", "3.0", "gap: '3.0'")):
        data.write_text(f"formula;T;gap\nTiO2;300;3\nSnO2;{T};{gap}\n")
        for command in (
            (*train, "--model", tmp_path / "m.joblib"),
            ("evaluate", folder / "hot.joblib", data),
        ):
            assert run(*command) == 2
            error = capsys.readouterr().err
            assert f"row 2, {bad}: a decimal point, but other cells have decimal comm" in error
            assert "Write all numbers with the same decimal mark" in error


@pytest.mark.parametrize("kind", ["average", "network"])
def test_rows_whose_further_columns_cannot_be_read(folder, kind, tmp_path, capsys):
    model, data, out = folder / "hot.joblib", tmp_path / "data.csv", tmp_path / "out.csv"
    if kind == "network":
        network = MTEncoderRegressor(preset="tiny", pretrained=None, max_epochs=1, random_state=0)
        network.fit(frame()[["formula", "T"]], frame()[["gap"]])
        model = network.save_model(tmp_path / "model")
    data.write_text("formula,T,gap\nTiO2,300,3.2\nTiO2,300 K,99\nTiO2,inf,99\nMgO,300,7\n")
    error = fails(capsys, "predict", data, "--model", model)
    assert "row 2, T: '300 K'" in error
    assert error.endswith("With --on-invalid nan, such rows have no results.\n")
    assert "--on-invalid" not in fails(capsys, "explain", model, data)
    nan = ("--on-invalid", "nan", "-o", out)
    assert run("predict", data, "--model", model, *nan) == 0
    assert pd.read_csv(out)["gap_predicted"].isna().tolist() == [False, True, True, False]
    assert run("evaluate", model, data, *nan) == 0
    assert pd.read_csv(out)["labels"].tolist() == [2]


ENDS = ("predicted", "std", "low", "high")


def test_std_and_intervals(folder, capsys):
    formulas = ("--formulas", "TiO2", "KBr")
    arguments = ("predict", *ALL_DIGITS, *formulas, "--model", folder / "two.joblib", "--std")
    assert run(*arguments, "--interval", "0.8", "--novelty") == 0
    header, *rows = capsys.readouterr().out.splitlines()
    names = header.split(",")[1:]
    assert names == [
        *(f"{name}_{end}" for name in ("gap", "density") for end in ENDS),
        "novelty_percent",
    ]
    values = np.array([row.split(",")[1:] for row in rows], dtype=float)
    model, X = joblib.load(folder / "two.joblib"), ["TiO2", "KBr"]
    expected = [*model.predict(X, return_std=True), *model.predict_interval(X, coverage=0.8)]
    by_target = [each[:, place] for place in range(2) for each in expected]
    np.testing.assert_array_equal(values[:, :-1], np.stack(by_target, axis=1))
    np.testing.assert_array_equal(values[:, -1], model.novelty(X))


def test_probabilities(folder, capsys):
    arguments = ("predict", "--formulas", "TiO2", "Cu", "--model", folder / "kind.joblib")
    assert run(*arguments, *ALL_DIGITS, "--proba") == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == ("formula,kind_predicted,kind_probability_insulator,kind_probability_metal")
    values = np.array([row.split(",")[2:] for row in rows], dtype=float)
    expected = joblib.load(folder / "kind.joblib").predict_proba(["TiO2", "Cu"])
    np.testing.assert_array_equal(values, expected)
    assert "Use --proba" in fails(capsys, *arguments, "--interval", "0.9")
    regressor = ("predict", "--formulas", "TiO2", "--model", folder / "two.joblib")
    assert "--proba is for classifiers" in fails(capsys, *regressor, "--proba")


@pytest.mark.parametrize("name", ["two", "kind"])
def test_rows_that_cannot_be_read_are_left_empty_if_told(folder, name, capsys):
    more = {"two": ("--std", "--interval", "0.9"), "kind": ("--proba",)}[name]
    model = ("--model", folder / f"{name}.joblib", *more, "--novelty")
    formulas = ("predict", "--formulas", "TiO2", "Xx2", *model)
    assert "row 2, formula: 'Xx2'" in fails(capsys, *formulas)
    assert run(*formulas, "--on-invalid", "nan") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[2].strip(",") == "Xx2"
    assert "1 of 2 rows cannot be read" in said.err


def test_unlike_materials_are_warned_of_once(folder, capsys):
    formulas = ("predict", "--formulas", "UPu2Np3", "Xe")
    assert run(*formulas, "--model", folder / "two.joblib", "--interval", "0.9") == 0
    assert capsys.readouterr().err.count("unlike the training set") == 1


@pytest.mark.parametrize("coverage", ["0", "1", "90"])
def test_a_coverage_is_a_probability(folder, coverage, capsys):
    with pytest.raises(SystemExit):
        run("predict", *ALL_DIGITS, "--formulas", "Cu", "--model", "m", "--interval", coverage)
    assert f"{coverage} is not between 0 and 1" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_time_limit_is_positive(folder, seconds, capsys):
    with pytest.raises(SystemExit):
        run("train", "d", "--targets", "a", "--model", "m", f"--time-limit={seconds}")
    assert f"{seconds} is not a positive number of seconds" in capsys.readouterr().err


def test_an_average_does_not_embed(folder, capsys):
    error = fails(capsys, "embed", "--formulas", "Cu", "--model", folder / "two.joblib")
    assert "predicts but does not embed" in error


def test_structures_with_a_further_column(tmp_path, capsys):
    texts = [each.to(fmt="cif") for each in many(8)]
    table = pd.DataFrame({"cif": texts, "P": np.arange(8.0), "y": np.arange(8.0) ** 2})
    data, model, out = tmp_path / "data.csv", tmp_path / "m.joblib", tmp_path / "out.csv"
    table.to_csv(data, index=False)
    column = ("--structure-column", "cif")
    train = ("train", data, *column, *FIRST, "--targets", "y", "--columns", "P")
    assert run(*train, "--model", model) == 0
    assert joblib.load(model).input_ == "structure"
    assert run("predict", *ALL_DIGITS, data, *column, "--model", model, "--output", out) == 0
    assert pd.read_csv(out)["y_predicted"].notna().all()
    error = fails(capsys, "predict", "--formulas", "TiO2", "--model", model)
    assert "reads structures, not formulas" in error
