import json
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from common.commands import ALL_DIGITS, fails, run
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import skmat
from skmat import (
    MagpieFeaturizer,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostEncoder,
    RoostRegressor,
    list_pretrained,
)
from skmat.cli.families import family_names
from skmat.estimators import FAMILIES
from skmat.pretrained import BEST, load_checkpoint

TABLE = """id,formula,gap,density,class
a,TiO2,3.2,4.2,oxide
b,NaCl,8.5,,halide
c,NaN,,1.5,other
d,Fe2O3,2.1,5.2,oxide
e,GaAs,1.4,5.3,
f,KCl,8.7,2.0,halide
"""

FAST = ["--size", "tiny", "--max-epochs", "2", "--quiet", "--device", "cpu"]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Model files of every kind, as the command line writes them."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "data.csv").write_text(TABLE)
    common = ("train", folder / "data.csv", *FAST)
    assert run(*common, "--targets", "gap,density", "--model", folder / "two.joblib") == 0
    robust = ("--targets", "gap", "--loss", "robust_l1", "--model", folder / "robust.joblib")
    assert run(*common, *robust) == 0
    classes = ("--targets", "class", "--classification", "--model", folder / "classes.joblib")
    assert run(*common, *classes) == 0
    encoder = MTEncoder(preset="tiny", max_epochs=1, random_state=0).fit(["TiO2", "NaCl"])
    encoder.save_pretrained(folder / "encoder")
    joblib.dump(encoder, folder / "encoder.joblib")
    return folder


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_:
        run("--version")
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"skmat {skmat.__version__}\n"


