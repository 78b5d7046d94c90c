"""What tables hold, spelling by spelling; what the files are is in test_table_files.py."""

import pandas as pd
import pytest
from readings.tables import CELLS, TABLES

from skmat.cli.table_labels import read_labels
from skmat.cli.tables import add_columns, check_names, list_cells, read_formulas, read_table
from skmat.exceptions import InvalidInputError


def write(folder, content, name="data.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path, *columns):
    """Return the columns of a table as rows of text, whatever is said of it."""
    table = read_table(path, columns or ["formula", "gap"])
    return [list(row) for row in zip(*map(table.texts, table.positions), strict=True)]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("reading", TABLES, ids=lambda reading: reading.kind)
def test_layouts_of_tables(reading, tmp_path):
    path = write(tmp_path, reading.spelling)
    if reading.refused:
        with pytest.raises(InvalidInputError, match="data") as raised:
            read(path)
        assert reading.refused in str(raised.value)
    else:
        assert read(path) == reading.gives


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("reading", CELLS, ids=lambda each: f"{each.kind}: {each.spelling}")
def test_cells_of_labels(reading, tmp_path):
    delimiter = {"number, semicolons": ";", "number, tabs": "\t"}.get(reading.kind, ",")
    path = tmp_path / "data.csv"
    labels = [reading.spelling, *(["9,5"] if reading.refused and delimiter == ";" else [])]
    table = pd.DataFrame({"formula": "TiO2", "y": labels})
    table.to_csv(path, sep=delimiter, index=False)
    table = read_table(path, ["formula", "y"])
    classification = reading.kind == "class"
    if reading.refused:
        with pytest.raises(InvalidInputError, match="row 1, y: ") as raised:
            read_labels(table, ["y"], path, classification=classification)
        assert reading.refused in str(raised.value)
    else:
        label = read_labels(table, ["y"], path, classification=classification)["y"][0]
        assert ("missing" if pd.isna(label) else label) == reading.gives


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("formula;gap\nTiO2;3.2\n", "Its delimiters are semicolons."),
        ("formula\tgap\nTiO2\t3.2\n", "delimiters are tabs."),
        ("formula,gap\nTiO2,3.2\n".encode("utf-16"), "The file is read as UTF-16."),
        ("formula,gap,é\nTiO2,3.2,\n".encode("cp1252"), "read as Windows-1252"),
        ("Formula,gap\nTiO2,3.2\n", "Its column 'Formula' is used as 'formula'."),
        ("formula,gap\nr,TiO2,3.2\n", "The first field is read as the name of the row."),
        ("formula,gap\nTiO2\n", "get empty cells at their end: row 1."),
        ("# x\nformula,gap\nTiO2,3.2\n", "Its header is on line 2."),
    ],
)
def test_what_is_guessed_is_said(content, note, tmp_path):
    path = write(tmp_path, content)
    with pytest.warns(UserWarning, match="data.csv: ") as said:
        read(path)
    assert note in str(said[0].message)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("content", ["\ufefffor,x\r\n1,2\r\n", "for,x\n1,\n\n2,3\n", "for\n1\n"])
def test_of_what_is_usual_nothing_is_said(content, tmp_path):
    read(write(tmp_path, content), "for")
    read(write(tmp_path, content.replace(",", "\t"), "data.tsv"), "for")


def test_an_exact_name_goes_before_others(tmp_path):
    path = write(tmp_path, "Formula,formula,FORMULA\nA,B,C\n")
    assert read(path, "formula") == [["B"]]
    assert read(path, "FORMULA", "Formula") == [["C", "A"]]


def test_the_columns_that_are_asked_for_tell_the_delimiter(tmp_path):
    path = write(tmp_path, 'formula;gap, eV;"note; long"\nTiO2;3,2;"a;b"\n')
    with pytest.warns(UserWarning, match="semicolons"):
        assert read(path, "formula", "gap, eV", "note; long") == [["TiO2", "3,2", "a;b"]]
    # Where a comma does it is the comma, whatever else is in the header.
    path = write(tmp_path, "formula,a;b;c;d\nTiO2,1\n")
    assert read(path, "formula") == [["TiO2"]]


