"""Commands on tables as people have them; what is read as what is in test_tables.py."""

import os
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from common.commands import ALL_DIGITS, fails, run
from common.materials import bcc_iron, rock_salt

from skmat import MTEncoderRegressor
from skmat.cli.table_files import read_rows

FAST = ["--size", "tiny", "--max-epochs", "1", "--quiet", "--device", "cpu"]
FAST += ["--pretrained", "none"]

FORMULAS = ["TiO2", "NaCl", "NaN", "Fe2O3", "GaAs"]
TABLE = pd.DataFrame(
    {
        "formula": FORMULAS,
        "gap, eV": [3.2, 8.5, None, 2.1, 1.4],
        "class": ["metal", "metal ", "NA", "oxide", "n/a"],
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    TABLE.to_csv(folder / "data.csv", index=False)
    target = ("--targets", '"gap, eV"', "--model", folder / "m.joblib")
    assert run("train", folder / "data.csv", *target, *FAST) == 0
    return folder


@pytest.fixture
def data(folder, tmp_path):
    """A copy of table and model, which may be spoiled."""
    for name in ("data.csv", "m.joblib"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    return tmp_path / "data.csv"


def predicted(path):
    """Return the predictions in a file of results as numbers."""
    rows = read_rows(path, [])
    place = rows.header.index("gap, eV_predicted")
    return [float(row[place]) for row in rows.cells]


def test_names_with_commas_and_several_targets(data, tmp_path, capsys):
    table = TABLE.assign(d=range(5), **{'a "b", c': range(5)})
    table.to_csv(data, index=False)
    model = ("--model", tmp_path / "new.joblib")
    names = ("--targets", ' "gap, eV" ,d', "--targets", '"a ""b"", c"')
    assert run("train", data, *names, *model, *FAST) == 0
    assert joblib.load(tmp_path / "new.joblib").target_names_ == ["gap, eV", "d", 'a "b", c']
    error = fails(capsys, "train", data, "--targets", "gap, eV", *model, *FAST)
    assert "no column 'gap', 'eV'" in error
    assert "double quotes: '\"gap, eV\"'" in error


def test_missing_class_labels(folder, tmp_path, capsys):
    model = ("--model", tmp_path / "c.joblib")
    train = ("train", folder / "data.csv", "--targets", "class", "--classification")
    assert run(*train, *model, *FAST) == 0
    said = capsys.readouterr()
    assert "class (3 labels)" in said.out
    assert "warning: " in said.err
    assert "count as missing labels: 'NA' (1), 'n/a' (1)." in said.err
    assert joblib.load(tmp_path / "c.joblib").classes_.tolist() == ["metal", "oxide"]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda path: TABLE.to_csv(path, index=False, sep=";", decimal=",")),
        ("a.txt", lambda path: TABLE.to_csv(path, index=False, sep="\t", encoding="utf-16")),
        ("a.csv", lambda path: TABLE.to_csv(path)),  # pandas' index
        ("a.xlsx", lambda path: TABLE.to_excel(path, index=False)),
        ("a.parquet", lambda path: TABLE.to_parquet(path)),
        ("a.csv.gz", lambda path: TABLE.to_csv(path, index=False)),
    ],
)
def test_every_kind_trains_the_same_model(name, write, folder, tmp_path):
    write(tmp_path / name)
    model = tmp_path / "m.joblib"
    target = ("--targets", '"gap, eV"', "--model", model)
    assert run("train", tmp_path / name, *target, *FAST) == 0
    expected = joblib.load(folder / "m.joblib").predict(FORMULAS)
    np.testing.assert_array_equal(joblib.load(model).predict(FORMULAS), expected)


def test_rows_longer_than_the_header(data, folder, tmp_path, capsys):
    data.write_text("gap,formula\n3,2,TiO2\n8,5,NaCl\n")
    model = ("--model", tmp_path / "new.joblib")
    error = fails(capsys, "train", data, "--targets", "gap", *model, *FAST)
    assert "row 1: 3 fields, field 3 is 'TiO2'" in error
    assert not (tmp_path / "new.joblib").exists()
    data.write_text("gap,formula\nr1,,TiO2\nr2,5,NaCl\n")
    predict = ("predict", data, "--model", folder / "m.joblib", "-o", tmp_path / "p.csv")
    assert run(*predict) == 0
    rows = read_rows(tmp_path / "p.csv", [])
    assert rows.header == ["", "gap", "formula", "gap, eV_predicted"]
    assert [row[:3] for row in rows.cells] == [["r1", "", "TiO2"], ["r2", "5", "NaCl"]]
    # A label that is no number beside an empty name: once a traceback.
    data.write_text("gap,formula\n,x,TiO2\nr2,y,NaCl\n")
    assert "2 of 2 rows" in fails(capsys, "train", data, "--targets", "gap", *model, *FAST)


