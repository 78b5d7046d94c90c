import os
import signal
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest

from skmat.cli.result_files import (
    ARRAY_SUFFIXES,
    TABLE_SUFFIXES,
    check_fits,
    check_model,
    check_no_input,
    check_output,
    write_arrays,
    write_table,
)
from skmat.cli.table_files import read_rows
from skmat.cli.tables import Table
from skmat.exceptions import InvalidInputError

FRAME = pd.DataFrame(
    {
        "id": ["007", "1.10", None],
        "n": ["1", "20", None],
        "gap": ["3.2", None, "8.5"],
        "formula": ["=A1", "NaN", ' "x",;\t|\n'],
        "predicted": [0.1 + 0.2, 1e-300, np.nan],
        "vector": np.array([0.1, 3, -1e-9], dtype=np.float32),
        "class": np.array(["metal", None, "#N/A"], dtype=object),
    }
)

SUFFIXES = [*TABLE_SUFFIXES, ".csv.bz2", ".tsv.xz", ".CSV"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_again(suffix, tmp_path):
    path = tmp_path / f"results{suffix}"
    write_table(FRAME, path)
    rows = read_rows(path, list(FRAME))
    assert rows.header == list(FRAME)
    for position, name in enumerate(FRAME):
        cells = [row[position] or None for row in rows.cells]
        expected = [None if pd.isna(cell) else cell for cell in FRAME[name]]
        if FRAME[name].dtype.kind == "f":
            # Every digit; and a 32-bit number is read as itself.
            numbers = [None if cell is None else FRAME[name].dtype.type(cell) for cell in cells]
            assert numbers == expected
        else:
            assert cells == expected
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", [each for each in SUFFIXES if each != ".xlsx"])
def test_the_same_table_is_the_same_file(suffix, tmp_path):
    path = tmp_path / f"results{suffix}"
    write_table(FRAME, path)
    content = path.read_bytes()
    write_table(FRAME, path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_numbers_are_numbers(suffix, tmp_path):
    path = tmp_path / f"results{suffix}"
    write_table(FRAME, path)
    if suffix == ".xlsx":
        table = pd.read_excel(path, dtype={"id": str})
    else:
        table = pd.read_parquet(path)
    assert table["gap"].tolist()[::2] == [3.2, 8.5]
    assert table["n"].tolist()[:2] == [1, 20]
    assert table["predicted"].tolist()[:2] == [0.1 + 0.2, 1e-300]
    assert table["id"].tolist()[:2] == ["007", "1.10"]


def test_what_begins_with_an_equals_sign_is_no_formula_in_excel(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    write_table(FRAME, tmp_path / "a.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert sheet["D2"].data_type == "s"


def test_arrays(tmp_path):
    vectors = np.arange(6, dtype=np.float32).reshape(2, 3)
    write_arrays(tmp_path / "a.npy", vectors, names=["x"])
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), vectors)
    write_arrays(tmp_path / "a.npz", vectors, names=np.array(["x"]))
    loaded = np.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(loaded["vectors"], vectors)
    assert loaded["names"].tolist() == ["x"]


@pytest.mark.parametrize(
    "name", ["a", "a.txt", "a.pkl", "a.npy", "a.json", "a.csv.zip", "a.xls", "a.xlsx.gz", "a.gz"]
)
def test_kinds_that_are_not_written(name, tmp_path):
    with pytest.raises(InvalidInputError, match=r"must be one of \.csv, .*\.xlsx, \.parquet"):
        check_output(tmp_path / name, TABLE_SUFFIXES)


def test_places_that_can_be_written_to(tmp_path):
    for suffix in SUFFIXES:
        check_output(tmp_path / f"a{suffix}", TABLE_SUFFIXES)
    check_output(tmp_path / "a.npz", (*TABLE_SUFFIXES, *ARRAY_SUFFIXES))
    check_output("/dev/null", TABLE_SUFFIXES)
    assert os.listdir(tmp_path) == []


def test_places_that_cannot(tmp_path, monkeypatch):
    (tmp_path / "folder.csv").mkdir()
    for path, fault in {
        "folder.csv": "is a folder",
        "none/a.csv": "does not exist",
        f"{'x' * 300}.csv": "too long",
    }.items():
        with pytest.raises((InvalidInputError, OSError), match=fault):
            check_output(tmp_path / path, TABLE_SUFFIXES)
    (tmp_path / "a.csv").write_text("x")
    # root may write anywhere: what others may is made up.
    for denied in (tmp_path, tmp_path / "a.csv"):
        access = os.access
        monkeypatch.setattr(
            os, "access", lambda path, mode, denied=denied: str(path) != str(denied)
        )
        for check in (check_model, lambda path: check_output(path, TABLE_SUFFIXES)):
            with pytest.raises(InvalidInputError, match=r"a\.csv cannot be written: it"):
                check(tmp_path / "a.csv")
        monkeypatch.setattr(os, "access", access)


def test_inputs_are_not_replaced_by_whatever_name(tmp_path):
    data = tmp_path / "data.csv"
    data.write_text("formula\n")
    (tmp_path / "link.csv").symlink_to(data)
    os.link(data, tmp_path / "other.csv")
    for name in ("data.csv", "link.csv", "other.csv", "../" + tmp_path.name + "/data.csv"):
        with pytest.raises(InvalidInputError, match="is an input of this command"):
            check_output(tmp_path / name, TABLE_SUFFIXES, [data])
    check_no_input(tmp_path / "new.csv", [data, "x" * 300, "a\0b", tmp_path / "none"])
    with pytest.raises(InvalidInputError, match="is an input"):
        check_no_input(tmp_path / "none", [tmp_path / "none"])


@pytest.mark.parametrize("compress", [0, 3, "gzip", "bz2", "xz"])
def test_models_are_not_replaced_by_other_files(compress, tmp_path):
    path = tmp_path / "model.csv"
    joblib.dump({"a": np.arange(1000.0)}, path, compress=compress)
    with pytest.raises(InvalidInputError, match="holds a model"):
        check_output(path, TABLE_SUFFIXES)
    path.rename(tmp_path / "model")
    check_model(tmp_path / "model")


def test_other_files_are_not_replaced_by_models(tmp_path):
    for name, content in {
        "model": b"formula,gap\n",
        "model.joblib": b"x^2,y\n1,2\n",
        "m.pkl": b"\x89PNG",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInputError, match="exists and is not a model"):
            check_model(tmp_path / name)
    for name in ("new.csv", "new.xlsx", "new.npy", "new.csv.gz", "new.CSV"):
        with pytest.raises(InvalidInputError, match="has the suffix of another kind of file"):
            check_model(tmp_path / name)
    (tmp_path / "empty").touch()
    for name in ("empty", "new", "new.joblib", "new.pkl"):
        check_model(tmp_path / name)


def test_limits_of_excel_and_parquet(tmp_path):
    def table(**columns):
        return Table(pd.DataFrame(columns, dtype=object))

    check_fits(tmp_path / "a.xlsx", table(a=["x" * 32767, np.nan]), ["b"])
    for cells, names, fault in [
        (table(a=["ok", "x" * 32768]), ["b"], "row 2, column 'a'"),
        (table(a=["ok\x0b"]), ["b"], "row 1, column 'a'"),
        (table(a=["ok"]), ["b"] * 16384, "at most .* 16,384 columns"),
    ]:
        with pytest.raises(InvalidInputError, match=fault) as raised:
            check_fits(tmp_path / "a.xlsx", cells, names)
        assert "Write a.csv instead." in str(raised.value)
        check_fits(tmp_path / "a.csv", cells, names)
    twice = Table(pd.DataFrame([["1", "2"]], columns=["x", "x"]))
    with pytest.raises(InvalidInputError, match="but these repeat: 'x'"):
        check_fits(tmp_path / "a.parquet", twice, ["y"])
    check_fits(tmp_path / "a.xlsx", twice, ["y"])


# Writes the file of the first argument in a process whose files can hold so many bytes.
LIMITED = """
import resource, sys
import numpy as np, pandas as pd
from skmat.cli.model_files import save_model
from skmat.cli.result_files import write_arrays, write_table
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
path, values = sys.argv[1], np.random.default_rng(0).normal(size=(5000, 4))
try:
    if path.endswith(".joblib"):
        save_model(values, path)
    elif path.endswith((".npy", ".npz")):
        write_arrays(path, values)
    else:
        write_table(pd.DataFrame(values, columns=list("abcd")), path)
except OSError as error:
    print(error.filename)
"""


@pytest.mark.parametrize(
    "name", ["m.joblib", "a.csv", "a.csv.gz", "a.xlsx", "a.parquet", "a.npy", "a.npz"]
)
def test_a_full_disk_leaves_the_old_file(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"{path}\n", "")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [name]


KILLED = """
import os, sys
from skmat.cli.model_files import save_model
class Last:
    def __reduce__(self):
        os.kill(os.getpid(), 9)
save_model([b"x" * 10_000_000, Last()], sys.argv[1])
"""


def test_a_writer_that_is_killed_leaves_the_old_model(tmp_path):
    path = tmp_path / "m.joblib"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    check_output(tmp_path / "b.csv", TABLE_SUFFIXES)
