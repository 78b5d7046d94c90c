"""Files of tables; what delimited text holds is in test_tables.py."""

import bz2
import datetime
import gzip
import io
import lzma
import pickle
import subprocess
import sys
import zipfile

import openpyxl
import pandas as pd
import pytest

from skmat.cli.table_files import engine, read_rows, suffix_of
from skmat.exceptions import InvalidInputError

TEXT = b"formula,gap\nTiO2,3.2\nNaCl,\n"
CELLS = [["TiO2", "3.2"], ["NaCl", None]]


def write(folder, content, name="data.csv"):
    path = folder / name
    path.write_bytes(content)
    return path


def workbook(*sheets):
    """Return the bytes of an .xlsx file of sheets, which are lists of rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"S{number}")
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def archive(**files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return stream.getvalue()


def without_empty(rows):
    return [[cell or None for cell in row] for row in rows.cells]


@pytest.mark.parametrize(
    "content",
    [gzip.compress(TEXT), bz2.compress(TEXT), lzma.compress(TEXT), archive(data=TEXT)],
    ids=["gzip", "bzip2", "xz", "zip"],
)
def test_compressed_text(content, tmp_path):
    for name in ("data.csv.gz", "data.csv"):  # whatever it is called
        assert without_empty(read_rows(write(tmp_path, content, name), ["gap"])) == CELLS
    for cut in (content[:-9], content[:12]):
        with pytest.raises(
            InvalidInputError, match=r"data\.csv is (compressed and d|an arch|not)"
        ):
            read_rows(write(tmp_path, cut), ["gap"])


class TestXlsx:
    def read(self, folder, *sheets, name="data.xlsx"):
        return read_rows(write(folder, workbook(*sheets), name), ["formula"])

    def test_cells_become_text(self, tmp_path):
        date = datetime.datetime(2024, 2, 2)
        rows = self.read(
            tmp_path,
            [
                ["formula", "y"],
                ["TiO2", 3.2],
                ["NaCl", 8],
                ["NaN", None],
                [date, True],
                [" A ", "x"],
            ],
        )
        assert rows.header == ["formula", "y"]
        assert rows.cells == [
            ["TiO2", "3.2"],
            ["NaCl", "8"],
            ["NaN", None],
            ["2024-02-02 00:00:00", "True"],
            [" A ", "x"],
        ]
        assert rows.lines == [2, 3, 4, 5, 6]
        assert rows.notes == []

    def test_what_is_empty_around_the_table_does_not_count(self, tmp_path):
        sheet = [
            [],
            [None],
            ["formula", "y", None],
            ["TiO2", 1],
            [],
            ["NaCl", 2],
            [None, None],
            [],
        ]
        rows = self.read(tmp_path, sheet)
        assert rows.header == ["formula", "y"]
        assert rows.cells == [["TiO2", "1"], [None, None], ["NaCl", "2"]]
        assert rows.lines == [4, 5, 6]
        assert rows.notes == ["Its header is on line 3."]

    def test_lines_above_the_header_and_blanks_below_the_table(self, tmp_path):
        sheet = [["My data", None], ["x", "y"], ["formula", "y"], ["TiO2", 1], [None, " "]]
        content = workbook(sheet)
        rows = read_rows(write(tmp_path, content, "data.xlsx"), ["y", "formula"])
        assert (rows.header, rows.cells) == (["formula", "y"], [["TiO2", "1"]])
        assert rows.notes == ["Its header is on line 3."]

    def test_cells_beside_the_header_are_a_column_without_a_name(self, tmp_path):
        rows = self.read(tmp_path, [["formula"], ["TiO2", None, "see p. 3"]])
        assert rows.header == ["formula", "", ""]
        assert rows.cells == [["TiO2", None, "see p. 3"]]

    def test_the_first_sheet_is_read_and_named(self, tmp_path):
        rows = self.read(tmp_path, [["formula"], ["TiO2"]], [["formula"], ["NaCl"]])
        assert rows.cells == [["TiO2"]]
        assert rows.notes == ["Only its first sheet 'S0' of 2 is read."]

    def test_under_another_name(self, tmp_path):
        assert self.read(tmp_path, [["formula"], ["TiO2"]], name="data.csv").cells == [["TiO2"]]

    def test_formulas_that_nobody_computed_are_no_missing_values(self, tmp_path):
        with pytest.raises(InvalidInputError, match="line 2, column 2 has the formula '=1/3'"):
            self.read(tmp_path, [["formula", "y"], ["TiO2", "=1/3"]])

    def test_nothing_in_it(self, tmp_path):
        with pytest.raises(InvalidInputError, match="is empty"):
            self.read(tmp_path, [])

    def test_damaged(self, tmp_path):
        content = workbook([["formula"], ["TiO2"]])
        with pytest.raises(InvalidInputError, match=r"data\.xlsx"):
            read_rows(write(tmp_path, content[: len(content) // 2], "data.xlsx"), ["formula"])
        with pytest.raises(InvalidInputError, match=r"is not a readable \.xlsx file"):
            read_rows(write(tmp_path, archive(**{"xl/x": "", "b": ""}), "data.xlsx"), [])


class TestParquet:
    def read(self, folder, frame):
        frame.to_parquet(folder / "data.parquet")
        return read_rows(folder / "data.parquet", ["formula"])

    def test_cells_become_text(self, tmp_path):
        frame = pd.DataFrame(
            {
                "formula": ["TiO2", "NaN", None],
                "gap": [3.2, float("nan"), 8.0],
                "n": pd.array([1, None, 2], dtype="Int64"),
                "b": [True, False, True],
                "c": pd.Categorical(["x", "y", None]),
            }
        )
        rows = self.read(tmp_path, frame)
        assert rows.header == list(frame)
        assert rows.cells == [
            ["TiO2", "3.2", "1", "True", "x"],
            ["NaN", None, None, "False", "y"],
            [None, "8.0", "2", "True", None],
        ]

    def test_damaged(self, tmp_path):
        self.read(tmp_path, pd.DataFrame({"formula": ["TiO2"]}))
        content = (tmp_path / "data.parquet").read_bytes()
        for cut in (content[:-10], content[:30]):
            with pytest.raises(InvalidInputError, match=r"is not a readable \.parquet file"):
                read_rows(write(tmp_path, cut, "cut.parquet"), ["formula"])

    def test_starts_no_threads(self, tmp_path):
        """Those of pyarrow and of torch together abort some processes that should exit."""
        pd.DataFrame({"formula": ["TiO2"] * 5}).to_parquet(tmp_path / "data.parquet")
        code = (
            "import os, sys, torch, pyarrow.parquet\n"
            "from skmat.cli.table_files import read_rows\n"
            "before = len(os.listdir('/proc/self/task'))\n"
            "read_rows(sys.argv[1], ['formula'])\n"
            "print(len(os.listdir('/proc/self/task')) - before)"
        )
        command = [sys.executable, "-c", code, str(tmp_path / "data.parquet")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout == "0\n", done.stderr


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(100), "old kind"),
        (b"ARROW1" + bytes(100), "Feather"),
        (b"%PDF-1.7\n", "a PDF file"),
        (b"(\xb5/\xfd" + bytes(9), "zstd"),
        (bytes(100), "NUL byte on line 1"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "NUL byte"),
        (archive(a="1", b="2"), "an archive of 2 files"),
        (b"\xff\x01\x00\xc3\xa9", "NUL byte"),
        (pickle.dumps([1]), "a joblib file"),
    ],
)
def test_what_is_no_table(content, kind, tmp_path):
    with pytest.raises(InvalidInputError, match=r"data\.csv") as raised:
        read_rows(write(tmp_path, content), ["formula"])
    assert kind in str(raised.value)


def test_no_file(tmp_path):
    with pytest.raises(InvalidInputError, match="does not exist"):
        read_rows(tmp_path / "none.csv", [])
    with pytest.raises(InvalidInputError, match="is a folder"):
        read_rows(tmp_path, [])
    with pytest.raises(InvalidInputError, match="cannot be read: File name too long"):
        read_rows(tmp_path / ("x" * 300), [])


@pytest.mark.parametrize(("name", "package"), [("a.xlsx", "openpyxl"), ("a.parquet", "pyarrow")])
def test_packages_that_are_not_installed(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidInputError, match=f"needs? {package}.*`pip install {package}`"):
        engine(name)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.CSV", ".csv"),
        ("a.csv.gz", ".csv.gz"),
        ("a.b.xlsx", ".xlsx"),
        ("a", ""),
        ("a.gz", ".gz"),
        (".csv", ""),
    ],
)
def test_suffixes(name, suffix):
    assert suffix_of(name) == suffix