def test_decimal_commas_are_written_as_they_are_read(folder, tmp_path, capsys):
    table = pd.DataFrame({"formula": ["TiO2", "NaCl"], "T": [500.5, 300.0]})
    table.to_csv(tmp_path / "new.csv", index=False, sep=";", decimal=",")
    predict = ("predict", tmp_path / "new.csv", "--model", folder / "m.joblib", *ALL_DIGITS)
    capsys.readouterr()
    assert run(*predict) == 0
    printed = capsys.readouterr().out
    assert run(*predict, "-o", tmp_path / "p.csv") == 0
    assert (tmp_path / "p.csv").read_text() == printed
    found = pd.read_csv(tmp_path / "p.csv", sep=";", decimal=",", float_precision="round_trip")
    assert found["T"].tolist() == [500.5, 300.0]
    expected = joblib.load(folder / "m.joblib").predict(["TiO2", "NaCl"])
    np.testing.assert_allclose(found["gap, eV_predicted"], expected)
    # Semicolons alone are no decimal commas.
    table.to_csv(tmp_path / "new.csv", index=False, sep=";")
    assert run(*predict, "-o", tmp_path / "p.csv") == 0
    assert "500.5," in (tmp_path / "p.csv").read_text()


@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.csv.gz", "p.xlsx", "p.parquet"])
def test_predictions_of_every_kind_are_equal(name, folder, tmp_path):
    predict = ("predict", folder / "data.csv", "--model", folder / "m.joblib")
    digits = ALL_DIGITS if ".csv" in name or ".tsv" in name else ()
    assert run(*predict, *digits, "--output", tmp_path / name) == 0
    expected = joblib.load(folder / "m.joblib").predict(FORMULAS)
    assert predicted(tmp_path / name) == expected.tolist()


def test_embeddings_as_npz(folder, tmp_path):
    embed = ("embed", folder / "data.csv", "--model", folder / "m.joblib")
    assert run(*embed, "-o", tmp_path / "e.npz") == 0
    loaded = np.load(tmp_path / "e.npz")
    expected = joblib.load(folder / "m.joblib").transform(FORMULAS)
    np.testing.assert_array_equal(loaded["vectors"], expected)
    assert loaded["materials"].tolist() == FORMULAS
    assert loaded["names"].shape == expected.shape[1:]