def test_names_that_look_the_same_are(tmp_path):
    path = write(tmp_path, "formula,gu\u0308te (\xb5m)\nTiO2,3.2\n")
    with pytest.warns(UserWarning, match="is used as"):
        assert read(path, "g\xfcte (\u03bcm)") == [["3.2"]]


def test_what_was_guessed_explains_why_a_column_is_missing(tmp_path):
    with pytest.raises(InvalidInputError, match=r"no column 'gap'.* delimiters are tabs\."):
        read(write(tmp_path, "formula\tband gap\nTiO2\t3.2\n"))


def test_a_space_inside_a_name_separates_nothing(tmp_path):
    for content in ("sum formula\nTiO2\n", "sum formula,gap\nTiO2,3\n"):
        with pytest.raises(InvalidInputError, match=r"no column 'formula'\. Its columns are '"):
            read(write(tmp_path, content), "formula")


def test_rows_that_are_longer_are_named_with_their_lines(tmp_path):
    content = '# two\nformula,gap,x\n"Ti\nO2",3.2,a\n\nNaCl,8,5,b\nKCl,1,2\nGaAs,1,2,3,4\n'
    with pytest.raises(InvalidInputError) as raised:
        read(write(tmp_path, content))
    message = str(raised.value)
    assert "2 of 5 rows have more fields than the header, which has 3" in message
    assert "row 3 (line 6): 4 fields, field 4 is 'b', fields 2 and 3 look like a number" in message
    assert "row 5 (line 8): 5 fields" in message


def test_rows_of_formulas_are_named_with_their_lines(tmp_path):
    path = write(tmp_path, "# one\nformula,gap\nTiO2,3\n\nXx,1\n# comment\n")
    with pytest.warns(UserWarning, match="line 2"):
        table = read_table(path, ["formula"])
    with pytest.raises(InvalidInputError) as raised:
        read_formulas(table, "formula", path)
    message = str(raised.value)
    assert "3 cells" in message
    assert "row 2 (line 4), formula: empty" in message
    assert "row 3 (line 5), formula: 'Xx'" in message
    assert "row 4 (line 6), formula: '# comment'" in message


def test_many_columns_are_not_all_listed(tmp_path):
    names = [f"c{i}" for i in range(100_000)]
    path = write(tmp_path, f"formula,{','.join(names)}\nTiO2{',1' * 100_000}\n")
    assert read(path, "formula", "c99999") == [["TiO2", "1"]]
    with pytest.raises(InvalidInputError, match="'c18' and 99,981 more") as raised:
        read(path, "gap")
    assert len(str(raised.value)) < 1000


def test_a_name_with_a_comma_is_advised(tmp_path):
    path = write(tmp_path, 'formula,"density, g/cm3"\nTiO2,4.2\n')
    with pytest.raises(InvalidInputError, match="double quotes: '\"density, g/cm3\"'"):
        read(path, "density", "g/cm3")


def test_columns_are_kept_as_they_are_called(tmp_path):
    path = write(tmp_path, ",formula,x,x,\n0,TiO2,1,2,3\n")
    table = read_table(path, ["formula"])
    results = add_columns(table, {"gap": [1.5]})
    assert list(results) == ["", "formula", "x", "x", "", "gap"]
    assert results.to_csv(index=False) == ",formula,x,x,,gap\n0,TiO2,1,2,3,1.5\n"
    check_names(table, ["gap"])
    with pytest.raises(InvalidInputError, match="already has a column 'x', 'formula'"):
        check_names(table, ["x", "y", "formula"])


def test_cells_beyond_the_first_are_counted(tmp_path):
    table = read_table(write(tmp_path, "a\n" + "1\n" * 50), ["a"])
    cells = [(row, "a", "1", "bad") for row in range(50)]
    message = list_cells(table, "p", "are bad", cells)
    assert "p: 50 cells are bad" in message
    assert "  row 20, a: '1': bad\n  ... and 30 more" in message