@pytest.mark.parametrize("command", [[], ["train"], ["embed"]])
def test_help_in_a_new_process_imports_no_torch(command):
    code = (
        "import sys\nfrom skmat.cli.main import main\n"
        f"try:\n    main([*{command}, '--help'])\n"
        "finally:\n    print({'torch', 'sklearn', 'pymatgen', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    assert "load only those that you trust" in " ".join(done.stdout.split())
    assert done.stdout.endswith("set()\n")


def test_python_m_skmat():
    done = subprocess.run(
        [sys.executable, "-m", "skmat", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout == f"skmat {skmat.__version__}\n"


def test_families_are_those_of_the_estimators():
    assert set(family_names()) == set(FAMILIES)


@pytest.mark.parametrize(
    ("option", "choice"), [("size", "base"), ("loss", "robust_l1"), ("trainable", "last")]
)
def test_the_estimator_lists_its_choices(data, tmp_path, capsys, option, choice):
    model = tmp_path / "m.joblib"
    error = fails(
        capsys, "train", data, "--targets", "gap", "--model", model, f"--{option}", "other"
    )
    assert option in error
    assert "MTEncoderRegressor" in error
    assert f"'{choice}'" in error
    assert not model.exists()


def test_models_lists_what_is_shipped(capsys):
    assert run("models") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line.split() for line in lines if " MB " in line]
    assert [row[row[0] == "*"] for row in rows] == list_pretrained()
    assert {row[1] for row in rows if row[0] == "*"} == set(BEST.values())
    assert "  roost-ssl                  formula    1.3 MB  formulas (394,734)" in lines
    assert run("models", "--json") == 0
    table = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in table] == list_pretrained()
    assert table[-1]["input"] == "formula"


def test_models_prints_the_card_of_one(capsys):
    assert run("models", "roost-ssl") == 0
    assert capsys.readouterr().out.startswith(
        "ModelCard of roost-ssl\n  Description    Roost that"
    )
    assert run("models", "roost-ssl", "--json") == 0
    card = load_checkpoint("roost-ssl").card
    assert json.loads(capsys.readouterr().out) == card.to_dict()
    assert run("models", "roost-sll") == 2
    assert "neither a shipped encoder (alignn-mp-mpt," in capsys.readouterr().err


def test_train_reports_and_writes_a_fitted_estimator(data, tmp_path, capsys):
    model = tmp_path / "model.joblib"
    assert run("train", data, "--targets", "gap, density", "--model", model, *FAST) == 0
    assert "6 rows: gap (5 labels), density (5 labels)" in capsys.readouterr().out
    loaded = joblib.load(model)
    assert isinstance(loaded, MTEncoderRegressor)
    assert loaded.target_names_ == ["gap", "density"]


def test_train_equals_the_estimator(models):
    expected = MTEncoderRegressor(preset="tiny", max_epochs=2, random_state=0, device="cpu")
    table = pd.read_csv(models / "data.csv", keep_default_na=False, na_values=[""])
    expected.fit(table["formula"], table[["gap", "density"]])
    loaded = joblib.load(models / "two.joblib")
    np.testing.assert_array_equal(loaded.predict(["ZnO"]), expected.predict(["ZnO"]))


def test_train_from_a_checkpoint(models, data, tmp_path):
    model = tmp_path / "model.joblib"
    start = ("--pretrained", models / "encoder", "--trainable", "head")
    assert run("train", data, "--targets", "gap", "--model", model, *start, *FAST) == 0
    np.testing.assert_array_equal(
        joblib.load(model).transform(["ZnO"]),
        joblib.load(models / "encoder.joblib").transform(["ZnO"]),
    )


def test_train_and_embed_of_another_family(data, tmp_path):
    encoder = RoostEncoder(preset="tiny", max_epochs=1, random_state=0).fit(["TiO2", "NaCl"])
    folder = encoder.save_pretrained(tmp_path / "roost")
    for options in (["--family", "roost"], ["--pretrained", folder]):
        model = tmp_path / "model.joblib"
        assert run("train", data, "--targets", "gap", "--model", model, *options, *FAST) == 0
        assert isinstance(joblib.load(model), RoostRegressor)
    vectors = tmp_path / "vectors.npy"
    assert run("embed", data, "--pretrained", folder, "--output", vectors) == 0
    assert np.load(vectors).shape == (6, 64)


def test_train_from_nothing(data, tmp_path):
    model = tmp_path / "model.joblib"
    arguments = ("--targets", "gap", "--model", model, *FAST[2:], "--pretrained", "none")
    assert run("train", data, *arguments) == 0
    assert joblib.load(model).model_card_ is None


def test_train_classes(models, data, tmp_path):
    result = tmp_path / "out.csv"
    assert isinstance(joblib.load(models / "classes.joblib"), MTEncoderClassifier)
    assert run("predict", data, "--model", models / "classes.joblib", "--output", result) == 0
    assert set(pd.read_csv(result)["class_predicted"]) <= {"oxide", "halide", "other"}


def test_predict_keeps_the_columns_and_every_digit_if_told(models, data, tmp_path):
    result = tmp_path / "out.csv"
    predict = ("predict", data, "--model", models / "two.joblib", "--output", result)
    assert run(*predict, *ALL_DIGITS) == 0
    table = pd.read_csv(result, keep_default_na=False, float_precision="round_trip")
    assert list(table) == [
        *["id", "formula", "gap", "density", "class"],
        *["gap_predicted", "density_predicted"],
    ]
    assert table["formula"].tolist() == ["TiO2", "NaCl", "NaN", "Fe2O3", "GaAs", "KCl"]
    expected = joblib.load(models / "two.joblib").predict(table["formula"].tolist())
    np.testing.assert_array_equal(table[["gap_predicted", "density_predicted"]], expected)

    assert run(*predict) == 0
    rounded = pd.read_csv(result, keep_default_na=False, float_precision="round_trip")
    short = [[float(f"{each:.4g}") for each in row] for row in expected]
    assert rounded[["gap_predicted", "density_predicted"]].to_numpy().tolist() == short
    assert run(*predict, "--digits", "2") == 0
    assert f",{expected[0, 0]:.2g}," in result.read_text().splitlines()[1]


@pytest.mark.parametrize("digits", ["0", "18", "-1", "some"])
def test_digits_that_cannot_be_meant(models, capsys, digits):
    with pytest.raises(SystemExit):
        run("predict", "--model", models / "two.joblib", "--formulas", "TiO2", "--digits", digits)
    assert "--digits" in capsys.readouterr().err


def test_predict_formulas_to_standard_output(models, capsys):
    assert run("predict", "--model", models / "two.joblib", "--formulas", "TiO2", "NaN") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "formula,gap_predicted,density_predicted"
    assert [line.split(",")[0] for line in lines[1:]] == ["TiO2", "NaN"]


def test_predict_std(models, capsys):
    arguments = ("predict", "--formulas", "TiO2", "--std", "--model")
    assert run(*arguments, models / "robust.joblib") == 0
    assert capsys.readouterr().out.startswith("formula,gap_predicted,gap_std\n")
    assert run(*arguments, models / "two.joblib") == 2
    assert "n_estimators > 1" in capsys.readouterr().err
    assert run(*arguments, models / "classes.joblib") == 2
    assert "--std is for regressors" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["two", "classes"])
