"""Generated tables: what is written in any form is read again, and damage is found."""

import csv
import io
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from common.generated import check_generated, on_generated
from hypothesis import strategies as st

from skmat.cli.result_files import TABLE_SUFFIXES, check_fits, write_table
from skmat.cli.table_labels import read_labels
from skmat.cli.tables import add_columns, check_names, read_table
from skmat.exceptions import InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

_DELIMITERS = [",", ";", "\t", "|"]
_ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]
_QUOTINGS = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]

# What cells are made of: delimiters, marks and line ends, and letters of Windows-1252.
_texts = st.text(alphabet="aTiO2,;\t|\"' #.-+\n\r0éö€", max_size=8)
_names = st.text(alphabet="xyzgap ,;|\"\t'é", min_size=1, max_size=6).filter(str.strip)
_numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def tables(draw):
    """Return the header and the rows of a table that has a column of formulas."""
    others = draw(st.lists(_names, max_size=4, unique_by=lambda name: name.strip().casefold()))
    header = draw(st.permutations(["formula", *others]))
    row = st.tuples(*(st.just("TiO2") if name == "formula" else _texts for name in header))
    return header, [list(each) for each in draw(st.lists(row, min_size=1, max_size=6))]


layouts = st.tuples(
    st.sampled_from(_DELIMITERS),
    st.sampled_from(_ENCODINGS),
    st.sampled_from(_QUOTINGS),
    st.sampled_from(["\n", "\r\n"]),
)


def to_bytes(header, rows, layout):
    delimiter, encoding, quoting, line_end = layout
    if "\r" in "".join(cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # Python's csv leaves this line end as it is
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerows([header, *rows])
    return stream.getvalue().encode(encoding)


def read(content, columns, name="data.csv"):
    """Return the table that the content of a file is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        return read_table(path, columns)


def cells(table):
    return table.cells.fillna("").to_numpy().tolist()


@on_generated(50)
def test_every_cell_is_read_as_it_was_written(n_inputs):
    def check(value):
        (header, rows), layout = value
        table = read(to_bytes(header, rows, layout), header)
        assert list(table.cells.columns) == header
        assert cells(table) == rows

    check_refusing_nothing(n_inputs, st.tuples(tables(), layouts), check)


@st.composite
def damaged(draw):
    """Return the content of a table and a kind of damage done to it."""
    header, rows = draw(tables())
    layout = draw(layouts)
    kind = draw(st.sampled_from(["longer row", "open quotation mark", "zero", "cut", "bytes"]))
    if kind == "longer row":
        # One column alone does not tell what separates it from others.
        layout = (layout[0] if len(header) > 1 else ",", *layout[1:])
        # A second row as it should be: where all are longer, the first field may name them.
        rows = [*rows, [*rows[0], *draw(st.lists(_texts, min_size=1, max_size=3))], rows[0]]
        return to_bytes(header, rows, layout), header, kind
    content = to_bytes(header, rows, layout)
    if kind == "open quotation mark":
        unmarked = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
        end = '"a'.encode(unmarked.get(layout[1], layout[1]))
        return content + end, header, kind
    if kind == "zero":
        place = draw(st.integers(1, 8))
        return to_bytes(header, [*rows, ["\0" * place] * len(header)], layout), header, kind
    if kind == "cut":
        return content[: draw(st.integers(0, len(content)))], header, kind
    return draw(st.binary(max_size=300)), header, kind


@on_generated(50)
def test_damage_is_found(n_inputs):
    def check(value):
        content, header, kind = value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if kind in ("cut", "bytes"):
                read(content, ["formula"])  # a table still, or an error of the package
                return
            with pytest.raises(InvalidInputError, match=r"data\.csv"):
                read(content, header)

    check_generated(n_inputs, damaged(), check)


@on_generated(50)
def test_results_are_read_as_they_were_written(n_inputs):
    results = st.lists(st.one_of(_numbers, st.just(float("nan"))), min_size=6, max_size=6)

    def check(value):
        (header, rows), layout, suffix, numbers = value
        table = read(to_bytes(header, rows, layout), ["formula"])
        check_names(table, ["y_predicted"])
        name = f"results{suffix}"
        try:
            check_fits(name, table, ["y_predicted"])
        except InvalidInputError:
            return
        predicted = np.array(numbers[: len(table)])
        results = add_columns(table, {"y_predicted": predicted})
        with tempfile.TemporaryDirectory() as folder:
            write_table(results, Path(folder, name))
            again = read_table(Path(folder, name), ["formula", "y_predicted"])
        assert len(again) == len(rows)
        assert again.column("formula") == ["TiO2"] * len(rows)
        read_again = [float(cell) for cell in again.column("y_predicted")]
        np.testing.assert_array_equal(read_again, predicted)
        if suffix.startswith((".csv", ".tsv")):
            kept = [row[:-1] for row in cells(again)]
            assert kept == rows

    values = st.tuples(tables(), layouts, st.sampled_from(TABLE_SUFFIXES), results)
    check_refusing_nothing(n_inputs, values, check)


@on_generated(50)
def test_labels_are_numbers_or_missing_or_refused(n_inputs):
    spelled = st.one_of(
        _numbers.map(str),
        st.sampled_from(["", " ", "NA", "n/a", "-", "nan"]),
        st.text(alphabet="0123.,eE+- ", max_size=6),
    )

    def check(value):
        labels, delimiter = value
        rows = [["TiO2", label] for label in labels]
        content = to_bytes(["formula", "y"], rows, (delimiter, "utf-8", csv.QUOTE_MINIMAL, "\n"))
        table = read(content, ["formula", "y"])
        assert len(read_labels(table, ["y"], "data.csv", classification=True)) == len(labels)
        read_as = read_labels(table, ["y"], "data.csv", classification=False)["y"].tolist()
        assert len(read_as) == len(labels)
        for label, number in zip(labels, read_as, strict=True):
            text = label.strip()
            if delimiter != ",":
                text = text.replace(",", ".")
            missing = text in ("", "NA", "n/a", "-", "nan")
            assert np.isnan(number) if missing else number == float(text)

    values = st.tuples(st.lists(spelled, min_size=1, max_size=8), st.sampled_from(_DELIMITERS))
    check_generated(n_inputs, values, check)


def check_refusing_nothing(n_inputs, strategy, check):
    """As ``check_generated``, but an error of the package is a failure too."""

    def strict(value):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                check(value)
            except InvalidInputError as error:
                raise AssertionError(f"refused: {error}") from error

    check_generated(n_inputs, strategy, strict)


def test_pandas_reads_what_is_written(tmp_path):
    frame = pd.DataFrame({"formula": ["NaN", 'a"b'], "y": [0.1 + 0.2, np.nan]})
    write_table(frame, tmp_path / "a.csv")
    again = pd.read_csv(
        tmp_path / "a.csv", keep_default_na=False, na_values=[""], float_precision="round_trip"
    )
    pd.testing.assert_frame_equal(again, frame)