class TestNothingIsSpoiled:
    @pytest.mark.parametrize("command", ["predict", "embed"])
    @pytest.mark.parametrize("name", ["p", "p.txt", "p.pkl", "p.json"])
    def test_unknown_kinds_are_refused_before_the_work(self, command, name, data, capsys):
        # The table does not exist: the name of the output is looked at first.
        rest = ("none.csv", "--model", data.with_name("m.joblib"))
        error = fails(capsys, command, *rest, "--output", data.with_name(name))
        assert "the suffix selects the file type" in error

    def test_predictions_are_no_arrays(self, data, capsys):
        rest = (data, "--model", data.with_name("m.joblib"))
        assert "must be one of .csv" in fails(capsys, "predict", *rest, "-o", "p.npy")

    @pytest.mark.parametrize("command", ["predict", "embed"])
    def test_neither_the_model_nor_the_table(self, command, data, capsys):
        model = data.with_name("m.joblib")
        before = model.read_bytes(), data.read_bytes()
        rest = (command, data, "--model", model, "--output")
        assert "is an input of this command" in fails(capsys, *rest, model)
        assert "is an input of this command" in fails(capsys, *rest, data)
        other = data.with_name("other.csv")
        other.write_bytes(model.read_bytes())
        assert "holds a model" in fails(capsys, *rest, other)
        assert (model.read_bytes(), data.read_bytes()) == before

    def test_train_writes_over_models_alone(self, data, capsys):
        train = ("train", data, "--targets", '"gap, eV"', *FAST, "--model")
        assert "is an input of this command" in fails(capsys, *train, data)
        notes = data.with_name("notes")
        notes.write_text("important")
        assert "exists and is not a model" in fails(capsys, *train, notes)
        assert notes.read_text() == "important"
        assert "has the suffix of another kind" in fails(capsys, *train, data.with_name("new.csv"))
        assert run(*train, data.with_name("m.joblib")) == 0

    def test_crystals_that_are_read(self, tmp_path, capsys):
        # Named as results are, so that nothing else refuses them.
        for name, crystal in (("a.csv", rock_salt(5.64)), ("b.csv", bcc_iron())):
            (tmp_path / name).write_text(crystal.to(fmt="cif"))
        table = tmp_path / "data.csv"
        table.write_text("structure\na.csv\nb.csv\n")
        for source in (
            (table, "--structure-column", "structure"),
            ("--structures", tmp_path / "a.csv", tmp_path / "b.csv"),
        ):
            error = fails(capsys, "embed", *source, "-o", tmp_path / "b.csv")
            assert "b.csv is an input of this command" in error
        assert (tmp_path / "b.csv").read_text().startswith("# generated")

    def test_a_name_of_a_column_is_taken_before_the_work(self, data, capsys, monkeypatch):
        monkeypatch.setattr(MTEncoderRegressor, "predict", None)
        data.write_text('formula,"gap, eV_predicted"\nTiO2,1\n')
        error = fails(capsys, "predict", data, "--model", data.with_name("m.joblib"))
        assert "already has a column 'gap, eV_predicted'" in error

    def test_benchmark(self, made_up_tasks, data, capsys):
        benchmark = ("benchmark", "matbench", "--tasks", "steels", "--estimator", "dummy")
        for name, fault in (("r.csv", "must be one of .json"), ("m.joblib", "must be one of")):
            error = fails(capsys, *benchmark, "--save", data.with_name(name))
            assert fault in error
        model = data.with_name("m.joblib").rename(data.with_name("m.json"))
        assert "holds a model" in fails(capsys, *benchmark, "--save", model)

    def test_files_that_are_no_models_are_not_run(self, data, tmp_path, capsys):
        # Pickles of protocol 0 are text; joblib writes none.
        (tmp_path / "evil.joblib").write_bytes(b"cbuiltins\nprint\n(S'RUN'\ntR.")
        error = fails(capsys, "predict", data, "--model", tmp_path / "evil.joblib")
        assert "not a readable joblib file but of another kind" in error


def command(*arguments, **options):
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "skmat", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **options,
    )


def test_standard_output_that_is_full(folder):
    predict = ("predict", folder / "data.csv", "--model", folder / "m.joblib")
    with open("/dev/full", "w") as full:
        done = command(*predict, stdout=full)
    assert done.returncode == 2
    assert done.stderr == "skmat predict: error: standard output: No space left on device\n"
    assert done.stderr.count("\n") == 1


def test_standard_output_that_nobody_reads(folder):
    reading, writing = os.pipe()
    os.close(reading)
    done = command("predict", "--model", folder / "m.joblib", "--formulas", "H", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_error_of_the_system_names_the_file_in_one_line(folder, capsys, monkeypatch):
    predict = ("predict", folder / "data.csv", "--model", folder / "m.joblib")
    assert fails(capsys, *predict, "--output", "/dev/full") == (
        "skmat predict: error: /dev/full: No space left on device\n"
    )
    long = folder / ("x" * 300 + ".csv")
    for place in (("--output", long), ("--formula-column", "x", "-o", long)):
        error = fails(capsys, *predict, *place)
        assert error == f"skmat predict: error: {long}: File name too long\n"


def test_warnings_are_lines_without_code(folder, capsys, monkeypatch):
    def warn(*_, **__):
        warnings.warn("two\n  lines", FutureWarning, stacklevel=1)
        return np.zeros((1, 1))

    monkeypatch.setattr(MTEncoderRegressor, "predict", warn)
    shown = warnings.showwarning
    assert run("predict", "--model", folder / "m.joblib", "--formulas", "H") == 0
    assert capsys.readouterr().err == "skmat predict: warning: two lines\n"
    assert warnings.showwarning is shown


@pytest.mark.parametrize("name", ["predict", "embed", "train"])
def test_help_names_kinds_and_dangers(name, capsys):
    with pytest.raises(SystemExit):
        run(name, "--help")
    text = " ".join(capsys.readouterr().out.split())
    assert ".xlsx" in text
    assert "can execute any code when loaded" in text