def test_predict_leaves_invalid_rows_empty_if_told(models, model, capsys):
    file = models / f"{model}.joblib"
    formulas = ("--formulas", "TiO2", "Xx2")
    assert run("predict", "--model", file, *formulas, "--on-invalid", "nan") == 0
    said = capsys.readouterr()
    first, second = said.out.splitlines()[1:]
    assert not first.endswith(",")
    assert second.strip(",") == "Xx2"
    assert "warning: 1 of 2 rows cannot be read, and their results are empty: rows" in said.err
    error = fails(capsys, "predict", "--model", file, *formulas)
    assert "row 2, formula: 'Xx2'" in error
    assert "header" not in error


def test_embed_csv_and_npy(models, data, tmp_path, capsys):
    expected = joblib.load(models / "encoder.joblib").transform(["TiO2", "NaN"])
    arguments = ("embed", "--formulas", "TiO2", "NaN", "--pretrained", models / "encoder")
    assert run(*arguments, "--output", tmp_path / "out.npy") == 0
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)
    assert run(*arguments, "--output", tmp_path / "out.csv") == 0
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False, dtype={"formula": str})
    np.testing.assert_array_equal(table.iloc[:, 1:].astype(np.float32), expected)
    assert run("embed", "--formulas", "TiO2") == 0  # by the default encoder
    assert len(capsys.readouterr().out.splitlines()[-1].split(",")) == 257
    assert run("embed", data, "--model", models / "two.joblib") == 0
    assert len(capsys.readouterr().out.splitlines()) >= 7


class TestErrors:
    def train(self, capsys, data, tmp_path, targets="gap", *more):
        model = ("--model", tmp_path / "model.joblib")
        error = fails(capsys, "train", data, "--targets", targets, *model, *FAST, *more)
        assert not (tmp_path / "model.joblib").exists()
        return error

    def test_missing_file(self, capsys, tmp_path):
        assert "does not exist" in self.train(capsys, tmp_path / "none.csv", tmp_path)

    def test_missing_columns(self, capsys, data, tmp_path):
        error = self.train(capsys, data, tmp_path, "gap,mass,colour")
        assert "no column 'mass', 'colour'. Its columns are 'id', 'formula', 'gap'" in error
        error = self.train(capsys, data, tmp_path, "gap", "--formula-column", "composition")
        assert "no column 'composition'" in error

    @pytest.mark.parametrize("targets", [",", "gap,gap"])
    def test_no_distinct_targets(self, capsys, data, tmp_path, targets):
        assert "must name distinct columns" in self.train(capsys, data, tmp_path, targets)

    def test_every_bad_formula_is_listed(self, capsys, tmp_path):
        data = tmp_path / "data.csv"
        rows = [f"Xx{i},{i}" for i in range(1, 15)]
        data.write_text("\n".join(["formula,gap", "TiO2,1", *rows, ",2"]))
        error = self.train(capsys, data, tmp_path)
        assert "15 cells cannot be read as formulas" in error
        for row in range(2, 16):
            assert f"row {row}, formula: 'Xx{row - 1}'" in error
        assert "row 16, formula: empty" in error

    def test_every_bad_number_is_listed(self, capsys, tmp_path):
        data = tmp_path / "data.csv"
        data.write_text("formula,a,b\nTiO2,1,x\nNaCl,??,2\nKCl,,inf\nZnO,nan,1\n")
        error = self.train(capsys, data, tmp_path, "a,b")
        assert "3 cells cannot be read as numbers" in error
        assert "row 1, b: 'x'" in error
        assert "row 2, a: '??'" in error
        assert "row 3, b: 'inf'" in error

    @pytest.mark.parametrize("text", ["", "formula,gap\n"])
    def test_empty_file(self, capsys, tmp_path, text):
        data = tmp_path / "data.csv"
        data.write_text(text)
        error = self.train(capsys, data, tmp_path)
        assert "no rows below its header" in error or "is empty" in error

    def test_a_target_without_labels(self, capsys, tmp_path):
        data = tmp_path / "data.csv"
        data.write_text("formula,gap\nTiO2,\nNaCl,\n")
        assert "no label at all" in self.train(capsys, data, tmp_path)

    def test_classification_has_no_loss(self, capsys, data, tmp_path):
        error = self.train(capsys, data, tmp_path, "class", "--classification", "--loss", "l1")
        assert "--loss is for regression" in error

    def test_unknown_checkpoint(self, capsys, data, tmp_path):
        error = self.train(capsys, data, tmp_path, "gap", "--pretrained", "no-such")
        assert "neither a shipped encoder" in error

    def test_unwritable_output_is_found_before_the_work(self, capsys, data, tmp_path):
        error = fails(capsys, "train", data, "--targets", "gap", "--model", tmp_path / "a" / "b")
        assert "does not exist. Create it first" in error
        error = fails(capsys, "train", data, "--targets", "gap", "--model", tmp_path)
        assert "is a folder" in error

    def test_not_a_positive_number(self, capsys, data):
        with pytest.raises(SystemExit) as exit_:
            run("train", data, "--targets", "gap", "--model", "m", "--max-epochs", "0")
        assert exit_.value.code == 2
        assert "0 is not positive" in capsys.readouterr().err

    def test_an_unknown_option_names_the_nearest(self, capsys):
        with pytest.raises(SystemExit) as exit_:
            run("predict", "--formulas", "TiO2", "--model", "m", "--probs")
        assert exit_.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith("usage: skmat predict")
        assert "unrecognized arguments: --probs. The nearest is '--proba'." in said

    def test_wrong_model_files(self, capsys, tmp_path):
        formulas = ("predict", "--formulas", "TiO2", "--model")
        assert "does not exist" in fails(capsys, *formulas, tmp_path / "none.joblib")
        (tmp_path / "text.joblib").write_text("formula,gap\n")
        assert "not a readable joblib" in fails(capsys, *formulas, tmp_path / "text.joblib")
        joblib.dump(Ridge(), tmp_path / "ridge.joblib")
        assert "holds a Ridge" in fails(capsys, *formulas, tmp_path / "ridge.joblib")
        joblib.dump(MTEncoderRegressor(), tmp_path / "new.joblib")
        assert "not fitted" in fails(capsys, *formulas, tmp_path / "new.joblib")

    def test_cut_model_file(self, capsys, models, tmp_path):
        whole = (models / "two.joblib").read_bytes()
        (tmp_path / "cut.joblib").write_bytes(whole[: len(whole) // 2])
        error = fails(capsys, "predict", "--formulas", "TiO2", "--model", tmp_path / "cut.joblib")
        assert "not a readable joblib" in error

    def test_an_encoder_does_not_predict(self, capsys, models):
        file = models / "encoder.joblib"
        assert "Use `skmat embed`" in fails(
            capsys, "predict", "--formulas", "TiO2", "--model", file
        )

    def test_either_a_file_or_formulas(self, capsys, models, data):
        model = ("--model", models / "two.joblib")
        assert "Give one of these: a table, --form" in fails(capsys, "predict", *model)
        both = fails(capsys, "predict", data, *model, "--formulas", "TiO2")
        assert "Give one of these: a table" in both

    def test_invalid_formulas(self, capsys, models):
        model = ("--model", models / "two.joblib")
        error = fails(capsys, "predict", *model, "--formulas", "TiO2", "Xx2", "Qq")
        assert "row 2, formula: 'Xx2'" in error
        assert "row 3, formula: 'Qq'" in error

    def test_a_column_that_exists(self, capsys, models, tmp_path):
        data = tmp_path / "data.csv"
        data.write_text("formula,gap_predicted\nTiO2,1\n")
        error = fails(capsys, "predict", data, "--model", models / "two.joblib")
        assert "already has a column 'gap_predicted'" in error


def test_benchmark_of_a_baseline_and_of_a_file(made_up_tasks, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ("benchmark", "matbench", "--tasks", "steels", "--estimator")
    assert run(*command, "dummy", "--save", tmp_path / "results.json.gz") == 0
    output = capsys.readouterr()
    assert "matbench_steels" in output.out
    assert "MPa" in output.out
    assert output.err.count("done)") == 5
    assert (tmp_path / "results.json.gz").stat().st_size > 0
    assert len(list(Path("matbench-results", "dummy").glob("*_fold*.json"))) == 5
    # The same command finds its folds.
    assert run(*command, "dummy") == 0
    assert capsys.readouterr().err.count("found)") == 5

    joblib.dump(make_pipeline(MagpieFeaturizer(), Ridge()), "ridge.joblib")
    assert (
        run(*command, "ridge.joblib", "--folds", "0,3", "--quiet", "--results-dir", "other") == 0
    )
    output = capsys.readouterr()
    assert output.err == ""
    assert len(list(Path("other").glob("*_fold*.json"))) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--estimator", "oracle"], "neither a baseline (dummy, magpie-forest"),
        (["--estimator", "dummy", "--tasks", "steal"], "Unknown Matbench task 'steal'"),
        (["--estimator", "dummy", "--folds", "one"], "--folds must be numbers"),
        (["--estimator", "data.csv"], "not a readable joblib file"),
    ],
)
def test_benchmark_errors(data, arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(data.parent)
    assert run("benchmark", "matbench", *arguments) == 2
    assert message in capsys.readouterr().err
